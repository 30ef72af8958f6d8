/* entry_artifacts.c - artifacts and their reports. */
#include "ci/entry.h"

#include <string.h>

enum { MAX_EXPOSED_NAME = 100 };

static const char *const artifact_accesses[] = { "none", "developer", "maintainer", "all", NULL };
static const char *const artifact_whens[] = { "on_success", "on_failure", "always", NULL };

static void read_report(Entry *e, const Keyword *keyword, const Node *value)
{
    GArray *reports = e->out;
    CiReport report = { keyword->name, strings_of(e->c->arena, value) };

    g_array_append_val(reports, report);
}

static const char *const coverage_formats[] = { "cobertura", "jacoco", NULL };

static const Keyword coverage_report_keywords[] = {
    { "coverage_format", read_ignored },
    { "path", read_ignored, SHAPE_STRING },
};

static bool check_coverage_report(const Entry *e)
{
    const Node *format = node_get(e->node, "coverage_format");
    bool ok = true;

    if (e->node->kind != NODE_MAP)
        return entry_report(e, e->node, "should be a hash");
    ok = entry_check_keys(e, coverage_report_keywords, G_N_ELEMENTS(coverage_report_keywords));
    if (node_is_blank(node_get(e->node, "path")))
        ok = compiler_report_lower(e->c, e->node, "%s path can't be blank", e->location);
    if (!format || !shape_fits(format, SHAPE_CHOICE, coverage_formats))
        ok = compiler_report_lower(
            e->c, e->node,
            "%s coverage format must be one of supported formats: cobertura, jacoco.", e->location);
    return entry_check_shapes(e, coverage_report_keywords,
                              G_N_ELEMENTS(coverage_report_keywords)) &&
           ok;
}

/* Its format is what the report is known by. */
static void read_coverage_report(Entry *e, const Keyword *keyword, const Node *value)
{
    GArray *reports = e->out;
    Entry entry = { e->c, entry_location(e, keyword->name), value, reports };

    if (!check_coverage_report(&entry))
        return;
    CiReport report = { node_get(value, "coverage_format")->text,
                        strings_of(e->c->arena, node_get(value, "path")) };
    g_array_append_val(reports, report);
}

static const Keyword report_keywords[] = {
    { "junit", read_report, SHAPE_STRINGS_OR_STRING },
    { "accessibility", read_report, SHAPE_STRINGS_OR_STRING },
    { "annotations", read_report, SHAPE_STRINGS_OR_STRING },
    { "api_fuzzing", read_report, SHAPE_STRINGS_OR_STRING },
    { "browser_performance", read_report, SHAPE_STRINGS_OR_STRING },
    { "cluster_image_scanning", read_report, SHAPE_STRINGS_OR_STRING },
    { "codequality", read_report, SHAPE_STRINGS_OR_STRING },
    { "container_scanning", read_report, SHAPE_STRINGS_OR_STRING },
    { "coverage_fuzzing", read_report, SHAPE_STRINGS_OR_STRING },
    { "coverage_report", read_coverage_report },
    { "cyclonedx", read_report, SHAPE_STRINGS_OR_STRING },
    { "dast", read_report, SHAPE_STRINGS_OR_STRING },
    { "dependency_scanning", read_report, SHAPE_STRINGS_OR_STRING },
    { "dotenv", read_report, SHAPE_STRINGS_OR_STRING },
    { "license_scanning", read_report, SHAPE_STRINGS_OR_STRING },
    { "load_performance", read_report, SHAPE_STRINGS_OR_STRING },
    { "lsif", read_report, SHAPE_STRINGS_OR_STRING },
    { "metrics", read_report, SHAPE_STRINGS_OR_STRING },
    { "performance", read_report, SHAPE_STRINGS_OR_STRING },
    { "repository_xray", read_report, SHAPE_STRINGS_OR_STRING },
    { "requirements", read_report, SHAPE_STRINGS_OR_STRING },
    { "requirements_v2", read_report, SHAPE_STRINGS_OR_STRING },
    { "sarif", read_report, SHAPE_STRINGS_OR_STRING },
    { "sast", read_report, SHAPE_STRINGS_OR_STRING },
    { "secret_detection", read_report, SHAPE_STRINGS_OR_STRING },
    { "terraform", read_report, SHAPE_STRINGS_OR_STRING },
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
    { "public", read_ignored, SHAPE_BOOL },
    { "untracked", read_bool, SHAPE_BOOL, offsetof(CiArtifacts, untracked) },
    { "paths", read_strings, SHAPE_STRINGS, offsetof(CiArtifacts, paths) },
    { "expose_as", read_string, SHAPE_STRING, offsetof(CiArtifacts, expose_as) },
    { "exclude", read_strings, SHAPE_STRINGS, offsetof(CiArtifacts, exclude) },
    { "reports", read_reports, SHAPE_HASH },
    { "when", read_string, SHAPE_CHOICE, offsetof(CiArtifacts, when), artifact_whens },
    { "expire_in", read_string, SHAPE_DURATION_OR_NEVER, offsetof(CiArtifacts, expire_in) },
    { "access", read_string, SHAPE_CHOICE, offsetof(CiArtifacts, access), artifact_accesses },
};

static bool has_wildcard(const Node *paths)
{
    for (size_t i = 0; paths && paths->kind == NODE_LIST && i < paths->n; i++) {
        if (paths->items[i]->text && strchr(paths->items[i]->text, '*'))
            return true;
    }
    return false;
}

static bool is_exposable(const char *name)
{
    static const char word[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_";

    return *name && strchr(word, *name) &&
           name[strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_- ")] == '\0';
}

static bool check_exposed(const Entry *e)
{
    const Node *name = node_get(e->node, "expose_as");
    const Node *paths = node_get(e->node, "paths");
    bool ok = true;

    if (node_is_null(name))
        return true;
    if (node_is_blank(paths))
        ok = compiler_report_lower(e->c, e->node, "%s paths can't be blank", e->location);
    if (has_wildcard(paths))
        ok = compiler_report_lower(
            e->c, paths, "%s paths can't contain '*' when used with 'expose_as'", e->location);
    if (name->text && g_utf8_strlen(name->text, -1) > MAX_EXPOSED_NAME)
        ok =
            compiler_report_lower(e->c, name, "%s expose as is too long (maximum is %d characters)",
                                  e->location, MAX_EXPOSED_NAME);
    if (name->text && !is_exposable(name->text))
        ok = compiler_report_lower(
            e->c, name, "%s expose as can contain only letters, digits, '-', '_' and spaces",
            e->location);
    return ok;
}

static bool read_hash(Entry *e)
{
    CiArtifacts *artifacts = e->out;
    const Node *public = node_get(e->node, "public");
    size_t n = G_N_ELEMENTS(artifacts_keywords);

    if (e->node->kind != NODE_MAP)
        return entry_report(e, e->node, "should be a hash");
    bool ok = entry_check_keys(e, artifacts_keywords, n);
    if (public && node_get(e->node, "access"))
        ok = entry_report(e, e->node, "these keys cannot be used together: access, public");
    ok = check_exposed(e) && ok;
    ok = entry_check_shapes(e, artifacts_keywords, n) && ok;
    if (!ok)
        return false;
    if (!node_is_null(public) && !public->truth)
        artifacts->access = "developer";
    entry_read(e, artifacts_keywords, n);
    return true;
}

void entry_read_artifacts(Entry *e, const Keyword *keyword, const Node *value)
{
    CiArtifacts *artifacts = arena_new0(e->c->arena, CiArtifacts, 1);
    Entry entry = { e->c, entry_location(e, keyword->name), value, artifacts };

    artifacts->when = artifact_whens[0];
    artifacts->access = "all";
    if (read_hash(&entry))
        G_STRUCT_MEMBER(const CiArtifacts *, e->out, keyword->offset) = artifacts;
}
