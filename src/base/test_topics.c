/* Tests of topics. */
#include "base/topics.h"

#include <glib.h>

static void count(void *data)
{
    ++*(int *)data;
}

static void keep(const char *text, void *data)
{
    g_string_append_printf(data, "%s;", text);
}

static void news_call_once_those_who_wait_for_the_thing(void)
{
    Topics *topics = topics_new();
    int first = 0, second = 0, other = 0, gone = 0;

    topics_wait(topics, TOPIC_LOG, 1, count, &first);
    topics_wait(topics, TOPIC_LOG, 1, count, &second);
    topics_wait(topics, TOPIC_LOG, 2, count, &other);
    topics_wait(topics, TOPIC_LOG, 1, count, &gone);
    topics_forget(topics, &gone);
    topics_forget(topics, &gone);
    topics_tell(topics, TOPIC_LOG, 1);
    topics_tell(topics, TOPIC_LOG, 1);
    g_assert_cmpint(first, ==, 1);
    g_assert_cmpint(second, ==, 1);
    g_assert_cmpint(other, ==, 0);
    g_assert_cmpint(gone, ==, 0);
    topics_free(topics);
}

static void a_waiter_waits_for_the_last_thing_it_named(void)
{
    Topics *topics = topics_new();
    int calls = 0;

    topics_wait(topics, TOPIC_LOG, 1, count, &calls);
    topics_wait(topics, TOPIC_LOG, 2, count, &calls);
    topics_tell(topics, TOPIC_LOG, 1);
    g_assert_cmpint(calls, ==, 0);
    topics_tell(topics, TOPIC_LOG, 2);
    g_assert_cmpint(calls, ==, 1);
    topics_free(topics);
}

static void what_one_relays_another_hears(void)
{
    g_autoptr(GString) told = g_string_new(NULL);
    Topics *topics = topics_new();
    int calls = 0;

    topics_relay(topics, keep, told);
    topics_tell(topics, TOPIC_LOG, 42);
    g_assert_cmpstr(told->str, ==, "log 42;");
    topics_wait(topics, TOPIC_LOG, 42, count, &calls);
    g_assert_true(topics_hear(topics, "log 42"));
    g_assert_cmpint(calls, ==, 1);
    g_assert_cmpstr(told->str, ==, "log 42;"); /* not passed on again */
    g_assert_false(topics_hear(topics, "jobs"));
    g_assert_false(topics_hear(topics, "log"));
    g_assert_false(topics_hear(topics, ""));
    topics_wait(topics, TOPIC_LOG, 7, count, &calls);
    g_assert_false(topics_hear(topics, NULL));
    g_assert_cmpint(calls, ==, 2); /* what was missed may have been its news */
    topics_free(topics);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/topics/once", news_call_once_those_who_wait_for_the_thing);
    g_test_add_func("/base/topics/last", a_waiter_waits_for_the_last_thing_it_named);
    g_test_add_func("/base/topics/relay", what_one_relays_another_hears);
    return g_test_run();
}
