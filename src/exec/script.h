/* script.h - the text of the shell scripts that a job runs.  Pure.
 *
 * Whatever comes from outside is put in single quotes; only the job's own script lines are code.
 */
#ifndef PENSTOCK_EXEC_SCRIPT_H
#define PENSTOCK_EXEC_SCRIPT_H

#include "exec/vars.h"

/* Appends @text as one word of shell. */
void script_quote(GString *out, const char *text);

/* Appends "'a' 'b'" for @words, NULL-terminated, with a blank before each. */
void script_quote_all(GString *out, const char *const *words);

/* Ends at the first failure, all variables exported, in the folder @cwd.  Owned by the caller.
 * @bash: else any shell, which has been told about failures in pipes if it knows them. */
GString *script_begin(const Vars *vars, const char *cwd, bool bash);

/* Appends the lines of a step, each echoed in green before it runs. */
void script_add_lines(GString *out, const char *const *lines);

/* "90", "10m", "1h30m", "1.5h" in seconds; 0: not a duration. */
int64_t script_duration_s(const char *text);

#endif
