/* Tests of check.c and paging.c, on a request that no client sent. */
#include "http/private.h"

#include <string.h>

static const char *const scopes[] = { "failed", "success", NULL };
static const Param variables[] = { { "key", PARAM_STR, .required = true },
                                   { "value", PARAM_STR, .required = true, .non_blank = true },
                                   { 0 } };
static const Param rows[] = {
    { "ref", PARAM_STR, .non_blank = true },
    { "n", PARAM_INT, .min = 1, .max = 9 },
    { "on", PARAM_BOOL, .otherwise = "true" },
    { "at", PARAM_TIME },
    { "day", PARAM_DATE },
    { "sort", PARAM_ENUM, .values = scopes },
    { "scope", PARAM_ENUMS, .values = scopes },
    { "tag_list", PARAM_STRS },
    { "hash", PARAM_HASH },
    { "vars", PARAM_LIST, .of = variables },
    { "file", PARAM_FILE },
    { "any", PARAM_ANY },
    { 0 },
};
static const Param needed[] = { { "description", PARAM_STR, .required = true },
                                { "ref", PARAM_STR, .required = true, .non_blank = true },
                                { "cron", PARAM_STR, .required = true },
                                { 0 } };

typedef struct Fake {
    ReqPrivate c;
    Server server;
    Route route;
    Error err;
} Fake;

static Fake *fake_new(const Param *params, const char *json)
{
    Fake *fake = g_new0(Fake, 1);

    fake->route = (Route){ GET, "/projects/:id/pipelines", .params = params, .paged = true };
    fake->server.options.external_url = "https://ci.example.com";
    fake->c.server = &fake->server;
    fake->c.reply.fd = -1;
    fake->c.rq = (Req){ .arena = arena_new(),
                        .route = &fake->route,
                        .path = "/api/v4/projects/8/pipelines",
                        .params = json_loads(json, 0, NULL),
                        .body_fd = -1,
                        .priv = &fake->c };
    g_assert_nonnull(fake->c.rq.params);
    return fake;
}

static void fake_free(Fake *fake)
{
    reply_clear(&fake->c);
    body_free(&fake->c);
    arena_free(fake->c.rq.arena);
    error_clear(&fake->err);
    g_free(fake);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)

static void assert_problems(const Param *params, const char *json, const char *expected)
{
    g_autoptr(Fake) fake = fake_new(params, json);
    bool good = req_check_params(&fake->c.rq, &fake->err);

    g_assert_cmpstr(good ? "" : fake->err.message, ==, expected);
    g_assert_cmpint(fake->err.code, ==, good ? ERR_NONE : ERR_PARAM);
}

static void problems_have_the_api_s_texts(void)
{
    static const char *const cases[][2] = {
        { "{\"ref\":\"\"}", "ref is empty" },
        { "{\"ref\":null}", "ref is empty" },
        { "{\"ref\":{}}", "ref is empty" },
        { "{\"ref\":[1]}", "ref is invalid" },
        { "{\"n\":\"x\"}", "n is invalid" },
        { "{\"n\":1.5}", "n is invalid" },
        { "{\"n\":10}", "n does not have a valid value" },
        { "{\"on\":\"maybe\",\"at\":\"yesterday\"}", "on is invalid, at is invalid" },
        { "{\"day\":\"2024-05-01T10:00:00Z\"}", "day is invalid" },
        { "{\"sort\":\"none\"}", "sort does not have a valid value" },
        { "{\"scope\":[\"failed\",\"none\"]}", "scope does not have a valid value" },
        { "{\"scope\":{\"1\":\"failed\"}}", "scope is invalid" },
        { "{\"hash\":\"x\"}", "hash is invalid" },
        { "{\"vars\":[1]}", "vars is invalid" },
        { "{\"vars\":[{\"key\":\"a\",\"value\":\"b\"},{\"value\":\"\"}]}",
          "vars[1][key] is missing, vars[1][value] is empty" },
        { "{\"file\":\"text\"}", "file is invalid" },
        { "{\"page\":0,\"per_page\":\"-1\"}",
          "page does not have a valid value, per_page does not have a valid value" },
        { "{\"page\":\"x\"}", "page is invalid" },
        { "{\"n\":\"\",\"at\":\"\",\"on\":\"\",\"hash\":\"\",\"unknown\":[1]}", "" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_problems(rows, cases[i][0], cases[i][1]);
}

static void absent_parameters_are_all_named(void)
{
    assert_problems(needed, "{}",
                    "description is missing, ref is missing, ref is empty, cron is missing");
    assert_problems(needed, "{\"description\":\"\",\"ref\":\"x\",\"cron\":null}", "");
}

static void values_become_native(void)
{
    g_autoptr(Fake) fake = fake_new(
        rows, "{\"ref\":5,\"n\":\"7\",\"at\":\"2024-05-01T10:00:00Z\",\"scope\":{\"0\":\"failed\"},"
              "\"tag_list\":\"a, b,,c\",\"vars\":{\"0\":{\"key\":\"k\",\"value\":1}}}");
    Req *rq = &fake->c.rq;

    g_assert_true(req_check_params(rq, &fake->err));
    g_assert_cmpstr(req_str(rq, "ref"), ==, "5");
    g_assert_cmpint(req_int(rq, "n"), ==, 7);
    g_assert_true(req_bool(rq, "on"));
    g_assert_cmpint(req_time(rq, "at"), ==, G_GINT64_CONSTANT(1714557600000000));
    g_assert_cmpstr(req_strs(rq, "scope")[0], ==, "failed");
    g_assert_cmpstr(req_strs(rq, "tag_list")[2], ==, "c");
    g_assert_null(req_strs(rq, "tag_list")[3]);
    g_assert_cmpstr(json_get_string(json_array_get(req_json(rq, "vars"), 0), "value"), ==, "1");
    g_assert_false(req_has(rq, "hash"));
    g_assert_null(req_strs(rq, "hash"));
}

static const char *header(const Fake *fake, const char *name)
{
    return header_find(&fake->c.reply.headers, name);
}

#define PAGE "https://ci.example.com/api/v4/projects/8/pipelines?id=8&on=true&page="

static void counted_pages_have_all_headers(void)
{
    g_autoptr(Fake) fake = fake_new(rows, "{\"id\":\"8\",\"page\":\"2\",\"per_page\":500,"
                                          "\"scope\":[\"failed\"],\"private_token\":\"x\"}");

    g_assert_true(req_check_params(&fake->c.rq, &fake->err));
    g_assert_cmpint(fake->c.rq.page.offset, ==, 100);
    reply_page_headers(&fake->c.rq, 201, false);
    g_assert_cmpstr(header(fake, "X-Page"), ==, "2");
    g_assert_cmpstr(header(fake, "X-Per-Page"), ==, "100");
    g_assert_cmpstr(header(fake, "X-Next-Page"), ==, "3");
    g_assert_cmpstr(header(fake, "X-Prev-Page"), ==, "1");
    g_assert_cmpstr(header(fake, "X-Total"), ==, "201");
    g_assert_cmpstr(header(fake, "X-Total-Pages"), ==, "3");
#define REST "&per_page=100&scope%5B%5D=failed>; rel="
    g_assert_cmpstr(header(fake, "Link"), ==,
                    "<" PAGE "1" REST "\"prev\", <" PAGE "3" REST "\"next\", <" PAGE "1" REST
                    "\"first\", <" PAGE "3" REST "\"last\"");
#undef REST
}

static void uncounted_pages_have_no_last(void)
{
    g_autoptr(Fake) fake = fake_new(rows, "{\"id\":\"8\"}");

    g_assert_true(req_check_params(&fake->c.rq, &fake->err));
    reply_page_headers(&fake->c.rq, -1, true);
    g_assert_null(header(fake, "X-Total"));
    g_assert_cmpstr(header(fake, "X-Next-Page"), ==, "2");
    g_assert_cmpstr(header(fake, "X-Prev-Page"), ==, "");
    g_assert_cmpstr(header(fake, "Link"), ==,
                    "<" PAGE "2&per_page=20>; rel=\"next\", <" PAGE
                    "1&per_page=20>; rel=\"first\"");
}

static void empty_lists_have_one_page(void)
{
    g_autoptr(Fake) fake = fake_new(rows, "{\"page\":4}");

    g_assert_true(req_check_params(&fake->c.rq, &fake->err));
    reply_page_headers(&fake->c.rq, 0, false);
    g_assert_cmpstr(header(fake, "X-Total-Pages"), ==, "1");
    g_assert_cmpstr(header(fake, "X-Next-Page"), ==, "");
    g_assert_cmpstr(header(fake, "X-Prev-Page"), ==, "");
}

static void header_values_stay_on_one_line(void)
{
    g_autoptr(Fake) fake = fake_new(rows, "{}");

    req_reply_header(&fake->c.rq, "X-Name", "a\r\nSet-Cookie: b");
    req_reply_header(&fake->c.rq, "X-None", NULL);
    g_assert_cmpstr(header(fake, "X-Name"), ==, "a  Set-Cookie: b");
    g_assert_null(header(fake, "X-None"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/check/problems", problems_have_the_api_s_texts);
    g_test_add_func("/http/check/absent", absent_parameters_are_all_named);
    g_test_add_func("/http/check/native", values_become_native);
    g_test_add_func("/http/paging/counted", counted_pages_have_all_headers);
    g_test_add_func("/http/paging/uncounted", uncounted_pages_have_no_last);
    g_test_add_func("/http/paging/empty", empty_lists_have_one_page);
    g_test_add_func("/http/reply/header-values", header_values_stay_on_one_line);
    return g_test_run();
}
