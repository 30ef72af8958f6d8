/* place.h - a place in a file as a reader wants to see it: the line, and a caret under it. */
#ifndef PENSTOCK_CI_PLACE_H
#define PENSTOCK_CI_PLACE_H

#include "ci/ci.h"

/* How much of a long line is shown. */
enum { PLACE_WIDTH = 100 };

/* The line and below it a caret under the column, in @arena; of a long line the part around it.
 * @line and @column count from 1, columns in characters.  NULL: the text has no such line. */
const char *place_excerpt(Arena *arena, const char *bytes, size_t size, int line, int column);

#endif
