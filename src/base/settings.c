/* settings.c - the table of settings and its three sources. */
#include "base/settings.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

typedef enum Kind { TEXT, CHOICE, INT, BOOL } Kind;

/* Where a setting may come from besides the environment. */
enum { FROM_FLAG = 1, FROM_FILE = 2, ANYWHERE = FROM_FLAG | FROM_FILE };

typedef struct Setting {
    const char *name; /* as a flag; the file's key is the same, the environment's PENSTOCK_NAME */
    Kind kind;
    size_t offset;
    const char *otherwise; /* the default; NULL: unset */
    const char *value;     /* how --help names the value; CHOICE: the choices, "|" between */
    const char *help;
    unsigned sources;
    int64_t min; /* INT only */
    int64_t max;
} Setting;

#define AT(member) offsetof(Settings, member)

static const Setting table[] = {
    { "data", TEXT, AT(data), "./penstock-data", "DIR", "the data folder, this server's own",
      ANYWHERE },
    { "shared", TEXT, AT(shared), NULL, "DIR",
      "repositories, logs, blobs, key: all servers' of one database (default: the data folder)",
      ANYWHERE },
    { "listen", TEXT, AT(listen), "127.0.0.1:8080", "ADDR:PORT",
      "where to listen; port 0 picks a free one", ANYWHERE },
    { "external-url", TEXT, AT(external_url), NULL, "URL",
      "how clients reach the server (default: http:// and the address listened on)", ANYWHERE },
    { "database", TEXT, AT(database), NULL, "URL",
      "the database (default: SQLite in the data folder)", ANYWHERE },
    { "database-connections", INT, AT(database_connections), "32", "N",
      "connections to PostgreSQL at once; more than workers, or requests wait", ANYWHERE, 4, 1000 },
    { "runners", INT, AT(runners), "2", "N", "embedded runner slots, 0: none", ANYWHERE, 0, 256 },
    { "executor", CHOICE, AT(executor), "sandbox", "sandbox|podman|shell",
      "how the embedded runner isolates jobs; shell does not", ANYWHERE },
    { "config", TEXT, AT(config), NULL, "FILE", "an INI file with a [penstock] group", FROM_FLAG },
    { "log-level", CHOICE, AT(log_level), "info", "debug|info|warn|error", "lowest level logged",
      ANYWHERE },
    { "secret-key-file", TEXT, AT(secret_key_file), NULL, "FILE",
      "the sealing key (default: secret.key in the shared folder)", ANYWHERE },
    { "root-token", TEXT, AT(root_token), NULL, "TOKEN",
      "at first start, root's access token, at least 20 characters (environment only)", 0 },
    { "ignore-image", BOOL, AT(ignore_image), "false", NULL,
      "run jobs that name an image or services without them", ANYWHERE },
    { "no-network", BOOL, AT(no_network), "false", NULL, "no network inside the sandbox",
      ANYWHERE },
    { "allow-file-import", BOOL, AT(allow_file_import), "false", NULL,
      "let administrators import repositories from file:// URLs", ANYWHERE },
    { "workers", INT, AT(workers), "16", "N", "threads for requests that block", ANYWHERE, 2, 100 },
    { "max-connections", INT, AT(max_connections), "20000", "N", "connections at once", ANYWHERE,
      16, 1000000 },
    { "session-days", INT, AT(session_days), "14", "DAYS", "how long a browser stays signed in",
      ANYWHERE, 1, 365 },
    { "max-body-bytes", INT, AT(max_body_bytes), "10485760", "N", "largest request with parameters",
      ANYWHERE, 1024, G_MAXINT64 },
    { "max-upload-bytes", INT, AT(max_upload_bytes), "4294967296", "N", "largest push", ANYWHERE,
      1024, G_MAXINT64 },
    { "max-artifact-bytes", INT, AT(max_artifact_bytes), "1073741824", "N", "largest artifact file",
      ANYWHERE, 1024, G_MAXINT64 },
    { "max-archive-index-bytes", INT, AT(max_archive_index_bytes), "16777216", "N",
      "the index of an archive that a file is taken out of", ANYWHERE, 1024, 1073741824 },
    { "max-archive-entry-bytes", INT, AT(max_archive_entry_bytes), "4294967296", "N",
      "a file that is taken out of an archive, unpacked", ANYWHERE, 1024, G_MAXINT64 },
    { "default-artifact-days", INT, AT(default_artifact_days), "30", "DAYS",
      "how long artifacts are kept where their job does not say, 0: for ever", ANYWHERE, 0, 36500 },
    { "max-dotenv-bytes", INT, AT(max_dotenv_bytes), "5120", "N", "a dotenv report, unpacked",
      ANYWHERE, 1, 1048576 },
    { "max-dotenv-variables", INT, AT(max_dotenv_variables), "20", "N",
      "variables of a dotenv report", ANYWHERE, 0, 1000 },
    { "max-coverage-bytes", INT, AT(max_coverage_bytes), "16777216", "N",
      "the end of a log in which a job's coverage is looked for", ANYWHERE, 1024, G_MAXINT64 },
    { "max-test-report-bytes", INT, AT(max_test_report_bytes), "67108864", "N",
      "test reports of a pipeline that are read, unpacked", ANYWHERE, 1024, G_MAXINT32 },
    { "max-test-cases", INT, AT(max_test_cases), "100000", "N", "test cases of a pipeline",
      ANYWHERE, 1, 10000000 },
    { "max-trace-bytes", INT, AT(max_trace_bytes), "104857600", "N", "largest job log", ANYWHERE,
      1024, G_MAXINT64 },
    { "max-trace-patch-bytes", INT, AT(max_trace_patch_bytes), "4194304", "N",
      "largest single log append", ANYWHERE, 1024, G_MAXINT32 },
    { "log-pack-after-s", INT, AT(log_pack_after_s), "300", "SECONDS",
      "how long after a job's end its log is packed (zstd), 0: never", ANYWHERE, 0, 31536000 },
    { "max-schedules", INT, AT(max_schedules), "10", "N", "schedules of a project, 0: no limit",
      ANYWHERE, 0, G_MAXINT32 },
    { "max-catch-up-ticks", INT, AT(max_catch_up_ticks), "100", "N",
      "missed ticks of a schedule that are made up for (catch_up: all)", ANYWHERE, 1, 10000 },
    { "max-queued-ticks", INT, AT(max_queued_ticks), "100", "N",
      "ticks of a schedule that wait for the run before them (overlap_policy: queue)", ANYWHERE, 1,
      G_MAXINT32 },
    { "max-backfill-ticks", INT, AT(max_backfill_ticks), "1000", "N",
      "past ticks that one backfill of a schedule runs", ANYWHERE, 1, 100000 },
    { "max-project-variables", INT, AT(max_project_variables), "8000", "N",
      "variables of a project, 0: no limit", ANYWHERE, 0, G_MAXINT32 },
    { "max-group-variables", INT, AT(max_group_variables), "30000", "N",
      "variables of a group, 0: no limit", ANYWHERE, 0, G_MAXINT32 },
    { "max-instance-variables", INT, AT(max_instance_variables), "25", "N",
      "variables of the instance, 0: no limit", ANYWHERE, 0, G_MAXINT32 },
    { "max-jobs", INT, AT(max_jobs), "5000", "N", "jobs of a pipeline", ANYWHERE, 1, 1000000 },
    { "max-child-depth", INT, AT(max_child_depth), "2", "N",
      "levels of child pipelines below a pipeline", ANYWHERE, 0, 100 },
    { "max-deployments", INT, AT(max_deployments), "500", "N", "jobs of a pipeline that deploy",
      ANYWHERE, 1, 1000000 },
    { "max-pipeline-tree", INT, AT(max_pipeline_tree), "1000", "N",
      "pipelines that start one another, the first included", ANYWHERE, 1, 1000000 },
    { "max-inputs", INT, AT(max_inputs), "20", "N", "inputs given to a pipeline", ANYWHERE, 0,
      500 },
    { "max-needs", INT, AT(max_needs), "50", "N", "needs of a job", ANYWHERE, 0, 10000 },
    { "max-includes", INT, AT(max_includes), "150", "N", "included files of a configuration",
      ANYWHERE, 0, 10000 },
    { "max-yaml-bytes", INT, AT(max_yaml_bytes), "2097152", "N", "one configuration file", ANYWHERE,
      1024, G_MAXINT32 },
    { "max-total-yaml-bytes", INT, AT(max_total_yaml_bytes), "8388608", "N",
      "all included files of a configuration", ANYWHERE, 1024, G_MAXINT32 },
    { "remote-include-timeout-s", INT, AT(remote_include_timeout_s), "10", "SECONDS",
      "how long one include:remote may take", ANYWHERE, 1, 300 },
    { "includes-timeout-s", INT, AT(includes_timeout_s), "30", "SECONDS",
      "how long all includes of a configuration may take together", ANYWHERE, 1, 3600 },
    { "allow-private-includes", BOOL, AT(allow_private_includes), "false", NULL,
      "let include:remote reach private and loopback addresses", ANYWHERE },
    { "template-dir", TEXT, AT(template_dir), NULL, "DIR",
      "the installation's own files for include:template", ANYWHERE },
    { "max-yaml-depth", INT, AT(max_yaml_depth), "100", "N", "nesting of a configuration file",
      ANYWHERE, 4, 1000 },
    { "max-yaml-nodes", INT, AT(max_yaml_nodes), "200000", "N",
      "values of a configuration file, aliases expanded", ANYWHERE, 100, 100000000 },
    { "max-total-yaml-nodes", INT, AT(max_total_yaml_nodes), "200000", "N",
      "values of all files of a configuration", ANYWHERE, 100, 100000000 },
    { "poll-timeout-s", INT, AT(poll_timeout_s), "50", "SECONDS",
      "how long a runner's request for a job is held, 0: not at all", ANYWHERE, 0, 300 },
    { "confirm-timeout-s", INT, AT(confirm_timeout_s), "120", "SECONDS",
      "how long a runner has to confirm a job handed to it", ANYWHERE, 1, 3600 },
    { "lost-runner-s", INT, AT(lost_runner_s), "300", "SECONDS",
      "a running job's runner is lost after this long without a sign of it", ANYWHERE, 5, 86400 },
    { "unmatched-pending-s", INT, AT(unmatched_pending_s), "3600", "SECONDS",
      "a pending job that no online runner could run fails after this long", ANYWHERE, 1,
      31536000 },
    { "stuck-pending-s", INT, AT(stuck_pending_s), "86400", "SECONDS",
      "any other pending job fails after this long", ANYWHERE, 1, 31536000 },
    { "runner-orphan-s", INT, AT(runner_orphan_s), "600", "SECONDS",
      "how long the embedded runner lives without a server", ANYWHERE, 1, 86400 },
    { "default-timeout-s", INT, AT(default_timeout_s), "3600", "SECONDS",
      "a job's time where nothing else says", ANYWHERE, 1, 2592000 },
};
#undef AT

static const Setting *find(const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    g_auto(GStrv) words = g_strsplit(choices, "|", -1);

    return g_strv_contains((const char *const *)words, value);
}

/* Stores @value; @origin names where it came from, for the error text. */
static bool assign(Settings *settings, const Setting *setting, const char *value,
                   const char *origin, Error *err)
{
    void *at = (char *)settings + setting->offset;

    switch (setting->kind) {
    case CHOICE:
        if (!is_choice(setting->value, value))
            return error_set(err, ERR_USAGE, "%s: '%s' is not one of %s", origin, value,
                             setting->value);
        /* fall through */
    case TEXT:
        g_free(*(char **)at);
        *(char **)at = *value ? g_strdup(value) : NULL;
        return true;
    case INT: {
        int64_t n;
        if (!text_to_int(value, &n) || n < setting->min || n > setting->max)
            return error_set(err, ERR_USAGE,
                             "%s: '%s' is not a whole number from %" G_GINT64_FORMAT
                             " to %" G_GINT64_FORMAT,
                             origin, value, setting->min, setting->max);
        *(int64_t *)at = n;
        return true;
    }
    case BOOL:
        if (!text_to_bool(value, (bool *)at))
            return error_set(err, ERR_USAGE, "%s: '%s' is neither true nor false", origin, value);
        return true;
    }
    g_assert_not_reached();
}

static bool load_defaults(Settings *settings, Error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (table[i].otherwise &&
            !assign(settings, &table[i], table[i].otherwise, table[i].name, err))
            return false;
    return true;
}

static bool load_file(Settings *settings, const char *path, Error *err)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) failed = NULL;

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &failed))
        return error_set(err, ERR_USAGE, "%s: %s", path, failed->message);
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (char **group = groups; *group; group++)
        if (!g_str_equal(*group, "penstock"))
            return error_set(err, ERR_USAGE, "%s: unknown group [%s]", path, *group);
    g_auto(GStrv) keys = g_key_file_get_keys(file, "penstock", NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        const Setting *setting = find(*key, strlen(*key));
        if (!setting || !(setting->sources & FROM_FILE))
            return error_set(err, ERR_USAGE, "%s: unknown setting '%s'", path, *key);
        g_autofree char *value = g_key_file_get_string(file, "penstock", *key, &failed);
        if (!value)
            return error_set(err, ERR_USAGE, "%s: %s: %s", path, *key, failed->message);
        g_autofree char *origin = g_strdup_printf("%s: %s", path, *key);
        if (!assign(settings, setting, value, origin, err))
            return false;
    }
    return true;
}

static char *environment_name(const Setting *setting)
{
    char *name = g_strconcat("PENSTOCK_", setting->name, NULL);

    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : g_ascii_toupper(*c);
    return name;
}

static bool load_environment(Settings *settings, Error *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autofree char *name = environment_name(&table[i]);
        const char *value = g_getenv(name);
        if (value && *value && !assign(settings, &table[i], value, name, err))
            return false;
    }
    return true;
}

/* Walks the flags; with @settings NULL only looks for --config, whose value goes to @config. */
static bool walk_flags(Settings *settings, char **argv, const char **config, GPtrArray *rest,
                       Error *err)
{
    for (; *argv; argv++) {
        const char *word = *argv;
        if (!g_str_has_prefix(word, "--")) {
            if (!settings)
                continue;
            if (!rest)
                return error_set(err, ERR_USAGE, "'%s' is not expected here", word);
            g_ptr_array_add(rest, g_strdup(word));
            continue;
        }
        const char *equals = strchr(word, '=');
        size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        const Setting *setting = find(word + 2, length);
        if (!setting || !(setting->sources & FROM_FLAG))
            return error_set(err, ERR_USAGE, "unknown option '%s'", word);
        const char *value = equals ? equals + 1 : NULL;
        if (!value && setting->kind == BOOL)
            value = "true";
        if (!value)
            value = *++argv;
        if (!value)
            return error_set(err, ERR_USAGE, "--%s wants a value", setting->name);
        if (config && g_str_equal(setting->name, "config"))
            *config = value;
        g_autofree char *origin = g_strconcat("--", setting->name, NULL);
        if (settings && !assign(settings, setting, value, origin, err))
            return false;
    }
    return true;
}

/* What no single setting can check. */
static bool check(Settings *settings, Error *err)
{
    if (settings->root_token && strlen(settings->root_token) < 20)
        return error_set(err, ERR_USAGE, "PENSTOCK_ROOT_TOKEN: at least 20 characters");
    if (settings->external_url) {
        if (!g_str_has_prefix(settings->external_url, "http://") &&
            !g_str_has_prefix(settings->external_url, "https://"))
            return error_set(err, ERR_USAGE, "external-url: '%s' is neither http:// nor https://",
                             settings->external_url);
        size_t n = strlen(settings->external_url);
        while (n > 0 && settings->external_url[n - 1] == '/')
            settings->external_url[--n] = '\0';
    }
    return true;
}

bool settings_load(Settings *settings, char **argv, char ***rest, Error *err)
{
    g_auto(Settings) loaded = { 0 };
    g_autoptr(GPtrArray) others = rest ? g_ptr_array_new_with_free_func(g_free) : NULL;
    const char *config = g_getenv("PENSTOCK_CONFIG");

    if (!load_defaults(&loaded, err) || !walk_flags(NULL, argv, &config, NULL, err))
        return false;
    if (config && *config && !load_file(&loaded, config, err))
        return false;
    if (!load_environment(&loaded, err) || !walk_flags(&loaded, argv, NULL, others, err) ||
        !check(&loaded, err))
        return false;
    *settings = loaded;
    memset(&loaded, 0, sizeof loaded);
    if (rest) {
        g_ptr_array_add(others, NULL);
        *rest = (char **)g_ptr_array_free(g_steal_pointer(&others), FALSE);
    }
    return true;
}

void settings_clear(Settings *settings)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (table[i].kind == TEXT || table[i].kind == CHOICE)
            g_clear_pointer((char **)((char *)settings + table[i].offset), g_free);
}

char *settings_help(void)
{
    GString *help = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const Setting *setting = &table[i];
        g_autofree char *variable = environment_name(setting);
        g_autofree char *left =
            setting->sources & FROM_FLAG
                ? g_strdup_printf("--%s%s%s", setting->name, setting->value ? " " : "",
                                  setting->value ? setting->value : "")
                : g_strdup(variable);
        g_string_append_printf(help, "  %-34s %s", left, setting->help);
        if (setting->otherwise && !g_str_equal(setting->otherwise, "false"))
            g_string_append_printf(help, " [%s]", setting->otherwise);
        g_string_append_c(help, '\n');
    }
    g_string_append(help,
                    "\nEach may also stand in the environment (--max-jobs: PENSTOCK_MAX_JOBS) "
                    "or, but for --config,\nin the INI file (max-jobs=). Flags win over the "
                    "environment, the environment over the file.\n");
    return g_string_free(help, FALSE);
}
