/* zip_index.h - how large the index of a zip file is, before a library reads all of it into memory. */
#ifndef PENSTOCK_BLOB_ZIP_INDEX_H
#define PENSTOCK_BLOB_ZIP_INDEX_H

#include "base/error.h"

#include <stdint.h>

/* Whether no index that the end of @fd tells of (a zip's comment may hide more than one) is larger than @max
 * bytes.  The offset of @fd is not moved.
 * Errors: ERR_INVALID (no zip), ERR_TOO_LARGE, ERR_IO. */
bool zip_index_check(int fd, int64_t max, Error *err);

#endif
