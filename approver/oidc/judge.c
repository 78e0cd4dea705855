/* judge.c: audience, times, subject, and the first rule whose everything matches.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/oidc/judge.h"
#include "common/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LIFE_S = 86400, MAX_SUBJECT = 1024, MAX_JTI = 256, MAX_VALUE = 2048 };

static bool refused(char why[JUDGE_WHY], const char *phrase)
{
	snprintf(why, JUDGE_WHY, "%s", phrase);
	return false;
}

/* `aud` is one text or several, and one of them is ours to the byte. */
static bool is_for(const cJSON *payload, const char *audience)
{
	const cJSON *aud = cJSON_GetObjectItemCaseSensitive(payload, "aud"), *one;
	bool ours = cJSON_IsString(aud) && !strcmp(aud->valuestring, audience);
	if (!cJSON_IsArray(aud))
		return ours;
	cJSON_ArrayForEach(one, aud)
	{
		if (!cJSON_IsString(one))
			return false;
		ours = ours || !strcmp(one->valuestring, audience);
	}
	return ours;
}

static bool in_time(const cJSON *payload, int64_t now, int64_t *until, char why[JUDGE_WHY])
{
	int64_t exp, iat, nbf = 0;
	bool has_nbf = cJSON_GetObjectItemCaseSensitive(payload, "nbf") != NULL;
	if (!json_integer(payload, "exp", &exp) || !json_integer(payload, "iat", &iat) ||
	    (has_nbf && !json_integer(payload, "nbf", &nbf)))
		return refused(why, "it has no whole numbers for exp, iat and nbf");
	if (iat < 0 || exp <= iat || exp - iat > MAX_LIFE_S)
		return refused(why, "it is good for longer than a day, or for no time at all");
	if (iat > now + JUDGE_TOLERANCE_S || (has_nbf && nbf > now + JUDGE_TOLERANCE_S))
		return refused(why, "it is not good yet: is the approver's clock right?");
	if (now >= exp + JUDGE_TOLERANCE_S)
		return refused(why, "it has expired");
	*until = (exp + JUDGE_TOLERANCE_S) * 1000;
	return true;
}

static bool is_plain(const char *text, size_t max)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len > 0 && len <= max;
}

/* A branch may be called "x@refs/heads/main", and whoever may push one writes his own workflow on it: so file
 * and ref of a workflow are matched apart, parted at the first '@', which no owner or project has in its
 * name.
 */
static bool claim_matches(const struct trust_claim *claim, const char *value)
{
	char file[MAX_VALUE + 1];
	size_t len = strcspn(value, "@");
	if (strlen(value) > MAX_VALUE)
		return false;
	if (!claim->ref)
		return glob_match(claim->pattern, value);
	if (!value[len])
		return false;
	memcpy(file, value, len);
	file[len] = '\0';
	return glob_match(claim->pattern, file) && glob_match(claim->ref, value + len + 1);
}

static bool rule_matches(const struct trust_rule *rule, const cJSON *payload, const char *subject)
{
	if (!glob_match(rule->subject, subject))
		return false;
	for (size_t i = 0; i < rule->n_claims; i++) {
		const char *value = json_string(payload, rule->claims[i].name);
		if (!value || !claim_matches(&rule->claims[i], value))
			return false;
	}
	return true;
}

static void write_down(struct buf *out, const struct trust_rule *rule, const cJSON *payload)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < rule->n_claims; i++) {
		const char *name = rule->claims[i].name, *value = json_string(payload, name);
		if (i)
			buf_addc(out, ',');
		json_add_string(out, name, strlen(name));
		buf_addc(out, ':');
		json_add_string(out, value, strlen(value));
	}
	buf_addc(out, '}');
}

static bool conclude(struct judgement *j, const struct trust_issuer *issuer, size_t number,
		     const cJSON *payload, char why[JUDGE_WHY])
{
	const struct trust_rule *rule = &issuer->rules[number];
	const char *jti = json_string(payload, "jti");
	j->issuer = strdup(issuer->name);
	j->subject = strdup(json_string(payload, "sub"));
	j->agent = strdup(rule->agent);
	j->jti = jti ? strdup(jti) : NULL;
	j->rule = number + 1;
	j->expires_s = rule->expires_s;
	write_down(&j->claims, rule, payload);
	if (j->issuer && j->subject && j->agent && (j->jti || !jti) && !j->claims.failed)
		return true;
	return refused(why, "out of memory");
}

bool judge(const struct jwt *jwt, const struct trust_issuer *issuer, const char *agent, int64_t now,
	   struct judgement *judgement, char why[JUDGE_WHY])
{
	const cJSON *payload = jwt->payload;
	const char *subject = json_string(payload, "sub"), *jti = json_string(payload, "jti");
	*judgement = (struct judgement){.claims = BUF_INIT};
	if (!jwt->iss || strcmp(jwt->iss, issuer->name) != 0)
		return refused(why, "it is by another issuer");
	if (!is_for(payload, issuer->audience))
		return refused(why, "it is for another audience");
	if (!in_time(payload, now, &judgement->token_until, why))
		return false;
	if (!subject || !is_plain(subject, MAX_SUBJECT))
		return refused(why, "it has no usable subject");
	if (cJSON_GetObjectItemCaseSensitive(payload, "jti") && (!jti || !is_plain(jti, MAX_JTI)))
		return refused(why, "its jti is not a short text");
	for (size_t i = 0; i < issuer->n_rules; i++)
		if ((!agent || !strcmp(agent, issuer->rules[i].agent)) &&
		    rule_matches(&issuer->rules[i], payload, subject))
			return conclude(judgement, issuer, i, payload, why);
	return refused(why, agent ? "no rule takes its subject and workflow for that agent"
				  : "no rule takes its subject and workflow");
}

void judgement_finish(struct judgement *j)
{
	free(j->issuer);
	free(j->subject);
	free(j->agent);
	free(j->jti);
	buf_finish(&j->claims);
	*j = (struct judgement){.claims = BUF_INIT};
}
