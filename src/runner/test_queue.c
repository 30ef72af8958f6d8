/* Which tags of a job a runner answers to. */
#include "runner/queue.h"

static void a_runner_needs_all_tags_of_a_job(void)
{
    g_assert_true(queue_tags_match("docker linux ssd", false, "docker ssd"));
    g_assert_false(queue_tags_match("docker linux", false, "docker ssd"));
    g_assert_false(queue_tags_match("", true, "docker"));
}

static void a_part_of_a_tag_is_not_the_tag(void)
{
    g_assert_false(queue_tags_match("docker-linux", true, "docker"));
    g_assert_false(queue_tags_match("docker", true, "docker-linux"));
    g_assert_false(queue_tags_match("linux", true, "inux"));
}

static void untagged_jobs_are_for_runners_that_take_them(void)
{
    g_assert_true(queue_tags_match("docker", true, ""));
    g_assert_true(queue_tags_match("", true, ""));
    g_assert_false(queue_tags_match("docker", false, ""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/runner/queue/a-runner-needs-all-tags-of-a-job",
                    a_runner_needs_all_tags_of_a_job);
    g_test_add_func("/runner/queue/a-part-of-a-tag-is-not-the-tag", a_part_of_a_tag_is_not_the_tag);
    g_test_add_func("/runner/queue/untagged-jobs-are-for-runners-that-take-them",
                    untagged_jobs_are_for_runners_that_take_them);
    return g_test_run();
}
