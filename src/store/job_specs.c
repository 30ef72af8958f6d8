/* job_specs.c - the tables job_specs and job_needs. */
#include "store/job_specs.h"

#include <string.h>

#define SPEC_COLS "id, pipeline_id, options, policy"
#define NEED_COLS "n.id, n.spec_id, n.name, n.artifacts"

const Column job_spec_columns[] = { COL_INT(JobSpec, id), COL_INT(JobSpec, pipeline_id),
                                    COL_TEXT(JobSpec, options), COL_TEXT(JobSpec, policy),
                                    COL_END };
const Column job_need_columns[] = { COL_INT(JobNeed, id), COL_INT(JobNeed, spec_id),
                                    COL_TEXT(JobNeed, name), COL_BOOL(JobNeed, artifacts),
                                    COL_END };

static void job_spec_insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const JobSpec *spec = row;
    const DbArg all[] = {
        DB_INT(spec->pipeline_id), DB_TEXT(spec->options), DB_TEXT(spec->policy), { .type = DB_END }
    };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

bool job_spec_insert_all(Db *db, JobSpec *rows, size_t n, Error *err)
{
    return query_insert_all(
        db, "INSERT INTO job_specs (pipeline_id, options, policy) VALUES ($1, $2, $3) RETURNING id",
        job_spec_insert_args, rows, sizeof *rows, n, err);
}

bool job_spec_get(Db *db, Arena *arena, int64_t id, JobSpec *spec, Error *err)
{
    return db_get(db, arena, job_spec_columns, "SELECT " SPEC_COLS " FROM job_specs WHERE id = $1",
                  DB_ARGS(DB_INT(id)), spec, err);
}

bool job_spec_list(Db *db, Arena *arena, int64_t pipeline_id, JobSpec **specs, size_t *n,
                   Error *err)
{
    return SELECT_ROWS(db, arena, job_spec_columns,
                       "SELECT " SPEC_COLS " FROM job_specs WHERE pipeline_id = $1 ORDER BY id",
                       DB_ARGS(DB_INT(pipeline_id)), specs, n, err);
}

bool job_spec_list_policies(Db *db, Arena *arena, int64_t pipeline_id, JobSpec **specs, size_t *n,
                            Error *err)
{
    return SELECT_ROWS(db, arena, job_spec_columns,
                       "SELECT id, pipeline_id, NULL, policy FROM job_specs"
                       " WHERE pipeline_id = $1 AND policy IS NOT NULL ORDER BY id",
                       DB_ARGS(DB_INT(pipeline_id)), specs, n, err);
}

static void job_need_insert_args(const void *row, DbArg args[INSERT_MAX_ARGS + 1])
{
    const JobNeed *need = row;
    const DbArg all[] = {
        DB_INT(need->spec_id), DB_TEXT(need->name), DB_BOOL(need->artifacts), { .type = DB_END }
    };

    G_STATIC_ASSERT(sizeof all <= sizeof(DbArg[INSERT_MAX_ARGS + 1]));
    memcpy(args, all, sizeof all);
}

bool job_need_insert_all(Db *db, JobNeed *rows, size_t n, Error *err)
{
    return query_insert_all(
        db, "INSERT INTO job_needs (spec_id, name, artifacts) VALUES ($1, $2, $3) RETURNING id",
        job_need_insert_args, rows, sizeof *rows, n, err);
}

bool job_need_list(Db *db, Arena *arena, int64_t spec_id, JobNeed **needs, size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_need_columns,
                       "SELECT " NEED_COLS " FROM job_needs n WHERE n.spec_id = $1 ORDER BY n.id",
                       DB_ARGS(DB_INT(spec_id)), needs, n, err);
}

bool job_need_list_by_pipeline(Db *db, Arena *arena, int64_t pipeline_id, JobNeed **needs,
                               size_t *n, Error *err)
{
    return SELECT_ROWS(db, arena, job_need_columns,
                       "SELECT " NEED_COLS " FROM job_specs s JOIN job_needs n ON n.spec_id = s.id"
                       " WHERE s.pipeline_id = $1 ORDER BY n.spec_id, n.id",
                       DB_ARGS(DB_INT(pipeline_id)), needs, n, err);
}

bool job_spec_delete_some(Db *db, int64_t pipeline_id, int64_t limit, int64_t *n, Error *err)
{
    return db_exec(db,
                   "DELETE FROM job_specs WHERE id IN (SELECT id FROM job_specs"
                   " WHERE pipeline_id = $1 ORDER BY id LIMIT $2)",
                   DB_ARGS(DB_INT(pipeline_id), DB_INT(limit)), n, err);
}
