/* test_policy.c: what a policy says of a line, and which policies are no policies.
 *
 * That the parser knows what bash would run is for tests/policy to show; here it is the rules' turn.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

/* "approve by reads", "review by default"; judged of this line, or of the whole request. */
static void judged(const char *lost, const struct policy *policy, const struct policy_request *request,
		   const char *expected)
{
	struct policy_decision d;
	char got[200] = "out of memory";
	if (!policy_decide(policy, request, &d)) {
		snprintf(got, sizeof got, "%s by %s", verdict_name(d.verdict), d.rule);
		policy_decision_finish(&d);
	}
	if (strcmp(got, expected) != 0)
		printf("# %s: %s, not %s\n", request->line, got, expected);
	holds(lost, !strcmp(got, expected));
}

static struct policy_request asking(const char *line)
{
	return (struct policy_request){.agent = "worker",
				       .human = "alice",
				       .host = "db1",
				       .user = "agent",
				       .cwd = "/srv/app",
				       .mode = "command",
				       .line = line,
				       .line_len = strlen(line),
				       .now = 1790000000};
}

static void line_is(const char *lost, const struct policy *policy, const char *line, const char *expected)
{
	struct policy_request request = asking(line);
	judged(lost, policy, &request, expected);
}

static struct policy *parse(const char *json)
{
	char *error = NULL;
	struct policy *policy = policy_parse(json, strlen(json), &error);
	if (!policy)
		printf("# %s\n", error);
	free(error);
	return policy;
}

static void test_lines(void)
{
	/* clang-format off */
	static const char text[] =
	    "{\"version\":1,\"default\":\"review\",\"rules\":["
	    "{\"name\":\"reads\",\"verdict\":\"approve\",\"commands\":["
	      "[\"git\",[\"status\",\"diff\"],\"**\"],[\"ls\",\"**\"],[\"head\",\"**\"],[\"cd\",\"*\"],"
	      "[\"cat\",\"src/**\"],[\">\",\"/tmp/**\"]]},"
	    "{\"name\":\"no-ddl\",\"verdict\":\"deny\",\"commands\":[[\"psql\",\"**\"]],"
	      "\"line_matches\":\"(?i)drop\\\\s+table\"},"
	    "{\"name\":\"sql\",\"verdict\":\"approve\",\"commands\":[[\"psql\",\"**\"],[\"sqlite3\",\"**\"]]}]}";
	/* clang-format on */
	struct policy *p = parse(text);
	if (!p) {
		holds("a plain policy is read", false);
		return;
	}
	line_is("a covered line waits for a person", p, "git status -s", "approve by reads");
	line_is("a list of covered commands waits for a person", p, "cd /srv && git diff | head -3",
		"approve by reads");
	line_is("one command that nobody covers goes with the others", p, "git status; rm -rf x",
		"review by default");
	line_is("a substitution hides a command", p, "ls $(rm x)", "review by default");
	line_is("a function takes the place of a command", p, "ls() { rm x; }; ls", "review by default");
	line_is("a denial is outvoted by an approval", p, "ls; psql -c 'DROP  TABLE x'", "deny by no-ddl");
	line_is("a denial hits what its commands are not", p, "ls 'drop table'", "approve by reads");
	line_is("an approval that a denial does not meet is lost", p, "psql -c 'select 1'", "approve by sql");
	line_is("SQL runs a program", p, "psql -c \"COPY x TO PrOgRam 'id'\"", "review by default");
	line_is("SQL loads code", p, "sqlite3 a.db \"SELECT Load_Extension('./x')\"", "review by default");
	line_is("SQL runs an editor", p, "sqlite3 a.db 'SELECT edit(\"x\")'", "review by default");
	line_is("a column is taken for one of these", p, "sqlite3 a.db 'SELECT credit, program_id FROM x'",
		"approve by sql");
	line_is("a path outside the pattern passes", p, "cat /etc/shadow", "review by default");
	line_is("a path climbs out of the pattern", p, "cat src/../../etc/shadow", "review by default");
	line_is("a redirection writes anywhere", p, "ls > /etc/passwd", "review by default");
	line_is("a redirection where it may is held up", p, "ls > /tmp/x", "approve by reads");
	line_is("a command by another path is taken for the one in PATH", p, "./git status",
		"review by default");
	line_is("an assignment before a command changes what it does", p, "GIT_DIR=/x git status",
		"review by default");
	line_is("a line that does not parse is approved", p, "git status '", "review by default");
	line_is("a person is asked about a line that runs nothing", p, "", "approve by default");
	struct policy_request request = asking("ls");
	const char *const kept[] = {"LD_PRELOAD=x.so"};
	request.env_kept = kept;
	request.n_env_kept = 1;
	judged("a library goes along unseen", p, &request, "review by default");
	policy_free(p);
}

/* Where an operator wrote ["git","**"]. */
static void test_git(void)
{
	static const char *const held[] = {"git submodule foreach ls",
					   "git bisect run x",
					   "git config alias.x '!id'",
					   "git difftool",
					   "git rebase main",
					   "git -C x commit",
					   "git commit -a",
					   "git clone --template=x y",
					   "git clone --config core.x=y z",
					   "git add -i",
					   "git commit -me -e"};
	static const char *const plain[] = {"git config --get user.name", "git commit -qam x",
					    "git -C x commit -m y",       "git commit --amend --no-edit",
					    "git submodule update",       "git add -A",
					    "git log --oneline",          "git commit -m 'e t' --quiet"};
	struct policy *p = parse("{\"version\":1,\"default\":\"review\",\"rules\":[{\"name\":\"git\","
				 "\"verdict\":\"approve\",\"commands\":[[\"git\",\"**\"]]}]}");
	for (size_t i = 0; p && i < sizeof held / sizeof *held; i++)
		line_is(held[i], p, held[i], "review by default");
	for (size_t i = 0; p && i < sizeof plain / sizeof *plain; i++)
		line_is(plain[i], p, plain[i], "approve by git");
	policy_free(p);
}

static void test_conditions(void)
{
	struct policy *p = parse("{\"version\":1,\"default\":\"deny\",\"rules\":["
				 "{\"name\":\"nights\",\"verdict\":\"review\",\"when\":{\"hosts\":[\"db*\"]},"
				 "\"commands\":[[\"ls\",\"**\"]]},"
				 "{\"name\":\"all\",\"verdict\":\"approve\",\"when\":{\"agents\":[\"work*\"],"
				 "\"models\":[\"good/*\"]},\"commands\":[[\"**\"]]}]}");
	if (!p) {
		holds("conditions are read", false);
		return;
	}
	struct policy_request r = asking("ls");
	judged("a rule for other models approves an unknown one", p, &r, "review by nights");
	r.host = "web1";
	judged("no rule covers it, and it runs", p, &r, "deny by default");
	r.model = "good/m@1";
	judged("a rule that holds is not used", p, &r, "approve by all");
	r.agent = "other";
	judged("another agent is approved", p, &r, "deny by default");
	r.agent = "worker";
	r.host = NULL;
	judged("an unknown host escapes the stricter rule", p, &r, "review by nights");
	policy_free(p);
}

static void refused(const char *lost, const char *json, const char *about)
{
	char *error = NULL;
	struct policy *policy = policy_parse(json, strlen(json), &error);
	if (policy || !error || !strstr(error, about))
		printf("# %s\n", error ? error : "no error");
	holds(lost, !policy && error && strstr(error, about));
	policy_free(policy);
	free(error);
}

static void test_refused(void)
{
	refused("an empty file is a policy", "", "");
	refused("a misspelt key is ignored", "{\"version\":1,\"default\":\"deny\",\"rules\":[],\"rule\":[]}",
		"rule");
	refused("a version of the future is read", "{\"version\":2,\"default\":\"deny\",\"rules\":[]}",
		"version");
	refused("a verdict that is none", "{\"version\":1,\"default\":\"maybe\",\"rules\":[]}", "default");
	refused("a key that is given twice",
		"{\"version\":1,\"default\":\"deny\",\"default\":\"approve\",\"rules\":[]}", "duplicate");
	refused("an expression that does not compile",
		"{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"x\",\"verdict\":\"deny\","
		"\"line_matches\":\"(\"}]}",
		"rules[0]");
	refused("two rules by one name: which one was it?",
		"{\"version\":1,\"default\":\"deny\",\"rules\":[{\"name\":\"x\",\"verdict\":\"deny\","
		"\"commands\":[[\"a\"]]},"
		"{\"name\":\"x\",\"verdict\":\"approve\",\"commands\":[[\"b\"]]}]}",
		"rules[1]");
	refused("bytes after the document", "{\"version\":1,\"default\":\"deny\",\"rules\":[]} x", "");
	struct policy *starter = parse(policy_starter);
	holds("the policy that init writes can be read", starter != NULL);
	policy_free(starter);
}

int main(void)
{
	test_lines();
	test_git();
	test_conditions();
	test_refused();
	return checks_end();
}
