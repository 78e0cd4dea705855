/* bash.h: what of bash the reader uses: the headers that Debian's bash-builtins has for loadable builtins,
 * and the few exported names that they leave out.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef READER_BASH_H
#define READER_BASH_H

#include <config.h>
#include <sys/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <unistd.h>
#include <shell.h>

#include <builtins.h>
#include <builtins/builtext.h>
#include <builtins/common.h>
#include <execute_cmd.h>
#include <hashlib.h>
#include <jobs.h>
#include <quit.h>
#include <sig.h>
#include <version.h>

/* input.h is not among the headers: this is BASH_INPUT of bash 5.2. */
typedef struct {
	int type;
	char *name;
	union {
		FILE *file;
		char *string;
		int buffered_fd;
	} location;
	int (*getter)(void);
	int (*ungetter)(int);
} READER_INPUT;
extern READER_INPUT bash_input;

/* trap.h, flags.h, parser.h, bashhist.h, hashcmd.h and readline's are not either. */
extern void check_signals_and_traps(void);
extern int signal_is_trapped(int), signal_is_ignored(int);
extern void run_error_trap(void), restore_default_signal(int);
extern char *trap_list[], *signal_name(int);
extern int pending_traps[];
enum { READER_ERROR_TRAP = NSIG + 1, READER_RETURN_TRAP = NSIG + 2 };
extern int exit_immediately_on_error, read_but_dont_execute, just_one_command, place_keywords_in_env;
extern int expand_aliases, line_number;
extern int history_expansion, history_expansion_inhibited, remember_on_history, history_quoting_state;
extern int autocd, cdable_vars, cdspelling, mark_modified_vars;
extern int interactive_comments, brace_expansion, extended_glob;
extern char *pre_process_line(char *, int, int);
extern void add_history(const char *), using_history(void);
extern void rl_clear_history(void);
extern int parser_expanding_alias(void);
extern int read_command(void);
extern void reset_readahead_token(void);
extern char *ps0_prompt;
extern char *decode_prompt_string(char *);
extern HASH_TABLE *hashed_filenames;
extern struct {
	char *delimiters;
	int delimiter_depth;
	int delimiter_space;
} dstack;
extern void (*rl_prep_term_function)(int);
extern char *rl_line_buffer;
extern char *(*rl_completion_word_break_hook)(void);
extern int (*rl_directory_completion_hook)(char **), (*rl_directory_rewrite_hook)(char **),
    (*rl_filename_stat_hook)(char **);
extern char **(*rl_attempted_completion_function)(const char *, int, int);
extern int rl_attempted_completion_over;

typedef struct {
	const char *name;
	int (*function)(int, int);
} READER_FUNMAP;
extern READER_FUNMAP **funmap;
/* A keymap is an array of these. */
enum { READER_KEYS = 257, READER_IS_FUNCTION = 0, READER_IS_MAP = 1 };
typedef struct {
	char type;
	int (*function)(int, int);
} READER_KEY;
extern READER_KEY *rl_get_keymap_by_name(const char *);

#endif
