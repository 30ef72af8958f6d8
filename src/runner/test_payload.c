/* Keys and types of the payload: one wrong type and a stock runner drops the whole of it. */
#include "runner/payload.h"

#include <string.h>

static const char SHA[] = "0f3c2b1a49d8e7f60123456789abcdef01234567";

typedef struct Fixture {
    Clock clock;
    Site site;
    Project project;
    Pipeline pipeline;
    Job job;
    Runner runner;
    Arena *arena;
    Variables variables;
    json_t *spec;
    PayloadDependency dependency;
    PayloadInput input;
    json_t *payload;
} Fixture;

static void set_up(Fixture *f, const void *data)
{
    f->clock = clock_fixed(100 * US_PER_S);
    f->site = (Site){ .clock = &f->clock, .external_url = "http://ci.test" };
    f->project = (Project){ .id = 42, .namespace_id = 7, .name = "flow", .full_path = "data/flow" };
    f->pipeline = (Pipeline){ .id = 900, .ref = "main", .sha = SHA, .before_sha = SHA };
    f->job = (Job){
        .id = 4711, .name = "unit tests", .stage = "test", .user_id = 3, .queued_at = 98 * US_PER_S
    };
    f->runner = (Runner){ .id = 12 };
    f->arena = arena_new();
    variables_init(&f->variables, f->arena);
    variables_put(&f->variables, "CI", "true");
    variables_add(&f->variables,
                  (Variable){ .key = "SECRET", .value = "x", .hidden = true, .masked = true });
    variables_add(&f->variables,
                  (Variable){ .key = "CA", .value = "$a", .file = true, .raw = true });
    f->dependency = (PayloadDependency){ 4709, "compile", "artifacts.zip", 20480 };
    f->spec = json_loads("{\"before_script\":[\"a\"],\"script\":[\"b\",\"c\"],"
                         "\"after_script\":[\"d\"],\"image\":{\"name\":\"debian\"},"
                         "\"artifacts\":{\"paths\":[\"out/\"],\"when\":\"on_success\","
                         "\"untracked\":false,\"reports\":[{\"type\":\"junit\","
                         "\"paths\":[\"r.xml\"]}]}}",
                         0, NULL);
    g_assert_nonnull(f->spec);
    f->input = (PayloadInput){ .site = &f->site,
                               .project = &f->project,
                               .pipeline = &f->pipeline,
                               .job = &f->job,
                               .runner = &f->runner,
                               .spec = f->spec,
                               .variables = &f->variables,
                               .dependencies = &f->dependency,
                               .n_dependencies = 1,
                               .token = "glcbt-x",
                               .timeout_s = 3600,
                               .ref_exists = true };
}

static void tear_down(Fixture *f, const void *data)
{
    json_decref(f->payload);
    json_decref(f->spec);
    arena_free(f->arena);
}

static void write_payload(Fixture *f)
{
    g_autoptr(GString) text = g_string_new(NULL);
    JsonWriter w;

    jw_init(&w, text);
    payload_write(&w, &f->input);
    json_decref(f->payload);
    f->payload = json_loads(text->str, JSON_REJECT_DUPLICATES, NULL);
    g_assert_nonnull(f->payload);
}

/* @expected: JSON, compared whole. */
static void assert_part(const Fixture *f, const char *key, const char *expected)
{
    g_autofree char *got = json_dumps(json_object_get(f->payload, key),
                                      JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    g_autoptr(json_t) value = json_loads(expected, JSON_DECODE_ANY, NULL);
    g_autofree char *want = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

    g_assert_cmpstr(got, ==, want);
}

static void scalars_have_the_types_that_runners_decode(Fixture *f, const void *data)
{
    write_payload(f);
    assert_part(f, "id", "4711");
    assert_part(f, "token", "\"glcbt-x\"");
    assert_part(f, "allow_git_fetch", "true");
    assert_part(f, "runner_info", "{\"uuid\":\"12\",\"timeout\":3600,\"runner_session_url\":null}");
    assert_part(f, "job_info",
                "{\"id\":4711,\"name\":\"unit tests\",\"stage\":\"test\",\"pipeline_id\":900,"
                "\"project_id\":42,\"project_name\":\"flow\",\"project_full_path\":\"data/flow\","
                "\"namespace_id\":7,\"user_id\":3,\"time_in_queue_seconds\":2.0,"
                "\"project_jobs_running_on_instance_runners_count\":\"+Inf\"}");
    g_assert_null(json_object_get(f->payload, "run"));
}

static void variables_keep_order_and_flags(Fixture *f, const void *data)
{
    write_payload(f);
    assert_part(f, "variables",
                "[{\"key\":\"CI\",\"value\":\"true\",\"public\":true,\"masked\":false},"
                "{\"key\":\"SECRET\",\"value\":\"x\",\"public\":false,\"masked\":true},"
                "{\"key\":\"CA\",\"value\":\"$a\",\"public\":true,\"masked\":false,"
                "\"file\":true,\"raw\":true}]");
}

static void scripts_are_two_steps(Fixture *f, const void *data)
{
    write_payload(f);
    assert_part(f, "steps",
                "[{\"name\":\"script\",\"script\":[\"a\",\"b\",\"c\"],\"timeout\":3600,"
                "\"when\":\"on_success\",\"allow_failure\":false},"
                "{\"name\":\"after_script\",\"script\":[\"d\"],\"timeout\":3600,"
                "\"when\":\"always\",\"allow_failure\":true}]");
}

static void artifacts_are_one_entry_an_upload(Fixture *f, const void *data)
{
    write_payload(f);
    assert_part(f, "artifacts",
                "[{\"name\":null,\"untracked\":false,\"paths\":[\"out/\"],\"exclude\":null,"
                "\"when\":\"on_success\",\"expire_in\":null,\"artifact_type\":\"archive\","
                "\"artifact_format\":\"zip\"},{\"name\":\"junit.xml\",\"paths\":[\"r.xml\"],"
                "\"when\":\"always\",\"expire_in\":null,\"artifact_type\":\"junit\","
                "\"artifact_format\":\"gzip\"}]");
    assert_part(f, "dependencies",
                "[{\"id\":4709,\"name\":\"compile\",\"token\":\"glcbt-x\","
                "\"artifacts_file\":{\"filename\":\"artifacts.zip\",\"size\":20480}}]");
}

/* Replaces the job's specification. */
static void set_spec(Fixture *f, const char *json)
{
    json_decref(f->spec);
    f->spec = json_loads(json, 0, NULL);
    g_assert_nonnull(f->spec);
    f->input.spec = f->spec;
    write_payload(f);
}

static void images_and_services_keep_their_options(Fixture *f, const void *data)
{
    set_spec(f, "{\"script\":[\"a\"],\"image\":{\"name\":\"debian\",\"executor_opts\":"
                "{\"docker\":{\"user\":\"me\"}},\"pull_policy\":[\"always\"]},"
                "\"services\":[{\"name\":\"postgres\",\"command\":[\"x\"],\"alias\":\"db\","
                "\"variables\":[{\"key\":\"A\",\"value\":\"b\"}]},{\"name\":\"redis\"}]}");
    assert_part(f, "image",
                "{\"name\":\"debian\",\"entrypoint\":null,\"ports\":[],"
                "\"executor_opts\":{\"docker\":{\"user\":\"me\"}},\"pull_policy\":[\"always\"]}");
    assert_part(f, "services",
                "[{\"name\":\"postgres\",\"entrypoint\":null,\"ports\":[],\"pull_policy\":null,"
                "\"command\":[\"x\"],\"alias\":\"db\",\"variables\":[{\"key\":\"A\","
                "\"value\":\"b\",\"public\":true,\"masked\":false}]},"
                "{\"name\":\"redis\",\"entrypoint\":null,\"ports\":[],\"pull_policy\":null,"
                "\"command\":null,\"alias\":null,\"variables\":[]}]");
}

#define CACHE(members)                                                                             \
    "{\"script\":[\"a\"],\"cache\":[{\"key\":\"k\",\"paths\":[\"p\"],\"policy\":\"pull\","         \
    "\"when\":\"always\",\"fallback_keys\":[\"f\"]" members "}]}"

static void cache_keys_tell_protected_refs_apart(Fixture *f, const void *data)
{
    set_spec(f, CACHE(""));
    assert_part(
        f, "cache",
        "[{\"key\":\"k-non_protected\",\"untracked\":false,\"paths\":[\"p\"],"
        "\"policy\":\"pull\",\"when\":\"always\",\"fallback_keys\":[\"f-non_protected\"]}]");
    f->pipeline.protected = true;
    set_spec(f, CACHE(",\"untracked\":true"));
    assert_part(f, "cache",
                "[{\"key\":\"k-protected\",\"untracked\":true,\"paths\":[\"p\"],"
                "\"policy\":\"pull\",\"when\":\"always\",\"fallback_keys\":[\"f-protected\"]}]");
    set_spec(f, CACHE(",\"unprotect\":true"));
    assert_part(f, "cache",
                "[{\"key\":\"k\",\"untracked\":false,\"paths\":[\"p\"],\"policy\":\"pull\","
                "\"when\":\"always\",\"fallback_keys\":[\"f\"]}]");
}

#undef CACHE

static void hooks_and_inputs_are_lists(Fixture *f, const void *data)
{
    write_payload(f);
    assert_part(f, "hooks", "[]");
    assert_part(f, "inputs", "[]");
    assert_part(f, "cache", "[]");
    assert_part(f, "services", "[]");
    set_spec(f,
             "{\"script\":[\"a\"],\"hooks\":{\"pre_get_sources_script\":[\"b\"]},"
             "\"inputs\":{\"n\":{\"type\":\"number\",\"default\":2},\"s\":{\"default\":\"x\"}}}");
    assert_part(f, "hooks", "[{\"name\":\"pre_get_sources_script\",\"script\":[\"b\"]}]");
    assert_part(f, "inputs",
                "[{\"key\":\"n\",\"value\":{\"type\":\"number\",\"content\":2,"
                "\"sensitive\":false}},{\"key\":\"s\",\"value\":{\"type\":\"string\","
                "\"content\":\"x\",\"sensitive\":false}}]");
}

static void run_is_text_that_holds_json(Fixture *f, const void *data)
{
    set_spec(f, "{\"run\":[{\"name\":\"a\",\"script\":\"b\"}],\"after_script\":[\"c\"]}");
    assert_part(f, "run", "\"[{\\\"name\\\":\\\"a\\\",\\\"script\\\":\\\"b\\\"}]\"");
    assert_part(f, "steps", "[]");
}

static void reports_have_the_format_of_their_type(Fixture *f, const void *data)
{
    set_spec(f, "{\"script\":[\"a\"],\"artifacts\":{\"untracked\":false,\"reports\":["
                "{\"type\":\"sast\",\"paths\":[\"s\"]},{\"type\":\"lsif\",\"paths\":[\"l\"]},"
                "{\"type\":\"dotenv\",\"paths\":[\"e\"]}]}}");
    assert_part(f, "artifacts",
                "[{\"name\":\"gl-sast-report.json\",\"paths\":[\"s\"],\"when\":\"always\","
                "\"expire_in\":null,\"artifact_type\":\"sast\",\"artifact_format\":\"raw\"},"
                "{\"name\":\"lsif.json\",\"paths\":[\"l\"],\"when\":\"always\","
                "\"expire_in\":null,\"artifact_type\":\"lsif\",\"artifact_format\":\"zip\"},"
                "{\"name\":\".env\",\"paths\":[\"e\"],\"when\":\"always\","
                "\"expire_in\":null,\"artifact_type\":\"dotenv\",\"artifact_format\":\"gzip\"}]");
}

static void assert_refspecs(Fixture *f, const char *expected)
{
    write_payload(f);
    json_t *refspecs = json_object_get(json_object_get(f->payload, "git_info"), "refspecs");
    json_object_set(f->payload, "refspecs", refspecs);
    assert_part(f, "refspecs", expected);
}

#define KEPT "\"+refs/pipelines/900:refs/pipelines/900\""

static void refspecs_name_only_what_is_there(Fixture *f, const void *data)
{
    assert_refspecs(f, "[" KEPT ",\"+refs/heads/main:refs/remotes/origin/main\"]");
    f->input.ref_exists = false;
    assert_refspecs(f, "[" KEPT "]");
    f->input.ref_exists = f->pipeline.tag = true;
    assert_refspecs(f, "[" KEPT ",\"+refs/tags/main:refs/tags/main\"]");
    f->pipeline.tag = false;
    f->pipeline.ref = SHA;
    assert_refspecs(f, "[" KEPT "]");
    variables_put(&f->variables, "GIT_DEPTH", "0");
    assert_refspecs(f, "[" KEPT ",\"+refs/heads/*:refs/remotes/origin/*\","
                       "\"+refs/tags/*:refs/tags/*\"]");
}

#undef KEPT

#define ADD(name, func) g_test_add("/runner/payload/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("scalars-have-the-types-that-runners-decode", scalars_have_the_types_that_runners_decode);
    ADD("variables-keep-order-and-flags", variables_keep_order_and_flags);
    ADD("scripts-are-two-steps", scripts_are_two_steps);
    ADD("artifacts-are-one-entry-an-upload", artifacts_are_one_entry_an_upload);
    ADD("images-and-services-keep-their-options", images_and_services_keep_their_options);
    ADD("cache-keys-tell-protected-refs-apart", cache_keys_tell_protected_refs_apart);
    ADD("hooks-and-inputs-are-lists", hooks_and_inputs_are_lists);
    ADD("run-is-text-that-holds-json", run_is_text_that_holds_json);
    ADD("reports-have-the-format-of-their-type", reports_have_the_format_of_their_type);
    ADD("refspecs-name-only-what-is-there", refspecs_name_only_what_is_there);
    return g_test_run();
}
