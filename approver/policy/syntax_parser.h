/* syntax_parser.h: the parser's own state, shared by the syntax_*.c files and by nobody else.
 *
 * The files: syntax_build.c the result and its memory · syntax_expansion.c $…, `…`, arithmetic ·
 * syntax_word.c words and their quoting · syntax_heredoc.c bodies of << · syntax_test.c [[ … ]] ·
 * syntax_command.c simple commands and redirections · syntax_grammar.c lists, pipelines and compound
 * commands.
 *
 * The one rule.  A function that is not sure says so with doubt() and goes on if it can, or with give_up() if
 * it cannot tell where the construct ends; nothing is parsed after giving up.  Both are safe: a line with a
 * doubt is approved by no pattern.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WHOSH_POLICY_SYNTAX_PARSER_H
#define WHOSH_POLICY_SYNTAX_PARSER_H

#include "approver/policy/syntax.h"
#include "common/buf.h"

enum { SH_MAX_DEPTH = 64, SH_MAX_HEREDOCS = 16, SH_MAX_COMMANDS = 20000, SH_MAX_DOUBTS = 64 };

struct heredoc {
	size_t start; /* of the << */
	char *delimiter;
	size_t len;
	bool quoted, strip_tabs;
	int level; /* of nesting at which it was met */
};

struct parser {
	const char *s;
	size_t at, end; /* the region being parsed; `end` shrinks for bodies and backquotes */
	struct sh_script *script;
	size_t commands_room, doubts_room, functions_room;
	int depth; /* recursion of any kind */
	int level; /* nesting of substitutions: each has here-documents of its own */
	struct heredoc heredocs[SH_MAX_HEREDOCS];
	int n_heredocs;
	size_t body_end; /* of the first here-document body in the innermost substitution; 0: none */
	size_t feeder;   /* of the command that is read next */
	size_t simple;   /* the number of the command just read; 0: it was not simple */
	bool stopped;    /* gave up */
	bool no_memory;
};

/* A word being read. */
struct reading {
	struct buf text;
	enum sh_certainty certainty;
	bool only_globs; /* it is ANY for no other reason */
	bool quoted;     /* some part was quoted */
	bool fixed;      /* `text` grows no more: what follows the first uncertain part is not a prefix */
};

/* How a word is read: assignments are neither split nor globbed. */
enum word_place { IN_COMMAND, IN_ASSIGNMENT, IN_PATTERN };

/* syntax_build.c */
void doubt(struct parser *p, size_t start, const char *why);
void give_up(struct parser *p, size_t start, const char *why);
bool enter(struct parser *p, size_t start); /* false: too deep, gave up */
void leave(struct parser *p);
struct sh_command *new_command(struct parser *p, size_t start);
bool grow(struct parser *p, void **items, size_t n, size_t size); /* room for one more of n items */
void add_function(struct parser *p, const char *name, size_t len);
void word_finish(struct sh_word *word);
void command_finish(struct sh_command *command);

/* syntax_word.c */
/* Does an unquoted `c` end a word? */
bool ends_word(char c);
char peek(const struct parser *p, size_t ahead); /* NUL at the end of the region */
void reading_add(struct reading *r, const char *bytes, size_t len);
void reading_uncertain(struct reading *r, enum sh_certainty certainty, bool glob);
/* Read one word into *word; p->at must be at its first byte. */
void read_word(struct parser *p, enum word_place place, struct sh_word *word);
/* After an opening double quote: to the closing one. */
void read_double_quoted(struct parser *p, struct reading *r);

/* syntax_expansion.c */
/* At a '$' or '`'. */
void read_dollar(struct parser *p, struct reading *r, bool in_double_quotes);
void read_backquoted(struct parser *p, struct reading *r, bool in_double_quotes);
/* After "<(" or ">(" or "$(": the commands up to the ')'. */
void read_substitution(struct parser *p, size_t start);

/* syntax_heredoc.c */
void heredoc_add(struct parser *p, size_t start, bool strip_tabs);
/* At a newline that ends a line of commands: read the bodies that begin after it. Moves past the newline. */
void newline(struct parser *p);

/* syntax_test.c: after "[[". */
void read_test(struct parser *p, size_t start);

/* syntax_command.c */
/* Blanks and continued lines; true when any were skipped. */
bool skip_blanks(struct parser *p);
/* A redirection at p->at?  Read it into the command. */
bool read_redirect(struct parser *p, struct sh_command *command);
/* Redirections after a compound command. */
void read_redirects_after(struct parser *p, size_t start);
void read_simple(struct parser *p);
/* A bare NAME or FUNCTION name at p->at: its length; 0 when there is none. */
size_t name_at(const struct parser *p, size_t at);

/* syntax_grammar.c */
/* Commands up to `stop`: ')' for a subshell or substitution, 0 for the end of the region. */
void read_list(struct parser *p, char stop);
void read_compound(struct parser *p);
/* Is the word at p->at exactly this reserved word, unquoted? */
bool at_reserved(const struct parser *p, const char *word);
/* Blanks, newlines, comments and here-document bodies between commands. */
void skip_lines(struct parser *p);

#endif
