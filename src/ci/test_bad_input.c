/* test_bad_input.c - files that are broken, or that expand: each ends soon, in little memory, with a
 * message that names what was too much, or with a plan.
 *
 * Each file is compiled and planned in a process of its own, with the default limits; what that took
 * is held against the bounds and told.  Under a sanitizer memory and time say nothing.
 */
#include "ci/ci.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_MEMORY_MB = 64, MAX_JOBS = 2000 };

/* Ten times what the file may take on an idle machine. */
static const double max_seconds = 1;

typedef struct Given {
    const char *bytes;
    size_t size;
} Given;

/* Every file that is included holds the same. */
static CiFetchResult fetch(void *data, const CiFetch *what, Arena *arena, CiFile *file)
{
    const Given *given = data;

    file->bytes = given->bytes;
    file->size = given->size;
    return CI_FETCH_OK;
}

static CiFetchResult one_file(void *data, const char *project, const char *ref, Arena *arena,
                              CiStrings *paths)
{
    static const char *const all[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL };

    *paths = all;
    return CI_FETCH_OK;
}

static void repeat(GString *out, const char *text, int n)
{
    for (int i = 0; i < n; i++)
        g_string_append(out, text);
}

static void append_job(GString *out)
{
    g_string_append(out, "\njob:\n  script: echo\n");
}

static void no_utf8(GString *out)
{
    g_string_append(out, "job:\n  script: \"\xff\xfe\x80\"\n");
}

static void nul_bytes(GString *out)
{
    g_string_append_len(out, "job:\n  script: a\0b\n", 19);
}

static void deep_lists(GString *out)
{
    g_string_append(out, "a: ");
    repeat(out, "[", 200000);
}

static void deep_blocks(GString *out)
{
    for (int depth = 0; depth < 1500; depth++)
        g_string_append_printf(out, "%*sa:\n", depth, "");
}

static void alias_bomb(GString *out)
{
    g_string_append(out, ".a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        g_string_append_printf(out, ".a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            g_string_append_printf(out, "*a%d, ", i - 1);
        g_string_append(out, "]\n");
    }
    append_job(out);
}

static void cyclic_alias(GString *out)
{
    g_string_append(out, ".a: &a [*a]\n");
    append_job(out);
}

static void merge_bomb(GString *out)
{
    g_string_append(out, ".a0: &a0 {k: v}\n");
    for (int i = 1; i < 40; i++)
        g_string_append_printf(out, ".a%d: &a%d {l: *a%d, r: *a%d}\n", i, i, i - 1, i - 1);
    append_job(out);
}

static void cyclic_extends(GString *out)
{
    g_string_append(out, "a: {extends: b}\nb: {extends: a}\n");
}

static void extends_fan_out(GString *out)
{
    g_string_append(out, ".b0: {variables: {A: a}}\n");
    for (int i = 1; i <= 10; i++) {
        g_string_append_printf(out, ".b%d:\n  extends: [", i);
        for (int k = 0; k < 10; k++)
            g_string_append_printf(out, ".b%d, ", i - 1);
        g_string_append_printf(out, "]\n  variables: {V%d: v}\n", i);
    }
    g_string_append(out, "job:\n  extends: .b10\n  script: echo\n");
}

static void long_extends(GString *out)
{
    g_string_append(out, ".b0: {script: echo}\n");
    for (int i = 1; i < 2000; i++)
        g_string_append_printf(out, ".b%d: {extends: .b%d}\n", i, i - 1);
    g_string_append(out, "job: {extends: .b1999}\n");
}

static void cyclic_include(GString *out)
{
    g_string_append(out, "include: a.yml\n");
    append_job(out);
}

static void include_fan_out(GString *out)
{
    g_string_append(out, "include:\n");
    repeat(out, "  - a.yml\n", 100);
    repeat(out, "# comment\n", 50000);
    append_job(out);
}

/* 150 files: what is in each is another writer's. */
static void many_files(GString *out)
{
    g_string_append(out, "include:\n");
    for (int i = 0; i < 150; i++)
        g_string_append_printf(out, "  - f%d.yml\n", i);
    append_job(out);
}

static void many_small_values(GString *out)
{
    g_string_append(out, ".a: [");
    repeat(out, "1,", 30000);
    g_string_append(out, "1]\n");
}

static void many_nested_values(GString *out)
{
    for (int i = 0; i < 90000; i++)
        g_string_append_printf(out, ".k%d: {}\n", i);
}

static void long_text(GString *out)
{
    g_string_append(out, ".a: |\n");
    repeat(out, "  0123456789 0123456789 0123456789 0123456789\n", 40000);
}

static void long_comment(GString *out)
{
    g_string_append(out, ".a: 1\n");
    repeat(out, "# comment\n", 200000);
}

static void cyclic_needs(GString *out)
{
    g_string_append(out, "a: {script: a, needs: [b]}\nb: {script: b, needs: [a]}\n");
}

static void long_needs(GString *out)
{
    g_string_append(out, "j0: {script: a}\n");
    for (int i = 1; i < 1500; i++)
        g_string_append_printf(out, "j%d: {script: a, needs: [j%d]}\n", i, i - 1);
}

static void long_line(GString *out)
{
    g_string_append(out, "job:\n  script: ");
    repeat(out, "0123456789", 1 << 20);
}

static void many_keys(GString *out)
{
    for (int i = 0; i < 100000; i++)
        g_string_append_printf(out, ".k%d: 1\n", i);
    append_job(out);
}

/* The two halves of each pair have the same hash of Bernstein's kind. */
static void colliding_keys(GString *out)
{
    for (int i = 0; i < 1 << 15; i++) {
        g_string_append(out, ".");
        for (int bit = 0; bit < 15; bit++)
            g_string_append(out, i >> bit & 1 ? "ab" : "bA");
        g_string_append(out, ": 1\n");
    }
    append_job(out);
}

/* 2^n texts of one hash by GLib's g_str_hash(): "aB" and "b!" weigh the same. */
static void colliding_names(GString *out, int n_bits, const char *before, const char *after)
{
    for (unsigned i = 0; i < 1u << n_bits; i++) {
        g_string_append(out, before);
        for (int bit = 0; bit < n_bits; bit++)
            g_string_append(out, i & 1u << bit ? "aB" : "b!");
        g_string_append(out, after);
    }
}

static void colliding_variables(GString *out)
{
    g_string_append(out, "variables:\n");
    colliding_names(out, 15, "  \"", "\": v\n");
    append_job(out);
}

static void colliding_jobs(GString *out)
{
    colliding_names(out, 10, "\"", "\": {script: x}\n");
}

static void colliding_patterns(GString *out)
{
    g_string_append(out, "j:\n  script: x\n  rules:\n");
    colliding_names(out, 11, "    - if: '$A == \"", "\"'\n");
    g_string_append(out, "    - when: on_success\n");
}

static void many_variables(GString *out)
{
    g_string_append(out, "variables:\n");
    for (int i = 0; i < 90000; i++)
        g_string_append_printf(out, "  K%d: v\n", i);
    append_job(out);
}

static void equal_keys(GString *out)
{
    repeat(out, "job: {script: a}\n", 60000);
}

static void matrix_bomb(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  parallel:\n    matrix:\n      - ");
    for (int i = 0; i < 10; i++)
        g_string_append_printf(out, "V%d: [a, b, c, d, e, f, g, h, i, j]\n        ", i);
}

static void many_matrices(GString *out)
{
    for (int i = 0; i < 5000; i++)
        g_string_append_printf(out, "j%d: {script: a, parallel: 200}\n", i);
}

static void huge_parallel(GString *out)
{
    g_string_append(out, "job: {script: a, parallel: 1000000000}\n");
}

static void bad_pattern(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  rules:\n    - if: $A =~ /(?=a)/\n");
}

static void huge_pattern(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  rules:\n    - if: $A =~ /((a{100}){100}){100}/\n");
}

static void many_patterns(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  rules:\n");
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(out, "    - if: $A =~ /x%d([a-z]{50}){15}/\n", i);
}

static void cyclic_reference(GString *out)
{
    g_string_append(out, "job:\n  script: !reference [job, script]\n");
}

static void reference_bomb(GString *out)
{
    g_string_append(out, ".r0: {s: [a, a, a, a]}\n");
    for (int i = 1; i <= 9; i++) {
        g_string_append_printf(out, ".r%d:\n  s:\n", i);
        for (int k = 0; k < 10; k++)
            g_string_append_printf(out, "    - !reference [.r%d, s]\n", i - 1);
    }
    g_string_append(out, "job:\n  script: !reference [.r9, s]\n");
}

static void interpolation_bomb(GString *out)
{
    g_string_append(out, "spec:\n  inputs:\n    a:\n      default: '");
    repeat(out, "0123456789", 50000);
    g_string_append(out, "'\n---\njob:\n  script: a\n");
    repeat(out, "# $[[ inputs.a ]]\n", 9000);
}

static void expansion_bomb(GString *out)
{
    g_string_append(out, "variables:\n  V0: 0123456789\n");
    for (int i = 1; i < 60; i++)
        g_string_append_printf(out, "  V%d: $V%d$V%d\n", i, i - 1, i - 1);
    g_string_append(out, "job:\n  script: a\n  tags: [$V59]\n");
}

static void brace_bomb(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  rules:\n    - exists: ['");
    repeat(out, "{a,b}", 60);
    g_string_append(out, "']\n");
}

static void star_bomb(GString *out)
{
    g_string_append(out, "job:\n  script: a\n  rules:\n    - exists: ['");
    repeat(out, "a*", 40);
    g_string_append(out, "c']\n    - when: always\n");
}

static void long_names(GString *out)
{
    repeat(out, "n", 1000000);
    g_string_append(out, ": {script: a, stage: 1}\n");
}

#define TOTAL_TOO_BIG "Total size of combined CI/CD configuration is too big"

static const struct {
    const char *claim;
    void (*write)(GString *out);
    const char *message;                  /* a part of the first one; NULL: it has a plan */
    void (*write_included)(GString *out); /* every included file; NULL: the same as the first */
} files[] = {
    { "bytes_that_are_no_text_are_refused", no_utf8, "invalid leading UTF-8 octet" },
    { "a_nul_byte_is_refused", nul_bytes, "control characters are not allowed" },
    { "deep_lists_are_too_big", deep_lists, "The parsed YAML is too big" },
    { "deep_mappings_are_too_big", deep_blocks, "The parsed YAML is too big" },
    { "aliases_that_multiply_are_too_big", alias_bomb, "The parsed YAML is too big" },
    { "a_cyclic_alias_is_too_big", cyclic_alias, "The parsed YAML is too big" },
    { "aliases_that_double_are_too_big", merge_bomb, "The parsed YAML is too big" },
    { "cyclic_extends_are_named", cyclic_extends, "circular dependency detected in `extends`" },
    { "bases_that_fan_out_are_resolved_once", extends_fan_out, NULL },
    { "a_long_chain_of_bases_is_refused", long_extends, "nesting too deep in `extends`" },
    { "a_cyclic_include_ends", cyclic_include, "Maximum of 150 nested includes" },
    { "includes_that_fan_out_end", include_fan_out, "Maximum of 150 nested includes" },
    { "many_files_of_small_values_are_too_big", many_files, TOTAL_TOO_BIG, many_small_values },
    { "many_files_of_mappings_are_too_big", many_files, TOTAL_TOO_BIG, many_nested_values },
    { "many_files_of_text_are_too_big", many_files, TOTAL_TOO_BIG, long_text },
    { "many_files_of_comments_are_too_big", many_files, TOTAL_TOO_BIG, long_comment },
    { "cyclic_needs_are_named", cyclic_needs, "circular dependencies" },
    { "a_long_chain_of_needs_is_no_problem", long_needs, NULL },
    { "a_line_of_10_mb_is_too_big", long_line, "The provided YAML is too big" },
    { "many_keys_are_too_big", many_keys, "The parsed YAML is too big" },
    { "keys_that_collide_are_no_problem", colliding_keys, NULL },
    { "many_variables_are_no_problem", many_variables, NULL },
    { "variables_that_collide_are_no_problem", colliding_variables, NULL },
    { "jobs_that_collide_are_no_problem", colliding_jobs, NULL },
    { "conditions_that_collide_are_no_problem", colliding_patterns, NULL },
    { "many_equal_keys_are_too_big", equal_keys, "The parsed YAML is too big" },
    { "a_matrix_that_multiplies_is_refused", matrix_bomb,
      "generates too many jobs (maximum is 200)" },
    { "many_parallel_jobs_are_refused", many_matrices, "too many jobs (maximum is" },
    { "a_huge_parallel_is_refused", huge_parallel, "must be less than or equal to 200" },
    { "a_pattern_that_re2_refuses_is_invalid", bad_pattern, "invalid expression syntax" },
    { "a_huge_pattern_is_invalid", huge_pattern, "invalid expression syntax" },
    { "many_large_patterns_are_too_much_work", many_patterns, "takes too much work" },
    { "a_cyclic_reference_is_named", cyclic_reference, "is part of a circular chain" },
    { "references_that_multiply_are_too_big", reference_bomb, "The parsed YAML is too big" },
    { "inputs_that_multiply_are_too_big", interpolation_bomb, "The provided YAML is too big" },
    { "values_that_double_stay_short", expansion_bomb, NULL },
    { "braces_that_multiply_are_refused", brace_bomb, "stand for too many patterns" },
    { "many_stars_take_no_time", star_bomb, NULL },
    { "a_long_key_is_refused", long_names, "mapping values are not allowed" },
};

/* In the child: the first message, or "". */
static const char *outcome(const GString *text, const GString *included, Arena *arena)
{
    Given given = { included->str, included->len };
    const CiLimits limits = { .jobs = MAX_JOBS };
    CiMessages messages;
    const CiInput input = { .path = ".gitlab-ci.yml",
                            .bytes = text->str,
                            .size = text->len,
                            .fetch = fetch,
                            .tree = one_file,
                            .fetch_data = &given,
                            .limits = limits };
    const CiRun run = { .limits = limits, .ref = "main", .tree = one_file, .data = &given };

    CiConfig *config = ci_compile(&input, arena, &messages);
    if (!config)
        return messages.n > 0 ? messages.items[0].text : "no message";
    CiPlan *plan = ci_plan_run(config, &run);
    return plan->messages.n > 0 ? plan->messages.items[0].text : "";
}

/* Runs one file in a child; @message gets its answer.  NULL: it crashed. */
static char *run_file(size_t i, struct rusage *usage)
{
    int ends[2], status;
    char answer[1024];

    if (pipe(ends) != 0)
        return NULL;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GString) included = g_string_new(NULL);
        g_autoptr(Arena) arena = arena_new();
        files[i].write(text);
        (files[i].write_included ? files[i].write_included : files[i].write)(included);
        const char *first = outcome(text, included, arena);
        ssize_t written = write(ends[1], first, MIN(strlen(first), sizeof answer));
        _exit(written < 0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], answer, sizeof answer);
    close(ends[0]);
    if (child < 0 || wait4(child, &status, 0, usage) != child || status != 0 || n < 0)
        return NULL;
    return g_strndup(answer, (gsize)n);
}

/* Whether what is measured means something. */
static bool is_plain_build(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#else
    return true;
#endif
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static bool check_file(size_t i)
{
    struct rusage usage = { 0 };
    g_autofree char *answer = run_file(i, &usage);
    double seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    double megabytes = (double)usage.ru_maxrss / 1024;
    bool right =
        answer && (files[i].message ? strstr(answer, files[i].message) != NULL : *answer == '\0');
    bool small = !is_plain_build() || (seconds < max_seconds && megabytes < MAX_MEMORY_MB);

    printf("%s %zu - %s\n", right && small ? "ok" : "not ok", i + 1, files[i].claim);
    printf("# %.0f ms, %.0f MB: %.200s\n", seconds * 1000, megabytes, answer ? answer : "crashed");
    return right && small;
}

int main(void)
{
    bool ok = true;

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        ok = check_file(i) && ok;
    printf("1..%zu\n", G_N_ELEMENTS(files));
    return ok ? 0 : 1;
}
