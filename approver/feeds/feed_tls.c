/* feed_tls.c: see feed_tls.h.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/feeds/feed_tls.h"
#include "common/clock.h"
#include "common/io.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CONNECT_MS = 10000, HANDSHAKE_MS = 10000, WRITE_MS = 30000, GOODBYE_MS = 1500, SLICE_MS = 100 };

struct feed_tls {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	_Atomic bool *stop;
};

/* ── waiting ───────────────────────────────────────────────────────────────────────────────────────────── */

/* Until the socket is ready or `until`; false when it is not, or (if heeded) when it is time to stop. */
static bool ready(const struct feed_tls *tls, short events, int64_t until, bool heed, struct fault *fault)
{
	for (;;) {
		struct pollfd p = {.fd = tls->fd, .events = events};
		if (heed && *tls->stop)
			return fault_set(fault, FAULT_TIMEOUT, "the feed is ending");
		int64_t left = until - clock_mono_ms();
		if (left <= 0)
			return fault_set(fault, FAULT_TIMEOUT, "the receiver does not answer in time");
		if (poll(&p, 1, (int)(left < SLICE_MS ? left : SLICE_MS)) > 0)
			return true;
	}
}

/* What OpenSSL wants next, or what went wrong.  true: go on. */
static bool want(struct feed_tls *tls, int result, int64_t until, bool heed, struct fault *fault)
{
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return ready(tls, POLLIN, until, heed, fault);
	case SSL_ERROR_WANT_WRITE:
		return ready(tls, POLLOUT, until, heed, fault);
	case SSL_ERROR_ZERO_RETURN:
		return fault_set(fault, FAULT_LOST, "the receiver ended the connection");
	case SSL_ERROR_SYSCALL:
		return fault_set(fault, FAULT_LOST, "the connection was lost: %s",
				 errno ? strerror(errno) : "it was ended");
	default: {
		char text[160];
		unsigned long error = ERR_get_error();
		if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return fault_set(fault, FAULT_LOST, "the receiver ended the connection");
		ERR_error_string_n(error, text, sizeof text);
		return fault_set(fault, FAULT_TLS, "%s", text);
	}
	}
}

/* ── opening ───────────────────────────────────────────────────────────────────────────────────────────── */

static bool believe(SSL_CTX *context, const struct buf *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *certificate;
	int n = 0;
	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error(); /* of the end of the file */
	return n > 0;
}

static bool set_up(struct feed_tls *tls, const struct feed_conf *conf, struct fault *fault)
{
	unsigned char address[16];
	const char *name = conf->server_name;
	tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls->context || SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1 ||
	    !believe(tls->context, &conf->ca))
		return fault_set(fault, FAULT_TLS, "the CA cannot be used");
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (conf->cert && (SSL_CTX_use_certificate_chain_file(tls->context, conf->cert) != 1 ||
			   SSL_CTX_use_PrivateKey_file(tls->context, conf->key, SSL_FILETYPE_PEM) != 1))
		return fault_set(fault, FAULT_TLS, "the client's certificate or key cannot be used");
	tls->ssl = SSL_new(tls->context);
	if (!tls->ssl)
		return fault_set(fault, FAULT_MEMORY, "out of memory");
	SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	bool is_ip = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
	bool named =
	    is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), name) == 1
		  : SSL_set1_host(tls->ssl, name) == 1 && SSL_set_tlsext_host_name(tls->ssl, name) == 1;
	return named || fault_set(fault, FAULT_TLS, "the server's name cannot be used");
}

/* One address; false with *fault, and no socket left. */
static bool connect_to(struct feed_tls *tls, const struct addrinfo *to, struct fault *fault)
{
	int error = 0, one = 1;
	socklen_t len = sizeof error;
	tls->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (tls->fd < 0)
		return fault_set(fault, FAULT_CONNECT, "%s", strerror(errno));
	bool good = connect(tls->fd, to->ai_addr, to->ai_addrlen) == 0;
	if (!good && errno != EINPROGRESS)
		fault_set(fault, FAULT_CONNECT, "%s", strerror(errno));
	else if (!good && ready(tls, POLLOUT, clock_mono_ms() + CONNECT_MS, true, fault)) {
		good = getsockopt(tls->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && !error;
		if (!good)
			fault_set(fault, FAULT_CONNECT, "%s", strerror(error));
	}
	if (!good) {
		fd_close(&tls->fd);
		return false;
	}
	setsockopt(tls->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(tls->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	return true;
}

static bool connect_any(struct feed_tls *tls, const struct feed_conf *conf, struct fault *fault)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	char port[8];
	snprintf(port, sizeof port, "%d", (int)conf->port);
	int code = getaddrinfo(conf->host, port, &hints, &list);
	if (code)
		return fault_set(fault, FAULT_ADDRESS, "%s: %s", conf->host, gai_strerror(code));
	bool good = false;
	for (const struct addrinfo *to = list; to && !good && !*tls->stop; to = to->ai_next)
		good = connect_to(tls, to, fault);
	freeaddrinfo(list);
	return good;
}

static bool shake_hands(struct feed_tls *tls, struct fault *fault)
{
	int64_t until = clock_mono_ms() + HANDSHAKE_MS;
	int result;
	if (SSL_set_fd(tls->ssl, tls->fd) != 1)
		return fault_set(fault, FAULT_MEMORY, "out of memory");
	while (ERR_clear_error(), errno = 0, (result = SSL_connect(tls->ssl)) != 1)
		if (!want(tls, result, until, true, fault)) {
			long verdict = SSL_get_verify_result(tls->ssl);
			return verdict == X509_V_OK
				   ? false
				   : fault_set(fault, FAULT_CERTIFICATE, "the receiver's certificate: %s",
					       X509_verify_cert_error_string(verdict));
		}
	return true;
}

struct feed_tls *feed_tls_open(const struct feed_conf *conf, _Atomic bool *stop, struct fault *fault)
{
	struct feed_tls *tls = calloc(1, sizeof *tls);
	if (!tls)
		return fault_set(fault, FAULT_MEMORY, "out of memory"), NULL;
	tls->fd = -1;
	tls->stop = stop;
	if (set_up(tls, conf, fault) && connect_any(tls, conf, fault) && shake_hands(tls, fault))
		return tls;
	feed_tls_free(tls);
	return NULL;
}

/* ── using ─────────────────────────────────────────────────────────────────────────────────────────────── */

bool feed_tls_write(struct feed_tls *tls, const char *bytes, size_t len, struct fault *fault)
{
	int64_t until = clock_mono_ms() + WRITE_MS;
	while (len) {
		size_t n = 0;
		ERR_clear_error();
		errno = 0;
		int result = SSL_write_ex(tls->ssl, bytes, len, &n);
		if (result != 1 && !want(tls, result, until, true, fault))
			return false;
		if (result == 1) {
			bytes += n;
			len -= n;
			until = clock_mono_ms() + WRITE_MS;
		}
	}
	return true;
}

bool feed_tls_alive(struct feed_tls *tls, struct fault *fault)
{
	char away[256];
	size_t n;
	int result;
	do {
		ERR_clear_error();
		errno = 0;
	} while ((result = SSL_read_ex(tls->ssl, away, sizeof away, &n)) == 1);
	if (SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ)
		return true;
	return want(tls, result, clock_mono_ms() + SLICE_MS, false, fault);
}

uint64_t feed_tls_written(struct feed_tls *tls)
{
	return BIO_number_written(SSL_get_wbio(tls->ssl));
}

uint64_t feed_tls_acknowledged(struct feed_tls *tls)
{
	int waiting = 0;
	uint64_t written = feed_tls_written(tls);
	if (ioctl(tls->fd, SIOCOUTQ, &waiting) || waiting < 0)
		return 0;
	return (uint64_t)waiting < written ? written - (uint64_t)waiting : 0;
}

bool feed_tls_goodbye(struct feed_tls *tls)
{
	struct fault fault;
	int64_t until = clock_mono_ms() + GOODBYE_MS;
	int result = SSL_shutdown(tls->ssl);
	char away[256];
	size_t n;
	while (result == 0) {
		ERR_clear_error();
		errno = 0;
		if (SSL_read_ex(tls->ssl, away, sizeof away, &n) == 1)
			continue;
		if (SSL_get_error(tls->ssl, 0) == SSL_ERROR_ZERO_RETURN)
			return true;
		if (!want(tls, 0, until, false, &fault))
			return false;
	}
	return result == 1;
}

void feed_tls_free(struct feed_tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->context);
	fd_close(&tls->fd);
	free(tls);
}
