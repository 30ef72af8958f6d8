/* blob_driver.h - what a place for blobs must do.  For blob.c and the drivers only.
 *
 * Keys come checked.  The promises are those of blob.h.
 */
#ifndef PENSTOCK_BLOB_BLOB_DRIVER_H
#define PENSTOCK_BLOB_BLOB_DRIVER_H

#include "blob/blob.h"

typedef struct BlobDriver {
    void (*free)(BlobStore *store);
    bool (*put_fd)(BlobStore *store, const char *key, int fd, int64_t size, char **sha256,
                   Error *err);
    bool (*open)(BlobStore *store, const char *key, int *fd, int64_t *size, Error *err);
    bool (*remove)(BlobStore *store, const char *key, Error *err);
} BlobDriver;

/* The first member of each driver's own struct. */
struct BlobStore {
    const BlobDriver *driver;
};

BlobStore *blob_folder_new(const char *dir, Error *err);

#endif
