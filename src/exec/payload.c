/* payload.c - the JSON of a job into a Job; section 2.5 of the protocol names every key. */
#include "exec/payload.h"

#include "base/json.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_S = 7200, MIN_SHA = 8, MAX_SHA = 64 };

typedef struct Reader {
    Arena *arena;
    Error *err;
} Reader;

static const char *const no_strings[] = { NULL };

static const char *read_string(Reader *r, const json_t *object, const char *key)
{
    const char *text = json_get_string(object, key);

    return text && *text ? arena_strdup(r->arena, text) : NULL;
}

/* Never NULL; what is no string is left out. */
static const char *const *read_strings(Reader *r, const json_t *object, const char *key)
{
    const json_t *array = json_object_get(object, key);
    size_t n = json_array_size(array);

    if (n == 0)
        return no_strings;
    const char **list = arena_new0(r->arena, const char *, n + 1);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text)
            list[used++] = arena_strdup(r->arena, text);
    }
    return list;
}

static UploadWhen read_when(const char *when)
{
    if (g_strcmp0(when, "on_failure") == 0)
        return UPLOAD_ON_FAILURE;
    return g_strcmp0(when, "always") == 0 ? UPLOAD_ALWAYS : UPLOAD_ON_SUCCESS;
}

/* Lists of objects ------------------------------------------------------------------------------ */

typedef enum FieldKind {
    FIELD_TEXT,    /* const char *, NULL if empty */
    FIELD_VALUE,   /* const char *, never NULL */
    FIELD_STRINGS, /* const char *const *, never NULL */
    FIELD_BOOL,
    FIELD_INT,
    FIELD_WHEN
} FieldKind;

/* Where the value of @key goes in the struct that an object becomes. */
typedef struct Field {
    const char *key;
    FieldKind kind;
    size_t offset;
} Field;

#define FIELD(type, kind, member)                                                                  \
    {                                                                                              \
#member, FIELD_##kind, offsetof(type, member)                                              \
    }
#define FIELD_AS(type, kind, key, member)                                                          \
    {                                                                                              \
        key, FIELD_##kind, offsetof(type, member)                                                  \
    }

static const Field variable_fields[] = {
    FIELD(JobVariable, VALUE, key),
    FIELD(JobVariable, VALUE, value),
    FIELD(JobVariable, BOOL, public),
    FIELD(JobVariable, BOOL, masked),
    FIELD(JobVariable, BOOL, file),
    FIELD(JobVariable, BOOL, raw),
    { 0 },
};

static const Field step_fields[] = {
    FIELD(JobStep, TEXT, name),
    FIELD(JobStep, STRINGS, script),
    { 0 },
};

static const Field artifact_fields[] = {
    FIELD(JobArtifact, TEXT, name),
    FIELD(JobArtifact, BOOL, untracked),
    FIELD(JobArtifact, STRINGS, paths),
    FIELD(JobArtifact, STRINGS, exclude),
    FIELD(JobArtifact, WHEN, when),
    FIELD_AS(JobArtifact, TEXT, "artifact_type", type),
    FIELD_AS(JobArtifact, TEXT, "artifact_format", format),
    FIELD(JobArtifact, TEXT, expire_in),
    { 0 },
};

static const Field cache_fields[] = {
    FIELD(JobCache, TEXT, key),
    FIELD(JobCache, STRINGS, fallback_keys),
    FIELD(JobCache, BOOL, untracked),
    FIELD(JobCache, STRINGS, paths),
    FIELD(JobCache, TEXT, policy),
    FIELD(JobCache, WHEN, when),
    { 0 },
};

static const Field image_fields[] = {
    FIELD(JobImage, TEXT, name),           FIELD(JobImage, TEXT, alias),
    FIELD(JobImage, STRINGS, entrypoint),  FIELD(JobImage, STRINGS, command),
    FIELD(JobImage, STRINGS, pull_policy), { 0 },
};

static const Field dependency_fields[] = {
    FIELD(JobDependency, INT, id),
    FIELD(JobDependency, VALUE, name),
    FIELD(JobDependency, TEXT, token),
    { 0 },
};

static void read_field(Reader *r, const json_t *object, const Field *field, void *into)
{
    void *member = (char *)into + field->offset;

    switch (field->kind) {
    case FIELD_TEXT:
        *(const char **)member = read_string(r, object, field->key);
        break;
    case FIELD_VALUE: {
        const char *text = json_get_string(object, field->key);
        *(const char **)member = text ? arena_strdup(r->arena, text) : "";
        break;
    }
    case FIELD_STRINGS:
        *(const char *const **)member = read_strings(r, object, field->key);
        break;
    case FIELD_BOOL:
        *(bool *)member = json_get_bool(object, field->key, false);
        break;
    case FIELD_INT:
        *(int64_t *)member = json_get_int(object, field->key, 0);
        break;
    case FIELD_WHEN:
        *(UploadWhen *)member = read_when(json_get_string(object, field->key));
        break;
    }
}

static void read_object(Reader *r, const json_t *object, const Field *fields, void *into)
{
    for (const Field *field = fields; field->key; field++)
        read_field(r, object, field, into);
}

/* An array of @size bytes an object; never NULL. */
static void *read_list(Reader *r, const json_t *payload, const char *key, const Field *fields,
                       size_t size, size_t *n)
{
    const json_t *array = json_object_get(payload, key);
    char *list = arena_alloc_n(r->arena, json_array_size(array) + 1, size);

    *n = json_array_size(array);
    for (size_t i = 0; i < *n; i++)
        read_object(r, json_array_get(array, i), fields, list + i * size);
    return list;
}

/* The job's lists ------------------------------------------------------------------------------- */

static bool is_variable_name(const char *key)
{
    if (!key || !(g_ascii_isalpha(*key) || *key == '_'))
        return false;
    for (; *key; key++)
        if (!g_ascii_isalnum(*key) && *key != '_')
            return false;
    return true;
}

static bool read_variables(Reader *r, const json_t *payload, Job *job)
{
    job->variables =
        read_list(r, payload, "variables", variable_fields, sizeof(JobVariable), &job->n_variables);
    for (size_t i = 0; i < job->n_variables; i++)
        if (!is_variable_name(job->variables[i].key))
            return error_set(r->err, ERR_INVALID, "the variable name '%s' is not usable in a shell",
                             job->variables[i].key);
    return true;
}

static void read_steps(Reader *r, const json_t *payload, Job *job)
{
    JobStep *steps = read_list(r, payload, "steps", step_fields, sizeof(JobStep), &job->n_steps);

    for (size_t i = 0; i < job->n_steps; i++)
        if (!steps[i].name)
            steps[i].name = "script";
    job->steps = steps;
}

/* @object may be NULL or null: no image. */
static bool read_image(Reader *r, const json_t *object, JobImage *image)
{
    const json_t *docker = json_object_get(json_object_get(object, "executor_opts"), "docker");

    read_object(r, object, image_fields, image);
    image->user = read_string(r, docker, "user");
    image->variables = read_list(r, object, "variables", variable_fields, sizeof(JobVariable),
                                 &image->n_variables);
    for (size_t i = 0; i < image->n_variables; i++)
        if (!is_variable_name(image->variables[i].key))
            return error_set(r->err, ERR_INVALID, "the variable name '%s' is not usable",
                             image->variables[i].key);
    return true;
}

static bool read_images(Reader *r, const json_t *payload, Job *job)
{
    const json_t *array = json_object_get(payload, "services");
    JobImage *services = arena_new0(r->arena, JobImage, json_array_size(array) + 1);

    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!read_image(r, json_array_get(array, i), &services[i]))
            return false;
        if (!services[i].name)
            return error_set(r->err, ERR_INVALID, "a service has no image");
    }
    job->services = services;
    job->n_services = json_array_size(array);
    return read_image(r, json_object_get(payload, "image"), &job->image);
}

static void read_dependencies(Reader *r, const json_t *payload, Job *job)
{
    const json_t *array = json_object_get(payload, "dependencies");
    JobDependency *list = arena_new0(r->arena, JobDependency, json_array_size(array) + 1);

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        const char *file = json_get_string(json_object_get(item, "artifacts_file"), "filename");
        JobDependency *next = &list[job->n_dependencies];
        if (!file || !*file)
            continue;
        read_object(r, item, dependency_fields, next);
        if (!next->token)
            next->token = job->token;
        job->n_dependencies++;
    }
    job->dependencies = list;
}

static void read_hooks(Reader *r, const json_t *payload, Job *job)
{
    const json_t *array = json_object_get(payload, "hooks");

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *item = json_array_get(array, i);
        const char *name = json_get_string(item, "name");
        if (g_strcmp0(name, "pre_get_sources_script") == 0)
            job->pre_sources = read_strings(r, item, "script");
        else if (g_strcmp0(name, "post_get_sources_script") == 0)
            job->post_sources = read_strings(r, item, "script");
    }
}

/* "https://user:secret@host/group/project.git" -> the URL without credentials and the path. */
static bool read_url(Reader *r, const char *text, JobGit *git)
{
    bool secure = text && g_str_has_prefix(text, "https://");

    if (!text || (!secure && !g_str_has_prefix(text, "http://")))
        return error_set(r->err, ERR_INVALID, "the repository's URL is not http or https");
    const char *host = text + (secure ? strlen("https://") : strlen("http://"));
    const char *slash = strchr(host, '/');
    size_t authority = slash ? (size_t)(slash - host) : strlen(host);
    const char *at = memrchr(host, '@', authority);
    if (at) {
        authority -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    g_autofree char *path = g_strdup(slash ? slash + 1 : "");
    if (g_str_has_suffix(path, ".git"))
        path[strlen(path) - strlen(".git")] = '\0';
    if (authority == 0 || !text_is_inner_path(path) || strpbrk(path, "?#\n\r"))
        return error_set(r->err, ERR_INVALID, "the repository's URL has no usable host or path");
    git->path = arena_strdup(r->arena, path);
    git->url = arena_printf(r->arena, "%s://%s", secure ? "https" : "http", host);
    return true;
}

static bool is_sha(const char *text)
{
    size_t n = text ? strspn(text, "0123456789abcdef") : 0;

    return n >= MIN_SHA && n <= MAX_SHA && text[n] == '\0';
}

static bool read_git(Reader *r, const json_t *payload, JobGit *git)
{
    const json_t *info = json_object_get(payload, "git_info");
    const char *sha = json_get_string(info, "sha");
    const char *ref = json_get_string(info, "ref");

    if (!read_url(r, json_get_string(info, "repo_url"), git))
        return false;
    if (!is_sha(sha))
        return error_set(r->err, ERR_INVALID, "the commit '%s' is not a hash", sha ? sha : "");
    git->sha = arena_strdup(r->arena, sha);
    git->ref = arena_strdup(r->arena, ref ? ref : "");
    git->refspecs = read_strings(r, info, "refspecs");
    for (const char *const *spec = git->refspecs; *spec; spec++)
        if (**spec == '-' || !**spec || strpbrk(*spec, " \t\r\n"))
            return error_set(r->err, ERR_INVALID, "the refspec '%s' is malformed", *spec);
    git->depth = MAX(json_get_int(info, "depth", 0), 0);
    git->object_format = read_string(r, info, "repo_object_format");
    if (git->object_format && !g_str_equal(git->object_format, "sha1") &&
        !g_str_equal(git->object_format, "sha256"))
        return error_set(r->err, ERR_INVALID, "the object format '%s' is unknown",
                         git->object_format);
    return true;
}

static bool refuse_unsupported(Reader *r, const json_t *payload)
{
    if (json_object_get(payload, "run"))
        return error_set(r->err, ERR_INVALID, "the keyword 'run' is not supported by this runner");
    if (json_object_size(json_object_get(payload, "secrets")) > 0)
        return error_set(r->err, ERR_INVALID, "external secrets are not supported by this runner");
    if (json_array_size(json_object_get(payload, "inputs")) > 0)
        return error_set(r->err, ERR_INVALID, "job inputs are not supported by this runner");
    return true;
}

static bool read_job(Reader *r, const json_t *payload, Job *job)
{
    const json_t *info = json_object_get(payload, "job_info");
    const json_t *features = json_object_get(payload, "features");

    job->id = json_get_int(payload, "id", 0);
    job->token = read_string(r, payload, "token");
    if (job->id <= 0 || !job->token)
        return error_set(r->err, ERR_INVALID, "the job has no id or no token");
    if (!refuse_unsupported(r, payload) || !read_git(r, payload, &job->git) ||
        !read_variables(r, payload, job) || !read_images(r, payload, job))
        return false;
    const char *name = read_string(r, info, "name");
    const char *stage = read_string(r, info, "stage");
    job->name = name ? name : "";
    job->stage = stage ? stage : "";
    job->allow_git_fetch = json_get_bool(payload, "allow_git_fetch", false);
    job->timeout_s = json_get_int(json_object_get(payload, "runner_info"), "timeout", 0);
    if (job->timeout_s <= 0)
        job->timeout_s = DEFAULT_TIMEOUT_S;
    job->trace_sections = json_get_bool(features, "trace_sections", false);
    job->failure_reasons = read_strings(r, features, "failure_reasons");
    job->token_prefixes = read_strings(r, features, "token_mask_prefixes");
    read_steps(r, payload, job);
    job->artifacts =
        read_list(r, payload, "artifacts", artifact_fields, sizeof(JobArtifact), &job->n_artifacts);
    job->caches = read_list(r, payload, "cache", cache_fields, sizeof(JobCache), &job->n_caches);
    read_dependencies(r, payload, job);
    read_hooks(r, payload, job);
    return true;
}

bool job_peek(const char *json, size_t n, int64_t *id, char **token)
{
    g_autoptr(json_t) payload = json_loadb(json, n, 0, NULL);
    const char *text = json_get_string(payload, "token");

    if (!text || json_get_int(payload, "id", 0) <= 0)
        return false;
    *id = json_get_int(payload, "id", 0);
    *token = g_strdup(text);
    return true;
}

Job *job_parse(const char *json, size_t n, Error *err)
{
    json_error_t why;
    g_autoptr(json_t) payload = json_loadb(json, n, 0, &why);

    if (!json_is_object(payload)) {
        error_set(err, ERR_INVALID, "the job is not valid JSON: %s", why.text);
        return NULL;
    }
    Arena *arena = arena_new();
    Job *job = arena_new0(arena, Job, 1);
    Reader r = { arena, err };
    job->arena = arena;
    if (!read_job(&r, payload, job)) {
        arena_free(arena);
        return NULL;
    }
    return job;
}

void job_free(Job *job)
{
    if (job)
        arena_free(job->arena);
}

bool job_knows_reason(const Job *job, const char *reason)
{
    return g_strv_contains(job->failure_reasons, reason);
}
