/* script_open.c: let bash read a script's approved text under the script's own name.
 *
 * The trouble.  `bash FILE` opens FILE a second time, after it was approved, and someone may have replaced
 * it. Handing the text over as `-c` or as /dev/fd/N keeps the bytes but changes what scripts can see: $0,
 * BASH_SOURCE, the names in error messages, `return`, `$-`; and an argument holds 128 KiB at most.
 *
 * The way.  bash is started as `bash FILE ARG…` under ptrace.  Its own first open of FILE is answered by us:
 * at the entry of that system call the call is voided, and at its exit the result is set to a descriptor that
 * holds the approved text: a sealed memfd, inherited for just this.  Then bash is let go, for good.  It takes
 * that descriptor for FILE, moves it out of the way (255) and marks it close-on-exec as it does with every
 * script.
 *
 * What could go wrong, and does not: the text cannot change (F_SEAL_WRITE and its sisters); an open for
 * another purpose (bash looks at /dev/tty, the C library at locales) does not use the answer up, since a
 * script is opened with O_RDONLY and nothing else; any other open of the name as given, when the script was
 * found in PATH, is answered with ENOENT, as it was when we looked, and when bash's search then finds another
 * file than ours, bash is ended before it reads that; if bash ends before it opens the script, nothing ran;
 * if we die, bash dies (PTRACE_O_EXITKILL).  Where ptrace is not permitted (Yama scope 3, a seccomp profile)
 * nothing is run and the reason is said.
 *
 * Only registers are touched, no memory of the other process; the calls are in ptrace(2).
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/gate.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not in every glibc's sys/ptrace.h under these names (linux/ptrace.h). */
enum { GET_SYSCALL_INFO = 0x420e, INFO_ENTRY = 1 };
struct syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction, stack, number, args[6];
};

/* Above what scripts use by number. */
enum { HIGH_FD = 200, SYSCALL_STOP = SIGTRAP | 0x80 };

/* What O_LARGEFILE is to the kernel; to a 64-bit C library it is nothing. */
#if defined __aarch64__
enum { LARGE_FILE = 0400000 };
#else
enum { LARGE_FILE = 0100000 };
#endif

/* The same file for reading alone, as bash opens a script: what writes to its descriptor 255 is told EBADF.
 */
static int for_reading(int fd)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int reads = open(path, O_RDONLY | O_CLOEXEC);
	if (reads < 0)
		return fd;
	close(fd);
	return reads;
}

int script_memfd(const struct gate *gate)
{
	int fd = memfd_create("whosh-script", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -1;
	const char *at = gate->line;
	size_t left = gate->line_len;
	while (left) {
		ssize_t wrote = write(fd, at, left);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			goto failed;
		at += wrote;
		left -= (size_t)wrote;
	}
	if (lseek(fd, 0, SEEK_SET) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		goto failed;
	fd = for_reading(fd);
	/* Its number is above what scripts use, where the limit on descriptors allows. */
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (high < 0)
		return fd;
	close(fd);
	return high;
failed:
	close(fd);
	return -1;
}

bool script_traced_child(void)
{
	return !ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

#if defined __x86_64__
static bool void_call(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec io = {&regs, sizeof regs};
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io))
		return false;
	regs.orig_rax = (unsigned long long)-1;
	return !ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
}

static bool set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;
	struct iovec io = {&regs, sizeof regs};
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io))
		return false;
	regs.rax = (unsigned long long)result;
	return !ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
}
#elif defined __aarch64__
static bool void_call(pid_t pid)
{
	int number = -1;
	struct iovec io = {&number, sizeof number};
	return !ptrace(PTRACE_SETREGSET, pid, (void *)0x404 /* NT_ARM_SYSTEM_CALL */, &io);
}

static bool set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;
	struct iovec io = {&regs, sizeof regs};
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &io))
		return false;
	regs.regs[0] = (unsigned long long)result;
	return !ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &io);
}
#else
#error "script_open.c knows the registers of x86_64 and aarch64 only"
#endif

/* Does the string at `address` of that process equal `text`? */
static bool string_is(pid_t pid, uint64_t address, const char *text)
{
	char found[4096];
	size_t want = strlen(text) + 1;
	if (want > sizeof found)
		return false;
	struct iovec here = {found, want}, there = {(void *)(uintptr_t)address, want};
	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)want && !memcmp(found, text, want);
}

enum opening { OPENS_OTHER, OPENS_SCRIPT, OPENS_NAME, OPENS_STRANGER };

/* What this system call entry opens.  `searching`: the name as given is not there, so what is opened next in
 * the way of a script is the script. */
static enum opening opening(pid_t pid, const struct syscall_info *info, const struct gate *gate,
			    bool searching)
{
	const uint64_t *path;
	if (info->number == SYS_openat)
		path = &info->args[1];
#ifdef SYS_open
	else if (info->number == SYS_open)
		path = &info->args[0];
#endif
	else
		return OPENS_OTHER;
	if ((path[1] & ~(uint64_t)LARGE_FILE) != O_RDONLY)
		return OPENS_OTHER;
	if (string_is(pid, *path, gate->script_path))
		return OPENS_SCRIPT;
	if (string_is(pid, *path, gate->arguments.file))
		return OPENS_NAME;
	return searching ? OPENS_STRANGER : OPENS_OTHER;
}

/* Let the child go on to its next stop; its wait status, or -1. */
static int next_stop(pid_t pid, int deliver)
{
	int status;
	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)deliver))
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* The call voided at its entry ends with `result`. */
static bool answer(pid_t pid, long result)
{
	if (!void_call(pid))
		return false;
	int status = next_stop(pid, 0);
	return status >= 0 && WIFSTOPPED(status) && WSTOPSIG(status) == SYSCALL_STOP &&
	       set_result(pid, result);
}

/* After the child's exec stop: true when bash holds the approved text and runs free; false with *status its
 * wait status (it ended by itself before) or -1 and *why (it was killed here). */
static bool follow(pid_t pid, const struct gate *gate, int memfd, int *status, const char **why)
{
	int deliver = 0;
	bool searching = false;
	for (;;) {
		*status = next_stop(pid, deliver);
		deliver = 0;
		if (*status < 0 || !WIFSTOPPED(*status))
			return false;
		if (WSTOPSIG(*status) != SYSCALL_STOP) {
			deliver = WSTOPSIG(*status);
			continue;
		}
		struct syscall_info info;
		if (ptrace((enum __ptrace_request)GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) <= 0)
			break;
		if (info.op != INFO_ENTRY)
			continue;
		enum opening what = opening(pid, &info, gate, searching);
		if (what == OPENS_STRANGER) {
			*why = "the interpreter found another script of that name in PATH";
			break;
		}
		searching = searching || what == OPENS_NAME;
		if (what == OPENS_NAME && !answer(pid, -ENOENT))
			break;
		if (what != OPENS_SCRIPT)
			continue;
		if (!answer(pid, memfd) || ptrace(PTRACE_DETACH, pid, NULL, NULL))
			break;
		return true;
	}
	*status = -1;
	return false;
}

bool script_open(pid_t child, const struct gate *gate, int memfd, int *status, const char **why)
{
	/* The first stop is the SIGTRAP that execve leaves a traced process with. */
	while (waitpid(child, status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (!WIFSTOPPED(*status))
		return false;
	const char *wrong = "this system does not let a script's text be handed over (ptrace)";
	if (!ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) &&
	    follow(child, gate, memfd, status, &wrong))
		return true;
	if (*status >= 0 && !WIFSTOPPED(*status))
		return false;
	*why = wrong;
	kill(child, SIGKILL);
	waitpid(child, status, 0);
	*status = -1;
	return false;
}
