/* Tests of payload.c: what is understood and what is refused. */
#include "exec/payload.h"

#include "base/json.h"

#include <string.h>

#define URL "\"repo_url\": \"https://gitlab-ci-token:t@h.test:8/g/sub/p.git\""
#define SHA "\"sha\": \"0123456789abcdef0123456789abcdef01234567\""

static Job *parse(const char *git, const char *rest, Error *err)
{
    g_autofree char *text =
        g_strdup_printf("{\"id\": 5, \"token\": \"glcbt-x\", \"git_info\": {%s}%s}", git, rest);

    return job_parse(text, strlen(text), err);
}

static void a_job_is_read(void)
{
    g_auto(Error) err = ERROR_INIT;
    g_autoptr(Job) job = parse(
        URL ", " SHA ", \"refspecs\": [\"+refs/heads/a:refs/x\"], \"depth\": 3",
        ", \"variables\": [{\"key\": \"A\", \"value\": \"1\", \"file\": true}, {\"key\": \"B\","
        " \"value\": null}], \"steps\": [{\"name\": \"script\", \"script\": [\"a\", \"b\"]}],"
        " \"image\": null, \"services\": null, \"artifacts\": [{\"name\": null, \"paths\": [\"o\"],"
        " \"when\": \"always\"}], \"dependencies\": [{\"id\": 1, \"name\": \"n\"}, {\"id\": 2,"
        " \"name\": \"m\", \"token\": \"k\", \"artifacts_file\": {\"filename\": \"f\"}}],"
        " \"runner_info\": {\"timeout\": 0}, \"inputs\": [], \"unknown\": {}",
        &err);

    g_assert_nonnull(job);
    g_assert_cmpstr(job->git.url, ==, "https://h.test:8/g/sub/p.git");
    g_assert_cmpstr(job->git.path, ==, "g/sub/p");
    g_assert_cmpint(job->git.depth, ==, 3);
    g_assert_true(job->variables[0].file);
    g_assert_cmpstr(job->variables[1].value, ==, "");
    g_assert_cmpstr(job->steps[0].script[1], ==, "b");
    g_assert_null(job->image.name);
    g_assert_cmpint(job->n_services, ==, 0);
    g_assert_cmpint(job->artifacts[0].when, ==, UPLOAD_ALWAYS);
    g_assert_cmpint(job->n_dependencies, ==, 1);
    g_assert_cmpint(job->dependencies[0].id, ==, 2);
    g_assert_cmpint(job->timeout_s, ==, 7200);
}

static void what_would_escape_is_refused(void)
{
    static const char *const gits[] = {
        SHA,
        "\"repo_url\": \"file:///etc\", " SHA,
        "\"repo_url\": \"https://h/../x.git\", " SHA,
        "\"repo_url\": \"https://h/a/../../x.git\", " SHA,
        "\"repo_url\": \"https://h\", " SHA,
        "\"repo_url\": \"https:///x.git\", " SHA,
        URL,
        URL ", \"sha\": \"main\"",
        URL ", \"sha\": \"--upload-pack=x\"",
        URL ", \"sha\": \"0123\"",
        URL ", " SHA ", \"refspecs\": [\"--upload-pack=x\"]",
        URL ", " SHA ", \"refspecs\": [\"a b\"]",
        URL ", " SHA ", \"repo_object_format\": \"x; id\"",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(gits); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_autoptr(Job) job = parse(gits[i], "", &err);
        g_assert_null(job);
        g_assert_cmpint(err.code, ==, ERR_INVALID);
    }
}

static void what_is_not_supported_is_refused(void)
{
    static const char *const rests[] = {
        ", \"run\": \"[]\"",
        ", \"secrets\": {\"A\": {}}",
        ", \"inputs\": [{\"key\": \"a\"}]",
        ", \"variables\": [{\"key\": \"a b\", \"value\": \"\"}]",
        ", \"variables\": [{\"value\": \"\"}]",
        ", \"variables\": [{\"key\": \"1a\", \"value\": \"\"}]",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rests); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_autoptr(Job) job = parse(URL ", " SHA, rests[i], &err);
        g_assert_null(job);
        g_assert_cmpint(err.code, ==, ERR_INVALID);
    }
}

static void broken_json_is_refused(void)
{
    static const char *const texts[] = { "", "[]", "{", "{\"id\": 5}", "{\"token\": \"x\"}" };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(Error) err = ERROR_INIT;
        g_autoptr(Job) job = job_parse(texts[i], strlen(texts[i]), &err);
        g_autofree char *token = NULL;
        int64_t id = 0;
        g_assert_null(job);
        g_assert_false(job_peek(texts[i], strlen(texts[i]), &id, &token));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/payload/a-job-is-read", a_job_is_read);
    g_test_add_func("/exec/payload/what-would-escape-is-refused", what_would_escape_is_refused);
    g_test_add_func("/exec/payload/what-is-not-supported-is-refused",
                    what_is_not_supported_is_refused);
    g_test_add_func("/exec/payload/broken-json-is-refused", broken_json_is_refused);
    return g_test_run();
}
