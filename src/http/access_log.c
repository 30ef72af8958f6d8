/* access_log.c - one line a request.  Without the query: tokens may stand there. */
#include "http/private.h"

#include "base/log.h"

void access_log(const ReqPrivate *c, int64_t duration_us)
{
    JsonWriter w;

    if (!log_begin(&w, LOG_INFO, "request"))
        return;
    jw_put_string(&w, "method", c->method_text);
    jw_put_string(&w, "path", c->rq.path);
    jw_put_string(&w, "route", c->rq.route ? c->rq.route->path : NULL);
    jw_put_int(&w, "status", c->reply.status); /* 0: there was nobody to answer */
    jw_put_int(&w, "duration_us", duration_us);
    jw_put_int(&w, "bytes", c->sent);
    if (c->rq.log_user)
        jw_put_int(&w, "user_id", c->rq.log_user);
    jw_put_string(&w, "request_id", c->rq.id);
    jw_put_string(&w, "peer", c->rq.peer);
    log_end(&w);
}
