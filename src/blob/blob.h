/* blob.h - bytes by key: artifacts now, other things later.  Drivers: a folder (S3-compatible storage later).
 *
 * A key is made of [a-z0-9/._-], relative, without "..".  Written whole or not at all; never changed.
 */
#ifndef PENSTOCK_BLOB_BLOB_H
#define PENSTOCK_BLOB_BLOB_H

#include "base/error.h"

#include <stdint.h>

typedef struct BlobStore BlobStore;

/* @dir is made if absent. */
BlobStore *blob_store_new(const char *dir, Error *err);
void blob_store_free(BlobStore *store);

/* Copies @size bytes of @fd (from offset 0) to @key: durable when it returns true.  @sha256: its hex digest, owned by the
 * caller (NULL: not wanted). */
bool blob_put_fd(BlobStore *store, const char *key, int fd, int64_t size, char **sha256,
                 Error *err);

/* A descriptor for reading, the caller's.  ERR_NO_RECORD: no such key. */
bool blob_open(BlobStore *store, const char *key, int *fd, int64_t *size, Error *err);

/* An absent key is no error. */
bool blob_remove(BlobStore *store, const char *key, Error *err);

#endif
