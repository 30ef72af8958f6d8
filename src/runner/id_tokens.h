/* id_tokens.h - tokens by which a job tells other services who it is (OpenID Connect). */
#ifndef PENSTOCK_RUNNER_ID_TOKENS_H
#define PENSTOCK_RUNNER_ID_TOKENS_H

#include "pipeline/variables.h"

/* What the tokens of a job say. */
typedef struct IdTokenFacts {
    const Site *site;
    const Project *project;
    const Pipeline *pipeline;
    const Job *job;
    const Runner *runner;
    const User *user;
    AccessLevel user_level;    /* in the project */
    const json_t *environment; /* of the job's spec; NULL: none */
    const char *config_ref_uri;
    int64_t timeout_s;
} IdTokenFacts;

/* Adds a masked variable for each token of @id_tokens (as the file has them: name -> aud; NULL: none).  Audiences see
 * what is in @list.  Claims: GitLab's doc/ci/secrets/id_token_authentication.md. */
bool id_tokens_add(Variables *list, const IdTokenFacts *facts, const json_t *id_tokens, Error *err);

#endif
