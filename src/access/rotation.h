/* rotation.h - a token gives way to a new one. */
#ifndef PENSTOCK_ACCESS_ROTATION_H
#define PENSTOCK_ACCESS_ROTATION_H

#include "base/site.h"
#include "store/access_tokens.h"

/* Revokes @old and makes another with its name, scopes and user, in one write.  @expires_at: 0:
 * never.  @fresh: the new row, its texts @old's.  @token: in the clear, owned by the caller.
 * ERR_BAD_REQUEST: @old was revoked before. */
bool token_rotate(const Site *site, const AccessToken *old, int64_t expires_at, AccessToken *fresh,
                  char **token, Error *err);

#endif
