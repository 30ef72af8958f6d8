/* Every type of YAML value on every keyword: nothing crashes, and each refusal has its text. */
#include "ci/ci.h"

#include <string.h>

/* A scalar of each kind, and one list and one mapping that no keyword knows. */
static const struct {
    char kind;
    const char *yaml;
} values[] = {
    { 'b', "true" }, { 'i', "1" },   { 'f', "1.5" },
    { 's', "text" }, { 'l', "[1]" }, { 'm', "{zz: 1}" },
};

/* What is refused of the kinds that are not in @accepts; the texts stand behind the place. */
typedef struct Row {
    const char *keyword;
    const char *accepts;
    const char *scalar;
    const char *list;    /* NULL: as scalar */
    const char *mapping; /* NULL: as scalar */
    bool in_default;
} Row;

#define SCRIPT  "config should be a string or a nested array of strings up to 10 levels deep"
#define UNKNOWN "config contains unknown keys: zz"
#define HASH    "config should be a hash"

/* A text that begins with a blank is about an attribute of the job itself. */
static const Row rows[] = {
    { "after_script", "s", SCRIPT, NULL, NULL, true },
    { "allow_failure", "b", " allow failure should be a hash or a boolean value", NULL, UNKNOWN },
    { "artifacts", "", HASH, NULL, UNKNOWN, true },
    { "before_script", "s", SCRIPT, NULL, NULL, true },
    { "cache", "", HASH, NULL, UNKNOWN, true },
    { "coverage", "", "config must be a regular expression with re2 syntax" },
    { "dast_configuration", "", HASH, NULL, UNKNOWN },
    { "dependencies", "", " dependencies should be an array of strings" },
    { "environment", "s", "config should be a hash or a string", NULL, "name can't be blank" },
    { "hooks", "", HASH, NULL, UNKNOWN, true },
    { "icon", "s", " icon should be a string" },
    { "id_tokens", "", HASH, NULL, ":zz config should be a hash", true },
    { "identity", "", "config should be one of: google_cloud", NULL, NULL, true },
    { "image", "s", "config should be a hash or a string", NULL, UNKNOWN, true },
    { "inherit", "", HASH, NULL, UNKNOWN },
    { "inputs", "", HASH, NULL, ":zz config should be a hash" },
    { "interruptible", "b", "config should be a boolean value", NULL, NULL, true },
    { "manual_confirmation", "s", " manual confirmation should be a string" },
    { "needs", "", "config can only be a hash or an array", ":need has an unsupported type",
      ":need has an unsupported type" },
    { "pages", "b", "config should be a hash or a boolean value", NULL, UNKNOWN },
    { "parallel", "if", "should be an integer or a hash", NULL, UNKNOWN },
    { "publish", "", " publish can only be used within a `pages` job" },
    { "release", "", HASH, NULL, UNKNOWN },
    { "resource_group", "s", " resource group should be a string" },
    { "retry", "i", "has to be either an integer or a hash", NULL, UNKNOWN, true },
    { "rules", "", " rules should be an array containing hashes and arrays of hashes" },
    { "secrets", "", HASH, NULL, ":zz config should be a hash" },
    { "services", "", "config should be a array", ":service config should be a hash or a string",
      NULL, true },
    { "stage", "s", "config should be a string" },
    { "start_in", "", " start in must be blank" },
    { "tags", "", "config should be an array of strings", NULL, NULL, true },
    { "timeout", "", "config should be a duration", NULL, NULL, true },
    { "variables", "m", HASH },
};

static CiMessages compile(Arena *arena, const char *text)
{
    CiMessages messages = { 0 };
    CiInput input = { .path = "a.yml", .bytes = text, .size = strlen(text) };
    CiConfig *config = ci_compile(&input, arena, &messages);

    g_assert_true((config == NULL) == (messages.n > 0));
    for (size_t i = 0; i < messages.n; i++) {
        g_assert_nonnull(messages.items[i].text);
        g_assert_cmpstr(messages.items[i].text, !=, "");
        g_assert_null(strstr(messages.items[i].text, "(null)"));
    }
    if (config)
        (void)ci_plan(config, (CiVariables){ NULL, 0 }, &input.limits);
    return messages;
}

static const char *text_of(const Row *row, char kind)
{
    const char *text = kind == 'l' ? row->list : kind == 'm' ? row->mapping : NULL;

    return text ? text : row->scalar;
}

/* "jobs:j:cache config ...", "jobs:j start in ...", "jobs:j:services:service config ...". */
static void check_refused(const CiMessages *messages, const char *place, const Row *row, char kind)
{
    const char *text = text_of(row, kind);
    g_autofree char *expected = *text == ' ' ? g_strconcat(place, text, NULL)
                                : *text == ':'
                                    ? g_strconcat(place, ":", row->keyword, text, NULL)
                                    : g_strconcat(place, ":", row->keyword, " ", text, NULL);

    g_assert_cmpuint(messages->n, >, 0);
    g_assert_cmpstr(messages->items[0].text, ==, expected);
}

static void check_row(const Row *row, const char *place, const char *before, const char *after)
{
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(Arena) arena = arena_new();
        g_autofree char *text =
            g_strdup_printf("%s%s: %s%s", before, row->keyword, values[i].yaml, after);
        CiMessages messages = compile(arena, text);
        if (!strchr(row->accepts, values[i].kind))
            check_refused(&messages, place, row, values[i].kind);
    }
}

static void a_wrong_type_on_a_job_has_its_text(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_row(&rows[i], "jobs:j", "j: {script: x, ", "}\n");
}

static void a_wrong_type_in_default_has_its_text(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].in_default)
            check_row(&rows[i], "default", "default: {", "}\nj: {script: x}\n");
}

/* Where a value of any kind may stand; "@" is the place. */
static const char *const places[] = {
    "@",
    "@: {script: x}",
    "j: @",
    "j: {script: @}",
    "j: {run: @}",
    "j: {run: [@]}",
    "j: {run: [{name: @, script: x}]}",
    "j: {run: [{name: a, script: @}]}",
    "j: {run: [{name: a, step: @, env: @, inputs: @}]}",
    "j: {trigger: @}",
    "j: {trigger: {project: @, branch: @, strategy: @, forward: @, include: @, inputs: @}}",
    "j: {script: x, @: 1}",
    "j: {script: x, when: @}",
    "j: {script: x, extends: @}",
    "j: {script: x, only: @}",
    "j: {script: x, except: @}",
    "j: {script: x, only: {refs: @, variables: @, changes: @, kubernetes: @}}",
    "j: {script: x, rules: [@]}",
    "j: {script: x, rules: [{if: @}]}",
    "j: {script: x, rules: [{changes: @}]}",
    "j: {script: x, rules: [{changes: {paths: @, compare_to: @}}]}",
    "j: {script: x, rules: [{exists: @}]}",
    "j: {script: x, rules: [{exists: {paths: @, project: @, ref: @}}]}",
    "j: {script: x, rules: [{needs: @}]}",
    "j: {script: x, rules: [{variables: @, when: @, allow_failure: @}]}",
    "j: {script: x, rules: [{interruptible: @, start_in: @}]}",
    "j: {script: x, needs: [@]}",
    "j: {script: x, needs: [{job: @, optional: @, artifacts: @, parallel: @}]}",
    "j: {script: x, needs: [{project: @, ref: @, job: @}]}",
    "j: {script: x, needs: [{pipeline: @}]}",
    "j: {script: x, parallel: {matrix: @}}",
    "j: {script: x, parallel: {matrix: [@]}}",
    "j: {script: x, parallel: {matrix: [{A: @}]}}",
    "j: {script: x, parallel: {matrix: [{@: a}]}}",
    "j: {script: x, variables: {A: @}}",
    "j: {script: x, variables: {@: a}}",
    "j: {script: x, variables: {A: {value: @, expand: @, description: @}}}",
    "j: {script: x, retry: {max: @, when: @, exit_codes: @}}",
    "j: {script: x, allow_failure: {exit_codes: @}}",
    "j: {script: x, inherit: {default: @, variables: @}}",
    "j: {script: x, inherit: {default: [@], variables: [@]}}",
    "j: {script: x, cache: [@]}",
    "j: {script: x, cache: {key: @, paths: @, untracked: @, unprotect: @}}",
    "j: {script: x, cache: {policy: @, when: @, fallback_keys: @}}",
    "j: {script: x, cache: {key: {files: @, prefix: @}}}",
    "j: {script: x, cache: {key: {files_commits: [@]}}}",
    "j: {script: x, artifacts: {name: @, paths: @, exclude: @, untracked: @, when: @}}",
    "j: {script: x, artifacts: {expire_in: @, expose_as: @, public: @}}",
    "j: {script: x, artifacts: {access: @, reports: @}}",
    "j: {script: x, artifacts: {expose_as: a, paths: @}}",
    "j: {script: x, artifacts: {reports: {junit: @, dotenv: @, coverage_report: @}}}",
    "j: {script: x, artifacts: {reports: {coverage_report: {coverage_format: @, path: @}}}}",
    "j: {script: x, image: {name: @, entrypoint: @, pull_policy: @}}",
    "j: {script: x, image: {name: a, docker: @, kubernetes: @, ports: @}}",
    "j: {script: x, image: {name: a, docker: {user: @, platform: @}, kubernetes: {user: @}}}",
    "j: {script: x, services: [@]}",
    "j: {script: x, services: [{name: @, alias: @, command: @, variables: @}]}",
    "j: {script: x, services: [{name: a, variables: {A: @}}]}",
    "j: {script: x, environment: {name: @, url: @, action: @, on_stop: @}}",
    "j: {script: x, environment: {name: a, auto_stop_in: @, deployment_tier: @, kubernetes: @}}",
    "j: {script: x, environment: {name: a, kubernetes: {agent: @, namespace: @, dashboard: @}}}",
    "j: {script: x, environment: {name: a, kubernetes: {managed_resources: @}}}",
    "j: {script: x, release: {tag_name: @, description: @, ref: @, milestones: @}}",
    "j: {script: x, release: {tag_name: a, description: b, released_at: @, assets: @}}",
    "j: {script: x, release: {tag_name: a, description: b, assets: {links: @}}}",
    "j: {script: x, release: {tag_name: a, description: b, assets: {links: [@]}}}",
    "j: {script: x, secrets: {A: @}}",
    "j: {script: x, secrets: {@: {vault: a}}}",
    "j: {script: x, secrets: {A: {vault: @, file: @, token: @}}}",
    "j: {script: x, secrets: {A: {vault: {engine: @, path: @, field: @}}}}",
    "j: {script: x, secrets: {A: {vault: {engine: {name: @, path: @}, path: a, field: b}}}}",
    "j: {script: x, secrets: {A: {gcp_secret_manager: @, token: t}}}",
    "j: {script: x, secrets: {A: {azure_key_vault: {name: @, version: @}}}}",
    "j: {script: x, secrets: {A: {aws_secrets_manager: @}}}",
    "j: {script: x, id_tokens: {A: @}}",
    "j: {script: x, id_tokens: {@: {aud: a}}}",
    "j: {script: x, id_tokens: {A: {aud: @}}}",
    "j: {script: x, hooks: {pre_get_sources_script: @}}",
    "j: {script: x, pages: {path_prefix: @, expire_in: @, publish: @}}",
    "pages: {script: x, publish: @, pages: @, artifacts: @}",
    "j: {script: x, inputs: {A: @}}",
    "j: {script: x, inputs: {@: {default: a}}}",
    "j: {script: x, inputs: {A: {type: @, default: @, options: @, regex: @, description: @}}}",
    "j: {script: x, inputs: {A: {default: @}}}",
    "j: {script: x, inputs: {A: {type: number, default: @, options: [@]}}}",
    "j: {script: x, inputs: {A: {type: array, default: @, options: [@]}}}",
    "j: {script: x, dast_configuration: {site_profile: @, scanner_profile: @}}",
    "j: {script: x, dependencies: [@]}",
    "j: {script: x, tags: [@]}",
    "j: {script: x, when: delayed, start_in: @}",
    "default: {@: 1}\nj: {script: x}",
    "default: @\nj: {script: x}",
    "workflow: @\nj: {script: x}",
    "workflow: {name: @, rules: @, auto_cancel: @}\nj: {script: x}",
    "workflow: {rules: [@]}\nj: {script: x}",
    "workflow: {rules: [{if: @, when: @, variables: @, auto_cancel: @}]}\nj: {script: x}",
    "workflow: {auto_cancel: {on_new_commit: @, on_job_failure: @}}\nj: {script: x}",
    "stages: @\nj: {script: x}",
    "stages: [@]\nj: {script: x}",
    "variables: @\nj: {script: x}",
    "variables: {A: {value: @, options: @, description: @, expand: @}}\nj: {script: x}",
    "include: @\nj: {script: x}",
    "include: [@]\nj: {script: x}",
    "include: [{local: @, rules: @, inputs: @}]\nj: {script: x}",
    "include: [{project: @, ref: @, file: @}]\nj: {script: x}",
    "include: [{remote: @, integrity: @}]\nj: {script: x}",
    "include: [{component: @}]\nj: {script: x}",
    "include: [{template: @}]\nj: {script: x}",
    "image: @\nservices: @\nj: {script: x}",
    "cache: @\nj: {script: x}",
    "before_script: @\nafter_script: @\nj: {script: x}",
    "types: @\nj: {script: x}",
    "spec: @\n---\nj: {script: x}",
    "spec: {inputs: @}\n---\nj: {script: x}",
    "spec: {inputs: {a: @}}\n---\nj: {script: x}",
    "spec: {inputs: {a: {type: @, default: @, options: @, regex: @}}}\n---\nj: {script: x}",
};

static const char *const any_values[] = {
    "~",
    "true",
    "no",
    "1",
    "-1",
    "1.5",
    ".inf",
    ".nan",
    "0x1F",
    "1_000",
    "1e400",
    "2001-01-01",
    "12:30:45",
    "text",
    "\"\"",
    "\"  \"",
    "\"$A\"",
    "\"a/b\"",
    "\"%zz\"",
    "\"/(/\"",
    "[]",
    "[~]",
    "[1]",
    "[text]",
    "[[[]]]",
    "[[a], b]",
    "[{}]",
    "[{a: b}]",
    "{}",
    "{a: b}",
    "{a: ~}",
    "{1: 2}",
    "{~: 1}",
    "{a: {b: {c: d}}}",
    "{[a]: b}",
    "{{a: b}: c}",
    "!!set {a}",
    "!!str 1",
    "!!binary aa",
    "!reference [j, script]",
    "!reference []",
    "99999999999999999999999",
    "-9223372036854775808",
    "\"\\u0000\"",
    "\"\\xe9\"",
};

static char *fill(const char *place, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(place, "@", -1);

    return g_strjoinv(value, parts);
}

static void any_value_at_any_place_is_answered(void)
{
    for (size_t p = 0; p < G_N_ELEMENTS(places); p++)
        for (size_t v = 0; v < G_N_ELEMENTS(any_values); v++) {
            g_autoptr(Arena) arena = arena_new();
            g_autofree char *text = fill(places[p], any_values[v]);
            g_test_message("%s", text);
            (void)compile(arena, text);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci/types/a-wrong-type-on-a-job-has-its-text",
                    a_wrong_type_on_a_job_has_its_text);
    g_test_add_func("/ci/types/a-wrong-type-in-default-has-its-text",
                    a_wrong_type_in_default_has_its_text);
    g_test_add_func("/ci/types/any-value-at-any-place-is-answered",
                    any_value_at_any_place_is_answered);
    return g_test_run();
}
