/* front.c - what a browser finds at "/": what this is and where things are. */
#include "api/routes.h"
#include "base/version.h"
#include "http/request.h"

#include <string.h>

static const char page[] =
    "<!doctype html>\n"
    "<html lang=\"en\">\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>Penstock</title>\n"
    "<style>\n"
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 "
    "1rem;\n"
    "       color: #1c2733; background: #fff }\n"
    "code { font: 14px/1.5 ui-monospace, monospace; background: #eef1f4; padding: .1rem .3rem;\n"
    "       border-radius: .2rem }\n"
    "pre code { display: block; padding: .8rem; overflow-x: auto }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  body { color: #dfe6ec; background: #12181f } code { background: #1f2933 } a { color: "
    "#7cc4ff }\n"
    "}\n"
    "</style>\n"
    "<h1>Penstock</h1>\n"
    "<p>Version " PENSTOCK_VERSION
    ". This server runs pipelines, speaks GitLab's REST API v4 under\n"
    "<code>/api/v4</code>, and holds git repositories over HTTP.</p>\n"
    "<p>Ask it with an access token:</p>\n"
    "<pre><code>curl --header \"PRIVATE-TOKEN: &lt;token&gt;\" &lt;this "
    "address&gt;/api/v4/projects</code></pre>\n"
    "<p>Clone and push with any user name and the token as password:</p>\n"
    "<pre><code>git clone &lt;this address&gt;/group/project.git</code></pre>\n"
    "<p>State: <a href=\"/-/readiness\">readiness</a>, <a href=\"/-/health\">health</a>,\n"
    "<a href=\"/metrics\">metrics</a>.</p>\n"
    "</html>\n";

static bool show_front(Req *rq, Error *err)
{
    req_reply_header(rq, "Content-Security-Policy",
                     "default-src 'none'; style-src 'unsafe-inline'");
    return reply_static(rq, 200, "text/html; charset=utf-8", page, strlen(page));
}

const Route front_routes[] = {
    { GET, "/", 0, NULL, show_front, .auth = AUTH_NONE, .inline_ = true, .hidden = true },
    { 0 },
};
