/* jwt.c - header, claims and signature, each in base64url. */
#include "base/jwt.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

enum { KEY_BITS = 2048 };

struct JwtKey {
    EVP_PKEY *pair;
    char *n;  /* the modulus, in base64url */
    char *e;  /* the exponent, likewise */
    char *id; /* RFC 7638 */
};

/* The reason stays in OpenSSL's queue, which is a thread's own. */
static bool fail(Error *err, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return error_set(err, ERR_INTERNAL, "%s: %s", what, reason ? reason : "unknown reason");
}

static char *base64url(const void *bytes, size_t n)
{
    char *text = g_base64_encode(bytes, n);

    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    return text;
}

/* --- keys ------------------------------------------------------------------------------------ */

static char *number_text(const EVP_PKEY *pair, const char *name)
{
    BIGNUM *number = NULL;

    if (!EVP_PKEY_get_bn_param(pair, name, &number))
        return NULL;
    int n = BN_num_bytes(number);
    g_autofree unsigned char *bytes = g_malloc((gsize)MAX(n, 1));
    BN_bn2bin(number, bytes);
    BN_free(number);
    return base64url(bytes, (size_t)n);
}

/* The hash of the key's required members in the order of their names, without blanks. */
static char *thumbprint(const JwtKey *key)
{
    g_autofree char *members =
        g_strdup_printf("{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", key->e, key->n);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize n = sizeof digest;

    g_checksum_update(sum, (const guchar *)members, -1);
    g_checksum_get_digest(sum, digest, &n);
    return base64url(digest, n);
}

/* Takes @pair, which may be NULL. */
static JwtKey *key_of(EVP_PKEY *pair, const char *what, Error *err)
{
    JwtKey *key = g_new0(JwtKey, 1);

    key->pair = pair;
    key->n = pair ? number_text(pair, OSSL_PKEY_PARAM_RSA_N) : NULL;
    key->e = pair ? number_text(pair, OSSL_PKEY_PARAM_RSA_E) : NULL;
    if (key->n && key->e) {
        key->id = thumbprint(key);
        return key;
    }
    fail(err, what);
    jwt_key_free(key);
    return NULL;
}

JwtKey *jwt_key_new(Error *err)
{
    return key_of(EVP_RSA_gen(KEY_BITS), "cannot make a signing key", err);
}

JwtKey *jwt_key_read(const char *text, Error *err)
{
    BIO *in = BIO_new_mem_buf(text, -1);
    EVP_PKEY *pair = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;

    BIO_free(in);
    return key_of(pair, "cannot read the signing key", err);
}

void jwt_key_free(JwtKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pair);
    g_free(key->n);
    g_free(key->e);
    g_free(key->id);
    g_free(key);
}

char *jwt_key_text(const JwtKey *key)
{
    BIO *out = BIO_new(BIO_s_secmem());
    char *bytes = NULL;

    bool ok = out && PEM_write_bio_PKCS8PrivateKey(out, key->pair, NULL, NULL, 0, NULL, NULL);
    long n = ok ? BIO_get_mem_data(out, &bytes) : 0;
    g_assert(n > 0); /* nothing but memory can be lacking */
    char *text = g_strndup(bytes, (gsize)n);
    BIO_free(out);
    return text;
}

void jwt_key_write_public(const JwtKey *key, JsonWriter *w)
{
    jw_begin_object(w);
    jw_put_string(w, "kty", "RSA");
    jw_put_string(w, "kid", key->id);
    jw_put_string(w, "e", key->e);
    jw_put_string(w, "n", key->n);
    jw_put_string(w, "use", "sig");
    jw_put_string(w, "alg", "RS256");
    jw_end_object(w);
}

/* --- tokens ---------------------------------------------------------------------------------- */

static char *signature(const JwtKey *key, const char *text, Error *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t n = (size_t)EVP_PKEY_get_size(key->pair);
    g_autofree unsigned char *bytes = g_malloc(n);
    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pair) == 1 &&
              EVP_DigestSign(ctx, bytes, &n, (const unsigned char *)text, strlen(text)) == 1;

    EVP_MD_CTX_free(ctx);
    if (ok)
        return base64url(bytes, n);
    fail(err, "cannot sign a token");
    return NULL;
}

char *jwt_sign(const JwtKey *key, const char *claims, Error *err)
{
    g_autofree char *header =
        g_strdup_printf("{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", key->id);
    g_autofree char *first = base64url(header, strlen(header));
    g_autofree char *second = base64url(claims, strlen(claims));
    g_autofree char *text = g_strconcat(first, ".", second, NULL);
    g_autofree char *third = signature(key, text, err);

    return third ? g_strconcat(text, ".", third, NULL) : NULL;
}
