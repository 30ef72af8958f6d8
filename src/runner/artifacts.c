/* artifacts.c - blobs first, then the row that names them. */
#include "runner/artifacts.h"

#include "base/seal.h"
#include "base/secret.h"
#include "blob/blob.h"
#include "ci/ci.h"
#include "pipeline/spec.h"
#include "repo/repo.h"
#include "runner/artifact_forms.h"
#include "runner/dotenv.h"
#include "runner/report.h"
#include "store/dotenv_variables.h"
#include "store/job_specs.h"

#include <string.h>

enum {
    MAX_FILENAME = 255, /* bytes */
    SECONDS_A_DAY = 86400,
    EXPIRE_AT_ONCE = 500,
    KEPT_LOOK_S = 300 /* between two looks at what is kept past its time */
};

static bool check_form(const ArtifactUpload *upload, const ArtifactForm **form, Error *err)
{
    const ArtifactForm *found = artifact_form_find(upload->type ? upload->type : "archive");

    if (!found)
        return error_set(err, ERR_BAD_REQUEST, "artifact_type %s is not supported", upload->type);
    if (upload->format && *upload->format && strcmp(upload->format, found->format) != 0)
        return error_set(err, ERR_BAD_REQUEST, "%s artifacts are %s, not %s", upload->type,
                         found->format, upload->format);
    *form = found;
    return true;
}

/* The name that the runner gave it, safe in a header and a path. */
static const char *safe_name(Arena *arena, const char *given, const char *otherwise)
{
    const char *slash = given ? strrchr(given, '/') : NULL;
    char *name = arena_strdup(arena, slash ? slash + 1 : given);

    if (!name || !*name || strlen(name) > MAX_FILENAME || strspn(name, ".") == strlen(name))
        return otherwise;
    return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS ".-+_", '_');
}

/* Whom the job's file lets have it. */
static bool find_access(const Site *site, Arena *arena, const Job *job, ArtifactAccess *access,
                        Error *err)
{
    g_autoptr(Db) db = database_reader(site->database);
    JobSpec row;

    if (!job_spec_get(db, arena, job->spec_id, &row, err))
        return false;
    json_t *spec = spec_from_json(row.options, err);
    if (!spec)
        return false;
    const char *word = json_get_string(json_object_get(spec, "artifacts"), "access");
    int value = word ? name_value(&artifact_access_names, word) : -1;
    *access = value < 0 ? ARTIFACTS_FOR_ALL : (ArtifactAccess)value;
    json_decref(spec);
    return true;
}

bool artifact_allows(const Artifact *artifact, const Subject *subject)
{
    static const Ability abilities[N_ARTIFACT_ACCESS] = {
        [ARTIFACTS_FOR_ALL] = CAN_READ_ARTIFACTS,
        [ARTIFACTS_FOR_DEVELOPERS] = CAN_READ_PRIVATE_ARTIFACTS,
        [ARTIFACTS_FOR_MAINTAINERS] = CAN_READ_MAINTAINERS_ARTIFACTS,
    };

    return artifact->access != ARTIFACTS_FOR_NOBODY &&
           access_can(subject, abilities[artifact->access]);
}

static bool expiry(const Site *site, const char *expire_in, int64_t *expire_at, Error *err)
{
    int64_t seconds = 0;

    *expire_at = 0;
    if (!expire_in || !*expire_in)
        seconds = site->settings->default_artifact_days * SECONDS_A_DAY;
    else if (!ci_parse_duration(expire_in, &seconds))
        return error_set(err, ERR_BAD_REQUEST, "expire_in is not a duration");
    if (seconds > 0)
        *expire_at = clock_now(site->clock) + seconds * US_PER_S;
    return true;
}

typedef struct Receive {
    const Site *site;
    Artifact *artifact;
    const DotenvPair *pairs; /* of a dotenv report */
    size_t n_pairs;
    bool is_double; /* the same bytes are there already */
} Receive;

/* Sealed, as all values of variables are at rest. */
static bool insert_pairs(Db *db, const Receive *receive, Arena *arena, Error *err)
{
    DotenvVariable *rows = arena_new0(arena, DotenvVariable, receive->n_pairs);

    for (size_t i = 0; i < receive->n_pairs; i++) {
        g_autofree char *sealed = seal(receive->site->seal_key, receive->pairs[i].value);
        rows[i] = (DotenvVariable){ .job_id = receive->artifact->job_id,
                                    .key = receive->pairs[i].key,
                                    .value = arena_strdup(arena, sealed) };
    }
    return receive->n_pairs == 0 || dotenv_variable_insert_all(db, rows, receive->n_pairs, err);
}

static bool insert(Db *db, void *data, Error *err)
{
    Receive *receive = data;
    Artifact *artifact = receive->artifact, old;
    g_autoptr(Arena) arena = arena_new();
    bool is_new = false;

    if (!artifact_insert(db, artifact, &is_new, err))
        return false;
    receive->is_double = !is_new;
    if (!is_new)
        return artifact_by_type(db, arena, artifact->job_id, artifact->file_type, &old, err) &&
               (strcmp(old.sha256, artifact->sha256) == 0 ||
                error_set(err, ERR_BAD_REQUEST, "another artifact of this type already exists"));
    return insert_pairs(db, receive, arena, err) &&
           (artifact->file_type != ARTIFACT_ARCHIVE ||
            job_set_artifacts_expire_at(db, artifact->job_id, artifact->expire_at, err));
}

/* A dotenv report is read before it is kept: a wrong one is no artifact. */
static bool read_pairs(const Site *site, Arena *arena, ArtifactType type, int fd, Receive *receive,
                       Error *err)
{
    DotenvPair *pairs = NULL;

    if (type == ARTIFACT_DOTENV &&
        !dotenv_read(arena, fd, site->settings->max_dotenv_bytes,
                     site->settings->max_dotenv_variables, &pairs, &receive->n_pairs, err))
        return false;
    receive->pairs = pairs;
    return true;
}

bool artifact_receive(const Site *site, const Job *job, const ArtifactUpload *upload, Artifact *out,
                      Error *err)
{
    g_autofree char *sha256 = NULL;
    g_autofree char *random = secret_hex("", 16);
    g_autoptr(Arena) arena = arena_new();
    Receive receive = { .site = site, .artifact = out };
    ArtifactAccess access = ARTIFACTS_FOR_ALL;
    const ArtifactForm *form = NULL;
    int64_t expire_at;

    if (!job_is_held(job))
        return error_set(err, ERR_FORBIDDEN, NULL);
    if (!check_form(upload, &form, err) || !expiry(site, upload->expire_in, &expire_at, err))
        return false;
    if (upload->size > site->settings->max_artifact_bytes)
        return error_set(err, ERR_TOO_LARGE, "max-artifact-bytes");
    if (!find_access(site, arena, job, &access, err) ||
        !read_pairs(site, arena, form->type, upload->fd, &receive, err))
        return false;
    g_autofree char *key =
        g_strdup_printf("artifacts/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "/%s-%s", job->id / 1000,
                        job->id, name_of(&artifact_type_names, (int)form->type), random);
    if (!blob_put_fd(site->blobs, key, upload->fd, upload->size, &sha256, err))
        return false;
    *out = (Artifact){ .job_id = job->id,
                       .project_id = job->project_id,
                       .file_type = form->type,
                       .file_format = form->format,
                       .access = access,
                       .filename = safe_name(arena, upload->filename, form->filename),
                       .size_bytes = upload->size,
                       .sha256 = sha256,
                       .blob_key = key,
                       .expire_at = expire_at,
                       .created_at = clock_now(site->clock) };
    bool ok = database_write(site->database, insert, &receive, err);
    if (!ok || receive.is_double)
        (void)blob_remove(site->blobs, key, NULL);      /* an orphan costs only room */
    out->sha256 = out->blob_key = out->filename = NULL; /* they die here */
    return ok;
}

bool artifact_open_archive(const Site *site, Arena *arena, const Job *job, Artifact *artifact,
                           int *fd, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    g_autoptr(Db) db = database_reader(site->database);
    int64_t size;

    if (!artifact_by_type(db, arena, job->id, ARTIFACT_ARCHIVE, artifact, &failed)) {
        if (failed.code == ERR_NO_RECORD)
            return error_set(err, ERR_NOT_FOUND, NULL);
        return error_move(err, &failed);
    }
    if (artifact->expire_at && artifact->expire_at <= clock_now(site->clock)) {
        ArtifactKeeping keeping;
        if (!artifact_keeping(db, arena, artifact->id, &keeping, err))
            return false;
        if (!keeping.is_kept)
            return error_set(err, ERR_NOT_FOUND, NULL);
    }
    return blob_open(site->blobs, artifact->blob_key, fd, &size, err);
}

static bool delete_row(Db *db, void *data, Error *err)
{
    return artifact_delete(db, ((const Artifact *)data)->id, err);
}

/* The row first: a blob without a row is only room, a row without a blob is a lie. */
static bool remove_one(const Site *site, const Artifact *artifact, Error *err)
{
    return database_write(site->database, delete_row, (void *)artifact, err) &&
           blob_remove(site->blobs, artifact->blob_key, err);
}

bool artifact_remove_all(const Site *site, int64_t job_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    Artifact *items = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!artifact_list_by_job(db, arena, job_id, &items, &n, err))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!remove_one(site, &items[i], err))
            return false;
    return true;
}

typedef struct Expiry {
    const Artifact *artifact;
    int64_t now_us;
    bool done;
} Expiry;

static bool delete_expired(Db *db, void *data, Error *err)
{
    Expiry *e = data;

    return artifact_delete_expired(db, e->artifact->id, e->now_us, &e->done, err);
}

/* The branch or tag is there: where it is not, nobody asks for its newest. */
static bool ref_exists(const Site *site, Arena *arena, const Artifact *artifact,
                       const ArtifactKeeping *keeping)
{
    g_auto(Error) failed = ERROR_INIT;
    const char *ref =
        arena_join(arena, keeping->tag ? "refs/tags" : "refs/heads", '/', keeping->ref);
    RepoResolved resolved;

    return repo_resolve(site->repos, artifact->project_id, ref, false, arena, &resolved, &failed) ||
           (failed.code != ERR_NO_RECORD && failed.code != ERR_NOT_FOUND);
}

static bool put_off(Db *db, void *data, Error *err)
{
    const Expiry *e = data;

    return artifact_put_off(db, e->artifact->id, e->now_us + KEPT_LOOK_S * US_PER_S, err);
}

static bool find_kept(const Site *site, Arena *arena, const Artifact *artifact, bool *is_kept,
                      Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    ArtifactKeeping keeping = { 0 };
    bool found;

    {
        g_autoptr(Db) db = database_reader(site->database);
        found = artifact_keeping(db, arena, artifact->id, &keeping, &failed);
    }
    if (!found && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    *is_kept = found && keeping.is_kept && ref_exists(site, arena, artifact, &keeping);
    return true;
}

/* One that is kept by now, or that another server removes, stays with its blob. */
static bool remove_expired(const Site *site, Arena *arena, const Artifact *artifact, int64_t now_us,
                           Error *err)
{
    Expiry e = { .artifact = artifact, .now_us = now_us };
    bool is_kept = false;

    if (!find_kept(site, arena, artifact, &is_kept, err))
        return false;
    if (is_kept)
        return database_write(site->database, put_off, &e, err);
    return database_write(site->database, delete_expired, &e, err) &&
           (!e.done || blob_remove(site->blobs, artifact->blob_key, err));
}

bool artifact_sweep(const Site *site, size_t max, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    int64_t now = clock_now(site->clock);
    Artifact *items = NULL;
    size_t n = 0;

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!artifact_list_expired(db, arena, now, (int64_t)max, &items, &n, err))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!remove_expired(site, arena, &items[i], now, err))
            return false;
    return true;
}

typedef struct ExpireAll {
    int64_t project_id;
    int64_t now_us;
    int64_t before; /* where this step begins */
    int64_t after_id;
} ExpireAll;

static bool expire_some(Db *db, void *data, Error *err)
{
    ExpireAll *e = data;

    e->after_id = e->before;
    return artifact_expire_some(db, e->project_id, e->now_us, EXPIRE_AT_ONCE, &e->after_id, err);
}

bool artifact_expire_project(const Site *site, int64_t project_id, Error *err)
{
    ExpireAll e = { .project_id = project_id, .now_us = clock_now(site->clock) };

    do {
        e.before = e.after_id;
        if (!database_write(site->database, expire_some, &e, err))
            return false;
    } while (e.after_id != 0);
    return true;
}
