/* test_broker_history.c: what was typed is given again exactly, in order, or not at all.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/io.h"
#include "shell/broker/history.h"
#include "tests/unit/test_broker.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[512];
static struct history *history;

static void type(const char *line)
{
	history_add(history, "deploy", "worker", line, strlen(line));
}

/* The lines that are remembered for the agent, each followed by a '|'. */
static const char *remembered(const char *agent)
{
	static struct buf text;
	struct buf frame BUF_AUTO = BUF_INIT;
	struct wire_message message;
	size_t mark, size, at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	wire_begin(&frame, WIRE_REMEMBERED, &mark);
	history_fields(history, "deploy", agent, &frame);
	wire_end(&frame, mark);
	buf_clear(&text);
	buf_adds(&text, "");
	EXPECT(wire_next(&frame, &message, &size) == 1);
	while (wire_field(&message, &at, &tag, &bytes, &len)) {
		EXPECT(tag == WIRE_LINE);
		buf_add(&text, bytes, len);
		buf_addc(&text, '|');
	}
	return text.data ? text.data : "";
}

/* Where the one file is. */
static void find_file(void)
{
	DIR *all = opendir(folder);
	path[0] = 0;
	for (const struct dirent *entry; (entry = readdir(all));)
		if (strstr(entry->d_name, ".lines"))
			snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
	closedir(all);
}

static void forget(void)
{
	find_file();
	if (path[0])
		unlink(path);
}

static void put(const char *text, size_t len)
{
	int fd FD_AUTO = open(path, O_WRONLY | O_APPEND);
	EXPECT(write_all(fd, text, len) == 0);
}

static off_t size_of(void)
{
	struct stat about = {0};
	EXPECT(stat(path, &about) == 0);
	return about.st_size;
}

/* A line that comes back changed would be run as something that nobody typed. */
static void test_exact(void)
{
	EXPECT(text_is(remembered("worker"), ""));
	type("ls");
	type("for i in a\\nb; do\n\techo \"$i\"\ndone\n");
	type("\\\\\\");
	type("\xff\x01 \xc3\xa9");
	EXPECT(text_is(remembered("worker"),
		       "ls|for i in a\\nb; do\n\techo \"$i\"\ndone\n|\\\\\\|\xff\x01 \xc3\xa9|"));
	type("");
	history_add(history, "deploy", "worker", "a\0b", 3);
	EXPECT(text_is(remembered("worker"),
		       "ls|for i in a\\nb; do\n\techo \"$i\"\ndone\n|\\\\\\|\xff\x01 \xc3\xa9|"));
	struct stat about;
	find_file();
	EXPECT(stat(path, &about) == 0 && (about.st_mode & 07777) == 0600);
	EXPECT(stat(folder, &about) == 0 && (about.st_mode & 07777) == 0700);
	forget();
}

/* One agent's lines are not another's, whatever they are called. */
static void test_apart(void)
{
	static const char *const names[] = {"worker2", "../worker", "/etc/passwd",
					    "work/er", "worker\n",  "."};
	type("mine");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		EXPECT(text_is(remembered(names[i]), ""));
		history_add(history, "deploy", names[i], names[i], strlen(names[i]));
		char expected[32];
		snprintf(expected, sizeof expected, "%s|", names[i]);
		EXPECT(text_is(remembered(names[i]), expected));
	}
	EXPECT(text_is(remembered("worker"), "mine|"));
	for (size_t i = 0; i <= sizeof names / sizeof *names; i++)
		forget();
	EXPECT(text_is(remembered("worker"), ""));
}

/* Repeated ones fill no list, and a list does not fill the disk. */
static void test_bounded(void)
{
	for (int i = 0; i < 3; i++)
		type("same");
	type("other");
	type("same");
	EXPECT(text_is(remembered("worker"), "same|other|same|"));
	find_file();
	EXPECT(size_of() == 16);
	forget();
	for (int i = 0; i < 1200; i++) {
		char line[16];
		snprintf(line, sizeof line, "%d", i);
		type(line);
	}
	EXPECT(!strncmp(remembered("worker"), "200|201|", 8));
	EXPECT(text_is(strstr(remembered("worker"), "|1198"), "|1198|1199|"));
	char *line = malloc(HISTORY_LONGEST + 2);
	memset(line, 'x', HISTORY_LONGEST + 1);
	line[HISTORY_LONGEST + 1] = 0;
	type(line);
	EXPECT(text_is(strstr(remembered("worker"), "|1198"), "|1198|1199|"));
	line[HISTORY_LONGEST] = 0;
	for (int i = 0; i < 100; i++) {
		line[0] = (char)('a' + i % 26);
		type(line);
		find_file();
		EXPECT(size_of() <= HISTORY_FILE + 2 * HISTORY_LONGEST);
	}
	EXPECT(strlen(remembered("worker")) <= HISTORY_BYTES + HISTORY_LINES &&
	       strlen(remembered("worker")) > HISTORY_BYTES / 2);
	type("last");
	EXPECT(text_is(strrchr(remembered("worker"), 'x'), "x|last|"));
	free(line);
	forget();
}

/* Half a line, after a crash or on a full disk, must never be offered: `rm -r /tmp/x` begins with `rm -r /`.
 */
static void test_torn(void)
{
	type("ls");
	find_file();
	put("rm -r /", 7);
	EXPECT(text_is(remembered("worker"), "ls|"));
	type("pwd");
	EXPECT(text_is(remembered("worker"), "ls|pwd|"));
	put("\0\0\0\nbad\\x\nbad\\\n\n", 16);
	EXPECT(text_is(remembered("worker"), "ls|pwd|"));
	type("true");
	EXPECT(text_is(remembered("worker"), "ls|pwd|true|"));
	forget();
	type("ls");
	EXPECT(truncate(path, 2) == 0);
	type("pwd");
	EXPECT(text_is(remembered("worker"), "pwd|"));
	forget();
}

/* A file that others can read or that is somebody else's is neither read nor written. */
static void test_not_ours(void)
{
	type("ls");
	find_file();
	EXPECT(chmod(path, 0644) == 0 && text_is(remembered("worker"), ""));
	type("pwd");
	EXPECT(size_of() == 3 && chmod(path, 0600) == 0);
	EXPECT(text_is(remembered("worker"), "ls|"));
	EXPECT(unlink(path) == 0 && symlink("/etc/passwd", path) == 0);
	EXPECT(text_is(remembered("worker"), ""));
	type("pwd");
	EXPECT(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	type("pwd");
	EXPECT(text_is(remembered("worker"), ""));
	unlink(path);
	chmod(folder, 0777);
	type("pwd");
	EXPECT(text_is(remembered("worker"), ""));
	chmod(folder, 0700);
}

int main(void)
{
	char base[] = "/tmp/whosh-history-XXXXXX";
	if (!mkdtemp(base))
		return 1;
	snprintf(folder, sizeof folder, "%s/a/b", base);
	int null = open("/dev/null", O_WRONLY);
	dup2(null, 2); /* what is logged */
	history = history_new(folder);
	RUN(test_exact);
	RUN(test_apart);
	RUN(test_bounded);
	RUN(test_torn);
	RUN(test_not_ours);
	history_free(history);
	rmdir(folder);
	snprintf(folder, sizeof folder, "%s/a", base);
	rmdir(folder);
	rmdir(base);
	return finish_tests();
}
