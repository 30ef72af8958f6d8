/* byte_range.h - the Range header of RFC 9110, one range of bytes. */
#ifndef PENSTOCK_API_BYTE_RANGE_H
#define PENSTOCK_API_BYTE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum RangeAnswer {
    RANGE_WHOLE,     /* no range, or one we do not take: the whole, with 200 */
    RANGE_PART,      /* 206 */
    RANGE_IMPOSSIBLE /* 416 */
} RangeAnswer;

/* @header: NULL where there is none.  @size: of the whole.  @start, @length: what to send. */
RangeAnswer byte_range_read(const char *header, int64_t size, int64_t *start, int64_t *length);

#endif
