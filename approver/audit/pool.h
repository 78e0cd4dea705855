/* pool.h: the same work on many things, on all of the machine's cores.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_AUDIT_POOL_H
#define WHOSH_AUDIT_POOL_H

#include <stddef.h>

struct pool;

/* As many threads as there are cores, the caller's counted.  Never NULL for lack of threads: then the caller
 * does it all.  NULL: out of memory. */
struct pool *pool_new(void);
/* Call work(i, arg) once for each i below n, in any order, on any thread; returns when all are done. */
void pool_each(struct pool *pool, size_t n, void (*work)(size_t i, void *arg), void *arg);
void pool_free(struct pool *pool);

#endif
