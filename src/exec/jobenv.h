/* jobenv.h - what surrounds a job's scripts: folders, variables, files, the process environment. */
#ifndef PENSTOCK_EXEC_JOBENV_H
#define PENSTOCK_EXEC_JOBENV_H

#include "exec/job.h"

/* Fills in the paths of @run and makes the folders anew, but for the build folder. */
bool jobenv_make_dirs(JobRun *run, Error *err);

/* Removes what the job had for itself; the build folder stays for the next one. */
void jobenv_remove_dirs(JobRun *run);

/* Fills run->vars, writes the file variables and hides what is masked from the log. */
bool jobenv_make_vars(JobRun *run, Error *err);

/* The environment of the job's processes, below its variables: NULL-terminated, owned.  Nothing of
 * the server's own settings is in it. */
char **jobenv_environment(const JobRun *run);

/* The part of a token that may be shown, 9 characters; owned. */
char *jobenv_short_token(const char *token);

#endif
