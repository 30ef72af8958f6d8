/* artifacts.c - section 5 of the protocol. */
#include "exec/artifacts.h"

#include "base/names.h"
#include "exec/files.h"
#include "exec/pack.h"

#include <glib/gstdio.h>
#include <string.h>

enum {
    TRIES = 3,
    TRIES_BUSY = 6, /* after 503 */
    PAUSE_MS = 1000,
    MAX_LIST = 64 * 1024 * 1024 /* of the names of untracked files */
};

static bool is_for(UploadWhen when, bool success)
{
    return when == UPLOAD_ALWAYS || (when == UPLOAD_ON_SUCCESS) == success;
}

static bool has_paths(const JobArtifact *artifact)
{
    return artifact->paths[0] || artifact->untracked;
}

bool artifacts_wanted(const Job *job, bool success)
{
    for (size_t i = 0; i < job->n_artifacts; i++)
        if (is_for(job->artifacts[i].when, success) && has_paths(&job->artifacts[i]))
            return true;
    return false;
}

/* Waits between two tries; false: no more tries. */
static bool pause_before_retry(JobRun *run)
{
    for (int ms = 0; ms < PAUSE_MS; ms += 100) {
        if (control_level(run->context->control) >= STOP_SHUTDOWN ||
            g_get_monotonic_time() >= run->deadline_us)
            return false;
        g_usleep(100 * 1000);
    }
    return true;
}

/* Finding -------------------------------------------------------------------------------------- */

static void collect_list(void *data, const char *bytes, size_t n)
{
    GString *list = data;

    if (list->len + n <= MAX_LIST)
        g_string_append_len(list, bytes, (gssize)n);
}

static void add_untracked(JobRun *run, FileSet *set)
{
    g_autoptr(GString) list = g_string_new(NULL);
    ScriptOptions options = { .plain = true,
                              .stop_at = STOP_SHUTDOWN,
                              .deadline_us = run->deadline_us,
                              .output = collect_list,
                              .data = list };
    ProcessResult result;
    int found = 0;

    if (!job_script(run, "untracked", "git -c core.fsmonitor=false ls-files -o -z 2>/dev/null\n",
                    &options, &result, NULL) ||
        result.end != PROCESS_EXITED || result.exit_code != 0) {
        trace_printf(run->trace, "\033[0;33mWARNING: untracked: git knows no files here\033[0;m\n");
        return;
    }
    for (const char *p = list->str; p < list->str + list->len; p += strlen(p) + 1) {
        file_set_add_file(set, p);
        found++;
    }
    trace_printf(run->trace, "untracked: found %d files\n", found);
}

FileSet *artifacts_find(JobRun *run, const ArtifactPaths *wanted)
{
    g_autoptr(GPtrArray) exclude = g_ptr_array_new_with_free_func(g_free);

    for (const char *const *glob = wanted->exclude; glob && *glob; glob++)
        g_ptr_array_add(exclude, vars_expand(run->vars, *glob));
    g_ptr_array_add(exclude, NULL);
    FileSet *set = file_set_new(run->build_dir, (const char *const *)exclude->pdata);
    for (const char *const *path = wanted->paths; *path; path++) {
        g_autofree char *pattern = vars_expand(run->vars, *path);
        int found = file_set_add_glob(set, pattern);
        if (found > 0)
            trace_printf(run->trace, "%s: found %d matching files and directories\n", pattern,
                         found);
        else
            trace_printf(run->trace, "\033[0;33mWARNING: %s: %s\033[0;m\n", pattern,
                         found < 0 ? "not a pattern for files of the project"
                                   : "no matching files");
    }
    if (wanted->untracked)
        add_untracked(run, set);
    return set;
}

/* Up ------------------------------------------------------------------------------------------- */

typedef enum Format { FORMAT_ZIP, FORMAT_GZIP, FORMAT_RAW, N_FORMATS } Format;

static const char *const format_words[] = { "zip", "gzip", "raw" };
static const char *const format_endings[] = { ".zip", ".gz", "" };

static bool write_archive(JobRun *run, const FileSet *set, Format format, const char *path,
                          Error *err)
{
    g_autoptr(GString) notes = g_string_new(NULL);
    bool ok = false;

    if (format == FORMAT_GZIP)
        return archive_write_gzip(set, path, err);
    if (format == FORMAT_RAW)
        return archive_write_raw(set, path, err);
    ok = archive_write_zip(set, path, notes, err);
    if (notes->len)
        trace_printf(run->trace, "\033[0;33mWARNING: %s\033[0;m", notes->str);
    return ok;
}

/* "" and what the name's variables may make of it are no file names. */
static char *upload_name(const JobRun *run, const JobArtifact *artifact, Format format)
{
    g_autofree char *text = vars_expand(run->vars, artifact->name ? artifact->name : "artifacts");
    const char *slash = strrchr(text, '/');
    const char *base = slash ? slash + 1 : text;

    return g_strconcat(*base ? base : "default", format_endings[format], NULL);
}

static bool upload_is_final(const ClientReply *reply, int tries)
{
    if (reply->status == 201 || reply->status == 403 || reply->status == 413)
        return true;
    return tries >= (reply->status == 503 ? TRIES_BUSY : TRIES);
}

/* A server that is away is waited for: a restart must not cost the artifacts. */
static bool send_archive(JobRun *run, const Upload *upload, Error *err)
{
    const char *type = upload->type ? upload->type : "archive";

    for (int tries = 0;;) {
        g_auto(ClientReply) reply = { 0 };
        g_auto(Error) why = ERROR_INIT;
        if (client_upload(run->client, upload, &reply, &why)) {
            tries++;
            if (upload_is_final(&reply, tries)) {
                trace_printf(run->trace, "Uploading artifacts as \"%s\": %s (%ld)\n", type,
                             reply.status == 201 ? "done" : "refused", reply.status);
                if (reply.status == 201)
                    return true;
                return error_set(err, ERR_IO, "the server answered %ld to the upload of \"%s\"%s",
                                 reply.status, type,
                                 reply.status == 413 ? ": it is too large" : "");
            }
        } else if (why.code != ERR_UNAVAILABLE) {
            return error_move(err, &why);
        }
        if (!pause_before_retry(run))
            return error_set(err, ERR_UNAVAILABLE, "the upload of \"%s\" was interrupted", type);
    }
}

static bool upload_one(JobRun *run, const JobArtifact *artifact, Error *err)
{
    static const NameTable format_names = NAME_TABLE(format_words);
    int format = artifact->format ? name_value(&format_names, artifact->format) : FORMAT_ZIP;
    ArtifactPaths wanted = { artifact->paths, artifact->exclude, artifact->untracked };

    if (format < 0)
        return error_set(err, ERR_INVALID, "the artifact format '%s' is not supported",
                         artifact->format);
    g_autoptr(FileSet) set = artifacts_find(run, &wanted);
    if (file_set_count(set) == 0) {
        trace_printf(run->trace, "\033[31;1mERROR: No files to upload\033[0;m\n");
        return true;
    }
    g_autofree char *path = g_build_filename(run->private_dir, "upload", NULL);
    g_autofree char *name = upload_name(run, artifact, (Format)format);
    Upload upload = { .id = run->job->id,
                      .token = run->job->token,
                      .path = path,
                      .filename = name,
                      .type = artifact->type,
                      .format = artifact->format,
                      .expire_in = artifact->expire_in };
    bool ok = write_archive(run, set, (Format)format, path, err) && send_archive(run, &upload, err);
    g_unlink(path);
    return ok;
}

bool artifacts_upload(JobRun *run, bool success, Error *err)
{
    bool ok = true;

    for (size_t i = 0; i < run->job->n_artifacts; i++) {
        const JobArtifact *artifact = &run->job->artifacts[i];
        g_auto(Error) why = ERROR_INIT;
        if (!is_for(artifact->when, success) || !has_paths(artifact) ||
            upload_one(run, artifact, &why))
            continue;
        trace_printf(run->trace, "\033[31;1mERROR: %s\033[0;m\n", error_text(&why));
        if (ok)
            ok = error_move(err, &why);
    }
    return ok;
}

/* Down ----------------------------------------------------------------------------------------- */

static bool fetch_archive(JobRun *run, const JobDependency *from, const char *path, Error *err)
{
    for (int tries = 0;;) {
        g_auto(ClientReply) reply = { 0 };
        g_auto(Error) why = ERROR_INIT;
        g_unlink(path);
        if (client_download(run->client, from->id, from->token, path, &reply, &why)) {
            tries++;
            if (reply.status == 200)
                return true;
            if (tries >= TRIES || reply.status == 401 || reply.status == 403 || reply.status == 404)
                return error_set(err, ERR_IO, "the server answered %ld to the download",
                                 reply.status);
        } else if (why.code != ERR_UNAVAILABLE) {
            return error_move(err, &why);
        }
        if (!pause_before_retry(run))
            return error_set(err, ERR_UNAVAILABLE, "the download was interrupted");
    }
}

bool artifacts_download(JobRun *run, Error *err)
{
    g_autofree char *path = g_build_filename(run->private_dir, "download", NULL);

    for (size_t i = 0; i < run->job->n_dependencies; i++) {
        const JobDependency *from = &run->job->dependencies[i];
        const char *name = from->name ? from->name : "";
        g_autoptr(GString) notes = g_string_new(NULL);
        trace_printf(run->trace, "Downloading artifacts for %s (%" G_GINT64_FORMAT ")...\n", name,
                     from->id);
        bool ok = fetch_archive(run, from, path, err) &&
                  archive_extract(path, run->build_dir, notes, err);
        g_unlink(path);
        if (notes->len)
            trace_printf(run->trace, "\033[0;33mWARNING: %s\033[0;m", notes->str);
        if (!ok)
            return error_prefix(err, "artifacts of %s (%" G_GINT64_FORMAT ")", name, from->id);
    }
    return true;
}
