/* hello.c: a program small enough to build in a demonstration.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "greeting.h"
#include <stdio.h>

int main(void)
{
	return puts(greeting()) < 0;
}
