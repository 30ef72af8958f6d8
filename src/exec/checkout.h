/* checkout.h - the script that brings the build folder to the job's commit.
 *
 * It runs in the executor like any other script, so that what an earlier job left in the folder can
 * do no more than a job can.  The token is in the environment only.
 */
#ifndef PENSTOCK_EXEC_CHECKOUT_H
#define PENSTOCK_EXEC_CHECKOUT_H

#include "exec/payload.h"
#include "exec/vars.h"

typedef enum CheckoutStrategy {
    CHECKOUT_FETCH,
    CHECKOUT_CLONE,
    CHECKOUT_NONE, /* the folder as it is */
    CHECKOUT_EMPTY,
    N_CHECKOUT_STRATEGIES
} CheckoutStrategy;

/* -1: GIT_STRATEGY names none. */
int checkout_strategy(const Job *job, const Vars *vars);

/* The repository's URL below the address that the runner reaches the server at, where that is
 * known (CI_PROJECT_PATH ends the URL's path); owned by the caller. */
char *checkout_url(const Job *job, const Vars *vars, const char *server_url);

/* The script for CHECKOUT_FETCH and CHECKOUT_CLONE; owned by the caller. */
char *checkout_script(const Job *job, const Vars *vars, const char *build_dir, const char *url);

/* Makes git in the job's own scripts use the job token for the server at @url, by way of
 * GIT_CONFIG_* variables, unless the job sets those itself. */
void checkout_add_credentials(Vars *vars, const Job *job, const char *url);

#endif
