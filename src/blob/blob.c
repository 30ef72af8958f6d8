/* blob.c - checks keys and hands on to the driver. */
#include "blob/blob_driver.h"

#include "base/text.h"

#include <string.h>

enum { KEY_MAX = 512 };

static bool key_check(const char *key, Error *err)
{
    const char *alphabet = "abcdefghijklmnopqrstuvwxyz0123456789/._-";

    if (strlen(key) > KEY_MAX || strspn(key, alphabet) != strlen(key) || !text_is_inner_path(key))
        return error_set(err, ERR_INVALID, "\"%.100s\" is not a blob key", key);
    return true;
}

BlobStore *blob_store_new(const char *dir, Error *err)
{
    return blob_folder_new(dir, err);
}

void blob_store_free(BlobStore *store)
{
    if (store)
        store->driver->free(store);
}

bool blob_put_fd(BlobStore *store, const char *key, int fd, int64_t size, char **sha256, Error *err)
{
    return key_check(key, err) && store->driver->put_fd(store, key, fd, size, sha256, err);
}

bool blob_open(BlobStore *store, const char *key, int *fd, int64_t *size, Error *err)
{
    return key_check(key, err) && store->driver->open(store, key, fd, size, err);
}

bool blob_remove(BlobStore *store, const char *key, Error *err)
{
    return key_check(key, err) && store->driver->remove(store, key, err);
}
