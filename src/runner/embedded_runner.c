/* embedded_runner.c - the server's own runner: a row like any other, and its token in a file. */
#include "runner/register.h"

#include "base/secret.h"

#include <string.h>

static const char DESCRIPTION[] = "Penstock's own runner";
static const char TAG[] = "penstock";

/* Whether the file holds the token of @runner: a runner that an earlier server left running uses
 * it. */
static bool file_is_good(const char *path, const Runner *runner)
{
    g_autofree char *token = NULL;

    if (!g_file_get_contents(path, &token, NULL, NULL))
        return false;
    g_strchomp(token);
    g_autofree char *hash = secret_hash(token);
    return secret_equal(hash, runner->token_hash);
}

static bool write_file(const char *path, const char *token, Error *err)
{
    g_autofree char *line = g_strdup_printf("%s\n", token);
    g_autoptr(GError) failed = NULL;

    return g_file_set_contents_full(path, line, (gssize)strlen(line),
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0600, &failed) ||
           error_set(err, ERR_IO, "cannot keep the runner's token: %s", failed->message);
}

static bool adopt(Db *db, void *data, Error *err)
{
    return runner_adopt_embedded(db, *(const int64_t *)data, err);
}

bool runner_embedded_ensure(const Site *site, const char *path, int64_t *runner_id, Error *err)
{
    int64_t server_id = site->server_id;
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) failed = ERROR_INIT;
    g_autofree char *token = NULL;
    Runner runner = { 0 };
    bool is_there;

    if (!database_write(site->database, adopt, &server_id, err))
        return false;
    {
        g_autoptr(Db) db = database_reader(site->database);
        is_there = runner_of_server(db, arena, site->server_id, &runner, &failed);
    }
    if (!is_there && failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (is_there && file_is_good(path, &runner)) {
        *runner_id = runner.id;
        return true;
    }
    if (!is_there)
        runner = (Runner){ .kind = RUNNER_INSTANCE,
                           .description = DESCRIPTION,
                           .tags = TAG,
                           .run_untagged = true,
                           .embedded = true,
                           .server_id = site->server_id };
    if (!(is_there ? register_reset_token(site, &runner, &token, err)
                   : register_create(site, &runner, 0, &token, err)))
        return false;
    *runner_id = runner.id;
    return write_file(path, token, err);
}
