/* secret.c - libsodium behind five small calls. */
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

bool secret_init(Error *err)
{
    return sodium_init() >= 0 || error_set(err, ERR_INTERNAL, "libsodium found no randomness");
}

char *secret_token(const char *prefix, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t start = strlen(prefix);
    char *token = g_malloc(start + n + 1);

    memcpy(token, prefix, start);
    for (size_t i = 0; i < n; i++)
        token[start + i] = alphabet[randombytes_uniform(64)];
    token[start + n] = '\0';
    return token;
}

char *secret_hex(const char *prefix, size_t n)
{
    size_t start = strlen(prefix);
    char *token = g_malloc(start + n + 1);

    memcpy(token, prefix, start);
    for (size_t i = 0; i < n; i++)
        token[start + i] = "0123456789abcdef"[randombytes_uniform(16)];
    token[start + n] = '\0';
    return token;
}

char *secret_hash(const char *token)
{
    unsigned char hash[32];
    char *hex = g_malloc(sizeof hash * 2 + 1);

    crypto_generichash(hash, sizeof hash, (const unsigned char *)token, strlen(token), NULL, 0);
    return sodium_bin2hex(hex, sizeof hash * 2 + 1, hash, sizeof hash);
}

char *secret_hash_password(const char *password)
{
    char *text = g_malloc(crypto_pwhash_STRBYTES);

    if (crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        g_error("out of memory while hashing a password");
    return text;
}

bool secret_check_password(const char *hash, const char *password)
{
    return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}

bool secret_equal(const char *a, const char *b)
{
    size_t n = strlen(a);

    return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}

char *secret_sha256(const void *data, size_t n)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *hex = g_malloc(sizeof hash * 2 + 1);

    crypto_hash_sha256(hash, data, n);
    return sodium_bin2hex(hex, sizeof hash * 2 + 1, hash, sizeof hash);
}
