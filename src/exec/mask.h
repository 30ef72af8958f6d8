/* mask.h - secrets out of a log, whatever the borders of the pieces it comes in.
 *
 * Pure.  Between pieces a Mask keeps only what may yet turn out to be the beginning of a secret.
 */
#ifndef PENSTOCK_EXEC_MASK_H
#define PENSTOCK_EXEC_MASK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Mask Mask;

Mask *mask_new(void);
void mask_free(Mask *mask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mask, mask_free)

/* Every later occurrence of @value, white space around it aside, becomes "[MASKED]".  Of several
 * that match at one place the longest counts.  A blank value is ignored. */
void mask_add(Mask *mask, const char *value);

/* Every later word that begins with @prefix ("glpat-") becomes "[MASKED]". */
void mask_add_prefix(Mask *mask, const char *prefix);

/* Of every later URL with the parameter @name ("private_token", in any case) the parameter's value
 * becomes "[MASKED]". */
void mask_add_parameter(Mask *mask, const char *name);

/* Appends to @out what of the log so far can be said for certain. */
void mask_feed(Mask *mask, const char *bytes, size_t n, GString *out);

/* The end of a piece of log that nothing continues: appends the rest. */
void mask_flush(Mask *mask, GString *out);

#endif
