/* podman.h - a job's image and services as containers of podman.
 *
 * The job's container is made once and started for each script, so what one script installs the
 * next one finds.  With services all containers share the first service's network: they reach each
 * other at 127.0.0.1, which their aliases stand for.  Sources, caches and artifacts are the
 * sandbox's and the runner's affair, as for jobs without an image.
 */
#ifndef PENSTOCK_EXEC_PODMAN_H
#define PENSTOCK_EXEC_PODMAN_H

#include "exec/job.h"

/* What podman is started with: the runner's environment less the house's settings, nothing of the
 * job's.  NULL-terminated, owned. */
char **podman_environment(void);

/* Pulls the images, makes the containers, starts the services, and says so in the log.  The result is
 * also for what is half made; containers_free() by the caller.
 * @failed: set if something is missing; then @err tells, and @pull whether it is an image. */
Containers *containers_new(JobRun *run, bool *failed, bool *pull, Error *err);

/* Ends the services and removes everything. */
void containers_free(Containers *containers);

/* The command line that runs the script at containers_script(), once; NULL-terminated, owned by the
 * caller.  NULL: the container could not be made anew after the last script was killed. */
char **containers_argv(Containers *containers, Error *err);

/* Where the text of the next script has to be. */
const char *containers_script(const Containers *containers);

/* The last script was killed, podman with it: its container is not to be started again. */
void containers_spoil(Containers *containers);

/* Removes the containers that runners with this work folder have left behind. */
void podman_remove_leftovers(const char *work_dir);

#endif
