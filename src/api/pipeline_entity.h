/* pipeline_entity.h - pipelines as replies show them. */
#ifndef PENSTOCK_API_PIPELINE_ENTITY_H
#define PENSTOCK_API_PIPELINE_ENTITY_H

#include "api/user_entity.h"
#include "http/request.h"
#include "store/pipelines.h"
#include "store/projects.h"

typedef struct PipelineView {
    Pipeline row; /* first: the tables' members are found through it */
    const Project *project;
    /* Of the whole entity only. */
    const User *user; /* NULL: gone */
    bool warnings;
    double coverage; /* -1: none */
} PipelineView;

extern const Field pipeline_basic_fields[];    /* PipelineBasic */
extern const Field pipeline_list_fields[];     /* and its name: the list's elements */
extern const Field pipeline_times_fields[];    /* who started it, when, how long it took */
extern const Field pipeline_fields[];          /* Pipeline */
extern const Field pipeline_metadata_fields[]; /* PipelineWithMetadata */

/* Loads what the whole entity needs beside @pipeline. */
bool pipeline_view_load(Db *db, Arena *arena, const Pipeline *pipeline, const Project *project,
                        PipelineView *out, Error *err);

/* Replies with @n rows of the route's project as a list of @fields. */
bool reply_pipeline_rows(Req *rq, const Pipeline *rows, size_t n, const Field *fields);

/* The keys of a DetailedStatus as an object. */
typedef struct DetailedStatus DetailedStatus;
void detailed_status_write(JsonWriter *w, const DetailedStatus *status);

#endif
