/* register.h - how runners come, prove who they are, and go.
 *
 * A runner is one token; each process that uses it is a manager, told apart by its system_id.
 * Tokens are stored as hashes only, but for the instance's registration token: that one is sealed.
 * All calls that write block: worker threads only.
 */
#ifndef PENSTOCK_RUNNER_REGISTER_H
#define PENSTOCK_RUNNER_REGISTER_H

#include "base/site.h"
#include "store/projects.h"
#include "store/runners.h"

/* What a process says of itself.  NULL: it does not. */
typedef struct RunnerInfo {
    const char *system_id; /* NULL: before 15.8; all such processes are one manager */
    const char *version;
    const char *revision;
    const char *platform;
    const char *architecture;
    const char *executor;
    const char *ip_address;
} RunnerInfo;

/* The runner that @token belongs to.  ERR_FORBIDDEN: there is none. */
bool register_find(Db *db, Arena *arena, const char *token, Runner *runner, Error *err);

/* Notes that the process was here: at most once a minute, unless it is new or says other things of
 * itself.  @manager_id: its row. */
bool register_contact(const Site *site, const Runner *runner, const RunnerInfo *info,
                      int64_t *manager_id, Error *err);

/* The words of @list (NULL-terminated, NULL: none) as stored: sorted, without doubles, blanks
 * between.  In @arena.  ERR_INVALID: one of them holds a blank. */
bool register_tags(Arena *arena, const char *const *list, const char **tags, Error *err);

/* What a runner may be; ERR_INVALID names the fields. */
bool register_check(const Runner *runner, Error *err);

/* Makes a runner of @order (kind, namespace, creator and what runner_update() writes) with a fresh
 * token, and assigns it to @project_id (0: none).  Sets @order's id.  @token: in the clear, owned by
 * the caller.  Errors: those of register_check(). */
bool register_create(const Site *site, Runner *order, int64_t project_id, char **token, Error *err);

/* The same for who brings a registration token: the instance's or a project's, which decides the
 * kind.  ERR_FORBIDDEN: nobody's. */
bool register_by_token(const Site *site, const char *registration_token, Runner *order,
                       char **token, Error *err);

/* A new token; the old one is dead. */
bool register_reset_token(const Site *site, const Runner *runner, char **token, Error *err);

/* Its jobs that run end with their runner: they fail by themselves when nothing is heard any more. */
bool register_remove(const Site *site, int64_t runner_id, Error *err);

/* ERR_NOT_FOUND: no such manager. */
bool register_remove_manager(const Site *site, int64_t runner_id, const char *system_id,
                             Error *err);

/* Makes the instance's registration token where there is none: at first start. */
bool register_ensure_instance_token(const Site *site, Error *err);

/* New registration tokens; the old ones are dead, runners stay. */
bool register_reset_instance_token(const Site *site, char **token, Error *err);
bool register_reset_project_token(const Site *site, const Project *project, char **token,
                                  Error *err);

/* The server's own runner: its row is made if absent, and its token stands in the file @path (mode
 * 0600), a new one where the file's is not the row's. */
bool runner_embedded_ensure(const Site *site, const char *path, int64_t *runner_id, Error *err);

#endif
