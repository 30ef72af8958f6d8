/* model_check.c - the engine against a second, naive one, over orders of events.
 *
 * model-check [--steps N] [--exhaustive N] [--seed N]: N random steps (with the pipeline of that
 * seed first) and N of an exhaustive walk.  A failure is made small and printed as a case for
 * tests/engine.  With --write DIR the random plays are written there as cases. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

static int tell(Play *failed, const char *what, GString *fault)
{
    g_autofree char *first = g_strdup(fault->str);

    report_shrink(failed);
    g_string_truncate(fault, 0);
    g_autofree char *text = play_holds(failed, fault) ? NULL : report_as_case(failed);
    printf("%s: %s\n", what, first);
    if (text)
        printf("made small: %s\n\n%s", fault->str, text);
    return EXIT_FAILURE;
}

static bool write_cases(const char *dir, int64_t steps, guint32 seed)
{
    g_autofree Play *play = g_new0(Play, 1);
    g_autoptr(GString) fault = g_string_new(NULL);
    g_autoptr(GError) wrong = NULL;

    for (int64_t done = 0; done < steps; seed++, done += play->n_steps + 1) {
        g_autofree char *path = g_strdup_printf("%s/seed_%u.yml", dir, seed);

        (void)play_of_seed(seed, play, fault); /* whether it holds is not asked here */
        g_autofree char *text = report_as_case(play);
        if (!g_file_set_contents(path, text, -1, &wrong)) {
            fprintf(stderr, "model-check: %s\n", wrong->message);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    int64_t steps = 3000000, exhaustive = 6000000, seed = 1;
    g_autofree char *dir = NULL;
    const GOptionEntry entries[] = {
        { "steps", 0, 0, G_OPTION_ARG_INT64, &steps, "random steps", "N" },
        { "exhaustive", 0, 0, G_OPTION_ARG_INT64, &exhaustive, "steps of the full walk", "N" },
        { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "of the first random pipeline", "N" },
        { "write", 0, 0, G_OPTION_ARG_FILENAME, &dir, "write the random plays as cases", "DIR" },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GString) fault = g_string_new(NULL);
    g_autofree Play *failed = g_new0(Play, 1);
    guint32 at;
    long done = 0;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &wrong)) {
        fprintf(stderr, "model-check: %s\n", wrong->message);
        return 2;
    }
    at = (guint32)seed;
    if (dir)
        return write_cases(dir, steps, at) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!play_at_random(steps, &at, failed, fault)) {
        g_autofree char *what = g_strdup_printf("--seed %u", at);
        return tell(failed, what, fault);
    }
    if (!play_exhaustively(exhaustive, &done, failed, fault))
        return tell(failed, "the walk over all orders", fault);
    printf("%ld random steps, seeds %ld to %u; %ld steps of all orders\n", (long)steps, (long)seed,
           at - 1, done);
    return EXIT_SUCCESS;
}
