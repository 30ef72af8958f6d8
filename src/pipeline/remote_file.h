/* remote_file.h - `include: remote`: a file by HTTP, without credentials.
 *
 * The URL is a user's: connections into the server's own network are refused whatever a name
 * resolves to, and also after a redirect (setting allow-private-includes).
 */
#ifndef PENSTOCK_PIPELINE_REMOTE_FILE_H
#define PENSTOCK_PIPELINE_REMOTE_FILE_H

#include "base/settings.h"
#include "ci/ci.h"

#include <sys/socket.h>

/* Blocks for @timeout_ms at most; the file may have max_yaml_bytes. */
CiFetchResult remote_file_fetch(const Settings *settings, const char *url, int64_t timeout_ms,
                                Arena *arena, CiFile *file);

/* Whether @address is of this machine or of a network that is not the internet's: loopback, private
 * use (RFC 1918, RFC 4193), link-local, shared (RFC 6598), multicast and the like. */
bool remote_address_is_private(const struct sockaddr *address);

#endif
