/* Tests of resource_groups.c. */
#include "store/resource_groups.h"
#include "store/test_world.h"

static ResourceGroup new_group(World *w, const char *key, ProcessMode mode)
{
    ResourceGroup group = { .project_id = w->project.id,
                            .key = key,
                            .process_mode = mode,
                            .created_at = NOW,
                            .updated_at = NOW };

    OK(resource_group_ensure(w->db, &group, &w->err));
    return group;
}

static Job new_job_of(World *w, const ResourceGroup *group, const Pipeline *pipeline,
                      const char *name, Status status)
{
    Job job = w->job;

    job.pipeline_id = pipeline->id;
    job.name = name;
    job.status = status;
    job.resource_group_id = group->id;
    OK(job_insert(w->db, &job, &w->err));
    return job;
}

static void a_key_has_one_group(World *w)
{
    ResourceGroup first = new_group(w, "production", PROCESS_OLDEST_FIRST);
    ResourceGroup again = new_group(w, "production", PROCESS_UNORDERED);
    ResourceGroup other = new_group(w, "test", PROCESS_UNORDERED);
    ResourceGroup found, *groups = NULL;
    int64_t n_all = 0;
    size_t n = 0;

    g_assert_cmpint(again.id, ==, first.id);
    g_assert_cmpint(other.id, !=, first.id);
    OK(resource_group_set_mode(w->db, first.id, PROCESS_NEWEST_FIRST, NOW + 1, &w->err));
    OK(resource_group_by_key(w->db, w->arena, w->project.id, "production", &found, &w->err));
    g_assert_cmpint(found.process_mode, ==, PROCESS_NEWEST_FIRST);
    g_assert_cmpint(found.updated_at, ==, NOW + 1);
    OK(resource_group_lock(w->db, w->arena, first.id, &found, &w->err));
    OK(resource_group_get(w->db, w->arena, first.id, &found, &w->err));
    g_assert_cmpstr(found.key, ==, "production");
    OK(resource_group_list(w->db, w->arena, w->project.id, (Slice){ 10, 0 }, &groups, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    OK(resource_group_count(w->db, w->project.id, &n_all, &w->err));
    g_assert_cmpint(n_all, ==, 2);
}

static void two_jobs_never_have_one_resource(World *w)
{
    ResourceGroup group = new_group(w, "production", PROCESS_UNORDERED);
    Job holder = new_job_of(w, &group, &w->pipeline, "one", STATUS_RUNNING);
    Job waiting = new_job_of(w, &group, &w->pipeline, "two", STATUS_WAITING_FOR_RESOURCE);
    JobState pending = { .status = STATUS_PENDING, .exit_code = -1, .updated_at = NOW };
    ResourceGroup *free_groups = NULL;
    bool done = false;
    size_t n = 0;
    Job found;

    OK(resource_group_holder(w->db, w->arena, group.id, &found, &w->err));
    g_assert_cmpint(found.id, ==, holder.id);
    OK(resource_group_list_free(w->db, w->arena, 0, 10, &free_groups, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    IS_REFUSED_WITH(
        job_update_state(w->db, waiting.id, STATUS_WAITING_FOR_RESOURCE, &pending, &done, &w->err),
        ERR_DB_UNIQUE);
    pending.status = STATUS_SUCCESS;
    OK(job_update_state(w->db, holder.id, STATUS_RUNNING, &pending, &done, &w->err));
    FAILS_WITH(resource_group_holder(w->db, w->arena, group.id, &found, &w->err), ERR_NO_RECORD);
    OK(resource_group_list_free(w->db, w->arena, 0, 10, &free_groups, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(free_groups[0].id, ==, group.id);
}

static int64_t next_of(World *w, ResourceGroup *group, ProcessMode mode)
{
    bool found = false;
    int64_t n = 0;
    Job job;

    group->process_mode = mode;
    OK(resource_group_count_upcoming(w->db, group, &n, &w->err));
    OK(resource_group_next(w->db, w->arena, group, &job, &found, &w->err));
    g_assert_true(found);
    return job.id;
}

static void the_mode_says_whose_turn_is_next(World *w)
{
    ResourceGroup group = new_group(w, "production", PROCESS_UNORDERED);
    Pipeline old = new_pipeline(w, "main", STATUS_RUNNING);
    Pipeline middle = new_pipeline(w, "main", STATUS_RUNNING);
    Pipeline new = new_pipeline(w, "main", STATUS_RUNNING);
    Job of_new = new_job_of(w, &group, &new, "a", STATUS_WAITING_FOR_RESOURCE);
    Job of_middle = new_job_of(w, &group, &middle, "a", STATUS_WAITING_FOR_RESOURCE);
    Job to_come = new_job_of(w, &group, &old, "a", STATUS_CREATED);

    g_assert_cmpint(next_of(w, &group, PROCESS_UNORDERED), ==, of_new.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_OLDEST_FIRST), ==, to_come.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_NEWEST_FIRST), ==, of_new.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_NEWEST_READY_FIRST), ==, of_new.id);
    Job waits_there = new_job_of(w, &group, &old, "b", STATUS_WAITING_FOR_RESOURCE);
    g_assert_cmpint(next_of(w, &group, PROCESS_OLDEST_FIRST), ==, waits_there.id);
    g_assert_cmpint(of_middle.id, !=, of_new.id);
    /* What is delayed in the newest pipeline keeps the others waiting in one mode only. */
    Pipeline newest = new_pipeline(w, "main", STATUS_SCHEDULED);
    Job delayed = new_job_of(w, &group, &newest, "a", STATUS_SCHEDULED);
    g_assert_cmpint(next_of(w, &group, PROCESS_UNORDERED), ==, of_new.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_OLDEST_FIRST), ==, waits_there.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_NEWEST_FIRST), ==, delayed.id);
    g_assert_cmpint(next_of(w, &group, PROCESS_NEWEST_READY_FIRST), ==, of_new.id);
}

void add_resource_group_tests(void)
{
    add_test("resource_groups/one-a-key", a_key_has_one_group);
    add_test("resource_groups/one-holder", two_jobs_never_have_one_resource);
    add_test("resource_groups/turns", the_mode_says_whose_turn_is_next);
}
