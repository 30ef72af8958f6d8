/* include_fetch.c - getting the bytes of an included file, and the messages when that fails. */
#include "ci/include.h"

#include "base/text.h"

#include <string.h>

const char *include_name(Compiler *c, const Location *l)
{
    const char *project = l->place.project, *ref = l->place.ref;

    switch (l->kind) {
    case LOCATION_LOCAL:
    case LOCATION_PROJECT:
    case LOCATION_COMPONENT:
        return project ? arena_printf(c->arena, "%s@%s:%s", project, ref ? ref : "HEAD",
                                      l->place.path ? l->place.path : l->path)
                       : l->path;
    case LOCATION_TEMPLATE:
        return arena_printf(c->arena, "template:%s", l->path);
    case LOCATION_REMOTE:
    case LOCATION_ARTIFACT:
    case N_LOCATION_KEYS:
        break;
    }
    return l->path;
}

static bool report_no_file(Compiler *c, const Location *l, const char *what)
{
    switch (l->kind) {
    case LOCATION_LOCAL:
        return compiler_report(c, l->at, "Local file `%s` %s!", l->shown, what);
    case LOCATION_PROJECT:
        return compiler_report(c, l->at, "Project `%s` file `%s` %s!", l->place.project, l->shown,
                               what);
    case LOCATION_COMPONENT:
        return compiler_report(c, l->at, "Component '%s' - content not found", l->shown);
    case LOCATION_REMOTE:
    case LOCATION_TEMPLATE:
    case LOCATION_ARTIFACT:
    case N_LOCATION_KEYS:
        break;
    }
    return compiler_report(c, l->at, "Included file `%s` is empty or does not exist!", l->shown);
}

static bool report_no_ref(Compiler *c, const Location *l)
{
    if (l->kind == LOCATION_COMPONENT)
        return report_no_file(c, l, "");
    return compiler_report(c, l->at, "Project `%s` reference `%s` does not exist!",
                           l->place.project ? l->place.project : "",
                           l->place.ref ? l->place.ref : "HEAD");
}

static bool report_no_project(Compiler *c, const Location *l)
{
    if (l->kind == LOCATION_COMPONENT)
        return compiler_report(c, l->at,
                               "Component '%s' - project does not exist or you don't have "
                               "sufficient permissions",
                               l->shown);
    return compiler_report(c, l->at,
                           "Project `%s` not found or access denied! Make sure any includes in "
                           "the pipeline configuration are correctly defined.",
                           l->place.project ? l->place.project : "");
}

static bool report_no_version(Compiler *c, const Location *l)
{
    bool latest = l->place.ref && g_str_equal(l->place.ref, "~latest");

    return compiler_report(c, l->at,
                           "Component '%s' - The %s version reference is not supported for "
                           "non-catalog resources. Use a tag, branch, or commit SHA instead.",
                           l->shown, latest ? "~latest" : "partial semantic");
}

static bool report_remote(Compiler *c, const Location *l, const char *because)
{
    return compiler_report(c, l->at, "Remote file `%s` could not be fetched because of %s!",
                           l->shown, because);
}

void include_out_of_reach(Compiler *c, const Node *at, const char *shown, const char *why)
{
    compiler_warn(c, at, "include `%s` was not checked: %s", shown, why);
    c->unreached++;
}

bool include_check_result(Compiler *c, const Location *l, CiFetchResult result, const CiFile *file)
{
    const char *detail = file && file->detail ? file->detail : "";

    switch (result) {
    case CI_FETCH_OK:
        return true;
    case CI_FETCH_UNREACHABLE:
        include_out_of_reach(c, l->at,
                             l->kind == LOCATION_PROJECT
                                 ? arena_printf(c->arena, "%s` of `%s", l->shown, l->place.project)
                                 : l->shown,
                             "it cannot be reached from here");
        return true;
    case CI_FETCH_NO_FILE:
        return report_no_file(c, l, "does not exist");
    case CI_FETCH_NO_REF:
        return report_no_ref(c, l);
    case CI_FETCH_NO_PROJECT:
        return report_no_project(c, l);
    case CI_FETCH_NO_JOB:
        return compiler_report(
            c, l->at, "Job `%s` not found in parent pipeline or does not have artifacts!", l->job);
    case CI_FETCH_NO_VERSION:
        return report_no_version(c, l);
    case CI_FETCH_BAD_URL:
        return compiler_report(c, l->at, "Remote file `%s` does not have a valid address!",
                               l->shown);
    case CI_FETCH_SOCKET:
        return report_remote(c, l, "a socket error");
    case CI_FETCH_TIMEOUT:
        return report_remote(c, l, "a timeout error");
    case CI_FETCH_HTTP:
        return report_remote(c, l, "HTTP error");
    case CI_FETCH_STATUS:
        return report_remote(c, l, arena_printf(c->arena, "HTTP code `%s` error", detail));
    case CI_FETCH_BLOCKED:
        return compiler_report(c, l->at, "Remote file could not be fetched because %s!", detail);
    case CI_FETCH_OUT_OF_TIME:
        return compiler_report(c, l->at, "Request timed out when fetching configuration files.");
    case CI_FETCH_FAILED:
        break;
    }
    return compiler_report(c, l->at, "Included file `%s` could not be read", l->shown);
}

static bool is_blank(const CiFile *file)
{
    for (size_t i = 0; i < file->size; i++) {
        if (!g_ascii_isspace(file->bytes[i]))
            return false;
    }
    return true;
}

static bool digest_matches(const Location *l, const CiFile *file)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 bytes[32];
    gsize n = sizeof(bytes);

    g_checksum_update(checksum, (const guchar *)file->bytes, (gssize)file->size);
    g_checksum_get_digest(checksum, bytes, &n);
    g_autofree char *text = g_base64_encode(bytes, n);
    return g_str_equal(text, l->digest);
}

static bool check_content(Compiler *c, const Location *l, const CiFile *file)
{
    if (l->digest && !digest_matches(l, file))
        return compiler_report(c, l->at, "Remote file `%s` failed integrity check!", l->shown);
    if (is_blank(file))
        return report_no_file(c, l, "is empty");
    c->included_bytes += file->size;
    return c->included_bytes <= c->limits.total_bytes ||
           compiler_report(c, l->at, "Total size of combined CI/CD configuration is too big");
}

CiFileKind include_file_kind(LocationKey key)
{
    switch (key) {
    case LOCATION_REMOTE:
        return CI_FILE_REMOTE;
    case LOCATION_TEMPLATE:
        return CI_FILE_TEMPLATE;
    case LOCATION_COMPONENT:
        return CI_FILE_COMPONENT;
    case LOCATION_ARTIFACT:
        return CI_FILE_ARTIFACT;
    case LOCATION_LOCAL:
    case LOCATION_PROJECT:
    case N_LOCATION_KEYS:
        break;
    }
    return CI_FILE_REPOSITORY;
}

/* No project is at the top: its path names a group first. */
static bool may_be_project(const char *path)
{
    return *path != '/' && strchr(path, '/') && !g_str_has_suffix(path, "/");
}

static CiFetchResult ask(Compiler *c, const Location *l, CiFile *file)
{
    CiFetch what = { .project = l->place.project,
                     .ref = l->place.ref,
                     .path = l->path,
                     .job = l->job,
                     .kind = include_file_kind(l->kind),
                     .anonymous = l->place.outside };

    if (what.kind != CI_FILE_REMOTE && !text_is_inner_path(l->path))
        return CI_FETCH_NO_FILE;
    if (l->kind == LOCATION_PROJECT && !may_be_project(l->place.project))
        return CI_FETCH_NO_PROJECT;
    return c->input->fetch(c->input->fetch_data, &what, c->arena, file);
}

/* What an include is asked by: the same is fetched once. */
static const char *key_of(Compiler *c, const Location *l)
{
    return arena_printf(c->arena, "%d%d %s %s@%s:%s %s", (int)l->kind, l->place.outside,
                        l->job ? l->job : "", l->place.project ? l->place.project : "",
                        l->place.ref ? l->place.ref : "", l->path, l->digest ? l->digest : "");
}

static void settle(Location *l, const CiFile *file)
{
    l->place.path = file->path ? file->path : l->path;
    if (file->ref && l->place.project)
        l->place.ref = file->ref;
    l->place.outside = l->kind == LOCATION_REMOTE || l->kind == LOCATION_TEMPLATE;
}

bool include_fetch(Compiler *c, Location *l, const CiFile **out)
{
    const char *key = key_of(c, l);
    CiFile *file = g_hash_table_lookup(c->fetched, key);

    *out = NULL;
    if (!file) {
        if (!c->input->fetch)
            return compiler_report(c, l->at,
                                   "Included file `%s` cannot be read here: there is no repository",
                                   l->shown);
        file = arena_new0(c->arena, CiFile, 1);
        file->bytes = "";
        CiFetchResult result = ask(c, l, file);
        if (!include_check_result(c, l, result, file))
            return false;
        if (result == CI_FETCH_UNREACHABLE)
            return true;
        if (!check_content(c, l, file))
            return false;
        g_hash_table_insert(c->fetched, (gpointer)key, file);
    }
    settle(l, file);
    *out = file;
    return true;
}
