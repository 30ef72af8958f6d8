/* conditions.c - the clauses of a rule, and the groups of `only` and `except`.
 *
 * Trees and changes are asked for once a run, and a list of paths is compared with one of them
 * once, however many jobs have that list.
 */
#include "ci/conditions.h"

#include "base/text.h"
#include "ci/pathglob.h"

#include <string.h>

/* More comparisons than this are not made: the clause holds, as in GitLab. */
enum { MAX_COMPARISONS = 50000 };

/* Comparisons of one plan in all: hostile files multiply. */
static const size_t max_work = 20000000;

/* A list of paths that a callback gave. */
typedef struct Paths {
    CiFetchResult result;
    CiStrings items; /* NULL: nothing to compare with */
    size_t n;
    size_t n_top;      /* in the root folder */
    GHashTable *known; /* the paths and, with a slash behind, their folders; NULL: not needed yet */
} Paths;

/* How a list of paths compared with another: kept for those who ask again. */
typedef struct Compared {
    bool holds;
    const char *path;
} Compared;

struct Conditions {
    const CiConfig *config;
    const CiRun *run;
    Arena *arena;
    GHashTable *paths;    /* what was asked for -> Paths * */
    GHashTable *compared; /* what with what -> Compared * */
    size_t work;
};

static void free_paths(gpointer data)
{
    Paths *paths = data;

    if (paths->known)
        g_hash_table_destroy(paths->known);
}

Conditions *conditions_new(const CiConfig *config, const CiRun *run)
{
    Conditions *c = arena_new0(config->arena, Conditions, 1);

    c->config = config;
    c->run = run;
    c->arena = config->arena;
    c->paths = g_hash_table_new_full(text_hash, g_str_equal, g_free, free_paths);
    c->compared = g_hash_table_new_full(text_hash, g_str_equal, g_free, NULL);
    return c;
}

void conditions_free(Conditions *c)
{
    g_hash_table_destroy(c->paths);
    g_hash_table_destroy(c->compared);
}

/* --- what was looked at ----------------------------------------------------------------------- */

void sight_init(Sight *sight, const CiRun *run, ExpressionLookup lookup,
                const char *(*expand)(void *data, const char *text), void *data)
{
    *sight = (Sight){ .lookup = lookup, .expand = expand, .data = data };
    if (!run->explain)
        return;
    sight->rules = g_array_new(FALSE, TRUE, sizeof(CiRuleSeen));
    sight->values = g_array_new(FALSE, TRUE, sizeof(CiVariable));
    sight->saw = g_hash_table_new(text_hash, g_str_equal);
}

void sight_clear(Sight *sight)
{
    if (!sight->rules)
        return;
    g_array_free(sight->rules, TRUE);
    g_array_free(sight->values, TRUE);
    g_hash_table_destroy(sight->saw);
}

void sight_tell(Sight *sight, Arena *arena, CiExplained *out)
{
    out->n_rules = sight->rules->len;
    out->rules = arena_memdup(arena, sight->rules->data, out->n_rules * sizeof(CiRuleSeen));
    out->saw.n = sight->values->len;
    out->saw.items = arena_memdup(arena, sight->values->data, out->saw.n * sizeof(CiVariable));
}

/* ExpressionLookup that remembers.  Names of expressions live as long as the configuration. */
static const char *look(void *data, const char *name)
{
    Sight *sight = data;
    const char *value = sight->lookup(sight->data, name);

    if (sight->saw && g_hash_table_add(sight->saw, (gpointer)name)) {
        CiVariable variable = { .key = name, .value = value };
        g_array_append_val(sight->values, variable);
    }
    return value;
}

static void tell_rule(Sight *sight, const CiRule *rule, size_t index, const char *failed,
                      const char *path)
{
    if (!sight->rules)
        return;
    CiRuleSeen seen = { .index = index,
                        .file = rule->file,
                        .line = rule->line,
                        .column = rule->column,
                        .matched = !failed,
                        .condition = rule->text,
                        .clause = failed,
                        .path = path };
    g_array_append_val(sight->rules, seen);
}

/* --- lists of paths --------------------------------------------------------------------------- */

static void measure(Paths *paths)
{
    for (CiStrings item = paths->items; item && *item; item++) {
        paths->n++;
        paths->n_top += strchr(*item, '/') == NULL;
    }
}

static Paths *changes_of(Conditions *c, const char *compare_to)
{
    g_autofree char *key = g_strconcat("c:", compare_to ? compare_to : "", NULL);
    Paths *paths = g_hash_table_lookup(c->paths, key);

    if (paths)
        return paths;
    paths = arena_new0(c->arena, Paths, 1);
    if (c->run->changes)
        paths->result = c->run->changes(c->run->data, compare_to, c->arena, &paths->items);
    measure(paths);
    g_hash_table_insert(c->paths, g_steal_pointer(&key), paths);
    return paths;
}

static Paths *tree_of(Conditions *c, const char *project, const char *ref)
{
    g_autofree char *key = g_strconcat("t:", project ? project : "", "\n", ref ? ref : "", NULL);
    Paths *paths = g_hash_table_lookup(c->paths, key);

    if (paths)
        return paths;
    paths = arena_new0(c->arena, Paths, 1);
    if (c->run->tree)
        paths->result = c->run->tree(c->run->data, project, ref, c->arena, &paths->items);
    measure(paths);
    g_hash_table_insert(c->paths, g_steal_pointer(&key), paths);
    return paths;
}

static CiStrings expand_all(Conditions *c, Sight *sight, CiStrings texts)
{
    const char **all = arena_new0(c->arena, const char *, g_strv_length((char **)texts) + 1);

    for (size_t i = 0; texts[i]; i++)
        all[i] = sight->expand(sight->data, texts[i]);
    return all;
}

/* Charges for @n comparisons. */
static bool may_compare(Conditions *c, size_t n, const char **error)
{
    c->work += n;
    if (c->work <= max_work)
        return true;
    *error = "its paths take too much work: they and the files are too many";
    return false;
}

static bool any_matches(const PathGlob *const *globs, size_t n, const Paths *paths,
                        const char **path)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < paths->n; j++) {
            if (path_glob_matches(globs[i], paths->items[j])) {
                *path = paths->items[j];
                return true;
            }
        }
    }
    return false;
}

/* Whether any of @patterns, @n_patterns of them, matches one of the paths, which count as
 * @n_counted. */
static bool match_globs(Conditions *c, const char *const *patterns, size_t n_patterns,
                        const Paths *paths, size_t n_counted, const char **path, const char **error)
{
    const PathGlob **globs = arena_new0(c->arena, const PathGlob *, n_patterns);
    size_t alternatives = 0;

    if (n_patterns == 0)
        return false;
    if (n_counted > MAX_COMPARISONS / n_patterns)
        return true;
    for (size_t i = 0; i < n_patterns; i++) {
        globs[i] = path_glob_new(c->arena, patterns[i]);
        if (!globs[i]) {
            *error = "the braces of a path stand for too many patterns";
            return false;
        }
        alternatives += path_glob_alternatives(globs[i]);
    }
    return may_compare(c, alternatives * paths->n, error) &&
           any_matches(globs, n_patterns, paths, path);
}

static bool match_regexp(Conditions *c, const Regex *regexp, const Paths *paths, const char **path,
                         const char **error)
{
    if (!may_compare(c, paths->n, error))
        return false;
    for (size_t i = 0; i < paths->n; i++) {
        if (regex_matches(regexp, paths->items[i], strlen(paths->items[i]))) {
            *path = paths->items[i];
            return true;
        }
    }
    return false;
}

/* --- changes ---------------------------------------------------------------------------------- */

static bool compare_changes(Conditions *c, CiStrings patterns, const Regex *regexp,
                            const Paths *paths, const char **path, const char **error)
{
    if (!paths->items)
        return true;
    if (!patterns)
        return match_regexp(c, regexp, paths, path, error);
    return match_globs(c, patterns, g_strv_length((char **)patterns), paths, paths->n, path, error);
}

/* @kind, the source's key and the patterns: what a comparison is known by. */
static char *comparison_key(const char *kind, const Paths *paths, CiStrings patterns,
                            const Regex *regexp)
{
    g_autofree char *joined = patterns ? g_strjoinv("\n", (char **)patterns) : NULL;

    return g_strdup_printf("%s\n%p\n%p\n%s", kind, (const void *)paths, (const void *)regexp,
                           joined ? joined : "");
}

static bool changes_hold(Conditions *c, Sight *sight, const CiPathsClause *clause,
                         const char **path, const char **error)
{
    const char *compare_to =
        clause->compare_to ? sight->expand(sight->data, clause->compare_to) : NULL;
    const Paths *paths = changes_of(c, compare_to);

    if (paths->result == CI_FETCH_NO_REF)
        *error = "rules:changes:compare_to is not a valid ref";
    else if (paths->result != CI_FETCH_OK)
        *error = "the changed files could not be found";
    if (*error)
        return false;
    CiStrings patterns = clause->paths ? expand_all(c, sight, clause->paths) : NULL;
    g_autofree char *key = comparison_key("changes", paths, patterns, clause->regexp);
    Compared *known = g_hash_table_lookup(c->compared, key);
    if (!known) {
        known = arena_new0(c->arena, Compared, 1);
        known->holds = compare_changes(c, patterns, clause->regexp, paths, &known->path, error);
        g_hash_table_insert(c->compared, g_steal_pointer(&key), known);
    }
    *path = known->path;
    return known->holds;
}

/* --- exists ----------------------------------------------------------------------------------- */

/* The ending that a pattern such as any-folder any-name ".ext" asks for; NULL: another pattern. */
static const char *suffix_of(const char *pattern)
{
    static const char nested[] = "**/*";
    const char *rest = g_str_has_prefix(pattern, nested) ? pattern + strlen(nested) : pattern;

    return *rest == '.' && !strchr(rest, '/') && path_glob_is_plain(rest) ? rest : NULL;
}

static bool suffix_exists(const char *suffix, const Paths *paths, const char **path)
{
    for (size_t i = 0; i < paths->n; i++) {
        if (g_str_has_suffix(paths->items[i], suffix)) {
            *path = paths->items[i];
            return true;
        }
    }
    return false;
}

/* A path that ends in a slash exists where any file is below it. */
static bool path_exists(Arena *arena, Paths *paths, const char *path)
{
    if (!paths->known)
        paths->known = g_hash_table_new(text_hash, g_str_equal);
    if (paths->n > 0 && g_hash_table_size(paths->known) == 0) {
        for (size_t i = 0; i < paths->n; i++) {
            const char *item = paths->items[i];
            g_hash_table_add(paths->known, (gpointer)item);
            const char *slash = strrchr(item, '/');
            while (slash) {
                char *folder = arena_strndup(arena, item, (size_t)(slash - item) + 1);
                if (!g_hash_table_add(paths->known, folder))
                    break; /* and with it those above */
                slash = g_strrstr_len(item, slash - item, "/");
            }
        }
    }
    return g_hash_table_contains(paths->known, path);
}

static bool is_top_level(const char *pattern)
{
    return !strchr(pattern, '/') && !strstr(pattern, "**");
}

static bool compare_tree(Conditions *c, CiStrings patterns, Paths *paths, const char **path,
                         const char **error)
{
    size_t n = g_strv_length((char **)patterns), n_globs = 0;
    const char **globs = arena_new0(c->arena, const char *, n);
    bool top_only = true, found = false;

    for (size_t i = 0; i < n && !found && !*error; i++) {
        const char *suffix = suffix_of(patterns[i]);
        top_only = top_only && is_top_level(patterns[i]);
        if (path_glob_is_plain(patterns[i])) {
            found = path_exists(c->arena, paths, patterns[i]);
            *path = found ? patterns[i] : NULL;
        } else if (suffix) {
            found = may_compare(c, paths->n, error) && suffix_exists(suffix, paths, path);
        } else {
            globs[n_globs++] = patterns[i];
        }
    }
    return found || (!*error && match_globs(c, globs, n_globs, paths,
                                            top_only ? paths->n_top : paths->n, path, error));
}

static const char *exists_error(Conditions *c, CiFetchResult result, const char *project,
                                const char *ref)
{
    if (result == CI_FETCH_NO_PROJECT)
        return arena_printf(c->arena, "rules:exists:project `%s` not found or access denied",
                            project ? project : "");
    if (result == CI_FETCH_NO_REF)
        return arena_printf(c->arena, "rules:exists:ref `%s` is not a valid ref in project `%s`",
                            ref ? ref : "", project ? project : "");
    return "the files of the project could not be listed";
}

static bool exists_holds(Conditions *c, Sight *sight, const CiPathsClause *clause,
                         const char **path, const char **error)
{
    const char *project = clause->project ? sight->expand(sight->data, clause->project) : NULL;
    const char *ref = clause->ref ? sight->expand(sight->data, clause->ref) : NULL;
    Paths *paths = tree_of(c, project, ref);

    if (paths->result != CI_FETCH_OK) {
        *error = exists_error(c, paths->result, project, ref);
        return false;
    }
    CiStrings patterns = clause->paths ? expand_all(c, sight, clause->paths) : NULL;
    g_autofree char *key = comparison_key("exists", paths, patterns, clause->regexp);
    Compared *known = g_hash_table_lookup(c->compared, key);
    if (!known) {
        known = arena_new0(c->arena, Compared, 1);
        known->holds = patterns ? compare_tree(c, patterns, paths, &known->path, error)
                                : match_regexp(c, clause->regexp, paths, &known->path, error);
        g_hash_table_insert(c->compared, g_steal_pointer(&key), known);
    }
    *path = known->path;
    return known->holds;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* The first clause of the rule that fails; NULL: it matches. */
static const char *failing_clause(Conditions *c, Sight *sight, const CiRule *rule,
                                  const char **path, const char **error)
{
    if (rule->condition && !expression_holds(c->config->expressions, rule->condition, look, sight))
        return "if";
    if (rule->changes && !changes_hold(c, sight, rule->changes, path, error))
        return "changes";
    if (rule->exists && !exists_holds(c, sight, rule->exists, path, error))
        return "exists";
    return NULL;
}

const CiRule *conditions_match(Conditions *c, Sight *sight, const CiRule *rules, size_t n,
                               const char **error)
{
    *error = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *path = NULL;
        const char *failed = failing_clause(c, sight, &rules[i], &path, error);
        tell_rule(sight, &rules[i], i, failed, failed ? NULL : path);
        if (*error)
            return NULL;
        if (!failed)
            return &rules[i];
    }
    return NULL;
}

/* --- only and except -------------------------------------------------------------------------- */

/* "pushes", "webs", "merge_requests". */
static bool is_plural(const char *text, const char *word)
{
    size_t n = strlen(word);
    bool hisses = g_str_has_suffix(word, "sh") || g_str_has_suffix(word, "s");

    return strncmp(text, word, n) == 0 && g_str_equal(text + n, hisses ? "es" : "s");
}

static bool is_source(const CiRun *run, const char *text)
{
    static const char event[] = "_event";
    g_autofree char *source = g_strdup(name_of(&pipeline_source_names, (int)run->source));

    if (g_str_has_suffix(source, event))
        source[strlen(source) - strlen(event)] = '\0';
    return g_str_equal(text, source) || is_plural(text, source);
}

static bool ref_holds(const CiRun *run, const CiPolicyRef *ref)
{
    bool branch = !run->tag && run->source != SOURCE_MERGE_REQUEST;

    if (ref->project && g_strcmp0(ref->project, run->project_path) != 0)
        return false;
    if ((run->tag && g_str_equal(ref->text, "tags")) ||
        (branch && g_str_equal(ref->text, "branches")) || is_source(run, ref->text))
        return true;
    if (!run->ref || (!branch && !run->tag))
        return false;
    return ref->regexp ? regex_matches(ref->regexp, run->ref, strlen(run->ref))
                       : g_str_equal(ref->text, run->ref);
}

static bool refs_hold(Conditions *c, Sight *sight, const CiPolicy *policy, const char **error)
{
    for (size_t i = 0; i < policy->n_refs; i++) {
        if (ref_holds(c->run, &policy->refs[i]))
            return true;
    }
    return false;
}

static bool variables_hold(Conditions *c, Sight *sight, const CiPolicy *policy, const char **error)
{
    for (size_t i = 0; i < policy->n_variables; i++) {
        if (expression_holds(c->config->expressions, policy->variables[i], look, sight))
            return true;
    }
    return false;
}

static bool policy_changes_hold(Conditions *c, Sight *sight, const CiPolicy *policy,
                                const char **error)
{
    const CiPathsClause clause = { .paths = policy->changes };
    const char *path = NULL;

    return changes_hold(c, sight, &clause, &path, error);
}

/* There is never a cluster. */
static bool kubernetes_holds(Conditions *c, Sight *sight, const CiPolicy *policy,
                             const char **error)
{
    return false;
}

static bool has_refs(const CiPolicy *policy)
{
    return policy->has_refs;
}

static bool has_kubernetes(const CiPolicy *policy)
{
    return policy->kubernetes;
}

static bool has_variables(const CiPolicy *policy)
{
    return policy->has_variables;
}

static bool has_changes(const CiPolicy *policy)
{
    return policy->changes != NULL;
}

static const struct {
    const char *name;
    bool (*given)(const CiPolicy *policy);
    bool (*holds)(Conditions *c, Sight *sight, const CiPolicy *policy, const char **error);
} groups[] = {
    { "refs", has_refs, refs_hold },
    { "kubernetes", has_kubernetes, kubernetes_holds },
    { "variables", has_variables, variables_hold },
    { "changes", has_changes, policy_changes_hold },
};

/* The first group that is given and, as @wanted says, holds or does not; NULL: none. */
static const char *find_group(Conditions *c, Sight *sight, const CiPolicy *policy, bool wanted,
                              const char **error)
{
    for (size_t i = 0; policy && i < G_N_ELEMENTS(groups); i++) {
        if (groups[i].given(policy) && groups[i].holds(c, sight, policy, error) == wanted)
            return groups[i].name;
    }
    return NULL;
}

bool conditions_let_in(Conditions *c, Sight *sight, const CiPolicy *only, const CiPolicy *except,
                       CiBecause *because, const char **group)
{
    const char *error = NULL;

    *because = CI_BECAUSE_ONLY;
    *group = find_group(c, sight, only, false, &error);
    if (!*group) {
        *because = CI_BECAUSE_EXCEPT;
        *group = find_group(c, sight, except, true, &error);
    }
    if (error) {
        *because = CI_BECAUSE_ERROR;
        *group = error;
        return false;
    }
    if (*group)
        return false;
    *because = CI_BECAUSE_ONLY_MET;
    return true;
}
