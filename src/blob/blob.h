/* blob.h - bytes by key: artifacts now, other things later.
 *
 * A key is made of [a-z0-9/._-], relative, without "..", at most 512 bytes.  What stands under a
 * key is written whole or not at all, and never changes.  Drivers: a folder (blob_folder.c); the
 * vtable that a second one fills in is in blob_driver.h.  All calls block on the disk: worker
 * threads only.  Safe from several threads, and from several processes over one folder.
 */
#ifndef PENSTOCK_BLOB_BLOB_H
#define PENSTOCK_BLOB_BLOB_H

#include "base/error.h"

#include <stdint.h>

typedef struct BlobStore BlobStore;

/* @dir is made if absent.  NULL: @err is set. */
BlobStore *blob_store_new(const char *dir, Error *err);
void blob_store_free(BlobStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlobStore, blob_store_free)

/* Copies @size bytes of @fd (from offset 0; its own offset is not moved) to @key: durable when it
 * returns true.  @sha256: the hex digest, owned by the caller (NULL: not wanted).
 *
 * The same bytes put again are no error, so that a call whose answer was lost may be repeated.
 * Errors: ERR_INVALID (the key), ERR_CONFLICT (other bytes stand there), ERR_IO (also when @fd
 * holds fewer bytes). */
bool blob_put_fd(BlobStore *store, const char *key, int fd, int64_t size, char **sha256,
                 Error *err);

/* A descriptor for reading, the caller's.  ERR_NO_RECORD: no such key. */
bool blob_open(BlobStore *store, const char *key, int *fd, int64_t *size, Error *err);

/* An absent key is no error.  A descriptor that is open stays good. */
bool blob_remove(BlobStore *store, const char *key, Error *err);

#endif
