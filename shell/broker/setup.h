/* setup.h: from configuration to a broker that can ask.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BROKER_SETUP_H
#define BROKER_SETUP_H

#include "shell/broker/broker.h"

/* Keep only the few environment variables that a broker is to be told by; before anything else looks at it.
 */
void setup_environment(void);
/* Descriptors for thousands of shells, no core file, no SIGPIPE. */
void setup_process(bool private);
/* Load the configuration and make the parts.  false with a malloc'd sentence in *error (for
 * EXIT_CONFIGURATION); the broker then still has a loop and can say so. */
bool setup_broker(struct broker *broker, const char *config, char **error);
/* Free all of it; keys are wiped. */
void setup_finish(struct broker *broker);

#endif
