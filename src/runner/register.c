/* register.c - rows of runners and managers, and the tokens that open them. */
#include "runner/register.h"

#include "base/seal.h"
#include "base/secret.h"
#include "store/instance_values.h"
#include "store/runner_managers.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONTACT_EVERY_S = 60,
    TOKEN_CHARACTERS = 20,
    SHORT_TOKEN = 9, /* what runners name folders by */
    MAX_TEXT = 1024,
    MAX_TAGS = 50,
    MIN_TIMEOUT_S = 600
};

static const char INSTANCE_TOKEN[] = "runners_registration_token";
static const char REGISTRATION_PREFIX[] = "GR1348941";
static const char REGISTERED_PREFIX[] = "glrtr-";
static const char *const created_prefixes[N_RUNNER_KINDS] = {
    [RUNNER_INSTANCE] = "glrt-t1_",
    [RUNNER_GROUP] = "glrt-t2_",
    [RUNNER_PROJECT] = "glrt-t3_",
};

/* --- finding --------------------------------------------------------------------------------- */

/* What is looked up by a secret and is not there is nobody's. */
static bool refuse_absent(Error *err, Error *failed)
{
    return failed->code == ERR_NO_RECORD ? error_set(err, ERR_FORBIDDEN, NULL)
                                         : error_move(err, failed);
}

bool register_find(Db *db, Arena *arena, const char *token, Runner *runner, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;

    if (!token || !*token)
        return error_set(err, ERR_FORBIDDEN, NULL);
    g_autofree char *hash = secret_hash(token);
    return runner_by_token(db, arena, hash, runner, &failed) || refuse_absent(err, &failed);
}

/* --- contact --------------------------------------------------------------------------------- */

typedef struct Contact {
    const Runner *runner;
    RunnerManager *manager;
} Contact;

static bool write_contact(Db *db, void *data, Error *err)
{
    const Contact *contact = data;

    return runner_manager_upsert(db, contact->manager, err) &&
           runner_touch(db, contact->runner->id, contact->manager->contacted_at, err);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* A call that says less than an earlier one (a verify, say) takes nothing away. */
static const char *said(const char *now, const char *before)
{
    return now && *now ? now : or_empty(before);
}

static bool says_the_same(const RunnerManager *a, const RunnerManager *b)
{
    return strcmp(a->version, b->version) == 0 && strcmp(a->revision, b->revision) == 0 &&
           strcmp(a->platform, b->platform) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           strcmp(a->executor, b->executor) == 0 && strcmp(a->ip_address, b->ip_address) == 0;
}

bool register_contact(const Site *site, const Runner *runner, const RunnerInfo *info,
                      int64_t *manager_id, Error *err)
{
    const char *system_id = info->system_id && *info->system_id ? info->system_id : "<legacy>";
    int64_t now = clock_now(site->clock);
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    RunnerManager old = { 0 };

    {
        g_autoptr(Db) db = database_reader(site->database);
        if (!runner_manager_by_system(db, arena, runner->id, system_id, &old, &failed) &&
            failed.code != ERR_NO_RECORD)
            return error_move(err, &failed);
    }
    RunnerManager manager = { .runner_id = runner->id,
                              .system_id = system_id,
                              .version = said(info->version, old.version),
                              .revision = said(info->revision, old.revision),
                              .platform = said(info->platform, old.platform),
                              .architecture = said(info->architecture, old.architecture),
                              .executor = said(info->executor, old.executor),
                              .ip_address = said(info->ip_address, old.ip_address),
                              .contacted_at = now,
                              .created_at = now };
    *manager_id = old.id;
    if (old.id && now - old.contacted_at < CONTACT_EVERY_S * US_PER_S &&
        says_the_same(&old, &manager))
        return true;
    Contact contact = { runner, &manager };
    if (!database_write(site->database, write_contact, &contact, &failed))
        return failed.code == ERR_DB_FOREIGN_KEY ? error_set(err, ERR_FORBIDDEN, NULL)
                                                 : error_move(err, &failed);
    *manager_id = manager.id;
    return true;
}

/* --- what a runner may be -------------------------------------------------------------------- */

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool register_tags(Arena *arena, const char *const *list, const char **tags, Error *err)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    for (; list && *list; list++) {
        char *word = g_strstrip(g_strdup(*list));
        if (!*word) {
            g_free(word);
            continue;
        }
        g_ptr_array_add(words, word);
        if (strpbrk(word, " \t\r\n"))
            return error_field(err, "tag_list", "can't hold a tag with a blank in it");
    }
    if (words->len > 1)
        qsort(words->pdata, words->len, sizeof(char *), compare_words);
    for (guint i = 0; i < words->len; i++) {
        if (i > 0 && strcmp(words->pdata[i - 1], words->pdata[i]) == 0)
            continue;
        if (text->len > 0)
            g_string_append_c(text, ' ');
        g_string_append(text, words->pdata[i]);
    }
    *tags = arena_strdup(arena, text->str);
    return true;
}

static size_t count_words(const char *text)
{
    size_t n = *text ? 1 : 0;

    for (; *text; text++)
        n += *text == ' ';
    return n;
}

static bool is_too_long(const char *text)
{
    return text && g_utf8_strlen(text, -1) > MAX_TEXT;
}

bool register_check(const Runner *runner, Error *err)
{
    const char *tags = or_empty(runner->tags);
    bool ok = true;

    if (is_too_long(runner->description))
        ok = error_field(err, "description", "is too long (maximum is %d characters)", MAX_TEXT);
    if (is_too_long(runner->maintenance_note))
        ok = error_field(err, "maintenance_note", "is too long (maximum is %d characters)",
                         MAX_TEXT);
    if (!*tags && !runner->run_untagged)
        ok = error_field(err, "tags_list",
                         "can not be empty when runner is not allowed to pick untagged jobs");
    if (count_words(tags) > MAX_TAGS)
        ok =
            error_field(err, "tags_list",
                        "Too many tags specified. Please limit the number of tags to %d", MAX_TAGS);
    if (runner->maximum_timeout_s && runner->maximum_timeout_s < MIN_TIMEOUT_S)
        ok = error_field(err, "maximum_timeout", "needs to be at least 10 minutes");
    return ok;
}

/* --- making ---------------------------------------------------------------------------------- */

typedef struct Create {
    Runner *row;
    int64_t project_id; /* 0: none */
} Create;

static bool insert(Db *db, void *data, Error *err)
{
    const Create *create = data;

    return runner_insert(db, create->row, err) &&
           (!create->project_id || runner_assign(db, create->row->id, create->project_id, err));
}

static bool insert_with_token(const Site *site, Runner *row, int64_t project_id, const char *prefix,
                              char **token, Error *err)
{
    g_autofree char *fresh = secret_token(prefix, TOKEN_CHARACTERS);
    g_autofree char *hash = secret_hash(fresh);
    g_autofree char *start = g_strndup(fresh + strlen(prefix), SHORT_TOKEN);
    Create create = { row, project_id };

    if (!register_check(row, err))
        return false;
    row->token_hash = hash;
    row->token_start = start;
    row->created_at = clock_now(site->clock);
    if (!row->access_level)
        row->access_level = "not_protected";
    bool ok = database_write(site->database, insert, &create, err);
    row->token_hash = row->token_start = NULL; /* they die here */
    if (ok)
        *token = g_steal_pointer(&fresh);
    return ok;
}

bool register_create(const Site *site, Runner *order, int64_t project_id, char **token, Error *err)
{
    return insert_with_token(site, order, project_id, created_prefixes[order->kind], token, err);
}

/* "": none was made yet.  Owned by the caller; NULL: @err is set. */
static char *instance_token(const Site *site, Db *db, Arena *arena, Error *err)
{
    g_auto(Error) failed = ERROR_INIT;
    const char *sealed = NULL;

    if (instance_value_get(db, arena, INSTANCE_TOKEN, &sealed, &failed))
        return unseal(site->seal_key, sealed, err);
    if (failed.code == ERR_NO_RECORD)
        return g_strdup("");
    error_move(err, &failed);
    return NULL;
}

/* The kind that @token opens, and the project of a project's. */
static bool open_registration(const Site *site, const char *token, RunnerKind *kind,
                              int64_t *project_id, Error *err)
{
    g_autoptr(Arena) arena = arena_new();
    g_autoptr(Db) db = database_reader(site->database);
    g_autofree char *own = instance_token(site, db, arena, err);
    g_auto(Error) failed = ERROR_INIT;
    Project project;

    if (!own)
        return false;
    *project_id = 0;
    *kind = RUNNER_INSTANCE;
    if (*own && secret_equal(own, token))
        return true;
    g_autofree char *hash = secret_hash(token);
    if (!project_by_runners_token(db, arena, hash, &project, &failed))
        return failed.code == ERR_NO_RECORD
                   ? error_set(err, ERR_FORBIDDEN, "invalid token supplied")
                   : error_move(err, &failed);
    *kind = RUNNER_PROJECT;
    *project_id = project.id;
    return true;
}

bool register_by_token(const Site *site, const char *registration_token, Runner *order,
                       char **token, Error *err)
{
    int64_t project_id = 0;

    return open_registration(site, registration_token, &order->kind, &project_id, err) &&
           insert_with_token(site, order, project_id, REGISTERED_PREFIX, token, err);
}

/* --- changing and going ---------------------------------------------------------------------- */

typedef struct SetToken {
    int64_t runner_id;
    const char *hash;
    const char *start;
} SetToken;

static bool set_token(Db *db, void *data, Error *err)
{
    const SetToken *set = data;

    return runner_set_token(db, set->runner_id, set->hash, set->start, err);
}

static bool renew_token(const Site *site, int64_t runner_id, const char *prefix, char **token,
                        Error *err)
{
    g_autofree char *fresh = secret_token(prefix, TOKEN_CHARACTERS);
    g_autofree char *hash = secret_hash(fresh);
    g_autofree char *start = g_strndup(fresh + strlen(prefix), SHORT_TOKEN);
    SetToken set = { runner_id, hash, start };

    if (!database_write(site->database, set_token, &set, err))
        return false;
    *token = g_steal_pointer(&fresh);
    return true;
}

bool register_reset_token(const Site *site, const Runner *runner, char **token, Error *err)
{
    return renew_token(site, runner->id, created_prefixes[runner->kind], token, err);
}

static bool remove_row(Db *db, void *data, Error *err)
{
    return runner_delete(db, *(const int64_t *)data, err);
}

bool register_remove(const Site *site, int64_t runner_id, Error *err)
{
    return database_write(site->database, remove_row, &runner_id, err);
}

typedef struct RemoveManager {
    int64_t runner_id;
    const char *system_id;
    bool done;
} RemoveManager;

static bool remove_manager(Db *db, void *data, Error *err)
{
    RemoveManager *remove = data;

    return runner_manager_delete(db, remove->runner_id, remove->system_id, &remove->done, err);
}

bool register_remove_manager(const Site *site, int64_t runner_id, const char *system_id, Error *err)
{
    RemoveManager remove = { .runner_id = runner_id, .system_id = system_id };

    if (!database_write(site->database, remove_manager, &remove, err))
        return false;
    return remove.done || error_set(err, ERR_NOT_FOUND, NULL);
}

/* --- registration tokens --------------------------------------------------------------------- */

static bool add_instance_token(Db *db, void *data, Error *err)
{
    return instance_value_add(db, INSTANCE_TOKEN, data, NULL, err);
}

static bool save_instance_token(Db *db, void *data, Error *err)
{
    return instance_value_set(db, INSTANCE_TOKEN, data, err);
}

bool register_reset_instance_token(const Site *site, char **token, Error *err)
{
    g_autofree char *fresh = secret_token(REGISTRATION_PREFIX, TOKEN_CHARACTERS);
    g_autofree char *sealed = seal(site->seal_key, fresh);

    if (!database_write(site->database, save_instance_token, sealed, err))
        return false;
    *token = g_steal_pointer(&fresh);
    return true;
}

bool register_ensure_instance_token(const Site *site, Error *err)
{
    g_autofree char *there = NULL;

    {
        g_autoptr(Arena) arena = arena_new();
        g_autoptr(Db) db = database_reader(site->database);
        there = instance_token(site, db, arena, err);
    }
    if (!there || *there)
        return there != NULL;
    g_autofree char *fresh = secret_token(REGISTRATION_PREFIX, TOKEN_CHARACTERS);
    g_autofree char *sealed = seal(site->seal_key, fresh);
    return database_write(site->database, add_instance_token, sealed, err);
}

typedef struct ProjectToken {
    int64_t project_id;
    const char *hash;
} ProjectToken;

static bool save_project_token(Db *db, void *data, Error *err)
{
    const ProjectToken *set = data;

    return project_set_runners_token(db, set->project_id, set->hash, err);
}

bool register_reset_project_token(const Site *site, const Project *project, char **token,
                                  Error *err)
{
    g_autofree char *fresh = secret_token(REGISTRATION_PREFIX, TOKEN_CHARACTERS);
    g_autofree char *hash = secret_hash(fresh);
    ProjectToken set = { project->id, hash };

    if (!database_write(site->database, save_project_token, &set, err))
        return false;
    *token = g_steal_pointer(&fresh);
    return true;
}
