/* loop.c: read a command, ask, execute it: bash's own loop with one step more.
 *
 * It does what bash's reader_loop does (bash 5.2, eval.c), in its order, since traps, errexit and interrupts
 * come back to it by way of `top_level`.  A command that is refused counts as one that failed: it sets $? and
 * PIPESTATUS, runs the ERR trap, and ends the shell under errexit.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/reader/bash.h"
#include "common/exits.h"
#include "shell/reader/reader.h"

extern int EOF_Reached, indirection_level, current_command_number, executing, stdin_redir;
extern COMMAND *global_command;
extern void unlink_fifo_list(void);

static COMMAND *volatile command;

static void dispose(void)
{
	if (command)
		dispose_command(command);
	command = NULL;
}

static void end_session(int status)
{
	/* A trap on EXIT was approved, but nobody can answer for it any more. */
	restore_default_signal(0);
	last_command_exit_value = status;
	EOF_Reached = EOF;
}

static void refused(struct verdict verdict)
{
	dispose();
	reset_parser();
	set_exit_status(verdict.status);
	set_pipestatus_from_exit(verdict.status);
	if (verdict.over) {
		end_session(verdict.status);
		return;
	}
	if (signal_is_trapped(READER_ERROR_TRAP))
		run_error_trap();
	if (exit_immediately_on_error)
		jump_to_top_level(ERREXIT);
}

static void show_ps0(void)
{
	char *text = interactive && ps0_prompt ? decode_prompt_string(ps0_prompt) : NULL;
	if (text && *text) {
		fprintf(stderr, "%s", text);
		fflush(stderr);
	}
	free(text);
}

/* Something has thrown us back here; false: to the end. */
static bool thrown(int code)
{
	switch (code) {
	case DISCARD:
		if (last_command_exit_value == 0)
			set_exit_status(EXECUTION_FAILURE);
		if (subshell_environment)
			break;
		dispose();
		restore_sigmask();
		return true;
	case ERREXIT:
		if (exit_immediately_on_error)
			reset_local_contexts();
		break;
	default:
		break;
	}
	command = NULL;
	EOF_Reached = EOF;
	return false;
}

/* Ask for what was read.  An alias of several commands is approved by the line that uses it, whole. */
static bool approved(void)
{
	const struct buf *text = input_text();
	if (ask_lasts() && !input_read())
		return true;
	struct verdict verdict = {EXIT_UNREACHABLE, true};
	if (reader_in_shell())
		verdict = ask_line(text, command);
	if (verdict.status)
		refused(verdict);
	return !verdict.status;
}

static void step(void)
{
	executing = 0;
	if (temporary_env)
		dispose_used_env_vars();
	input_begin();
	if (read_command()) {
		if (!interactive)
			EOF_Reached = EOF;
		return;
	}
	command = global_command;
	global_command = NULL;
	if (!interactive_shell && read_but_dont_execute) {
		set_exit_status(last_command_exit_value);
		dispose();
	}
	if (!command || !approved())
		return;
	show_ps0();
	current_command_number++;
	executing = 1;
	stdin_redir = 0;
	execute_command(command);
}

_Noreturn void loop(void)
{
	int level = indirection_level;
	input_take_over();
	if (!source_take_over())
		abort(); /* whosh has not been greeted, and says so */
	ask_ready();
	if (reader_at_prompt())
		prompt_begin();
	meaning_begin();
	/* Under -t the newline that a reset parser has in hand would be the one command. */
	if (just_one_command)
		reset_readahead_token();
	while (!EOF_Reached) {
		int code = sigsetjmp(top_level, 0);
		unlink_fifo_list();
		if (interactive_shell && !signal_is_ignored(SIGINT) && !signal_is_trapped(SIGINT))
			set_signal_handler(SIGINT, sigint_sighandler);
		if (code != NOT_JUMPED)
			indirection_level = level;
		if (code == NOT_JUMPED || thrown(code))
			step();
		QUIT;
		dispose();
		if (just_one_command)
			EOF_Reached = EOF;
	}
	indirection_level--;
	exit_shell(last_command_exit_value);
	abort();
}
