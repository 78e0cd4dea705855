/* init_certificates.c: a CA of the approver's own, and the server certificate it signs.
 *
 * Agents' hosts believe this CA and no other (never the system's bundle), so nobody else's mistake can make
 * another server the approver.
 *
 * Copyright (C) 2026 the whosh authors.  SPDX-License-Identifier: GPL-3.0-or-later */
#include "approver/whoshd/init_certificates.h"
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { CA_DAYS = 3653, SERVER_DAYS = 825, BACKDATED_S = 3600 };

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

/* Version, serial, times, name and key; unsigned still. */
static X509 *begin(const char *name, EVP_PKEY *key, int days)
{
	X509 *certificate = X509_new();
	unsigned char serial[16];
	BIGNUM *number = RAND_bytes(serial, sizeof serial) == 1
			     ? (serial[0] &= 0x7f, serial[0] |= 0x40, BN_bin2bn(serial, sizeof serial, NULL))
			     : NULL;
	X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;
	bool good = number && subject && X509_set_version(certificate, X509_VERSION_3) == 1 &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
		    X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATED_S) &&
		    X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) &&
		    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
					       -1, 0) == 1 &&
		    X509_set_pubkey(certificate, key) == 1;
	BN_free(number);
	if (good)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static X509 *make_ca(EVP_PKEY *key)
{
	X509 *ca = begin("whosh approver CA", key, CA_DAYS);
	if (ca && X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
	    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(ca, ca, NID_subject_key_identifier, "hash") && X509_sign(ca, key, EVP_sha256()))
		return ca;
	X509_free(ca);
	return NULL;
}

static void add_name(struct buf *out, const char *name)
{
	unsigned char address[16];
	bool numeric = inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
	buf_addf(out, "%s%s:%s", out->len ? "," : "", numeric ? "IP" : "DNS", name);
}

static X509 *make_server(EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, char *const *names, int n_names)
{
	struct buf alternatives BUF_AUTO = BUF_INIT;
	add_name(&alternatives, "localhost");
	add_name(&alternatives, "127.0.0.1");
	add_name(&alternatives, "::1");
	for (int i = 0; i < n_names; i++)
		add_name(&alternatives, names[i]);
	X509 *server = begin("whosh approver", key, SERVER_DAYS);
	if (server && !alternatives.failed && X509_set_issuer_name(server, X509_get_subject_name(ca)) == 1 &&
	    add_extension(server, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(server, ca, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(server, ca, NID_ext_key_usage, "serverAuth") &&
	    add_extension(server, ca, NID_subject_key_identifier, "hash") &&
	    add_extension(server, ca, NID_authority_key_identifier, "keyid") &&
	    add_extension(server, ca, NID_subject_alt_name, alternatives.data) &&
	    X509_sign(server, ca_key, EVP_sha256()))
		return server;
	X509_free(server);
	return NULL;
}

static bool take_pem(BIO *bio, struct buf *out)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);
	if (len > 0)
		buf_add(out, bytes, (size_t)len);
	return len > 0 && !out->failed;
}

static bool pem(struct buf *out, X509 *certificate, EVP_PKEY *key)
{
	BIO *bio = BIO_new(certificate ? BIO_s_mem() : BIO_s_secmem());
	bool good = bio &&
		    (certificate ? PEM_write_bio_X509(bio, certificate)
				 : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) == 1 &&
		    take_pem(bio, out);
	BIO_free(bio);
	return good;
}

bool certificates_make(struct certificates *made, char *const *names, int n_names)
{
	memset(made, 0, sizeof *made);
	EVP_PKEY *ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *ca = ca_key ? make_ca(ca_key) : NULL;
	X509 *server = key && ca ? make_server(key, ca, ca_key, names, n_names) : NULL;
	bool good = server && pem(&made->ca, ca, NULL) && pem(&made->ca_key, NULL, ca_key) &&
		    pem(&made->server, server, NULL) && pem(&made->server_key, NULL, key);
	X509_free(server);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return good;
}

void certificates_finish(struct certificates *made)
{
	buf_finish(&made->ca);
	buf_wipe(&made->ca_key);
	buf_finish(&made->server);
	buf_wipe(&made->server_key);
}
