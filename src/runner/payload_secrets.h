/* payload_secrets.h - the `secrets` of a job, which its runner fetches: with what, and from where. */
#ifndef PENSTOCK_RUNNER_PAYLOAD_SECRETS_H
#define PENSTOCK_RUNNER_PAYLOAD_SECRETS_H

#include "runner/payload.h"

/* The key `secrets` and its value, if the job has any.  Where the providers are is said by variables, as GitLab has
 * it (VAULT_SERVER_URL, GCP_PROJECT_NUMBER, ...: doc/ci/secrets/). */
void payload_write_secrets(JsonWriter *w, const PayloadInput *input);

#endif
