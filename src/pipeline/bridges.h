/* bridges.h - does what pipelines owe each other: start downstream pipelines, follow them, wait for
 * them again, cancel children.
 *
 * The work is a row (store/downstream.h) that is written in the transaction of the change that asks
 * for it, and deleted in the transaction that does it, so a crash in between leaves it to be done
 * once.  A server does its own work at once; what has come to no end after some seconds is taken up
 * again, by whichever server is first.
 */
#ifndef PENSTOCK_PIPELINE_BRIDGES_H
#define PENSTOCK_PIPELINE_BRIDGES_H

#include "base/error.h"
#include "base/site.h"

/* Nothing is done before bridges_start(), which also takes up what this server left before. */
Bridges *bridges_new(const Site *site);
void bridges_start(Bridges *bridges);
/* Finishes what is in hand; what still waits is left to the next start. */
void bridges_stop(Bridges *bridges);
void bridges_free(Bridges *bridges); /* accepts NULL, as does bridges_stop() */

/* There may be work: to be called after a commit that wrote some.  NULL: somebody else looks. */
void bridges_poke(Bridges *bridges);

/* Does all that is to be done now on the calling thread: for tests. */
bool bridges_round(const Site *site, Error *err);

#endif
