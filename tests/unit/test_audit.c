/* test_audit.c: what an auditor takes the log for is what the approver writes.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/audit/audit.h"
#include "approver/audit/pool.h"
#include "approver/store/store.h"
#include "tests/unit/check.h"
#include <stdatomic.h>
#include <string.h>

static void test_kinds(void)
{
	bool known = true;
	for (int kind = 0; kind < EVENT_KINDS; kind++)
		if (audit_leaf_kind(event_kind_name((enum event_kind)kind)) < 0) {
			printf("# %s\n", event_kind_name((enum event_kind)kind));
			known = false;
		}
	holds("every event that the approver writes is known to the verifier: no honest log is a wrong one",
	      known && audit_leaf_kind("nonsense") < 0);
}

static bool parses(const char *text)
{
	struct audit_leaf leaf;
	char why[160] = "";
	bool good = audit_leaf_parse(&leaf, text, strlen(text), why);
	audit_leaf_finish(&leaf);
	return good;
}

#define HEAD "{\"v\":1,\"n\":3,\"ms\":5,\"kind\":"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void test_leaves(void)
{
	static const char *const right[] = {
	    HEAD "\"review\",\"subject\":\"x\",\"body\":{}}",
	    HEAD "\"noted\",\"rows\":[[\"agent\",{\"id\":\"a\"}],[\"decide\"]]}",
	    HEAD "\"log_stopped\"}",
	    HEAD "\"review\",\"blob\":\"" ZEROS "\"}",
	    HEAD "\"review\",\"sealed\":\"AAAA\"}",
	};
	static const char *const wrong[] = {
	    HEAD "\"noted\"}",
	    HEAD "\"noted\",\"body\":{}}",
	    HEAD "\"review\",\"jws\":\"a.b.c\"}",
	    HEAD "\"command_decided\",\"body\":{}}",
	    HEAD "\"command_decided\",\"jws\":\"a\",\"body\":{}}",
	    HEAD "\"review\",\"blob\":\"00\"}",
	    HEAD "\"review\",\"blob\":\"" ZEROS "\",\"rows\":[]}",
	    HEAD "\"review\",\"body\":{},\"rows\":[[]]}",
	    HEAD "\"review\",\"body\":{},\"rows\":[[\"a\",1]]}",
	    HEAD "\"review\",\"body\":{}} x",
	    HEAD "\"review\",\"body\":{},\"body\":{}}",
	    "{\"v\":1,\"n\":-1,\"ms\":5,\"kind\":\"noted\",\"rows\":[]}",
	    "[]",
	    "",
	};
	bool good = true;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		good = good && parses(right[i]);
	holds("an entry of every form is read", good);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		good = good && !parses(wrong[i]);
	holds("an entry that two readers could understand differently is none", good);
}

static _Atomic int done[1000];

static void mark(size_t i, void *arg)
{
	(void)arg;
	done[i]++;
}

static void test_pool(void)
{
	struct pool *pool = pool_new();
	bool each = pool != NULL;
	for (int round = 1; each && round <= 200; round++) {
		pool_each(pool, 1000, mark, NULL);
		for (int i = 0; i < 1000; i++)
			each = each && done[i] == round;
	}
	pool_each(pool, 0, mark, NULL);
	pool_free(pool);
	holds("no entry is left out, or looked at twice, whichever thread has it", each);
}

static void test_map(void)
{
	struct map map = {0};
	char names[500][16];
	bool all = map_get(&map, "x") == NULL;
	for (int i = 0; i < 500; i++) {
		snprintf(names[i], sizeof names[i], "%d", i);
		all = all && map_put(&map, names[i], names[i]);
	}
	for (int i = 0; i < 500; i++)
		all = all && map_get(&map, names[i]) == names[i];
	all = all && map.n == 500 && !map_get(&map, "500");
	holds("what an entry before said is found again",
	      all && map_put(&map, names[7], names[8]) && map_get(&map, "7") == names[8] && map.n == 500);
	map_finish(&map);
}

int main(void)
{
	test_kinds();
	test_leaves();
	test_pool();
	test_map();
	return checks_end();
}
