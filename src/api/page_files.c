/* page_files.c - the web page: its files, and the page itself for every address that a person opens. */
#include "api/page_files.h"

#include "api/routes.h"
#include "web/page.h"

#include <string.h>

/* Nothing from elsewhere, nothing inline. */
static const char POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static const char WITHOUT_PAGE[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Penstock</title>\n"
    "<h1>Penstock</h1>\n<p>This server was built without its web page. It speaks GitLab's REST API "
    "v4 under <code>/api/v4</code>.</p>\n</html>\n";

static void add_headers(Req *rq, bool is_immutable, bool is_html)
{
    /* The page names the files of its own build: it is asked for each time, they are not. */
    req_reply_header(rq, "Cache-Control",
                     is_immutable ? "public, max-age=31536000, immutable"
                     : is_html    ? "no-store"
                                  : "no-cache");
    req_reply_header(rq, "Vary", "Accept-Encoding");
    req_reply_header(rq, "Cross-Origin-Resource-Policy", "same-origin");
    if (!is_html)
        return;
    req_reply_header(rq, "Content-Security-Policy", POLICY);
    req_reply_header(rq, "Cross-Origin-Opener-Policy", "same-origin");
    req_reply_header(rq, "Referrer-Policy", "same-origin");
    req_reply_header(rq, "X-Frame-Options", "DENY");
}

static bool reply_page_file(Req *rq, const PageFile *file)
{
    PageCoding coding = page_coding(file, req_header(rq, "Accept-Encoding"));
    const char *tag = arena_printf(rq->arena, "\"%s-%d\"", file->hash, (int)coding);
    const char *known = req_header(rq, "If-None-Match");

    add_headers(rq, file->is_immutable, strcmp(file->path, PAGE_INDEX) == 0);
    req_reply_header(rq, "ETag", tag);
    if (known && strstr(known, tag))
        return reply_empty(rq, 304);
    req_reply_header(rq, "Content-Encoding", page_coding_name(coding));
    return reply_static(rq, 200, file->type, file->bodies[coding].bytes, file->bodies[coding].size);
}

bool reply_page(Req *rq)
{
    const PageFile *index = page_find(PAGE_INDEX);

    if (index)
        return reply_page_file(rq, index);
    add_headers(rq, false, true);
    return reply_static(rq, 200, "text/html; charset=utf-8", WITHOUT_PAGE, strlen(WITHOUT_PAGE));
}

bool page_is_wanted(Req *rq)
{
    const char *accept = req_header(rq, "Accept");

    return rq->method == GET && accept && strstr(accept, "text/html") != NULL;
}

static bool get_page(Req *rq, Error *err)
{
    return reply_page(rq);
}

static bool get_asset(Req *rq, Error *err)
{
    const char *path = arena_printf(rq->arena, "assets/%s", req_path_param(rq, "path"));
    const PageFile *file = page_find(path);

    return file ? reply_page_file(rq, file) : error_set(err, ERR_NOT_FOUND, "File");
}

const Route page_routes[] = {
    { GET, "/", .handler = get_page, .auth = AUTH_NONE, .inline_ = true, .hidden = true },
    { GET, "/-/sign_in", .handler = get_page, .auth = AUTH_NONE, .inline_ = true, .hidden = true },
    { GET, "/assets/*path", .handler = get_asset, .auth = AUTH_NONE, .inline_ = true,
      .hidden = true },
    { 0 },
};
