/* parent_artifact.c - from a job's name to the bytes of one file in its archive. */
#include "pipeline/parent_artifact.h"

#include "base/text.h"
#include "blob/blob.h"
#include "blob/zip_index.h"
#include "store/artifacts.h"
#include "store/jobs.h"

#include <unistd.h>
#include <zip.h>

static CiFetchResult find_archive(const Site *site, const Pipeline *parent, const char *name,
                                  Arena *arena, Artifact *archive)
{
    g_autoptr(Db) db = database_reader(site->database);
    g_auto(Error) failed = ERROR_INIT;
    Job job;

    if (!job_by_name(db, arena, parent->id, name, &job, &failed) ||
        !artifact_by_type(db, arena, job.id, ARTIFACT_ARCHIVE, archive, &failed))
        return failed.code == ERR_NO_RECORD ? CI_FETCH_NO_JOB : CI_FETCH_FAILED;
    bool gone = false;
    if (!artifact_is_gone(db, arena, archive, clock_now(site->clock), &gone, &failed))
        return CI_FETCH_FAILED;
    return gone ? CI_FETCH_NO_JOB : CI_FETCH_OK;
}

/* Damaged data ends the file; @max bytes do as well. */
static CiFetchResult read_entry(zip_file_t *entry, size_t max, Arena *arena, CiFile *file)
{
    enum { STEP = 65536 };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    zip_int64_t n = 0;

    do {
        guint had = bytes->len;
        g_byte_array_set_size(bytes, had + STEP);
        n = zip_fread(entry, bytes->data + had, STEP);
        g_byte_array_set_size(bytes, had + (guint)MAX(n, 0));
    } while (n > 0 && bytes->len < max);
    if (n < 0)
        return CI_FETCH_FAILED;
    file->size = MIN(bytes->len, max);
    g_byte_array_append(bytes, (const guint8 *)"", 1); /* it may end in the middle of a word */
    file->bytes = arena_memdup(arena, bytes->data, bytes->len);
    return CI_FETCH_OK;
}

/* Takes @fd. */
static CiFetchResult read_archive(const Site *site, int fd, const char *path, Arena *arena,
                                  CiFile *file)
{
    size_t max = (size_t)site->settings->max_yaml_bytes + 1;
    int failed = 0;
    bool fits = zip_index_check(fd, site->settings->max_archive_index_bytes, NULL);
    zip_t *archive = fits ? zip_fdopen(fd, 0, &failed) : NULL;

    if (!archive) {
        close(fd);
        return CI_FETCH_FAILED;
    }
    zip_file_t *entry = zip_fopen(archive, path, 0);
    CiFetchResult result = entry ? read_entry(entry, max, arena, file) : CI_FETCH_NO_FILE;
    if (entry)
        zip_fclose(entry);
    zip_discard(archive);
    return result;
}

CiFetchResult parent_artifact_fetch(const Site *site, const Pipeline *parent, const CiFetch *what,
                                    Arena *arena, CiFile *file)
{
    g_auto(Error) failed = ERROR_INIT;
    Artifact archive;
    int64_t size = 0;
    int fd = -1;

    if (!parent)
        return CI_FETCH_NO_JOB;
    CiFetchResult found = find_archive(site, parent, what->job, arena, &archive);
    if (found != CI_FETCH_OK)
        return found;
    if (!text_is_inner_path(what->path))
        return CI_FETCH_NO_FILE;
    if (!blob_open(site->blobs, archive.blob_key, &fd, &size, &failed))
        return failed.code == ERR_NO_RECORD ? CI_FETCH_NO_JOB : CI_FETCH_FAILED;
    return read_archive(site, fd, what->path, arena, file);
}
