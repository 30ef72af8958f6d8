/* signing_key.h - the key that signs the id tokens of jobs: one for all servers of an installation. */
#ifndef PENSTOCK_ACCESS_SIGNING_KEY_H
#define PENSTOCK_ACCESS_SIGNING_KEY_H

#include "base/jwt.h"
#include "base/site.h"

/* Site.signing_key: where the key is kept once it has been read. */
SigningKey *signing_key_new(void);
void signing_key_free(SigningKey *kept); /* accepts NULL */

/* The key, sealed in the database; the first who asks makes it, which takes a moment.  It lives as long
 * as @site.  NULL: the database, or a sealing key that does not open it. */
const JwtKey *signing_key_get(const Site *site, Error *err);

#endif
