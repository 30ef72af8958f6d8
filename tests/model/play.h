/* play.h - plays of the model check: a pipeline and what happens to it.
 *
 * Each step is done by the engine and by the oracle; a play breaks off where they disagree, an
 * invariant breaks, or nothing more can happen to a pipeline that neither ended nor waits for a
 * person.
 */
#ifndef PENSTOCK_TESTS_MODEL_PLAY_H
#define PENSTOCK_TESTS_MODEL_PLAY_H

#include "subject.h"

enum { MAX_STEPS = 200 };

typedef struct Play {
    Shape shape;
    Step steps[MAX_STEPS];
    int n_steps;
} Play;

/* Plays from the start.  Steps that the server could not send are left out.  false: @fault. */
bool play_holds(const Play *play, GString *fault);

/* Random pipelines and steps; @steps in all, from @seed on, the next pipeline with the next seed.
 * false: *@failed, with the pipeline's own *@seed. */
bool play_at_random(long steps, guint32 *seed, Play *failed, GString *fault);

/* The one of that @seed. */
bool play_of_seed(guint32 seed, Play *play, GString *fault);

/* Every order of steps, each state once, on pipelines of two jobs in all kinds, while each job is
 * run at most twice; ends at @steps.  *@done: how many were played.  false: *@failed. */
bool play_exhaustively(long steps, long *done, Play *failed, GString *fault);

#endif
