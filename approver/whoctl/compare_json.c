/* compare_json.c: a comparison of two models for programs: one object.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoctl/compare.h"
#include "common/clock.h"
#include <stdlib.h>

static const char *const sides[] = {"a", "b"};

static void add_time(cJSON *object, const char *name, int64_t ms)
{
	char text[RFC3339_LEN + 1];
	if (ms)
		rfc3339_format(ms, text);
	cJSON_AddItemToObject(object, name, ms ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void add_side(cJSON *object, const struct comparison *comparison, int side)
{
	const struct sample *sample = &comparison->sample[side];
	cJSON *one = cJSON_AddObjectToObject(object, sides[side]);
	int64_t median = sample_median(sample);
	cJSON_AddStringToObject(one, "model", comparison->model[side]);
	cJSON_AddNumberToObject(one, "lines", (double)sample->lines);
	cJSON_AddNumberToObject(one, "sessions", (double)sample->sessions);
	cJSON_AddItemToObject(one, "lines_per_session",
			      sample->sessions
				  ? cJSON_CreateNumber((double)sample->lines / (double)sample->sessions)
				  : cJSON_CreateNull());
	cJSON_AddItemToObject(one, "median_run_ms",
			      median >= 0 ? cJSON_CreateNumber((double)median) : cJSON_CreateNull());
	add_time(one, "first", sample->first);
	add_time(one, "last", sample->last);
	cJSON_AddBoolToObject(one, "complete", !comparison->cut[side]);
}

static void add_compared(cJSON *list, const struct compared *compared, bool program)
{
	static const char *const findings[] = {
	    [FINDING_TOO_FEW] = "too_few", [FINDING_CHANCE] = "chance", [FINDING_DIFFERS] = "differs"};
	cJSON *one = cJSON_CreateObject();
	if (program) {
		cJSON_AddItemToObject(one, "program",
				      compared->name ? cJSON_CreateNull()
						     : cJSON_CreateString(compared->label));
		cJSON_AddItemToObject(
		    one, "class", compared->name ? cJSON_CreateString(compared->name) : cJSON_CreateNull());
	} else {
		cJSON_AddStringToObject(one, "name", compared->name);
	}
	for (int side = 0; side < 2; side++) {
		cJSON *share = cJSON_AddObjectToObject(one, sides[side]);
		cJSON_AddNumberToObject(share, "count", (double)compared->share[side].count);
		cJSON_AddNumberToObject(share, "of", (double)compared->share[side].of);
	}
	cJSON_AddStringToObject(one, "finding", findings[compared->finding]);
	cJSON_AddItemToObject(one, "p_below",
			      compared->finding == FINDING_DIFFERS ? cJSON_CreateNumber(compared->p_below)
								   : cJSON_CreateNull());
	cJSON_AddItemToArray(list, one);
}

cJSON *comparison_json(const struct comparison *comparison)
{
	size_t n;
	struct compared *programs = compare_programs(comparison, &n), one;
	cJSON *object = programs ? cJSON_CreateObject() : NULL;
	if (!object) {
		free(programs);
		return NULL;
	}
	cJSON_AddStringToObject(object, "agent", comparison->agent);
	cJSON_AddStringToObject(object, "model_grade", "claimed");
	add_side(object, comparison, 0);
	add_side(object, comparison, 1);
	cJSON *measures = cJSON_AddArrayToObject(object, "measures");
	for (int i = 0; i < MEASURES; i++) {
		compare_measure(comparison, (enum measure)i, &one);
		add_compared(measures, &one, false);
	}
	compare_times(comparison, &one);
	add_compared(measures, &one, false);
	cJSON *list = cJSON_AddArrayToObject(object, "programs");
	for (size_t i = 0; i < n; i++)
		add_compared(list, &programs[i], true);
	free(programs);
	return object;
}
