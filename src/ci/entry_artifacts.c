/* entry_artifacts.c - artifacts and their reports. */
#include "ci/entry.h"

#include <string.h>

static const char *const artifact_whens[] = { "on_success", "on_failure", "always", NULL };

static void read_report(Entry *e, const Keyword *keyword, const Node *value)
{
    GArray *reports = e->out;
    CiReport report = { keyword->name, strings_of(e->c->arena, value) };

    g_array_append_val(reports, report);
}

static const Keyword report_keywords[] = {
    { "junit", read_report, SHAPE_STRINGS_OR_STRING },
    KEYWORD_LATER("accessibility"),
    KEYWORD_LATER("annotations"),
    KEYWORD_LATER("api_fuzzing"),
    KEYWORD_LATER("browser_performance"),
    KEYWORD_LATER("cluster_image_scanning"),
    KEYWORD_LATER("codequality"),
    KEYWORD_LATER("container_scanning"),
    KEYWORD_LATER("coverage_fuzzing"),
    KEYWORD_LATER("coverage_report"),
    KEYWORD_LATER("cyclonedx"),
    KEYWORD_LATER("dast"),
    KEYWORD_LATER("dependency_scanning"),
    KEYWORD_LATER("dotenv"),
    KEYWORD_LATER("license_scanning"),
    KEYWORD_LATER("load_performance"),
    KEYWORD_LATER("lsif"),
    KEYWORD_LATER("metrics"),
    KEYWORD_LATER("performance"),
    KEYWORD_LATER("repository_xray"),
    KEYWORD_LATER("requirements"),
    KEYWORD_LATER("requirements_v2"),
    KEYWORD_LATER("sarif"),
    KEYWORD_LATER("sast"),
    KEYWORD_LATER("secret_detection"),
    KEYWORD_LATER("terraform"),
};

static void read_reports(Entry *e, const Keyword *keyword, const Node *value)
{
    CiArtifacts *artifacts = e->out;
    g_autoptr(GArray) reports = g_array_new(FALSE, TRUE, sizeof(CiReport));
    Entry entry = { e->c, entry_location(e, keyword->name), value, reports };

    if (!entry_read_hash(&entry, report_keywords, G_N_ELEMENTS(report_keywords)))
        return;
    artifacts->n_reports = reports->len;
    artifacts->reports = arena_memdup(e->c->arena, reports->data, reports->len * sizeof(CiReport));
}

static const Keyword artifacts_keywords[] = {
    { "name", read_string, SHAPE_STRING, offsetof(CiArtifacts, name) },
    { "untracked", read_bool, SHAPE_BOOL, offsetof(CiArtifacts, untracked) },
    { "paths", read_strings, SHAPE_STRINGS, offsetof(CiArtifacts, paths) },
    { "exclude", read_strings, SHAPE_STRINGS, offsetof(CiArtifacts, exclude) },
    { "reports", read_reports, SHAPE_HASH },
    { "when", read_string, SHAPE_CHOICE, offsetof(CiArtifacts, when), artifact_whens },
    { "expire_in", read_string, SHAPE_DURATION_OR_NEVER, offsetof(CiArtifacts, expire_in) },
    KEYWORD_LATER("expose_as"),
    KEYWORD_LATER("public"),
    KEYWORD_LATER("access"),
};

void entry_read_artifacts(Entry *e, const Keyword *keyword, const Node *value)
{
    CiArtifacts *artifacts = arena_new0(e->c->arena, CiArtifacts, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, artifacts };

    artifacts->when = artifact_whens[0];
    if (entry_read_hash(&entry, artifacts_keywords, G_N_ELEMENTS(artifacts_keywords)))
        G_STRUCT_MEMBER(const CiArtifacts *, e->out, keyword->offset) = artifacts;
}
