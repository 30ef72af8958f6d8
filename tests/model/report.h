/* report.h - what the model check says of a play that failed. */
#ifndef PENSTOCK_TESTS_MODEL_REPORT_H
#define PENSTOCK_TESTS_MODEL_REPORT_H

#include "play.h"

/* Leaves out steps, jobs and properties for as long as it still fails. */
void report_shrink(Play *play);

/* The play as a case for engine-cases, expecting what the oracle says. */
char *report_as_case(const Play *play);

#endif
