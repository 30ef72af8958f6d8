/* Tests of router.c. */
#include "http/router.h"

#include <string.h>

static const Route api_rows[] = {
    { GET, "/projects/:id" },
    { GET, "/projects/:id/jobs" },
    { POST, "/projects/:id/jobs" },
    { GET, "/projects/:project_id/jobs/:job_id/trace" },
    { POST, "/projects/:id/ref/:ref/trigger/pipeline" },
    { GET, "/projects/:id/ref/latest" },
    { GET, "/runners/all" },
    { DELETE, "/runners/:id" },
    { GET, "/files/:id/*file_path" },
    { GET, "/files/:id/info" },
    { 0 },
};
static const Route page_rows[] = { { GET, "/" }, { GET, "/*page" }, { 0 } };
static const Mount mounts[] = { { "", page_rows }, { "/api/v4", api_rows }, { 0 } };

typedef struct Fixture {
    Router *router;
    Arena *arena;
    RouteMatch match;
} Fixture;

static void set_up(Fixture *f, const void *unused)
{
    f->router = router_new(mounts, NULL);
    f->arena = arena_new();
}

static void tear_down(Fixture *f, const void *unused)
{
    router_free(f->router);
    arena_free(f->arena);
}

static RouteResult look(Fixture *f, HttpMethod method, const char *path)
{
    return router_match(f->router, method, path, f->arena, &f->match);
}

static const char *param(const Fixture *f, const char *name)
{
    for (int i = 0; i < f->match.n_params; i++)
        if (g_str_equal(f->match.params[i].name, name))
            return f->match.params[i].value;
    return NULL;
}

static void encoded_slash_stays_inside_one_part(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/projects/g%2Fsub%2Fp/jobs"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "id"), ==, "g/sub/p");
    g_assert_cmpint(look(f, GET, "/api/v4/projects/g/p/jobs"), ==, ROUTE_NO_PATH);
}

static void parts_are_decoded_once(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/projects/a%252Fb+c"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "id"), ==, "a%2Fb+c");
}

static void each_route_names_its_own_parts(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/projects/8/jobs/9/trace"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "project_id"), ==, "8");
    g_assert_cmpstr(param(f, "job_id"), ==, "9");
    g_assert_null(param(f, "id"));
}

static void bad_escapes_are_refused(Fixture *f, const void *unused)
{
    static const char *const paths[] = { "/api/v4/projects/a%00b", "/api/v4/projects/a%2",
                                         "/api/v4/projects/%zz", "/api/v4/projects/%ff" };

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
        g_assert_cmpint(look(f, GET, paths[i]), ==, ROUTE_BAD_ESCAPE);
}

static void wrong_method_names_the_right_ones(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, PUT, "/api/v4/projects/8/jobs"), ==, ROUTE_NO_METHOD);
    g_assert_cmpstr(router_allow_text(f->match.allow, f->arena), ==, "GET, HEAD, POST");
    g_assert_cmpint(look(f, N_HTTP_METHODS, "/api/v4/projects/8"), ==, ROUTE_NO_METHOD);
}

static void literal_parts_inside_a_path_match(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, POST, "/api/v4/projects/8/ref/main/trigger/pipeline"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "ref"), ==, "main");
    /* "latest" is a literal too, but leads to nothing longer. */
    g_assert_cmpint(look(f, POST, "/api/v4/projects/8/ref/latest/trigger/pipeline"), ==,
                    ROUTE_FOUND);
    g_assert_cmpstr(param(f, "ref"), ==, "latest");
}

static void literal_beats_parameter_beats_rest(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/files/1/info"), ==, ROUTE_FOUND);
    g_assert_cmpstr(f->match.route->path, ==, "/files/:id/info");
    g_assert_cmpint(look(f, GET, "/api/v4/files/1/a/b%2Fc.txt"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "file_path"), ==, "a/b/c.txt");
    g_assert_cmpint(look(f, DELETE, "/api/v4/runners/all"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "id"), ==, "all");
}

static void longest_prefix_owns_its_paths(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/unknown"), ==, ROUTE_NO_PATH);
    g_assert_cmpint(look(f, GET, "/api/v4x/unknown"), ==, ROUTE_FOUND);
    g_assert_cmpint(look(f, GET, "/"), ==, ROUTE_FOUND);
    g_assert_cmpstr(f->match.route->path, ==, "/");
}

static void empty_parts_match_nothing(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/projects//jobs"), ==, ROUTE_NO_PATH);
    g_assert_cmpint(look(f, GET, "/api/v4/projects/"), ==, ROUTE_NO_PATH);
    g_assert_cmpint(look(f, GET, "/api/v4/files/1/"), ==, ROUTE_NO_PATH);
}

static void one_slash_at_the_end_below_a_prefix_says_nothing(Fixture *f, const void *unused)
{
    g_assert_cmpint(look(f, GET, "/api/v4/projects/8/jobs/"), ==, ROUTE_FOUND);
    g_assert_cmpstr(param(f, "id"), ==, "8");
    g_assert_cmpint(look(f, PUT, "/api/v4/projects/8/jobs/"), ==, ROUTE_NO_METHOD);
    g_assert_cmpint(look(f, GET, "/api/v4/projects/8/jobs//"), ==, ROUTE_NO_PATH);
    g_assert_cmpint(look(f, GET, "/page/"), ==, ROUTE_FOUND);
    g_assert_cmpstr(f->match.params[0].value, ==, "page/");
}

static void same_route_twice_is_refused(void)
{
    static const Route rows[] = { { GET, "/a/:x" }, { GET, "/a/:y" }, { 0 } };
    static const Mount twice[] = { { "", rows }, { 0 } };
    g_auto(Error) err = ERROR_INIT;

    g_assert_null(router_new(twice, &err));
    g_assert_cmpint(err.code, ==, ERR_INTERNAL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(Fixture *, const void *);
    } tests[] = {
        { "encoded-slash", encoded_slash_stays_inside_one_part },
        { "decoded-once", parts_are_decoded_once },
        { "own-names", each_route_names_its_own_parts },
        { "bad-escapes", bad_escapes_are_refused },
        { "wrong-method", wrong_method_names_the_right_ones },
        { "inner-literals", literal_parts_inside_a_path_match },
        { "precedence", literal_beats_parameter_beats_rest },
        { "longest-prefix", longest_prefix_owns_its_paths },
        { "empty-parts", empty_parts_match_nothing },
        { "slash-at-end", one_slash_at_the_end_below_a_prefix_says_nothing },
    };

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/http/router/", tests[i].name, NULL);
        g_test_add(path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
    g_test_add_func("/http/router/same-route-twice", same_route_twice_is_refused);
    return g_test_run();
}
