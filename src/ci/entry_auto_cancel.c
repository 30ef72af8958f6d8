/* entry_auto_cancel.c - `auto_cancel` of the workflow and of its rules. */
#include "ci/entry.h"

static const char *const new_commit_choices[] = { "conservative", "interruptible", "none", NULL };
static const char *const job_failure_choices[] = { "none", "all", NULL };

static void read_on_new_commit(Entry *e, const Keyword *keyword, const Node *value)
{
    AutoCancel *chosen = e->out;

    if (!shape_fits(value, SHAPE_CHOICE, new_commit_choices)) {
        compiler_report_lower(e->c, value,
                              "%s on new commit must be one of: conservative, interruptible, none",
                              e->location);
        return;
    }
    chosen->has_on_new_commit = true;
    for (int i = 0; new_commit_choices[i]; i++) {
        if (g_str_equal(new_commit_choices[i], value->text))
            chosen->on_new_commit = (CiOnNewCommit)i;
    }
}

static void read_on_job_failure(Entry *e, const Keyword *keyword, const Node *value)
{
    AutoCancel *chosen = e->out;

    if (shape_fits(value, SHAPE_CHOICE, job_failure_choices))
        chosen->on_job_failure = g_str_equal(value->text, "all") ? CI_TRUE : CI_FALSE;
    else
        compiler_report_lower(e->c, value, "%s on job failure must be one of: none, all",
                              e->location);
}

static const Keyword auto_cancel_keywords[] = {
    { "on_new_commit", read_on_new_commit },
    { "on_job_failure", read_on_job_failure },
};

void entry_auto_cancel(Compiler *c, const char *location, const Node *value, AutoCancel *chosen)
{
    Entry e = { c, location, value, chosen };

    (void)entry_read_hash(&e, auto_cancel_keywords, G_N_ELEMENTS(auto_cancel_keywords));
}
