/* imports.h - fetches repositories from elsewhere, in threads of their own. */
#ifndef PENSTOCK_API_IMPORTS_H
#define PENSTOCK_API_IMPORTS_H

#include "base/error.h"
#include "base/site.h"

typedef struct Imports Imports;

/* @site outlives it. */
Imports *imports_new(const Site *site);

/* Fetches @url into the project's repository and records how it went: import_status finished, with
 * the default branch as it is there, or failed, with import_error.  Past a few at once the next
 * ones wait for their turn.  @allow_file: file:// may be read. */
void imports_start(Imports *imports, int64_t project_id, const char *url, bool allow_file);

/* Takes no more and gives those under way @grace_us to end.  false: some still run, and use the
 * site: the process has to end without taking it down; the next start says that they failed. */
bool imports_stop(Imports *imports, int64_t grace_us);

/* After imports_stop() answered true.  Accepts NULL. */
void imports_free(Imports *imports);

#endif
