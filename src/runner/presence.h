/* presence.h - which server this is, and which others live.
 *
 * A server is known by a random name in its data folder, and so is the same one after a restart.  It
 * writes down every few seconds that it lives.  Others watch that time move, on their own clocks: one
 * that stands still for a minute is lost.  Who was away from the database itself begins to watch
 * anew.
 */
#ifndef PENSTOCK_RUNNER_PRESENCE_H
#define PENSTOCK_RUNNER_PRESENCE_H

#include "base/error.h"
#include "base/site.h"

#include <glib.h>

typedef struct Presence Presence;

/* @path: the file of the name, made if it is not there, and claimed for this process.
 * Sets site->server_id.  ERR_USAGE: another server runs on this data folder.  NULL: @err is set. */
Presence *presence_join(Site *site, const char *path, Error *err);

/* Every few seconds: says that this server lives, and adds the ids of those that are lost to @lost
 * (of int64_t).  Called more often, it does nothing.  From one thread. */
bool presence_round(Presence *presence, int64_t monotonic_us, GArray *lost, Error *err);

/* Gives the name up to another process.  Accepts NULL. */
void presence_leave(Presence *presence);

#endif
