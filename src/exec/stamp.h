/* stamp.h - the timestamped form of a log (FF_TIMESTAMPS), section 7.5 of the protocol.
 *
 * Pure.  Every line gets a header of 32 bytes: its time, its stream, and whether it continues the
 * line before it.  A line is held until it ends, or shows progress ("\r" in it), or is long.
 */
#ifndef PENSTOCK_EXEC_STAMP_H
#define PENSTOCK_EXEC_STAMP_H

#include <glib.h>

typedef enum StampStream { STAMP_RUNNER, STAMP_SCRIPT } StampStream;

typedef struct Stamp Stamp;

Stamp *stamp_new(void);
void stamp_free(Stamp *stamp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stamp, stamp_free)

/* Appends to @out the lines that are complete.  @now_us: microseconds since 1970. */
void stamp_feed(Stamp *stamp, StampStream stream, int64_t now_us, const GString *bytes,
                GString *out);

/* Appends what is held; what follows on the same stream continues it. */
void stamp_flush(Stamp *stamp, int64_t now_us, GString *out);

#endif
