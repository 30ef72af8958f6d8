/* given.h - variables that requests bring along, for pipelines, schedules and played jobs. */
#ifndef PENSTOCK_API_GIVEN_H
#define PENSTOCK_API_GIVEN_H

#include "api/caller.h"
#include "pipeline/variables.h"

/* "env_var", "file": for PARAM_ENUM. */
extern const char *const given_variable_types[];

/* A list of {key, value, variable_type} after the parameter check; an absent parameter is an empty list. */
bool given_list(Req *rq, const char *name, Variables *out, Error *err);

/* An object of key -> text.  ERR_BAD_REQUEST's relatives with GitLab's text where a value is none. */
bool given_hash(Req *rq, const char *name, Variables *out, Error *err);

/* An object of name -> any value: inputs of a pipeline.  An absent parameter is an empty list.  Texts
 * stay texts; the compiler reads one as JSON where its input is of another type.  In rq->arena. */
void given_inputs(Req *rq, const char *name, const CiGivenInput **out, size_t *n);

/* The Variable entity of pipelines and schedules. */
typedef struct GivenView {
    const char *key;
    const char *value;
    VariableType type;
    bool raw;
} GivenView;
extern const Field given_fields[];

/* A stored value in the clear, in rq->arena. */
bool given_unseal(Req *rq, const char *sealed, const char **value, Error *err);

#endif
