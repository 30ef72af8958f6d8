/* Tests of changes.c. */
#include "base/changes.h"

#include <glib.h>

typedef struct World {
    Topics *topics;
    Changes *changes;
    int calls;
    char *relayed;
} World;

static void setup(World *w, const void *unused)
{
    w->topics = topics_new();
    w->changes = changes_new(w->topics, "ab12");
}

static void teardown(World *w, const void *unused)
{
    changes_free(w->changes);
    topics_free(w->topics);
    g_free(w->relayed);
}

static void count(void *data)
{
    ((World *)data)->calls++;
}

static void relay(const char *text, void *data)
{
    World *w = data;

    g_free(w->relayed);
    w->relayed = g_strdup(text);
}

static void changes_are_read_in_order(World *w, const void *unused)
{
    int64_t cursor = changes_cursor(w->changes);
    Change out[2];
    size_t n;

    for (int64_t i = 1; i <= 3; i++)
        changes_note(w->changes, 7, i);
    g_assert_true(changes_read(w->changes, &cursor, out, 2, &n));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(out[1].pipeline_id, ==, 2);
    g_assert_true(changes_read(w->changes, &cursor, out, 2, &n));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(out[0].project_id, ==, 7);
    g_assert_true(changes_read(w->changes, &cursor, out, 2, &n));
    g_assert_cmpuint(n, ==, 0);
}

static void who_is_too_far_behind_is_told(World *w, const void *unused)
{
    int64_t cursor = changes_cursor(w->changes);
    Change out[1];
    size_t n;

    for (int i = 0; i <= CHANGES_KEPT; i++)
        changes_note(w->changes, 7, i);
    g_assert_false(changes_read(w->changes, &cursor, out, 1, &n));
    g_assert_cmpuint(n, ==, 0);
    g_assert_true(changes_read(w->changes, &cursor, out, 1, &n));
    (void)changes_hear(w->changes, NULL);
    g_assert_false(changes_read(w->changes, &cursor, out, 1, &n));
}

static void who_waits_is_called(World *w, const void *unused)
{
    static const struct {
        TopicKind kind;
        int64_t id;
        int calls;
    } rows[] = { { TOPIC_PIPELINE, 5, 1 },
                 { TOPIC_PIPELINE, 7, 0 },
                 { TOPIC_PROJECT, 7, 1 },
                 { TOPIC_PROJECT, 5, 0 },
                 { TOPIC_PROJECT, 0, 1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        w->calls = 0;
        topics_wait(w->topics, rows[i].kind, rows[i].id, count, w);
        changes_note(w->changes, 7, 5);
        topics_forget(w->topics, w);
        g_assert_cmpint(w->calls, ==, rows[i].calls);
    }
}

static void other_processes_hear_of_it(World *w, const void *unused)
{
    Changes *other = changes_new(w->topics, "cd34");
    int64_t cursor = changes_cursor(other);
    Change out[1];
    size_t n;

    changes_relay(w->changes, relay, w);
    changes_note(w->changes, 7, 5);
    g_assert_true(changes_hear(other, w->relayed));
    g_assert_true(changes_read(other, &cursor, out, 1, &n));
    g_assert_cmpint(out[0].pipeline_id, ==, 5);
    g_assert_false(changes_hear(other, "log 5"));
    g_assert_false(changes_hear(other, "jobs"));
    changes_free(other);
}

static void a_cursor_is_known_again_by_its_own_process(World *w, const void *unused)
{
    g_autofree char *text = changes_cursor_text(w->changes, 12);
    int64_t cursor = 0;

    g_assert_true(changes_cursor_from_text(w->changes, text, &cursor));
    g_assert_cmpint(cursor, ==, 12);
    g_assert_false(changes_cursor_from_text(w->changes, "cd34-12", &cursor));
    g_assert_false(changes_cursor_from_text(w->changes, "ab12-x", &cursor));
    g_assert_false(changes_cursor_from_text(w->changes, "ab12", &cursor));
    g_assert_false(changes_cursor_from_text(w->changes, "", &cursor));
}

#define TEST(name, func) g_test_add("/base/changes/" name, World, NULL, setup, func, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("are-read-in-order", changes_are_read_in_order);
    TEST("who-is-too-far-behind-is-told", who_is_too_far_behind_is_told);
    TEST("who-waits-is-called", who_waits_is_called);
    TEST("other-processes-hear-of-it", other_processes_hear_of_it);
    TEST("a-cursor-is-known-again-by-its-own-process", a_cursor_is_known_again_by_its_own_process);
    return g_test_run();
}
