/* policy_option.c: programs whose options, or words, run other programs, load code or write files.
 *
 * A table: the option's beginnings that are not approved.  For such a program a word that is not known may be
 * one of them, so it is not approved either, unless its certain beginning shows that it is no option.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/policy/policy_document.h"
#include <string.h>

/* clang-format off */
#define COMPILER {"-B", "-fplugin", "-fpass-plugin", "-iplugindir", "-specs", "-wrapper", "@", "-fuse-ld", "-Wl,", "-Wp,", \
		  "-Xlinker", "-Xclang", "--plugin", "--prefix", "--for-linker"}
static const struct {
	const char *program;
	const char *letters;     /* short options, alone or joined with others: -avze; "" when the program has none */
	const char *options[17]; /* beginnings of words; with a $, the whole word */
} dangerous[] = {
    {"git", "cpuOx", {"--config-env", "--exec-path", "--paginate", "--upload-pack", "--receive-pack", "--ext-diff",
		      "--textconv", "--output", "--open-files-in-pager", "--exec", "--edit", "--template", "--interactive"}},
    {"tar", "IFT", {"--checkpoint-action", "--use-compress-program", "--to-command", "--info-script",
		    "--new-volume-script", "--rsh-command", "--rmt-command", "--files-from"}},
    {"ssh", "oFSEI", {NULL}},
    {"scp", "oFSD", {NULL}},
    {"sftp", "oFSDb", {NULL}},
    {"rsync", "eM", {"--rsh", "--rsync-path", "--remote-option", "--out-format", "--log-file", "--daemon", "--config",
		     "--write-batch", "--only-write-batch"}},
    {"find", "", {"-delete", "-fprint", "-fls", "-ok", "-execdir"}},
    {"sort", "oT", {"--compress-program", "--output", "--files0-from"}},
    {"zip", "T", {"--unzip-command"}},
    {"curl", "KoOcD", {"--config", "--output", "--remote-name", "--engine", "--unix-socket", "--cookie-jar",
		       "--dump-header", "--trace", "--libcurl", "--stderr", "--hsts", "--alt-svc", "--etag-save"}},
    {"wget", "eOioaP", {"--execute", "--use-askpass", "--output-document", "--output-file", "--append-output",
			"--input-file", "--post-file", "--body-file", "--directory-prefix"}},
    {"make", "fE", {"--file", "--makefile", "--eval"}},
    {"psql", "fvoL", {"--file", "--set", "--variable", "--output", "--log-file"}},
    {"sqlite3", "", {"-cmd", "-init"}},
    {"mysql", "", {"--pager", "--tee", "--init-command", "--plugin-dir", "--defaults"}},
    {"mariadb", "", {"--pager", "--tee", "--init-command", "--plugin-dir", "--defaults"}},
    {"npm", "", {"--script-shell", "ex", "x$", "--node-options", "create", "init", "inni", "config", "c$", "set", "edit",
		 "--git", "--userconfig", "--globalconfig", "--editor", "--call"}},
    {"npx", "", {""}},
    {"docker", "", {""}},
    {"podman", "", {""}},
    {"nerdctl", "", {""}},
    {"kubectl", "", {"exec", "--kubeconfig"}},
    {"man", "PH", {"--pager", "--html"}},
    {"less", "", {""}},
    {"more", "", {""}},
    {"openssl", "", {"-engine", "-provider", "engine"}},
    {"tcpdump", "zw", {NULL}},
    {"nmap", "", {"--script"}},
    {"go", "", {"run", "generate", "-exec", "-toolexec", "-vettool", "-ldflags", "-gcflags", "-asmflags", "-overlay",
		"tool", "bug", "-w"}},
    {"cargo", "", {"--config"}},
    {"gcc", "", COMPILER},
    {"g++", "", COMPILER},
    {"cc", "", COMPILER},
    {"c++", "", COMPILER},
    {"clang", "", COMPILER},
    {"clang++", "", COMPILER},
    {"file", "C", {"--compile"}},
    {"date", "sf", {"--set", "--file"}},
    {"dd", "", {"of="}},
    {"split", "", {"--filter"}},
    {"install", "", {"--strip-program"}},
    {"ldconfig", "", {""}},
    {"rg", "z", {"--pre", "--hostname-bin", "--search-zip"}},
    {"fd", "xX", {"--exec"}},
    {"jq", "fL", {"--from-file"}},
};
/* clang-format on */

/* --foo where the table says -foo: go and gcc take both. */
static const char *undoubled(const char *text, const char *option)
{
	return text[0] == '-' && text[1] == '-' && option[0] == '-' && option[1] != '-' ? text + 1 : text;
}

static bool dangerous_option(size_t p, const char *text)
{
	for (size_t o = 0; dangerous[p].options[o]; o++) {
		const char *option = dangerous[p].options[o];
		size_t len = strlen(option), given = strcspn(text, "=");
		if (option[len ? len - 1 : 0] == '$') {
			if (strlen(text) == len - 1 && !strncmp(text, option, len - 1))
				return true;
			continue;
		}
		if (!strncmp(undoubled(text, option), option, len))
			return true;
		/* An abbreviation of a long option: --upl for --upload-pack. */
		if (!strncmp(option, "--", 2) && given > 2 && given < len && !strncmp(text, option, given))
			return true;
	}
	return false;
}

/* -abc where one of the letters is dangerous; tar takes its first word as letters without the dash, too. */
static bool dangerous_letters(size_t p, const char *text, size_t place)
{
	bool bare = place == 1 && !strcmp(dangerous[p].program, "tar") && text[0] != '-';
	if (!bare && (text[0] != '-' || text[1] == '-'))
		return false;
	return strpbrk(text, dangerous[p].letters) != NULL;
}

/* In `rsync --server -logDtpre.iLsfxC` what follows "e." are the client's features, and runs nothing. */
static bool rsync_features(size_t p, const struct sh_word *words, size_t i)
{
	const char *text = words[i].text, *features = strstr(text, "e.");
	return !strcmp(dangerous[p].program, "rsync") && i > 1 && words[1].certainty == SH_LITERAL &&
	       !strcmp(words[1].text, "--server") && words[i].certainty == SH_LITERAL && text[0] == '-' &&
	       text[1] != '-' && features && strcspn(text, "eM") == (size_t)(features - text);
}

/* git runs the helper that ext:: and its kin name; make expands and runs what a variable is given; curl
 * writes the file that its format names. */
static bool dangerous_word(size_t p, const char *text)
{
	return (!strcmp(dangerous[p].program, "git") && strstr(text, "::")) ||
	       (!strcmp(dangerous[p].program, "make") && strchr(text, '=')) ||
	       (!strcmp(dangerous[p].program, "curl") && strstr(text, "%output"));
}

static const char *hazard_listed(size_t p, const struct sh_word *words, size_t n)
{
	bool options_end = false;
	for (size_t i = 1; i < n; i++) {
		const struct sh_word *word = &words[i];
		if (dangerous_word(p, word->text))
			return "a word that may run a program";
		if (options_end)
			continue;
		if (word->certainty != SH_LITERAL &&
		    (!*word->text || word->text[0] == '-' || word->text[0] == '+'))
			return "a word that is not known may be an option that runs a program";
		if (word->certainty == SH_LITERAL && !strcmp(word->text, "--"))
			options_end = true;
		else if (dangerous_option(p, word->text) ||
			 (dangerous_letters(p, word->text, i) && !rsync_features(p, words, i)))
			return "an option that may run a program, write a file or load code";
	}
	if (!strcmp(dangerous[p].program, "git"))
		return hazard_git(words, n);
	return hazard_client(dangerous[p].program, words, n);
}

const char *hazard_options(const char *name, const struct sh_word *words, size_t n)
{
	for (size_t p = 0; p < sizeof dangerous / sizeof *dangerous; p++)
		if (!strcmp(name, dangerous[p].program))
			return hazard_listed(p, words, n);
	return NULL;
}
