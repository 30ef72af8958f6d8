/* secret.h - random tokens, hashes and comparisons that do not leak by time (libsodium). */
#ifndef PENSTOCK_BASE_SECRET_H
#define PENSTOCK_BASE_SECRET_H

#include "base/error.h"

#include <stddef.h>

/* Once, before anything else here.  false: no randomness to be had. */
bool secret_init(Error *err);

/* @prefix + @n characters of [A-Za-z0-9_-].  Owned by the caller. */
char *secret_token(const char *prefix, size_t n);

/* @prefix + @n lower-case hexadecimal digits.  Owned by the caller. */
char *secret_hex(const char *prefix, size_t n);

/* BLAKE2b-256 of a token in hex: what the database stores and looks up.  Tokens carry 120 random
 * bits or more, so no salt and no slow hash is needed.  Owned by the caller. */
char *secret_hash(const char *token);

/* Argon2id with its parameters and salt inside the text.  Slow on purpose: worker threads only. */
char *secret_hash_password(const char *password);
bool secret_check_password(const char *hash, const char *password);

/* Constant-time for equal lengths. */
bool secret_equal(const char *a, const char *b);

/* SHA-256 as hex, of @n bytes.  Owned by the caller. */
char *secret_sha256(const void *data, size_t n);

#endif
