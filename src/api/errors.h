/* errors.h - from an Error to a reply: the only place that knows the status of an ErrCode. */
#ifndef PENSTOCK_API_ERRORS_H
#define PENSTOCK_API_ERRORS_H

#include "http/request.h"

/* Replies with @err's status and GitLab's body for it (doc/api/rest/troubleshooting.md).  Logs what is our own
 * trouble and not the caller's.  ServerOptions.fail. */
void errors_reply(Req *rq, const Error *err);

/* 404 for an unknown route, 405 with Allow for a known path.  ServerOptions.no_route. */
void errors_no_route(Req *rq, const char *allow);

#endif
