/* Tests of the variables of projects, groups and the instance. */
#include "store/ci_variables.h"
#include "store/test_world.h"

static CiVariableRow add(World *w, CiOwner owner, const char *key, const char *value,
                         const char *scope)
{
    CiVariableRow row = { .key = key, .value = value, .environment_scope = scope };

    OK(ci_variable_insert(w->db, owner, &row, &w->err));
    return row;
}

static void one_is_changed_and_deleted(World *w, CiOwner owner)
{
    CiVariableRow row = add(w, owner, "K", "1", "*");
    CiVariableRow *rows, again = row;
    size_t n;
    int64_t count;

    IS_REFUSED_WITH(ci_variable_insert(w->db, owner, &again, &w->err), ERR_DB_UNIQUE);
    OK(ci_variable_lock_owner(w->db, owner, &w->err));
    row.masked = true;
    row.description = "why";
    OK(ci_variable_update(w->db, &row, &w->err));
    OK(ci_variable_list(w->db, w->arena, owner, "K", (Slice){ 0 }, &rows, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(rows[0].masked);
    g_assert_cmpstr(rows[0].description, ==, "why");
    OK(ci_variable_list(w->db, w->arena, owner, NULL, (Slice){ 10, 0 }, &rows, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(ci_variable_delete(w->db, row.id, &w->err));
    OK(ci_variable_count(w->db, owner, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
}

static void each_owner_has_a_key_once(World *w)
{
    one_is_changed_and_deleted(w, (CiOwner){ CI_OWNER_INSTANCE, 0 });
    one_is_changed_and_deleted(w, (CiOwner){ CI_OWNER_GROUP, w->top.id });
    one_is_changed_and_deleted(w, (CiOwner){ CI_OWNER_PROJECT, w->project.id });
}

static void the_nearest_owner_and_scope_come_last(World *w)
{
    const char *expected[] = { "instance", "top", "sub", "any", "wild", "wilder", "exact" };
    CiOwner project = { CI_OWNER_PROJECT, w->project.id };
    CiVariableRow *rows;
    size_t n;

    (void)add(w, project, "K", "exact", "a/b");
    (void)add(w, project, "K", "wilder", "review/*");
    (void)add(w, project, "K", "wild", "rev*");
    (void)add(w, project, "K", "any", "*");
    (void)add(w, (CiOwner){ CI_OWNER_PROJECT, w->own.id }, "K", "another's", "*");
    (void)add(w, (CiOwner){ CI_OWNER_GROUP, w->sub.id }, "K", "sub", "*");
    (void)add(w, (CiOwner){ CI_OWNER_GROUP, w->top.id }, "K", "top", "*");
    (void)add(w, (CiOwner){ CI_OWNER_INSTANCE, 0 }, "K", "instance", "*");
    OK(ci_variable_list_for_project(w->db, w->arena, w->project.id, w->sub.id, &rows, &n, &w->err));
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
    for (size_t i = 0; i < n; i++)
        g_assert_cmpstr(rows[i].value, ==, expected[i]);
}

void add_ci_variable_tests(void)
{
    add_test("ci_variables/key-once", each_owner_has_a_key_once);
    add_test("ci_variables/order", the_nearest_owner_and_scope_come_last);
}
