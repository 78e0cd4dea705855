/* test_policy_session.c: a line whose meaning the session has changed is approved by no pattern for the
 * original, and a session's next lines are no command's input.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy.h"
#include "approver/policy/policy_session.h"
#include "common/json.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char document[] =
    "{\"version\":1,\"default\":\"review\",\"rules\":["
    "{\"name\":\"reads\",\"verdict\":\"approve\",\"commands\":["
      "[[\"ls\",\"cat\",\"echo\",\"cd\",\"command\",\"unset\",\"test\",\"[\",\"jobs\",\"fg\",\"exec\",\"set\",\"read\"],\"**\"],"
      "[\"git\",[\"status\",\"diff\"],\"**\"],[\"deploy\",\"**\"]]},"
    "{\"name\":\"here\",\"verdict\":\"approve\",\"when\":{\"cwd\":[\"/srv/app\"]},\"commands\":[[\"make\",\"**\"]]},"
    "{\"name\":\"anything\",\"verdict\":\"approve\",\"when\":{\"agents\":[\"free\"]},\"commands\":[[\"**\"]]},"
    "{\"name\":\"no-push\",\"verdict\":\"deny\",\"commands\":[[\"git\",\"push\",\"**\"]]},"
    "{\"name\":\"no-rm\",\"verdict\":\"deny\",\"commands\":[[\"rm\",\"**\"]]},"
    "{\"name\":\"no-ddl\",\"verdict\":\"deny\",\"commands\":[[\"psql\",\"**\"]],\"line_matches\":\"(?i)drop\\\\s+table\"},"
    "{\"name\":\"sql\",\"verdict\":\"approve\",\"commands\":[[[\"psql\",\"mysql\",\"sqlite3\"],\"**\"],[\"ssh\",\"db1\",\"**\"],"
      "[\"timeout\",\"5\",\"**\"]]}]}";
/* clang-format on */

static struct policy *policy;

struct session_case {
	const char *lost, *meaning, *line, *expected, *because; /* NULL: for whatever reason */
};

/* "approve by reads", and the reason has `because` in it. */
static void judged(const struct session_case *c, const char *mode, const char *agent, const char *sourced)
{
	struct policy_session session = {0};
	struct buf text BUF_AUTO = BUF_INIT;
	char why[160] = "", got[300] = "out of memory";
	buf_addf(&text, "{\"meaning\":[%s],\"sourced\":[%s]}", c->meaning ? c->meaning : "",
		 sourced ? sourced : "");
	cJSON *json JSON_AUTO = json_parse(text.data, text.len, NULL);
	if (!json || !policy_session_read(&session, json, why))
		printf("# %s: %s\n", text.data, why);
	struct policy_request request = {.agent = agent,
					 .human = "alice",
					 .cwd = "/srv/app",
					 .mode = mode,
					 .line = c->line,
					 .line_len = strlen(c->line),
					 .session = &session,
					 .now = 1790000000};
	struct policy_decision d;
	bool because = false;
	if (json && !policy_decide(policy, &request, &d)) {
		snprintf(got, sizeof got, "%s by %s", verdict_name(d.verdict), d.rule);
		because = !c->because || strstr(d.reason, c->because);
		if (strcmp(got, c->expected) != 0 || !because)
			printf("# %s: %s (%s), not %s (%s)\n", c->line, got, d.reason, c->expected,
			       c->because ? c->because : "");
		policy_decision_finish(&d);
	}
	holds(c->lost, because && !strcmp(got, c->expected));
	policy_session_finish(&session);
}

#define FUNCTION(name, body)                                                                                 \
	"{\"kind\":\"function\",\"name\":\"" name "\",\"text\":\"" name " () \\n{ \\n    " body "\\n}\"}"
#define HERE(kind, name) "{\"kind\":\"" kind "\",\"name\":\"" name "\"}"
#define REVIEW "review by default"
#define APPROVE "approve by reads"

static void test_functions(void)
{
	/* clang-format off */
	static const struct session_case cases[] = {
	    {"nothing was changed, and yet it waits", NULL, "ls -l", APPROVE, NULL},
	    {"a function goes by the pattern for the command", FUNCTION("ls", "echo \\\"$@\\\"; curl x"), "ls -l", REVIEW, "in the function ls: curl x"},
	    {"quoting hides that it is a function", FUNCTION("ls", "curl x"), "l\\s -l", REVIEW, "function ls"},
	    {"quotes hide that it is a function", FUNCTION("ls", "curl x"), "'l's \"-l\"", REVIEW, "function ls"},
	    {"escapes hide that it is a function", FUNCTION("ls", "curl x"), "$'\\x6cs'", REVIEW, "in escapes"},
	    {"escapes hide a function from the host", NULL, "$'\\x6cs'", REVIEW, "in escapes"},
	    {"escapes in an argument make people wait", NULL, "ls $'\\x6cs'", APPROVE, NULL},
	    {"a continued word hides that it is a function", FUNCTION("ls", "curl x"), "l\\\ns", REVIEW, NULL},
	    {"a denial does not see into a function", FUNCTION("tidy", "rm -rf /"), "tidy", "deny by no-rm", NULL},
	    {"a denial that names the function is silent", FUNCTION("git", "echo hi"), "git push", "deny by no-push", NULL},
	    {"a harmless function waits for a person", FUNCTION("st", "git status; ls \\\"$@\\\""), "st -s", APPROVE, NULL},
	    {"a function needs a rule of its own", FUNCTION("st", "x=1"), "st", "approve by default", NULL},
	    {"what is in the place of a word is taken for it", FUNCTION("st", "git \\\"$@\\\""), "st push", "review by no-push", NULL},
	    {"a function may run what it is given", FUNCTION("run", "\\\"$@\\\""), "run rm x", "review by no-push", "may match"},
	    {"a function's function is not looked into", FUNCTION("a", "b") "," FUNCTION("b", "rm x"), "a", "deny by no-rm", NULL},
	    {"a function that calls itself has no end", FUNCTION("a", "a; ls"), "a", APPROVE, NULL},
	    {"functions that call each other have no end", FUNCTION("a", "b") "," FUNCTION("b", "a"), "a; b", "approve by default", NULL},
	    {"what a body defines is not looked at", FUNCTION("a", "ls () { curl x; }"), "a; ls", REVIEW, "curl"},
	    {"a function that was not sent is believed", HERE("function", "ls"), "ls", REVIEW, "not sent"},
	    {"another function's text is believed", "{\"kind\":\"function\",\"name\":\"ls\",\"text\":\"la () { echo; }\"}", "ls", REVIEW, "not understood"},
	    {"a text that is no definition is believed", "{\"kind\":\"function\",\"name\":\"ls\",\"text\":\"echo\"}", "ls", REVIEW, "not understood"},
	    {"a here-document in a definition is believed", FUNCTION("f", "cat <<E\\nx\\nE\\n"), "f", REVIEW, "here-document"},
	    {"a definition that is doubted is believed", FUNCTION("f", "echo $((x))"), "f", REVIEW, "arithmetic"},
	    {"a function behind `command` goes by the pattern", FUNCTION("ls", "echo"), "command ls", REVIEW, "function ls"},
	    {"a function behind env goes by the pattern", FUNCTION("ls", "echo"), "env ls", REVIEW, "function ls"},
	    {"a function behind timeout goes by the pattern", FUNCTION("ls", "echo"), "timeout 5 ls", REVIEW, "function ls"},
	    {"a function behind xargs goes by the pattern", FUNCTION("ls", "echo"), "echo x | xargs ls", REVIEW, "function ls"},
	    {"a function behind find goes by the pattern", FUNCTION("ls", "echo"), "find . -exec ls ';'", REVIEW, "function ls"},
	    {"a function in bash -c goes by the pattern", FUNCTION("ls", "echo"), "bash -c 'ls'", REVIEW, "function ls"},
	    {"a denial does not see behind a wrapper and a function", FUNCTION("rm", "echo"), "env rm x", "deny by no-rm", NULL},
	    {"an unset function leaves the command unjudged", FUNCTION("deploy", "echo") "," FUNCTION("mkfs", "echo"), "unset -f mkfs; mkfs /dev/sda", REVIEW, "unset"},
	    {"a body unsets a function, and the command is unjudged", FUNCTION("f", "unset mkfs") "," FUNCTION("mkfs", "echo"), "f; mkfs /dev/sda", REVIEW, "unset"},
	    {"unset behind builtin leaves the command unjudged", FUNCTION("mkfs", "echo"), "builtin unset mkfs; mkfs x", REVIEW, NULL},
	    {"a function in the place of a builtin is overlooked", FUNCTION("cd", "ls"), "cd x", REVIEW, "function cd stands in the place"},
	    {"a function named like a wrapper is overlooked", FUNCTION("command", "ls"), "command ls", REVIEW, "function command"},
	    {"a function named like a wrapper hides a denial", FUNCTION("env", "ls"), "env rm x", "deny by no-rm", NULL},
	    {"a function named [ is overlooked", HERE("function", "["), "[ -e x ]", REVIEW, "function ["},
	    {"a function named like a keyword is overlooked", FUNCTION("time", "ls"), "\\\\time ls", REVIEW, "function time"},
	    {"bash calls a function by itself", FUNCTION("command_not_found_handle", "curl x"), "deploy", REVIEW, "command_not_found"},
	    {"a name with a slash goes by the pattern for the program", "{\"kind\":\"function\",\"name\":\"/bin/ls\",\"text\":\"/bin/ls () \\n{ \\n  echo\\n}\"}", "/bin/ls", REVIEW, "/bin/ls"},
	    {"an odd name goes by a pattern", "{\"kind\":\"function\",\"name\":\"deploy=1\",\"text\":\"deploy=1 () \\n{ \\n  echo\\n}\"}", "\\deploy=1", REVIEW, NULL},
	    {"a body that moves leaves rules sure of their directory", FUNCTION("go", "cd /"), "make; go", REVIEW, "make"},
	    {"local PATH in a body goes unseen", FUNCTION("f", "local PATH=/tmp; ls"), "f", REVIEW, "how commands are found"},
	    {"IFS in a body goes unseen", FUNCTION("f", "IFS=x; ls"), "f", REVIEW, NULL},
	    {"a nameref in a body goes unseen", FUNCTION("f", "local -n p=PATH; p=/tmp; ls"), "f", REVIEW, NULL},
	    {"a denial by the line's text does not see a body", FUNCTION("f", "psql -c 'drop table x'"), "f", "deny by no-ddl", NULL},
	    {"a function defined here is not looked into", NULL, "ls() { curl x; }; ls", REVIEW, "curl"},
	    {"a function defined here and unset makes a command free", NULL, "mkfs() { echo; }; unset -f mkfs; mkfs x", REVIEW, "mkfs"},
	    {"a definition inside another goes unseen", NULL, "f() { ls() { curl x; }; }; f; ls", REVIEW, "curl"},
	    {"the other form of definition goes unseen", NULL, "function ls { curl x; }; ls", REVIEW, "curl"},
	    {"a function of the session's in a substitution goes unseen", FUNCTION("ls", "curl x"), "echo \"$(ls)\"", REVIEW, "curl"},
	    {"a function of the session's in a pipeline goes unseen", FUNCTION("ls", "curl x"), "! echo | ls", REVIEW, "curl"},
	    {"a function behind an assignment goes unseen", FUNCTION("ls", "curl x"), "X=1 ls", REVIEW, "curl"},
	    {"what a call writes goes unseen", FUNCTION("f", "echo"), "f > /etc/passwd", REVIEW, "/etc/passwd"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		judged(&cases[i], "stdin", "worker", NULL);
}

static void test_changes(void)
{
	/* clang-format off */
	static const struct session_case cases[] = {
	    {"an alias goes by the pattern for the name", "{\"kind\":\"alias\",\"name\":\"ls\",\"text\":\"curl x\"}", "ls", REVIEW, "the session's alias ls changes this line"},
	    {"an alias for a keyword goes unseen", "{\"kind\":\"alias\",\"name\":\"zz\",\"text\":\"if\"}", "ls zz", REVIEW, "alias zz"},
	    {"a denial is outvoted by an alias", "{\"kind\":\"alias\",\"name\":\"ls\",\"text\":\"x\"}", "ls; rm x", "deny by no-rm", NULL},
	    {"a changed PATH is believed", HERE("variable", "PATH"), "ls", REVIEW, "the session changed PATH"},
	    {"LD_PRELOAD of an earlier line is believed", HERE("variable", "LD_PRELOAD"), "ls", REVIEW, "LD_PRELOAD"},
	    {"an exported function is believed", HERE("variable", "BASH_FUNC_ls%%"), "ls", REVIEW, "BASH_FUNC"},
	    {"a changed IFS is believed", HERE("variable", "IFS"), "ls", REVIEW, "IFS"},
	    {"a harmless variable makes people wait", HERE("variable", "GREETING"), "ls", APPROVE, NULL},
	    {"hash -p is believed", "{\"kind\":\"hash\",\"name\":\"ls\",\"text\":\"/tmp/evil\"}", "ls", REVIEW, "where ls is (hash)"},
	    {"enable -n is believed", HERE("builtin", "echo"), "echo x", REVIEW, "builtin echo"},
	    {"a DEBUG trap is believed", "{\"kind\":\"trap\",\"name\":\"DEBUG\",\"text\":\"curl x\"}", "ls", REVIEW, "trap DEBUG"},
	    {"set -k is believed", HERE("option", "keyword"), "ls PATH=/tmp", REVIEW, "option keyword"},
	    {"posix mode is believed", HERE("option", "posix"), "ls", REVIEW, "option posix"},
	    {"extdebug is believed", HERE("option", "extdebug"), "ls", REVIEW, "option extdebug"},
	    {"comments that are none are believed", HERE("option", "interactive_comments"), "ls # x; rm y", REVIEW, "interactive_comments"},
	    {"an option that nobody knows is believed", HERE("option", "compat31"), "ls", REVIEW, "compat31"},
	    {"set -e makes people wait", HERE("option", "errexit"), "ls", APPROVE, NULL},
	    {"extglob makes people wait", HERE("option", "extglob"), "ls *.c", APPROVE, NULL},
	    {"a glob that extglob makes is taken for `! (…)`", HERE("option", "extglob"), "!(ls)", REVIEW, "extended glob"},
	    {"a glob that extglob makes is taken for a function", HERE("option", "extglob"), "ls+() { ls; }", REVIEW, NULL},
	    {"a nameref of an earlier line is believed", "{\"kind\":\"attribute\",\"name\":\"x\",\"text\":\"n\"}", "x=/tmp; ls", REVIEW, "made of x"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		judged(&cases[i], "prompt", "worker", NULL);
}

static void test_sourced(void)
{
	/* clang-format off */
	static const char files[] =
	    "{\"path\":\"lib.sh\",\"text\":\"ls -l\\ngit status\\n\"},{\"path\":\"bad.sh\",\"text\":\"echo hi\\ncurl x\\n\"},"
	    "{\"path\":\"rm.sh\",\"text\":\"rm x\\n\"},{\"path\":\"self.sh\",\"text\":\". self.sh; ls\"},"
	    "{\"path\":\"move.sh\",\"text\":\"cd /\"},{\"path\":\"odd.sh\",\"text_b64\":\"bHMg/wo=\"},{\"path\":\"empty.sh\",\"text\":\"\"},"
	    "{\"path\":\"path.sh\",\"text\":\"PATH=/tmp\"},{\"path\":\"def.sh\",\"text\":\"ls() { curl x; }\"}";
	static const struct session_case cases[] = {
	    {"a sourced file of covered commands waits", NULL, ". lib.sh", APPROVE, NULL},
	    {"`source` is not what `.` is", NULL, "source lib.sh && ls", APPROVE, NULL},
	    {"a file that was not sent is sourced unread", NULL, ". other.sh", REVIEW, NULL},
	    {"another path to it is believed", NULL, ". ./lib.sh", REVIEW, NULL},
	    {"a path that is not literal is believed", NULL, ". \"$x\"", REVIEW, NULL},
	    {"arguments go unseen", NULL, ". lib.sh x", REVIEW, NULL},
	    {"what a sourced file runs goes unseen", NULL, ". bad.sh", REVIEW, "in the file bad.sh: curl x"},
	    {"a denial does not see into a sourced file", NULL, ". rm.sh", "deny by no-rm", NULL},
	    {"a file that sources itself has no end", NULL, ". self.sh", APPROVE, NULL},
	    {"a file that moves leaves rules sure of their directory", NULL, ". move.sh; make", REVIEW, "make"},
	    {"a file that is no text is believed", NULL, ". odd.sh", REVIEW, "UTF-8"},
	    {"an empty file waits for a person", NULL, ". empty.sh", "approve by default", NULL},
	    {"a file that changes PATH is believed", NULL, ". path.sh; ls", REVIEW, "how commands are found"},
	    {"what a file defines is not looked into", NULL, ". def.sh; ls", REVIEW, "curl"},
	    {"`.` behind a wrapper is taken for the plain one", NULL, "command . lib.sh", REVIEW, NULL},
	    {"`.` in another bash is taken for the plain one", NULL, "bash -c '. lib.sh'", REVIEW, NULL},
	    {"a process substitution is sourced", NULL, ". <(ls)", REVIEW, NULL},
	    {"a function of the session's is not seen in a file", FUNCTION("ls", "curl x"), ". lib.sh", REVIEW, "curl"},
	    {"a function named source is overlooked", HERE("function", "source"), "source lib.sh", REVIEW, "function source"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		judged(&cases[i], "stdin", "worker", files);
	static const struct session_case asked = {"the text that a hook asks about is not judged", NULL,
						  "ls\ncurl x\n", REVIEW, "curl"};
	judged(&asked, "source", "worker", NULL);
}

/* Even where everything is approved. */
static void test_across_lines(void)
{
	static const char *const never[] = {
	    "bash",
	    "sh",
	    "bash -s",
	    "bash -",
	    "bash /dev/stdin",
	    "python3",
	    "perl",
	    "node",
	    "ash",
	    "exec bash",
	    "env python3 -",
	    "ssh db1",
	    "ssh -t db1",
	    "ssh db1 bash",
	    "ssh -l -n db1",
	    "ssh db1 cat -n",
	    "psql",
	    "psql -U -c x",
	    "psql -h db1 app",
	    "psql --dbname -c",
	    "sqlite3 db",
	    "mysql app",
	    "sftp db1",
	    "duckdb x",
	    "mail root",
	    "fdisk /dev/sda",
	    "timeout 5 psql",
	    "cat | psql",
	    "cat - | psql",
	    "psql <&3",
	    "psql 3< x.sql",
	    "psql < x.sql <&3",
	    "psql < /dev/stdin",
	    "psql | cat",
	    "xargs bash",
	    "newgrp",
	    "fakeroot",
	    "set -k",
	    "set -o posix",
	    "set -a",
	    "enable -n ls",
	    "hash -p /tmp/x ls",
	    "hash -r",
	    "jobs -x ls",
	    "coproc ls",
	    ". <(ls)",
	    "eval ls",
	    "trap ls DEBUG",
	    "alias ls=x",
	    "unalias ls",
	    "shopt -s extglob",
	    "export -f ls",
	    "declare -n x=PATH",
	    "history -r x",
	    "fc -s",
	    "bind -x x",
	    "complete -C x y",
	    "mapfile -C x",
	    "set +o history",
	    "read -a x[1]",
	    "exec -a x ls",
	    "bash <(ls)",
	    "bc x.bc",
	    "R x",
	    "gnuplot x -",
	    "ghci x",
	    "redis-cli",
	    "rsh db1 ls",
	    "dc < /dev/tty",
	    "command -p ls",
	    "ls <&230 &",
	    "ls >&231",
	    "exec 5<&230",
	    "ls 9>&230-",
	    "ls {fd}<&230",
	    "ls </dev/fd/230",
	    "ls 23<x <&230",
	    "(exec 230<x); ls <&230",
	    "git apply",
	    "tar x",
	    "tar xzf -",
	    "tar -xzf -",
	    "tar -tf-",
	    "tar x --file=-",
	    "git apply -",
	    "git apply --check",
	    "git am",
	    "git am -3",
	    "git apply /dev/stdin",
	    "patch",
	    "patch -p1",
	    "patch -i -",
	    "patch -i-",
	    "patch --input=-",
	    "patch x",
	    "nft -f -",
	    "nft -f-",
	    "nft -f /dev/stdin",
	    "ip -batch -",
	    "kubectl apply -f -",
	    "kubectl apply -f-",
	    "kubectl apply --filename=-",
	    "kubectl create -f -",
	    "kubectl delete -f $x",
	    "xargs ls",
	    "xargs -0 ls",
	    "timeout 5 xargs ls",
	    "podman load",
	    "cat | xargs ls",
	    "cat | grep x | patch",
	    "git diff --stdin | patch",
	    "python3 -",
	    "sed p | xargs ls",
	};
	static const char *const approved[] = {
	    "ls",
	    "psql -c 'select 1'",
	    "psql -h db1 -U me -Atc 'select 1'",
	    "psql < x.sql",
	    "psql <<< x",
	    "psql <<E\nselect 1\nE",
	    "echo 'select 1' | psql",
	    "cat x.sql | psql",
	    "ssh -n db1",
	    "ssh db1 < /dev/null",
	    "ssh -p 22 -n db1 ls",
	    "sqlite3 db 'select 1'",
	    "mysql -e x",
	    "psql --command=x",
	    "exec > /tmp/log",
	    "exec ls",
	    "disown %1",
	    "fg %1",
	    "wait",
	    "kill %1",
	    "exit 3",
	    "read -r x",
	    "jobs -l",
	    "python3 x.py",
	    "ls 3<x <&3 2>&1",
	    "ls 10<x <&10",
	    "git apply x.patch",
	    "tar xzf x.tgz",
	    "tar -tf x.tar",
	    "tar czf - x",
	    "tar x < x.tar",
	    "cat x.tar | tar x",
	    "git apply --check x.patch",
	    "git am x.patch",
	    "git apply < x.patch",
	    "git diff | git apply",
	    "git status",
	    "patch -p1 < x.patch",
	    "patch -p1 -i x.patch",
	    "git diff | patch -p1",
	    "nft -f x.nft",
	    "nft list ruleset",
	    "ip addr",
	    "ip -batch x",
	    "kubectl get pods",
	    "kubectl apply -f x.yaml",
	    "kubectl apply -f - <<E\nx\nE",
	    "cat x.yaml | kubectl apply -f -",
	    "find . | xargs ls",
	    "git ls-files | grep x | xargs ls",
	    "xargs ls < x",
	};
	char lost[200];
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		for (int m = 0; m < 3; m++) {
			static const char *const modes[] = {"stdin", "prompt", "source"};
			snprintf(lost, sizeof lost, "`%s` is approved by a pattern in a session (%s)",
				 never[i], modes[m]);
			const struct session_case c = {lost, NULL, never[i], REVIEW, NULL};
			judged(&c, modes[m], "free", NULL);
		}
	for (size_t i = 0; i < sizeof approved / sizeof *approved; i++) {
		snprintf(lost, sizeof lost, "`%s` makes people wait in a session", approved[i]);
		struct policy_request request = {.agent = "free",
						 .mode = "stdin",
						 .line = approved[i],
						 .line_len = strlen(approved[i]),
						 .now = 1790000000};
		struct policy_decision d;
		if (policy_decide(policy, &request, &d))
			continue;
		if (d.verdict != VERDICT_APPROVE)
			printf("# %s: %s\n", approved[i], d.reason);
		holds(lost, d.verdict == VERDICT_APPROVE);
		policy_decision_finish(&d);
	}
	static const struct session_case outside = {"psql outside a session makes people wait", NULL, "psql",
						    "approve by anything", NULL};
	judged(&outside, "command", "free", NULL);
}

static void refused(const char *lost, const char *text)
{
	struct policy_session session;
	char why[160] = "";
	cJSON *json JSON_AUTO = json_parse(text, strlen(text), NULL);
	bool read = json && policy_session_read(&session, json, why);
	if (json)
		policy_session_finish(&session);
	holds(lost, json && !read && strstr(why, "malformed"));
}

static void test_refused(void)
{
	refused("a kind that nobody knows is read", "{\"meaning\":[{\"kind\":\"macro\",\"name\":\"x\"}]}");
	refused("a change without a name is read", "{\"meaning\":[{\"kind\":\"alias\"}]}");
	refused("a change with an empty name is read", "{\"meaning\":[{\"kind\":\"alias\",\"name\":\"\"}]}");
	refused("a member that nobody knows is read",
		"{\"meaning\":[{\"kind\":\"alias\",\"name\":\"x\",\"value\":\"y\"}]}");
	refused("a name that is no text is read", "{\"meaning\":[{\"kind\":\"alias\",\"name\":1}]}");
	refused("a change that is no object is read", "{\"meaning\":[\"alias\"]}");
	refused("changes that are no list are read", "{\"meaning\":{}}");
	refused("a variable's value is taken",
		"{\"meaning\":[{\"kind\":\"variable\",\"name\":\"x\",\"text\":\"secret\"}]}");
	refused("two functions of one name are read",
		"{\"meaning\":[" HERE("function", "x") "," HERE("alias", "x") "," HERE("function", "x") "]}");
	refused("two texts of one function are read",
		"{\"meaning\":[{\"kind\":\"alias\",\"name\":\"x\",\"text\":\"y\",\"text_b64\":\"eQ==\"}]}");
	refused("a broken encoding is read",
		"{\"meaning\":[{\"kind\":\"alias\",\"name\":\"x\",\"text_b64\":\"e!\"}]}");
	refused("a NUL in a definition is read",
		"{\"meaning\":[{\"kind\":\"alias\",\"name\":\"x\",\"text_b64\":\"AA==\"}]}");
	refused("a file without a text is read", "{\"sourced\":[{\"path\":\"x\"}]}");
	refused("a file without a path is read", "{\"sourced\":[{\"text\":\"x\"}]}");
	refused("two texts of one path are read",
		"{\"sourced\":[{\"path\":\"x\",\"text\":\"ls\"},{\"path\":\"x\",\"text\":\"rm\"}]}");
	struct buf many BUF_AUTO = BUF_INIT;
	buf_adds(&many, "{\"meaning\":[");
	for (int i = 0; i <= SESSION_MAX; i++)
		buf_addf(&many, "%s{\"kind\":\"alias\",\"name\":\"x%d\"}", i ? "," : "", i);
	buf_adds(&many, "]}");
	refused("any number of changes is read", many.data);
}

int main(void)
{
	char *error = NULL;
	policy = policy_parse(document, strlen(document), &error);
	if (!policy) {
		printf("# %s\n", error);
		return 1;
	}
	test_functions();
	test_changes();
	test_sourced();
	test_across_lines();
	test_refused();
	policy_free(policy);
	return checks_end();
}
