/* greeting.h: the word that hello says.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
const char *greeting(void);
