/* environment.c: the tables of variables, and the command's environment.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "shell/whosh/environment.h"
#include "shell/whosh/environment_value.h"
#include <stdlib.h>
#include <string.h>

/* A name, or with '*' at its end every name that begins so. */
static const char *const loaders[] = {
    "BASH_ENV",       /* bash runs this file before the line */
    "ENV",            /* sh does */
    "SHELLOPTS",      /* switches options on, xtrace among them, which expands PS4 */
    "BASHOPTS",       /* the same: expand_aliases, extglob change how the line is read */
    "PS4",            /* expanded, with its substitutions, under xtrace */
    "PROMPT_COMMAND", /* run before each prompt */
    "MAILPATH",       /* so are the messages in it */
    "PS0",
    "PS1",
    "PS2",                 /* expanded, with their substitutions, at a prompt */
    "BASH_FUNC_*",         /* exported functions: `ls` may be one */
    "BASH_LOADABLES_PATH", /* where `enable -f` finds shared objects */
    "BASH_COMPAT",         /* reads the line by the rules of an older bash */
    "POSIXLY_CORRECT",     /* reads it by the rules of POSIX */
    "POSIX_PEDANTIC",      /* the same, by its older name */
    "TEXTDOMAIN",          /* $"..." is replaced from this catalogue, and the replacement expanded */
    "TEXTDOMAINDIR",
    "IFS",            /* splits words elsewhere (bash resets it, other shells do not) */
    "CDPATH",         /* cd goes elsewhere */
    "GLOBIGNORE",     /* globs match other files */
    "EXECIGNORE",     /* commands are found elsewhere */
    "LD_*",           /* LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH …: code inside every program */
    "GCONV_PATH",     /* iconv loads shared objects from there */
    "LOCPATH",        /* locales, and through them gconv modules */
    "NLSPATH",        /* message catalogues with formats of someone else's choice */
    "GLIBC_TUNABLES", /* changes the allocator and the loader */
    "MALLOC_*",       /* the same, in older libraries */
    "HOSTALIASES",    /* host names mean other hosts */
    "RES_OPTIONS",
    "LOCALDOMAIN",
    "PERL5OPT",
    "PERL5LIB",
    "PERLLIB",
    "PERL5DB", /* perl loads modules from them */
    "PYTHONSTARTUP",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONUSERBASE",
    "PYTHONPLATLIBDIR",
    "PYTHONPYCACHEPREFIX",
    "PYTHONINSPECT", /* python does */
    "RUBYOPT",
    "RUBYLIB",      /* ruby does */
    "NODE_OPTIONS", /* node --require */
    "NODE_PATH",
    "LUA_INIT*",
    "LUA_PATH*",
    "LUA_CPATH*", /* lua runs the first, and loads modules from the others */
    "PHPRC",
    "PHP_INI_SCAN_DIR", /* php: auto_prepend_file */
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS", /* java -agentlib */
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PROXY_COMMAND", /* git runs these */
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_CONFIG*",      /* settings name programs too: core.fsmonitor, core.pager */
    "GIT_TEMPLATE_DIR", /* the hooks of each new repository */
    "MAKEFILES",        /* make reads them before its own */
    "TAR_OPTIONS",      /* tar --to-command */
    "ZIPOPT",           /* zip --unzip-command */
    "RSYNC_RSH",
    "RSYNC_CONNECT_PROG", /* rsync runs these */
    "CVS_RSH",
    "SVN_SSH",
    "PSQLRC", /* psql reads this file first, \! lines included */
    "VIMINIT",
    "EXINIT", /* vi's first commands */
    "COMPILER_PATH",
    "GCC_EXEC_PREFIX", /* where gcc finds its as and ld */
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",     /* shared objects inside every program that speaks TLS */
    "GSS_MECH_CONFIG",     /* the same for Kerberos */
    "RIPGREP_CONFIG_PATH", /* rg --pre */
    "PYTEST_PLUGINS",
    "CONFIG_SHELL",
    "CONFIG_SITE", /* configure runs these */
    "LESSOPEN",
    "LESSCLOSE", /* less runs these */
    NULL};

/* What the broker is told: who asks and from where. */
static const char *const told[] = {"WHOSH_AGENT_ID",    "WHOSH_SESSION_ID",
				   "WHOSH_MODEL",       "WHOSH_TASK",
				   "WHOSH_TASK_SHA256", "WHOSH_AGENT_VERSION",
				   "WHOSH_COMMAND_ID",  "WHOSH_CONTEXT_FILE",
				   "TRACEPARENT",       "SSH_CLIENT",
				   "SSH_CONNECTION",    "SSH_ORIGINAL_COMMAND",
				   "SSH_TTY",           "CLAUDECODE",
				   "CODEX_*",           "CURSOR_AGENT",
				   "CURSOR_TRACE_ID",   "GEMINI_CLI",
				   "OPENCODE",          "CLINE_ACTIVE",
				   "AI_AGENT",          "GITHUB_ACTIONS",
				   "GITLAB_CI",         "JENKINS_URL",
				   "BUILDKITE",         "CIRCLECI",
				   "TF_BUILD",          NULL};

size_t name_len(const char *entry)
{
	return strcspn(entry, "=");
}

bool name_in_table(const char *entry, const char *const *table)
{
	size_t len = name_len(entry);
	for (; *table; table++) {
		size_t known = strlen(*table);
		bool prefix = (*table)[known - 1] == '*';
		if (prefix ? len >= known - 1 && !strncmp(entry, *table, known - 1)
			   : len == known && !strncmp(entry, *table, known))
			return true;
	}
	return false;
}

bool environment_loads_code(const char *entry)
{
	/* An entry without '=' or without a name is nothing a program needs; a value of "() {" was once a
	 * function. */
	if (*entry == '=' || !strchr(entry, '='))
		return true;
	return name_in_table(entry, loaders) || value_loads_code(entry);
}

bool environment_told(const char *entry)
{
	return name_in_table(entry, told);
}

bool environment_kept(const char *entry, const char *names)
{
	size_t len = name_len(entry);
	while (names && *names) {
		names += strspn(names, " \t,");
		size_t n = strcspn(names, " \t,");
		if (n == len && n && !strncmp(names, entry, n))
			return true;
		names += n;
	}
	return false;
}

const char *environment_value(char *const *env, const char *name)
{
	size_t len = strlen(name);
	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

struct building {
	char **entries;
	size_t n, room;
	bool failed;
};

static void put(struct building *b, const char *name, size_t len, const char *value, size_t value_len)
{
	char *entry = malloc(len + value_len + 2);
	if (!entry || b->n + 1 >= b->room) {
		b->failed = true;
		free(entry);
		return;
	}
	memcpy(entry, name, len);
	entry[len] = '=';
	memcpy(entry + len + 1, value, value_len);
	entry[len + 1 + value_len] = '\0';
	/* In the place of all of that name: of two that the caller gave, bash believes the last. */
	size_t kept = 0;
	for (size_t i = 0; i < b->n; i++)
		if (name_len(b->entries[i]) != len || strncmp(b->entries[i], name, len) != 0)
			b->entries[kept++] = b->entries[i];
	for (size_t i = kept; i < b->n; i++)
		b->entries[i] = NULL;
	b->n = kept;
	b->entries[b->n++] = entry;
}

/* Was this stamp put there by a whosh around us?  Then it names that one's command, and ours must be named.
 */
static bool outer_stamp(const char *value, char *const *from)
{
	const char *command = environment_value(from, "WHOSH_COMMAND_ID");
	const char *agent = environment_value(from, "WHOSH_AGENT_ID");
	if (!command || !agent || !*command || !*agent)
		return false;
	size_t len = strlen(agent);
	return strstr(value, command) || (!strncmp(value, agent, len) && value[len] == '/');
}

/* The variable that a field of the permit becomes; NULL: none. */
static const char *identity_name(enum wire_tag tag)
{
	static const struct {
		enum wire_tag tag;
		const char *name;
	} names[] = {{WIRE_AGENT_ID, "WHOSH_AGENT_ID"},
		     {WIRE_SESSION_ID, "WHOSH_SESSION_ID"},
		     {WIRE_COMMAND_ID, "WHOSH_COMMAND_ID"},
		     {WIRE_CHAIN, "WHOSH_PRINCIPAL_CHAIN"},
		     {WIRE_TRACEPARENT, "TRACEPARENT"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].tag == tag)
			return names[i].name;
	return NULL;
}

static void put_field(struct building *b, enum wire_tag tag, const char *bytes, size_t len, char *const *from)
{
	const char *identity = identity_name(tag);
	if (identity)
		put(b, identity, strlen(identity), bytes, len);
	if (tag != WIRE_ENV_OUT)
		return;
	const char *equals = memchr(bytes, '=', len);
	if (!equals)
		return;
	size_t n = (size_t)(equals - bytes);
	char name[64];
	if (n >= sizeof name)
		return;
	memcpy(name, bytes, n);
	name[n] = '\0';
	const char *already = environment_value(from, name);
	if (!already || outer_stamp(already, from))
		put(b, name, n, equals + 1, len - n - 1);
}

void environment_tell(const struct wire_message *permit, struct buf *out)
{
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(permit, &at, &tag, &bytes, &len)) {
		const char *identity = identity_name(tag);
		struct buf entry BUF_AUTO = BUF_INIT;
		if (identity)
			buf_addf(&entry, "%s=", identity);
		else if (tag != WIRE_ENV_OUT)
			continue;
		buf_add(&entry, bytes, len);
		out->failed |= entry.failed;
		wire_add(out, WIRE_ENV_OUT, entry.data, entry.len);
	}
}

bool environment_outer_stamp(const char *entry, char *const *from)
{
	static const char *const stamps[] = {"PGAPPNAME", "AWS_SDK_UA_APP_ID", "OTEL_RESOURCE_ATTRIBUTES",
					     NULL};
	return name_in_table(entry, stamps) && outer_stamp(entry + name_len(entry) + 1, from);
}

char **environment_build(char *const *from, const char *keep, const struct wire_message *permit,
			 const char *whosh, const char *interpreter)
{
	struct building b = {.room = 32};
	for (char *const *e = from; *e; e++)
		b.room++;
	b.entries = calloc(b.room, sizeof *b.entries);
	if (!b.entries)
		return NULL;
	for (char *const *e = from; *e; e++)
		if (!environment_loads_code(*e) || environment_kept(*e, keep))
			b.entries[b.n++] = *e;
	size_t at = 0, len;
	enum wire_tag tag;
	const char *bytes;
	while (wire_field(permit, &at, &tag, &bytes, &len))
		put_field(&b, tag, bytes, len, from);
	put(&b, "SHELL", 5, whosh, strlen(whosh));
	/* bash starts with $_ as it finds it: the program that the caller thought it ran. */
	const char *underscore = environment_value(from, "_");
	const char *base = strrchr(whosh, '/');
	if (underscore && base && strlen(underscore) >= strlen(base) - 1 &&
	    !strcmp(underscore + strlen(underscore) - strlen(base) + 1, base + 1))
		put(&b, "_", 1, interpreter, strlen(interpreter));
	return b.failed ? NULL : b.entries;
}
