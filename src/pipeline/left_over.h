/* left_over.h - what a server began and did not end: pushes, new projects, imports.
 *
 * A server takes up its own at its start, and in its rounds what others have left that are not heard
 * any more (runner/presence.h).  Each thing changes hands in one conditional statement, so that of
 * several servers one takes it up.
 */
#ifndef PENSTOCK_PIPELINE_LEFT_OVER_H
#define PENSTOCK_PIPELINE_LEFT_OVER_H

#include "base/error.h"
#include "base/site.h"

#include <stddef.h>
#include <stdint.h>

/* Goes on with the pushes of these servers; takes away their projects without a repository, which
 * nobody was told of; ends their imports as failed.  0 among them: what is not known whose it is. */
bool left_over_take_up(const Site *site, const int64_t *servers, size_t n, Error *err);

/* At start, before anything else is begun: this server's own. */
bool left_over_take_up_own(const Site *site, Error *err);

#endif
