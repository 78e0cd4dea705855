/* test_syntax.c: what the parser reports, piece by piece: words and how sure it is, where they stand, and
 * doubts.
 *
 * tests/policy asks bash about thousands of lines; here are the members of the answer that bash cannot judge.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/syntax.h"
#include "common/buf.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>

static void word(struct buf *out, const struct sh_word *w)
{
	static const char *const marks[] = {"", "1:", "*:"};
	buf_addf(out, "%s%s", marks[w->certainty], w->text);
}

/* `ls -l >out; x=1 id` is "ls -l >out|x=1 id"; 1: one word of unknown text, *: any number; functions in (),
 * how many doubts after '?'. */
static char *told(const char *line)
{
	struct buf out = BUF_INIT;
	struct sh_script *s = sh_parse(line, strlen(line));
	for (size_t i = 0; s && i < s->n_commands; i++) {
		const struct sh_command *c = &s->commands[i];
		const char *blank = "";
		buf_adds(&out, i ? "|" : "");
		for (size_t k = 0; k < c->n_assignments; k++, blank = " ") {
			buf_addf(&out, "%s%s%s=", blank, c->assignments[k].name,
				 c->assignments[k].append ? "+" : "");
			word(&out, &c->assignments[k].value);
		}
		for (size_t k = 0; k < c->n_words; k++, blank = " ") {
			buf_adds(&out, blank);
			word(&out, &c->words[k]);
		}
		for (size_t k = 0; k < c->n_redirects; k++, blank = " ") {
			static const char *const signs[] = {"<", ">", ">>", "&", "<<", "<<<"};
			buf_addf(&out, "%s%s", blank, signs[c->redirects[k].kind]);
			word(&out, &c->redirects[k].target);
		}
	}
	for (size_t i = 0; s && i < s->n_functions; i++)
		buf_addf(&out, " (%s)", s->functions[i]);
	if (s && s->n_doubts)
		buf_adds(&out, " ?");
	sh_script_free(s);
	return buf_take(&out);
}

static void is(const char *lost, const char *line, const char *expected)
{
	char *got = told(line);
	if (!got || strcmp(got, expected) != 0)
		printf("# %s: %s, not %s\n", line, got ? got : "(nothing)", expected);
	holds(lost, got && !strcmp(got, expected));
	free(got);
}

/* The source of the first command's word k, by its offsets. */
static void stands(const char *lost, const char *line, size_t k, const char *source)
{
	struct sh_script *s = sh_parse(line, strlen(line));
	bool there = s && s->n_commands && k < s->commands[0].n_words;
	const struct sh_word *w = there ? &s->commands[0].words[k] : NULL;
	holds(lost,
	      w && w->end - w->start == strlen(source) && !strncmp(line + w->start, source, strlen(source)));
	sh_script_free(s);
}

int main(void)
{
	is("words are words", "ls -l src", "ls -l src");
	is("quotes are taken off", "echo 'a b' \"c d\" e\\ f $'g\\th'", "echo a b c d e f g\th");
	is("quotes within a word", "gi't' st\"at\"us", "git status");
	is("a variable in quotes is one word", "cat \"$x\"", "cat 1:");
	is("without quotes it is any number", "cat $x", "cat *:");
	is("what stands before it is known", "cat src/$x", "cat *:src/");
	is("a glob is any number", "cat src/*.c", "cat *:src/");
	is("a substitution is a command too", "echo \"$(id -u)\"", "id -u|echo 1:");
	is("in backquotes as well", "echo `id -u`", "id -u|echo *:");
	is("a pipeline is each of its commands", "a | b |& c", "a|b|c");
	is("a list is too", "a && b || c; d & e", "a|b|c|d|e");
	is("groups and subshells", "{ a; }; (b; c)", "a|b|c");
	is("loops run what is in them", "for i in 1 2; do a; done; while b; do c; done", "i=1:|a|b|c");
	is("branches count, whichever is taken", "if a; then b; elif c; then d; else e; fi", "a|b|c|d|e");
	is("cases too", "case x in a) b;; *) c;; esac", "b|c");
	is("a file that is written", "a >out 2>>log 2>&1 <in", "a >out >>log &1 <in");
	is("a here-document's substitutions", "cat <<E\n$(id)\nE\n", "cat <<|id");
	is("a quoted one has none", "cat <<'E'\n$(id)\nE\n", "cat <<");
	is("what stands before a command is set", "x=1 y+=2 id", "x=1 y+=2 id");
	is("a function is told by its name", "f() { a; }; f", "a|f (f)");
	is("a comment runs nothing", "a # b", "a");
	is("process substitutions run", "diff <(a) <(b)", "a|b|diff *: *:");
	is("an unfinished line is doubted", "echo 'a", "echo ?");
	is("a word of the grammar where none may be", "fi", " ?");
	struct sh_script *nul = sh_parse("a\0b", 3);
	holds("bash drops a NUL byte, and a reader does not", nul && nul->n_doubts);
	sh_script_free(nul);
	stands("a person is shown where the word stands", "  ls   'a b'", 1, "'a b'");
	stands("also after characters of several bytes", "\xc3\xa4 \"\xe2\x82\xac\" x", 2, "x");
	return checks_end();
}
