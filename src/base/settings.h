/* settings.h - what an installation can be told, from one table.
 *
 * In order of strength: flags (--listen), environment (PENSTOCK_LISTEN), an INI file's [penstock]
 * group (listen=), the default.  An unknown flag, key or value is an error, never ignored.
 */
#ifndef PENSTOCK_BASE_SETTINGS_H
#define PENSTOCK_BASE_SETTINGS_H

#include "base/error.h"

#include <stdint.h>

typedef struct Settings {
    char *config;       /* the INI file, NULL: none */
    char *data;         /* the data folder */
    char *shared;       /* where repositories, logs and blobs are; NULL: the data folder */
    char *listen;       /* ADDR:PORT */
    char *external_url; /* no "/" at its end; NULL: http:// + the address listened on */
    char *database;     /* NULL: SQLite in the data folder */
    int64_t database_connections;
    int64_t runners; /* embedded runner slots */
    char *executor;  /* "sandbox", "podman" or "shell" */
    char *log_level; /* debug, info, warn, error */
    char *secret_key_file;
    char *root_token; /* known beforehand, for scripts and tests; environment only */

    bool ignore_image;      /* embedded executors run jobs that name an image without it */
    bool no_network;        /* the sandbox has no network */
    bool allow_file_import; /* administrators may import repositories by file:// */

    int64_t workers; /* threads for requests that block */
    int64_t max_connections;
    int64_t session_days;     /* how long a browser stays signed in */
    int64_t max_body_bytes;   /* of a request whose parameters are parsed */
    int64_t max_upload_bytes; /* of a push */
    int64_t max_artifact_bytes;
    int64_t max_archive_index_bytes; /* of an archive that a file is taken out of */
    int64_t max_archive_entry_bytes; /* of a file that is taken out of an archive */
    int64_t default_artifact_days;   /* of artifacts whose job does not say; 0: for ever */
    int64_t max_dotenv_bytes;        /* of a dotenv report, unpacked */
    int64_t max_dotenv_variables;    /* of a dotenv report */
    int64_t max_coverage_bytes;      /* of a log's end, where its coverage is looked for */
    int64_t max_test_report_bytes;   /* of all test reports of a pipeline, unpacked */
    int64_t max_test_cases;          /* of all test reports of a pipeline */
    int64_t max_trace_bytes;
    int64_t max_trace_patch_bytes;
    int64_t log_pack_after_s; /* how long after a job's end; 0: never */
    int64_t max_schedules;    /* a project's */
    int64_t max_catch_up_ticks;
    int64_t max_queued_ticks;
    int64_t max_backfill_ticks;
    int64_t max_project_variables;
    int64_t max_group_variables;
    int64_t max_instance_variables;
    int64_t max_jobs;             /* a pipeline's */
    int64_t max_deployments;      /* a pipeline's */
    int64_t max_needs;            /* a job's */
    int64_t max_child_depth;      /* levels of child pipelines */
    int64_t max_pipeline_tree;    /* pipelines that one has started, with itself */
    int64_t max_inputs;           /* given to a pipeline */
    int64_t max_includes;         /* files of one configuration */
    int64_t max_yaml_bytes;       /* of one file */
    int64_t max_total_yaml_bytes; /* of all included files of one configuration */
    int64_t remote_include_timeout_s;
    int64_t includes_timeout_s;  /* all includes of one configuration together */
    bool allow_private_includes; /* include: remote may reach our own network */
    char *template_dir;          /* of include: template, before our own; NULL: none */
    int64_t max_yaml_depth;
    int64_t max_yaml_nodes;       /* of one file, aliases expanded */
    int64_t max_total_yaml_nodes; /* of all files of one configuration, as written */
    int64_t poll_timeout_s;       /* how long a runner's poll is parked */
    int64_t confirm_timeout_s;    /* for a runner that announces two-phase commit */
    int64_t lost_runner_s;        /* without a sign of life for a running job */
    int64_t unmatched_pending_s;  /* a pending job's time where no online runner could run it */
    int64_t stuck_pending_s;      /* ... and where one could */
    int64_t runner_orphan_s;      /* the embedded runner's patience without a server */
    int64_t default_timeout_s;    /* a job's, where neither it nor the project says */
} Settings;

/* Reads everything that counts into @settings.  @argv: the words after the subcommand, NULL-
 * terminated; words that are no flags end up in @rest (NULL: they are an error), NULL-terminated
 * and owned by the caller.  ERR_USAGE with a message for the terminal. */
bool settings_load(Settings *settings, char **argv, char ***rest, Error *err);
void settings_clear(Settings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Settings, settings_clear)

/* Every setting with its default and meaning, as `penstock serve --help` shows it. Owned. */
char *settings_help(void);

#endif
