/* podman.c - everything by the command line of podman, as processes of the job.
 *
 * `podman start --attach` stays while a container runs, and forwards SIGTERM to its first process;
 * what podman leaves in the background is its descendant and ends with it.  Services therefore
 * have a thread each that stays with theirs.
 */
#include "exec/podman.h"

#include "base/json.h"
#include "base/secret.h"
#include "exec/exec.h"
#include "exec/files.h"

#include <string.h>

enum {
    GRACE_S = 8,
    QUIET_S = 30, /* for what the log does not show */
    MAX_COMPLAINT = 16384,
    LABEL_DIGITS = 16
};

/* The first process of a container gets no signal that it does not ask for, so it passes SIGTERM on
 * to all others, and waits for the script's own end. */
static const char entry_script[] =
    "trap 'kill -TERM -1 2>/dev/null' TERM\n"
    "if command -v bash >/dev/null 2>&1; then set -- bash -o pipefail \"$1\"\n"
    "elif (set -o pipefail) 2>/dev/null; then set -- sh -o pipefail \"$1\"\n"
    "else set -- sh \"$1\"; fi\n"
    "\"$@\" </dev/null &\n"
    "while :; do\n"
    "  code=0; wait $! || code=$?\n"
    "  kill -0 $! 2>/dev/null || exit $code\n"
    "done\n";

typedef struct Service {
    Containers *all;
    const JobImage *image;
    char *name;
    GThread *thread;
    Control control;
    gint ended; /* atomic */
} Service;

struct Containers {
    JobRun *run;
    char *program;
    char *label;
    char *name;   /* of the job's container */
    char *script; /* path */
    char *entry;  /* path */
    char *hosts;  /* path; the names of the services, where there are any */
    char **env;
    GPtrArray *services; /* of Service */
    bool spoiled;
};

/* podman as a process ------------------------------------------------------------------------- */

char **podman_environment(void)
{
    g_auto(GStrv) own = g_get_environ();
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();

    for (char **entry = own; *entry; entry++)
        if (!g_str_has_prefix(*entry, "PENSTOCK_"))
            g_strv_builder_add(kept, *entry);
    return g_strv_builder_end(kept);
}

static void into_trace(void *data, const char *bytes, size_t n)
{
    JobRun *run = data;

    trace_write(run->trace, bytes, n);
}

static void into_nothing(void *data, const char *bytes, size_t n)
{
    (void)data;
    (void)bytes;
    (void)n;
}

static ProcessSpec make_spec(const Containers *all, char **argv)
{
    JobRun *run = all->run;

    return (ProcessSpec){ .job_id = run->job->id,
                          .argv = (const char *const *)argv,
                          .env = (const char *const *)all->env,
                          .term = PROCESS_TERM_LEADER,
                          .control = run->context->control,
                          .stop_at = STOP_CANCEL,
                          .deadline_us = run->deadline_us,
                          .grace_s = GRACE_S,
                          .output = into_trace,
                          .data = run };
}

/* Whether podman did it; what it says is in the log. */
static bool call(Containers *all, char **argv)
{
    ProcessSpec spec = make_spec(all, argv);
    ProcessResult result = { 0 };

    return spawner_run(all->run->context->spawner, &spec, &result, NULL) &&
           result.end == PROCESS_EXITED && result.exit_code == 0;
}

static void into_text(void *data, const char *bytes, size_t n)
{
    GString *text = data;

    if (text->len < MAX_COMPLAINT)
        g_string_append_len(text, bytes, (gssize)MIN(n, MAX_COMPLAINT - text->len));
}

/* The same, with words only if it fails. */
static bool call_silently(Containers *all, char **argv)
{
    ProcessSpec spec = make_spec(all, argv);
    g_autoptr(GString) said = g_string_new(NULL);
    ProcessResult result = { 0 };

    spec.stop_at = STOP_SHUTDOWN; /* a canceled job's after_script may need it */
    spec.output = into_text;
    spec.data = said;
    if (spawner_run(all->run->context->spawner, &spec, &result, NULL) &&
        result.end == PROCESS_EXITED && result.exit_code == 0)
        return true;
    trace_printf(all->run->trace, "%s", said->str);
    return false;
}

static char **words(const char *first, ...) G_GNUC_NULL_TERMINATED;

static char **words(const char *first, ...)
{
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    va_list args;

    va_start(args, first);
    for (const char *word = first; word; word = va_arg(args, const char *))
        g_strv_builder_add(argv, word);
    va_end(args);
    return g_strv_builder_end(argv);
}

/* Of no interest to the log, and done even if the job is stopped. */
static bool call_quietly(Containers *all, char **argv)
{
    g_auto(Control) control;
    ProcessSpec spec = make_spec(all, argv);
    ProcessResult result = { 0 };

    control_init(&control);
    spec.control = &control;
    spec.deadline_us = g_get_monotonic_time() + QUIET_S * G_USEC_PER_SEC;
    spec.output = into_nothing;
    return spawner_run(all->run->context->spawner, &spec, &result, NULL) &&
           result.end == PROCESS_EXITED && result.exit_code == 0;
}

static void remove_container(Containers *all, const char *name)
{
    g_auto(GStrv) argv =
        words(all->program, "rm", "--force", "--time", "0", "--ignore", "--volumes", name, NULL);

    (void)call_quietly(all, argv); /* what stays is removed at the runner's next start */
}

/* Images -------------------------------------------------------------------------------------- */

static bool wants(const JobImage *image, const char *policy)
{
    return g_strv_contains(image->pull_policy, policy);
}

/* By the first policy that works out, as they are listed; "if-not-present" without one. */
static bool have_image(Containers *all, const JobImage *image, const char *name, Error *err)
{
    g_auto(GStrv) look = words(all->program, "image", "exists", name, NULL);
    g_auto(GStrv) pull = words(all->program, "pull", name, NULL);

    if (*name == '-' || !*name)
        return error_set(err, ERR_INVALID, "'%s' is not the name of an image", name);
    if (!wants(image, "always") && call_quietly(all, look))
        return true;
    if (!*image->pull_policy || wants(image, "always") || wants(image, "if-not-present")) {
        trace_printf(all->run->trace, "Pulling image %s ...\n", name);
        if (call(all, pull))
            return true;
        if (wants(image, "if-not-present") && call_quietly(all, look))
            return true;
    }
    return error_set(err, ERR_NOT_FOUND, "the image '%s' is not to be had", name);
}

/* Containers ---------------------------------------------------------------------------------- */

static void add_words(GStrvBuilder *argv, const char *first, const char *second)
{
    g_strv_builder_add(argv, first);
    g_strv_builder_add(argv, second);
}

static void begin_create(Containers *all, GStrvBuilder *argv, const char *name)
{
    add_words(argv, all->program, "create");
    add_words(argv, "--name", name);
    add_words(argv, "--label", all->label);
    add_words(argv, "--log-driver", "none");
    add_words(argv, "--pull", "never");
    add_words(argv, "--security-opt", "label=disable");
}

/* Everything from the network on to the image. */
static void end_create(Containers *all, GStrvBuilder *argv, const JobImage *image, const char *name)
{
    const Service *first = all->services->len ? all->services->pdata[0] : NULL;
    g_autofree char *hosts = g_strconcat(all->hosts, ":/etc/hosts:ro", NULL);
    g_autofree char *network = first ? g_strconcat("container:", first->name, NULL) : NULL;

    if (first && first->image != image)
        add_words(argv, "--network", network);
    else if (all->run->context->options->no_network)
        add_words(argv, "--network", "none");
    if (first)
        add_words(argv, "--volume", hosts);
    if (image->user)
        add_words(argv, "--user", image->user);
    if (image->entrypoint[0]) {
        g_autoptr(GString) text = g_string_new(NULL);
        JsonWriter w;
        jw_init(&w, text);
        jw_strings(&w, image->entrypoint);
        add_words(argv, "--entrypoint", *image->entrypoint[0] ? text->str : "");
    }
    g_strv_builder_add(argv, name);
}

static bool create_job(Containers *all, Error *err)
{
    JobRun *run = all->run;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *image = vars_expand(run->vars, run->job->image.name);
    g_autofree char *build = g_strdup_printf("%s:%s", run->build_dir, run->build_dir);
    g_autofree char *scripts = g_strdup_printf("%s:%s", run->script_dir, run->script_dir);

    if (strchr(run->build_dir, ':'))
        return error_set(err, ERR_INVALID, "podman cannot mount %s: it has a colon",
                         run->build_dir);
    begin_create(all, builder, all->name);
    add_words(builder, "--volume", build);
    add_words(builder, "--volume", scripts);
    add_words(builder, "--workdir", run->build_dir);
    end_create(all, builder, &run->job->image, image);
    add_words(builder, "sh", all->entry);
    g_strv_builder_add(builder, all->script);
    g_auto(GStrv) argv = g_strv_builder_end(builder);
    return call_silently(all, argv) ||
           error_set(err, ERR_UNAVAILABLE, "podman could not make the job's container");
}

/* Services ------------------------------------------------------------------------------------ */

static void add_line(GString *out, const char *key, const char *value)
{
    if (!strchr(value, '\n')) /* there is no way to write it */
        g_string_append_printf(out, "%s=%s\n", key, value);
}

/* The job's public variables and the service's own, in a file that only we can read. */
static char *write_environment(Containers *all, const Service *service, Error *err)
{
    const JobRun *run = all->run;
    const JobImage *image = service->image;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = g_strdup_printf("%s/%s.env", run->private_dir, service->name);

    for (size_t i = 0; i < run->job->n_variables; i++) {
        const JobVariable *variable = &run->job->variables[i];
        if (variable->public && !variable->file)
            add_line(text, variable->key, vars_get(run->vars, variable->key));
    }
    for (size_t i = 0; i < image->n_variables; i++) {
        g_autofree char *value = vars_expand(run->vars, image->variables[i].value);
        add_line(text, image->variables[i].key, value);
    }
    return files_write(path, text->str, err) ? g_steal_pointer(&path) : NULL;
}

static void add_host(GString *hosts, const char *alias)
{
    if (*alias && !alias[strcspn(alias, " \t\r\n#")])
        g_string_append_printf(hosts, "127.0.0.1\t%s\n", alias);
}

/* "host/group/postgres:16" is known as "host__group__postgres" and "host-group-postgres". */
static bool write_hosts(Containers *all, Error *err)
{
    g_autoptr(GString) hosts = g_string_new("127.0.0.1\tlocalhost\n::1\tlocalhost\n");

    for (guint i = 0; i < all->services->len; i++) {
        const Service *service = all->services->pdata[i];
        g_autofree char *name = vars_expand(all->run->vars, service->image->name);
        g_auto(GStrv) own =
            g_strsplit_set(service->image->alias ? service->image->alias : "", " ,", -1);
        char *slash = strrchr(name, '/');
        char *end = strpbrk(slash ? slash : name, ":@");
        if (end)
            *end = '\0';
        g_auto(GStrv) parts = g_strsplit(name, "/", -1);
        g_autofree char *wide = g_strjoinv("__", parts);
        g_autofree char *dashed = g_strjoinv("-", parts);
        add_host(hosts, wide);
        if (!g_str_equal(wide, dashed))
            add_host(hosts, dashed);
        for (char **alias = own; *alias; alias++)
            add_host(hosts, *alias);
    }
    return files_write(all->hosts, hosts->str, err);
}

static bool create_service(Containers *all, Service *service, Error *err)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *image = vars_expand(all->run->vars, service->image->name);
    g_autofree char *environment = write_environment(all, service, err);

    if (!environment)
        return false;
    begin_create(all, builder, service->name);
    add_words(builder, "--env-file", environment);
    end_create(all, builder, service->image, image);
    for (const char *const *word = service->image->command; *word; word++)
        g_strv_builder_add(builder, *word);
    g_auto(GStrv) argv = g_strv_builder_end(builder);
    return call_silently(all, argv) ||
           error_set(err, ERR_UNAVAILABLE, "podman could not make a container of the service '%s'",
                     image);
}

static void *stay_with_service(void *data)
{
    Service *service = data;
    Containers *all = service->all;
    g_auto(GStrv) argv = words(all->program, "start", "--attach", service->name, NULL);
    ProcessSpec spec = make_spec(all, argv);
    ProcessResult result = { 0 };

    spec.control = &service->control;
    spec.stop_at = STOP_ABORT;
    spec.deadline_us = 0;
    spec.output = into_nothing;
    (void)spawner_run(all->run->context->spawner, &spec, &result, NULL); /* waited for below */
    g_atomic_int_set(&service->ended, 1);
    return NULL;
}

static bool is_running(Containers *all, const Service *service)
{
    g_auto(GStrv) argv = words(all->program, "wait", "--condition", "running", "--condition",
                               "exited", service->name, NULL);

    return call_quietly(all, argv);
}

static bool start_service(Containers *all, Service *service, Error *err)
{
    service->thread = g_thread_new("service", stay_with_service, service);
    if (is_running(all, service) && !g_atomic_int_get(&service->ended))
        return true;
    return error_set(err, ERR_UNAVAILABLE, "the service '%s' did not start", service->image->name);
}

static void service_free(void *data)
{
    Service *service = data;

    control_raise(&service->control, STOP_ABORT);
    if (service->thread)
        g_thread_join(service->thread);
    control_clear(&service->control);
    remove_container(service->all, service->name);
    g_free(service->name);
    g_free(service);
}

static void note_services(Containers *all)
{
    const Job *job = all->run->job;

    for (size_t i = 0; i < job->n_services; i++) {
        Service *service = g_new0(Service, 1);
        service->all = all;
        service->image = &job->services[i];
        service->name = g_strdup_printf("%s-%zu", all->name, i);
        control_init(&service->control);
        g_ptr_array_add(all->services, service);
    }
}

static bool make_services(Containers *all, bool *pull, Error *err)
{
    for (guint i = 0; i < all->services->len; i++) {
        Service *service = all->services->pdata[i];
        g_autofree char *name = vars_expand(all->run->vars, service->image->name);
        if (!have_image(all, service->image, name, err)) {
            *pull = true;
            return false;
        }
        trace_printf(all->run->trace, "Starting service %s ...\n", name);
        if (!create_service(all, service, err) || !start_service(all, service, err))
            return false;
    }
    return true;
}

/* Life ---------------------------------------------------------------------------------------- */

static char *label_of(const char *work_dir)
{
    g_autofree char *digest = secret_sha256(work_dir, strlen(work_dir));

    return g_strdup_printf("penstock.runner=%.*s", LABEL_DIGITS, digest);
}

static bool make_all(Containers *all, bool *pull, Error *err)
{
    const JobImage *image = &all->run->job->image;
    g_autofree char *name = vars_expand(all->run->vars, image->name);

    if (!all->program)
        return error_set(err, ERR_UNAVAILABLE, "podman is not installed any more");
    if (!files_write(all->entry, entry_script, err) || !write_hosts(all, err))
        return false;
    trace_printf(all->run->trace, "Using image %s ...\n", name);
    if (!have_image(all, image, name, err)) {
        *pull = true;
        return false;
    }
    return make_services(all, pull, err) && create_job(all, err);
}

Containers *containers_new(JobRun *run, bool *failed, bool *pull, Error *err)
{
    Containers *all = g_new0(Containers, 1);
    g_autofree char *unique = secret_hex("", 8);

    all->run = run;
    all->program = g_find_program_in_path("podman");
    all->label = label_of(run->context->work_dir);
    all->name = g_strdup_printf("penstock-%" G_GINT64_FORMAT "-%s", run->job->id, unique);
    all->script = g_build_filename(run->script_dir, "current.sh", NULL);
    all->entry = g_build_filename(run->script_dir, "entry.sh", NULL);
    all->hosts = g_build_filename(run->private_dir, "hosts", NULL);
    all->env = podman_environment();
    all->services = g_ptr_array_new_with_free_func(service_free);
    note_services(all);
    *pull = false;
    *failed = !make_all(all, pull, err);
    return all;
}

void containers_free(Containers *all)
{
    if (!all)
        return;
    if (all->program)
        remove_container(all, all->name);
    /* Last the first one, whose network the others have. */
    while (all->services->len > 0)
        g_ptr_array_remove_index(all->services, all->services->len - 1);
    g_ptr_array_unref(all->services);
    g_free(all->program);
    g_free(all->label);
    g_free(all->name);
    g_free(all->script);
    g_free(all->entry);
    g_free(all->hosts);
    g_strfreev(all->env);
    g_free(all);
}

const char *containers_script(const Containers *all)
{
    return all->script;
}

void containers_spoil(Containers *all)
{
    all->spoiled = true;
}

char **containers_argv(Containers *all, Error *err)
{
    if (all->spoiled) {
        remove_container(all, all->name);
        if (!create_job(all, err))
            return NULL;
        all->spoiled = false;
    }
    return words(all->program, "start", "--attach", all->name, NULL);
}

/* The runner ---------------------------------------------------------------------------------- */

static bool ask(char **argv, char **said, char **complaint)
{
    g_auto(GStrv) env = podman_environment();
    int status = 0;

    return g_spawn_sync(NULL, argv, env, G_SPAWN_DEFAULT, NULL, NULL, said, complaint, &status,
                        NULL) &&
           status == 0;
}

bool exec_podman_check(Error *err)
{
    g_autofree char *program = g_find_program_in_path("podman");
    g_autofree char *said = NULL, *complaint = NULL;

    if (!program)
        return error_set(err, ERR_UNAVAILABLE,
                         "podman is not installed: install it (apt-get install podman), or choose "
                         "another executor");
    g_auto(GStrv) argv = words(program, "info", NULL);
    return ask(argv, &said, &complaint) ||
           error_set(err, ERR_UNAVAILABLE, "podman does not work on this machine (%s)",
                     complaint ? g_strstrip(complaint) : "it cannot be started");
}

void podman_remove_leftovers(const char *work_dir)
{
    g_autofree char *program = g_find_program_in_path("podman");
    g_autofree char *label = label_of(work_dir);
    g_autofree char *filter = g_strconcat("label=", label, NULL);
    g_autofree char *said = NULL, *complaint = NULL;

    if (!program)
        return;
    g_auto(GStrv) list = words(program, "ps", "--all", "--quiet", "--filter", filter, NULL);
    if (!ask(list, &said, &complaint))
        return;
    g_auto(GStrv) ids = g_strsplit(g_strstrip(said), "\n", -1);
    for (char **id = ids; *id && **id; id++) {
        g_autofree char *ignored = NULL, *why = NULL;
        g_auto(GStrv) argv = words(program, "rm", "--force", "--time", "0", "--volumes", *id, NULL);
        (void)ask(argv, &ignored, &why); /* the next start tries again */
    }
}
