/* hook.c - who may move which ref in a push.
 *
 * git runs the pre-receive hook before any ref moves, with the new objects in quarantine; one
 * refusal refuses the whole push.  The rules come in the environment, one pattern a line (names of
 * refs hold no newline).  A hook without rules in its environment refuses: it was not started by
 * repo_serve().
 */
#include "repo/hook.h"

#include "base/text.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENV_PROTECTED "PENSTOCK_PROTECTED_REFS"
#define ENV_NO_FORCE  "PENSTOCK_NO_FORCE_REFS"
#define ENV_DEFAULT   "PENSTOCK_DEFAULT_REF"

#define HEADS         "refs/heads/"
#define TAGS          "refs/tags/"

extern char **environ;

/* --- handing over ---------------------------------------------------------------------------- */

static void list_to_env(GitEnv *env, const char *name, const char *const *list)
{
    static const char *const none[] = { NULL };
    g_autofree char *lines = g_strjoinv("\n", (char **)(list ? list : none));

    git_env_set(env, name, lines);
}

void hook_rules_to_env(GitEnv *env, const GitCall *call, const char *default_ref)
{
    list_to_env(env, ENV_PROTECTED, call->protected_refs);
    list_to_env(env, ENV_NO_FORCE, call->no_force_refs);
    git_env_set(env, ENV_DEFAULT, default_ref);
}

/* --- the rules ------------------------------------------------------------------------------- */

/* Only the last * has to be tried again: what an earlier one could take, a later one can too. */
bool hook_pattern_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;

    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool any_matches(const char *const *patterns, const char *name)
{
    for (; *patterns; patterns++)
        if (hook_pattern_matches(*patterns, name))
            return true;
    return false;
}

static bool is_zeros(const char *sha)
{
    return strspn(sha, "0") == strlen(sha);
}

/* A name that reads as a commit would be taken for one, by people and by programs. */
static bool looks_like_sha(const char *short_name)
{
    size_t n = strspn(short_name, "0123456789abcdefABCDEF");

    return (n == 40 || n == 64) && (short_name[n] == '\0' || short_name[n] == '/');
}

/* The texts are those that GitLab's clients know. */
static const char *refuse_branch(const HookRules *rules, const RefChange *change, bool is_new,
                                 bool is_gone)
{
    bool no_force = any_matches(rules->no_force_refs, change->ref);

    if (is_gone && strcmp(change->ref, rules->default_ref) == 0)
        return "The default branch of a project cannot be deleted.";
    if (!is_gone && looks_like_sha(change->ref + strlen(HEADS)))
        return "You cannot create a branch with a SHA-1 or SHA-256 branch name.";
    if (any_matches(rules->protected_refs, change->ref)) {
        if (is_gone)
            return "You are not allowed to delete protected branches from this project.";
        return "You are not allowed to push code to protected branches on this project.";
    }
    if (is_gone && no_force)
        return "You are not allowed to delete protected branches from this project.";
    if (!is_new && no_force && !rules->is_fast_forward(change->old_sha, change->new_sha))
        return "You are not allowed to force push code to a protected branch on this project.";
    return NULL;
}

static const char *refuse_tag(const HookRules *rules, const RefChange *change, bool is_new,
                              bool is_gone)
{
    bool is_protected = any_matches(rules->protected_refs, change->ref);

    if (!is_gone && looks_like_sha(change->ref + strlen(TAGS)))
        return "You cannot create a tag with a SHA-1 or SHA-256 tag name.";
    if (is_protected && is_new)
        return "You are not allowed to create this tag as it is protected.";
    if (is_protected && is_gone)
        return "You are not allowed to delete protected tags from this project.";
    if (is_protected)
        return "Protected tags cannot be updated.";
    if (!is_new && any_matches(rules->no_force_refs, change->ref))
        return "You are not allowed to change existing tags on this project.";
    return NULL;
}

const char *hook_refusal(const HookRules *rules, const RefChange *change)
{
    bool is_new = is_zeros(change->old_sha), is_gone = is_zeros(change->new_sha);

    if (g_str_has_prefix(change->ref, HEADS))
        return refuse_branch(rules, change, is_new, is_gone);
    if (g_str_has_prefix(change->ref, TAGS))
        return refuse_tag(rules, change, is_new, is_gone);
    return "You can only push to branches and tags.";
}

/* --- the hook's process ---------------------------------------------------------------------- */

/* git itself looks, since only it sees the quarantined objects as one with the others. */
static bool git_is_fast_forward(const char *old_sha, const char *new_sha)
{
    const char *const argv[] = { "git", "merge-base", "--is-ancestor", old_sha, new_sha, NULL };
    pid_t pid;
    int status = -1;

    if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ) != 0)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Cuts "old new ref" at its blanks. */
static bool parse_line(char *line, RefChange *change)
{
    char *first = strchr(line, ' ');
    char *second = first ? strchr(first + 1, ' ') : NULL;

    if (!second)
        return false;
    *first = *second = '\0';
    *change = (RefChange){ line, first + 1, second + 1 };
    return true;
}

/* Says each text once, however many refs it meets. */
static bool check_lines(const HookRules *rules, FILE *in)
{
    g_autoptr(GHashTable) said = g_hash_table_new(text_hash, g_str_equal);
    char *line = NULL;
    size_t size = 0;
    ssize_t n;

    while ((n = getline(&line, &size, in)) > 0) {
        RefChange change;
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        const char *refusal = parse_line(line, &change) ? hook_refusal(rules, &change)
                                                        : "The push cannot be understood.";
        if (refusal && g_hash_table_add(said, (gpointer)refusal))
            fprintf(stderr, "GitLab: %s\n", refusal);
    }
    free(line);
    return g_hash_table_size(said) == 0 && !ferror(in);
}

int repo_hook_pre_receive(void)
{
    const char *protected_refs = g_getenv(ENV_PROTECTED);
    const char *no_force = g_getenv(ENV_NO_FORCE);
    const char *default_ref = g_getenv(ENV_DEFAULT);

    if (!protected_refs || !no_force || !default_ref) {
        fprintf(stderr, "GitLab: Pushes are accepted by the server only.\n");
        return 1;
    }
    g_auto(GStrv) protected_list = g_strsplit(protected_refs, "\n", -1);
    g_auto(GStrv) no_force_list = g_strsplit(no_force, "\n", -1);
    HookRules rules = { (const char *const *)protected_list, (const char *const *)no_force_list,
                        default_ref, git_is_fast_forward };
    return check_lines(&rules, stdin) ? 0 : 1;
}
