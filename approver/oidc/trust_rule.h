/* trust_rule.h: one rule of exchange.json; trust.c reads what is around it.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_OIDC_TRUST_RULE_H
#define WHOSH_OIDC_TRUST_RULE_H

#include "approver/oidc/trust.h"
#include "common/json.h"

/* false with a malloc'd sentence in *error; finish it either way. */
bool trust_rule_read(struct trust_rule *rule, const cJSON *json, char **error);
void trust_rule_finish(struct trust_rule *rule);

#endif
