/* seal.h - secrets at rest: XChaCha20-Poly1305 with the installation's key. */
#ifndef PENSTOCK_BASE_SEAL_H
#define PENSTOCK_BASE_SEAL_H

#include "base/error.h"

typedef struct SealKey SealKey;

/* Reads the key of @path (64 hex digits, mode 0600); with @create, makes it if the file is absent.
 * ERR_USAGE: unreadable, malformed, or readable by others. */
SealKey *seal_key_load(const char *path, bool create, Error *err);
void seal_key_free(SealKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SealKey, seal_key_free)

/* @text as "v1:" and base64.  Owned by the caller. */
char *seal(const SealKey *key, const char *text);

/* ERR_INTERNAL: sealed with another key, or damaged.  Owned by the caller. */
char *unseal(const SealKey *key, const char *sealed, Error *err);

#endif
