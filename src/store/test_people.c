/* Tests of users, namespaces, projects, members, tokens, protected refs. */
#include "store/access_tokens.h"
#include "store/instance_values.h"
#include "store/protected_refs.h"
#include "store/sessions.h"
#include "store/test_world.h"

static void a_user_is_found_in_whatever_case(World *w)
{
    User user;
    User *users;
    size_t n;

    OK(user_get(w->db, w->arena, w->ann.id, &user, &w->err));
    g_assert_cmpstr(user.username, ==, "Ann");
    g_assert_cmpint(user.state, ==, USER_ACTIVE);
    OK(user_by_username(w->db, w->arena, "ANN", &user, &w->err));
    g_assert_cmpint(user.id, ==, w->ann.id);
    OK(user_by_email(w->db, w->arena, "ANN@example.COM", &user, &w->err));
    g_assert_cmpint(user.id, ==, w->ann.id);
    FAILS_WITH(user_by_username(w->db, w->arena, "nobody", &user, &w->err), ERR_NO_RECORD);
    OK(user_list_by_ids(w->db, w->arena,
                        (const int64_t[]){ w->ben.id, w->ann.id, w->ben.id, 999999 }, 4, &users, &n,
                        &w->err));
    g_assert_cmpuint(n, ==, 2);
}

static void a_username_is_unique_in_whatever_case(World *w)
{
    User twin = { .username = "aNN", .name = "x", .email = "other@example.com" };

    IS_REFUSED_WITH(user_insert(w->db, &twin, &w->err), ERR_DB_UNIQUE);
}

static void users_are_listed_by_filter(World *w)
{
    UserFilter filter = {
        .search = "DOE", .order_by = "name", .ascending = true, .slice = { 2, 1 }
    };
    User *users;
    size_t n;
    int64_t count;

    OK(user_list(w->db, w->arena, &filter, &users, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpstr(users[0].username, ==, "ben");
    OK(user_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 3);
    filter = (UserFilter){ .username = "aNN", .active = true, .without_bots = true };
    OK(user_list(w->db, w->arena, &filter, &users, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    filter = (UserFilter){ .admins = true };
    OK(user_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    filter = (UserFilter){ .search = "%" };
    OK(user_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 0); /* no pattern of its own */
    filter = (UserFilter){ .order_by = "password_hash" };
    FAILS_WITH(user_list(w->db, w->arena, &filter, &users, &n, &w->err), ERR_PARAM);
}

static void a_user_is_changed_and_deleted(World *w)
{
    User user = w->ben;
    int64_t count;

    user.state = USER_BLOCKED;
    user.username = "Benny";
    OK(user_update(w->db, &user, &w->err));
    OK(user_count(w->db, &(UserFilter){ .blocked = true }, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    OK(user_by_username(w->db, w->arena, "benny", &user, &w->err));
    OK(user_delete(w->db, w->ben.id, &w->err));
    FAILS_WITH(user_get(w->db, w->arena, w->ben.id, &user, &w->err), ERR_NO_RECORD);
}

static void paths_and_names_lead_from_the_top(World *w)
{
    Namespace ns;
    Namespace *up;
    size_t n;

    g_assert_cmpstr(w->sub.full_path, ==, "Top/sub");
    g_assert_cmpstr(w->sub.full_name, ==, "The Top / The sub");
    OK(namespace_by_path(w->db, w->arena, "TOP/SUB", &ns, &w->err));
    g_assert_cmpint(ns.id, ==, w->sub.id);
    OK(namespace_of_user(w->db, w->arena, w->ann.id, &ns, &w->err));
    g_assert_cmpint(ns.id, ==, w->ann_space.id);
    OK(namespace_list_upwards(w->db, w->arena, w->sub.id, &up, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(up[0].id, ==, w->top.id);
    OK(namespace_list_by_ids(w->db, w->arena, &w->top.id, 1, &up, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
}

static void renaming_a_group_moves_what_is_below(World *w)
{
    Namespace renamed = w->top;
    Namespace sub;
    Project project;

    renamed.name = "Peak";
    renamed.full_name = "Peak";
    renamed.path = renamed.full_path = "peak";
    OK(namespace_update(w->db, &renamed, &w->top, &w->err));
    OK(namespace_by_path(w->db, w->arena, "peak/sub", &sub, &w->err));
    g_assert_cmpstr(sub.full_name, ==, "Peak / The sub");
    OK(project_by_path(w->db, w->arena, "Peak/Sub/App", &project, &w->err));
    g_assert_cmpstr(project.full_path, ==, "peak/sub/app");
    OK(project_by_path(w->db, w->arena, "ann/tool", &project, &w->err));
}

static int64_t count_groups(World *w, NamespaceFilter filter)
{
    Namespace *namespaces;
    size_t n;
    int64_t count;

    filter.now_us = NOW;
    OK(namespace_list(w->db, w->arena, &filter, &namespaces, &n, &w->err));
    OK(namespace_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    return count;
}

static void groups_are_listed_for_who_sees_them(World *w)
{
    int64_t ann = w->ann.id;

    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true }), ==, 3);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .user_id = ann }), ==, 3);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .user_id = w->ben.id }), ==, 0);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .groups_only = true }), ==, 0);
    g_assert_cmpint(
        count_groups(w, (NamespaceFilter){ .user_id = ann, .owned = true, .groups_only = true }),
        ==, 2);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .user_id = ann, .membership = true }), ==,
                    3);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true, .top_level_only = true }), ==,
                    2);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true, .parent_id = w->top.id }), ==,
                    1);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true, .below_id = w->top.id }), ==,
                    1);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true, .search = "SUB" }), ==, 1);
    g_assert_cmpint(count_groups(w, (NamespaceFilter){ .admin = true,
                                                       .has_visibility = true,
                                                       .visibility = VISIBILITY_PUBLIC,
                                                       .order_by = "path" }),
                    ==, 0);
}

static void a_group_goes_only_without_projects(World *w)
{
    NamespaceProject *projects;
    size_t n;
    Namespace ns;

    OK(namespace_list_projects(w->db, w->arena, w->top.id, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(projects[0].project_id, ==, w->project.id);
    IS_REFUSED_WITH(namespace_delete(w->db, w->top.id, &w->err), ERR_DB_FOREIGN_KEY);
    OK(project_delete(w->db, w->project.id, &w->err));
    OK(namespace_delete(w->db, w->top.id, &w->err));
    FAILS_WITH(namespace_get(w->db, w->arena, w->sub.id, &ns, &w->err), ERR_NO_RECORD);
}

static void a_project_is_found_and_changed(World *w)
{
    Project project;
    Project *projects;
    size_t n;
    int64_t iid;

    OK(project_by_path(w->db, w->arena, "top/SUB/App", &project, &w->err));
    project.archived = true;
    project.description = "what it is";
    OK(project_update(w->db, &project, &w->err));
    OK(project_set_runners_token(w->db, project.id, "reg hash", &w->err));
    OK(project_touch(w->db, project.id, NOW + 5, &w->err));
    OK(project_by_runners_token(w->db, w->arena, "reg hash", &project, &w->err));
    OK(project_get(w->db, w->arena, project.id, &project, &w->err));
    g_assert_true(project.archived);
    g_assert_cmpint(project.last_activity_at, ==, NOW + 5);
    g_assert_cmpstr(project.description, ==, "what it is");
    OK(project_list_by_ids(w->db, w->arena, &project.id, 1, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(project_id_by_name(w->db, project.namespace_id, "app", &iid, &w->err));
    g_assert_cmpint(iid, ==, project.id);
    OK(project_next_iid(w->db, project.id, &iid, &w->err));
    g_assert_cmpint(iid, ==, w->pipeline.iid + 1);
    project.full_path = "ANN/tool";
    IS_REFUSED_WITH(project_insert(w->db, &project, &w->err), ERR_DB_UNIQUE);
}

static void an_import_is_its_servers_until_it_ends(World *w)
{
    const int64_t servers[] = { 0, 7 };
    Project *projects, project;
    size_t n;
    bool done;

    OK(project_set_import(w->db, w->project.id, &(ProjectImport){ .status = "started" }, &done,
                          &w->err));
    g_assert_true(done);
    OK(project_list_unfinished(w->db, w->arena, servers, 2, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(project_take_over(w->db, &projects[0], 8, &done, &w->err));
    g_assert_true(done);
    OK(project_take_over(w->db, &projects[0], 9, &done, &w->err));
    g_assert_false(done);
    OK(project_list_unfinished(w->db, w->arena, servers, 2, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
    OK(project_set_import(
        w->db, w->project.id,
        &(ProjectImport){ .status = "finished", .default_branch = "trunk", .updated_at = NOW + 3 },
        &done, &w->err));
    OK(project_lock(w->db, w->arena, w->project.id, &project, &w->err));
    g_assert_cmpstr(project.default_branch, ==, "trunk");
    g_assert_cmpint(project.updated_at, ==, NOW + 3);
    g_assert_cmpint(project.server_id, ==, 8);
}

static void a_space_is_locked_with_all_above_it(World *w)
{
    Namespace space;
    User user;

    OK(namespace_lock(w->db, w->arena, w->top.id, &space, &w->err));
    g_assert_cmpint(space.id, ==, w->top.id);
    OK(namespace_lock_upwards(w->db, w->arena, w->sub.id, &space, &w->err));
    g_assert_cmpint(space.id, ==, w->sub.id);
    FAILS_WITH(namespace_lock_upwards(w->db, w->arena, 99999, &space, &w->err), ERR_NO_RECORD);
    OK(user_lock(w->db, w->arena, w->ben.id, &user, &w->err));
    g_assert_cmpstr(user.username, ==, "ben");
}

static void a_member_is_added_once(World *w)
{
    Member member = { .user_id = w->ben.id,
                      .project_id = w->project.id,
                      .access_level = ACCESS_REPORTER,
                      .created_at = NOW };
    bool is_new;

    OK(member_add(w->db, &member, &is_new, &w->err));
    g_assert_true(is_new);
    OK(member_add(w->db, &member, &is_new, &w->err));
    g_assert_false(is_new);
}

static int64_t count_projects(World *w, ProjectFilter filter)
{
    Project *projects;
    size_t n;
    int64_t count;

    filter.now_us = NOW;
    OK(project_list(w->db, w->arena, &filter, &projects, &n, &w->err));
    OK(project_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, (int64_t)n);
    return count;
}

static void projects_are_listed_for_who_sees_them(World *w)
{
    int64_t ann = w->ann.id;
    int64_t ben = w->ben.id;
    Member guest = { .user_id = ben, .project_id = w->project.id, .access_level = ACCESS_GUEST };

    g_assert_cmpint(count_projects(w, (ProjectFilter){ .admin = true }), ==, 2);
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ann }), ==, 2);
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ben }), ==, 1);
    g_assert_cmpint(count_projects(w, (ProjectFilter){ 0 }), ==, 1);
    OK(member_insert(w->db, &guest, &w->err));
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ben }), ==, 2);
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ben, .membership = true }), ==,
                    1);
    g_assert_cmpint(
        count_projects(w, (ProjectFilter){ .user_id = ben, .min_access_level = ACCESS_DEVELOPER }),
        ==, 0);
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ann, .owned = true }), ==, 2);
    guest.expires_at = NOW;
    OK(member_update(w->db, &guest, &w->err));
    g_assert_cmpint(count_projects(w, (ProjectFilter){ .user_id = ben }), ==, 1);
}

static void projects_are_listed_by_filter(World *w)
{
    Project *projects;
    size_t n;
    ProjectFilter by_name = { .admin = true, .order_by = "name", .slice = { 1, 0 } };

#define COUNT(...) count_projects(w, (ProjectFilter){ .admin = true, __VA_ARGS__ })
    g_assert_cmpint(COUNT(.search = "AP"), ==, 1);
    g_assert_cmpint(COUNT(.search = "sub"), ==, 0);
    g_assert_cmpint(COUNT(.search = "sub", .search_namespaces = true), ==, 1);
    g_assert_cmpint(COUNT(.has_visibility = true, .visibility = VISIBILITY_PUBLIC), ==, 1);
    g_assert_cmpint(COUNT(.archived = ONLY_YES), ==, 0);
    g_assert_cmpint(COUNT(.archived = ONLY_NO, .order_by = "last_activity_at"), ==, 2);
    g_assert_cmpint(COUNT(.namespace_id = w->top.id), ==, 0);
    g_assert_cmpint(COUNT(.namespace_id = w->top.id, .include_subgroups = true), ==, 1);
    g_assert_cmpint(COUNT(.id_after = w->project.id), ==, 1);
    g_assert_cmpint(COUNT(.id_before = w->project.id), ==, 0);
    g_assert_cmpint(COUNT(.last_activity_after = NOW), ==, 0);
    g_assert_cmpint(COUNT(.last_activity_before = NOW + 1, .order_by = "updated_at"), ==, 2);
    g_assert_cmpint(COUNT(.order_by = "id", .ascending = true), ==, 2);
    g_assert_cmpint(COUNT(.order_by = "path"), ==, 2);
#undef COUNT
    OK(project_list(w->db, w->arena, &by_name, &projects, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpstr(projects[0].name, ==, "tool");
}

static int64_t level_of(World *w, int64_t user_id, int64_t now_us)
{
    int64_t level;

    OK(member_access_level(w->db, user_id, &w->project, now_us, &level, &w->err));
    return level;
}

static void the_highest_role_counts(World *w)
{
    Member developer = { .user_id = w->ben.id,
                         .project_id = w->project.id,
                         .access_level = ACCESS_DEVELOPER,
                         .expires_at = NOW + 10 };
    Member reporter = { .user_id = w->ben.id,
                        .namespace_id = w->top.id,
                        .access_level = ACCESS_REPORTER };
    int64_t level;

    g_assert_cmpint(level_of(w, w->ann.id, NOW), ==, ACCESS_OWNER);
    g_assert_cmpint(level_of(w, w->ben.id, NOW), ==, ACCESS_NONE);
    OK(member_insert(w->db, &developer, &w->err));
    OK(member_insert(w->db, &reporter, &w->err));
    IS_REFUSED_WITH(member_insert(w->db, &reporter, &w->err), ERR_DB_UNIQUE);
    g_assert_cmpint(level_of(w, w->ben.id, NOW), ==, ACCESS_DEVELOPER);
    g_assert_cmpint(level_of(w, w->ben.id, NOW + 10), ==, ACCESS_REPORTER);
    OK(member_group_access_level(w->db, w->ben.id, &w->sub, NOW, &level, &w->err));
    g_assert_cmpint(level, ==, ACCESS_REPORTER);
    OK(member_access_level(w->db, w->ann.id, &w->own, NOW, &level, &w->err));
    g_assert_cmpint(level, ==, ACCESS_OWNER); /* of her own namespace */

    MemberLevels *levels;
    size_t n;
    OK(member_list_levels(w->db, w->arena, w->ben.id, NOW,
                          (const int64_t[]){ w->project.id, w->own.id }, 2, &levels, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(levels[0].project_id, ==, w->project.id);
    g_assert_cmpint(levels[0].project_level, ==, ACCESS_DEVELOPER);
    g_assert_cmpint(levels[0].group_level, ==, ACCESS_REPORTER);
}

static void members_are_listed_once_each(World *w)
{
    Member own = { .user_id = w->ann.id,
                   .project_id = w->project.id,
                   .access_level = ACCESS_GUEST };
    MemberFilter filter = { .project_id = w->project.id };
    MemberUser *members;
    Member member;
    size_t n;
    int64_t count;

    OK(member_insert(w->db, &own, &w->err));
    OK(member_list(w->db, w->arena, &filter, &members, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(members[0].member.access_level, ==, ACCESS_GUEST);
    g_assert_cmpstr(members[0].user.username, ==, "Ann");
    filter.inherited = true;
    filter.search = "ann";
    filter.user_id = w->ann.id;
    OK(member_list(w->db, w->arena, &filter, &members, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(members[0].member.access_level, ==, ACCESS_OWNER);
    filter = (MemberFilter){ .namespace_id = w->sub.id, .inherited = true };
    OK(member_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    filter = (MemberFilter){ .namespace_id = w->top.id };
    OK(member_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    OK(member_count_owners(w->db, w->top.id, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    OK(member_of_namespace(w->db, w->arena, w->top.id, w->ann.id, &member, &w->err));
    OK(member_of_project(w->db, w->arena, w->project.id, w->ann.id, &member, &w->err));
    OK(member_delete(w->db, member.id, &w->err));
    FAILS_WITH(member_of_project(w->db, w->arena, w->project.id, w->ann.id, &member, &w->err),
               ERR_NO_RECORD);
}

static void a_token_leads_to_its_user(World *w)
{
    AccessToken token = { .user_id = w->ann.id,
                          .name = "Laptop",
                          .token_hash = "hash of a token",
                          .scopes = "api read_user",
                          .expires_at = NOW + 1,
                          .created_at = NOW };
    AccessTokenFilter filter = {
        .user_id = w->ann.id, .active = ONLY_YES, .now_us = NOW, .revoked = ONLY_NO, .search = "LAP"
    };
    AccessToken *tokens;
    AccessToken found;
    User user;
    size_t n;
    int64_t count;
    bool done;

    OK(access_token_insert(w->db, &token, &w->err));
    OK(access_token_by_hash(w->db, w->arena, "hash of a token", &found, &user, &w->err));
    g_assert_cmpint(found.id, ==, token.id);
    g_assert_cmpstr(user.username, ==, "Ann");
    OK(access_token_list(w->db, w->arena, &filter, &tokens, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    OK(access_token_touch(w->db, token.id, NOW + 3, &w->err));
    OK(access_token_revoke(w->db, token.id, &done, &w->err));
    g_assert_true(done);
    OK(access_token_revoke(w->db, token.id, &done, &w->err));
    g_assert_false(done);
    OK(access_token_get(w->db, w->arena, token.id, &found, &w->err));
    g_assert_true(found.revoked);
    g_assert_cmpint(found.last_used_at, ==, NOW + 3);
    OK(access_token_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
    filter = (AccessTokenFilter){ .active = ONLY_NO, .now_us = NOW };
    OK(access_token_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
}

static void tokens_of_bots_are_listed_by_their_place(World *w)
{
    User bot = { .username = "project_1_bot", .name = "ci", .email = "bot@noreply", .bot = true };
    AccessToken token = { .name = "ci", .token_hash = "h", .scopes = "api" };
    int64_t count;

    OK(user_insert(w->db, &bot, &w->err));
    Member member = { .user_id = bot.id, .project_id = w->project.id, .access_level = 40 };
    OK(member_insert(w->db, &member, &w->err));
    token.user_id = bot.id;
    OK(access_token_insert(w->db, &token, &w->err));
    AccessTokenFilter filter = { .bots_of_project = w->project.id };
    OK(access_token_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 1);
    filter = (AccessTokenFilter){ .bots_of_group = w->top.id };
    OK(access_token_count(w->db, &filter, &count, &w->err));
    g_assert_cmpint(count, ==, 0);
}

static void protected_refs_are_kept_by_kind_and_name(World *w)
{
    ProtectedRef ref = { .project_id = w->project.id,
                         .kind = "branch",
                         .name = "release/*",
                         .push_level = 40,
                         .merge_level = 30 };
    ProtectedRef *refs;
    size_t n;

    OK(protected_ref_insert(w->db, &ref, &w->err));
    IS_REFUSED_WITH(protected_ref_insert(w->db, &ref, &w->err), ERR_DB_UNIQUE);
    OK(protected_ref_list(w->db, w->arena, w->project.id, "branch", &refs, &n, &w->err));
    g_assert_cmpuint(n, ==, 1);
    ref = refs[0];
    ref.allow_force_push = true;
    OK(protected_ref_update(w->db, &ref, &w->err));
    OK(protected_ref_by_name(w->db, w->arena, w->project.id, "branch", "release/*", &ref, &w->err));
    g_assert_true(ref.allow_force_push);
    OK(protected_ref_delete(w->db, ref.id, &w->err));
    OK(protected_ref_list(w->db, w->arena, w->project.id, "branch", &refs, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void instance_values_are_replaced(World *w)
{
    const char *value;

    FAILS_WITH(instance_value_get(w->db, w->arena, "id", &value, &w->err), ERR_NO_RECORD);
    OK(instance_value_set(w->db, "id", "one", &w->err));
    OK(instance_value_set(w->db, "id", "two", &w->err));
    OK(instance_value_get(w->db, w->arena, "id", &value, &w->err));
    g_assert_cmpstr(value, ==, "two");
    OK(instance_value_delete(w->db, "id", &w->err));
    FAILS_WITH(instance_value_get(w->db, w->arena, "id", &value, &w->err), ERR_NO_RECORD);
}

static Session new_session(World *w, const char *hash, int64_t token_id, int64_t expires_at)
{
    Session session = { .user_id = w->ann.id,
                        .token_id = token_id,
                        .secret_hash = hash,
                        .expires_at = expires_at,
                        .last_used_at = NOW,
                        .created_at = NOW };

    OK(session_insert(w->db, &session, &w->err));
    return session;
}

static void sessions_go_on_until_they_end(World *w)
{
    Session first = new_session(w, "h1", 0, NOW + 5), second = new_session(w, "h2", 0, NOW + 9);
    Session found;
    Session *list;
    User user;
    size_t n;
    bool done;

    OK(session_by_hash(w->db, w->arena, "h1", &found, &user, &w->err));
    g_assert_cmpint(found.id, ==, first.id);
    g_assert_cmpstr(user.username, ==, "Ann");
    g_assert_null(found.scopes);
    OK(session_touch(w->db, first.id, NOW + 3, &w->err));
    OK(session_list(w->db, w->arena, w->ann.id, NOW, 10, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(list[0].id, ==, second.id);
    g_assert_cmpint(list[1].last_used_at, ==, NOW + 3);
    OK(session_delete_ended(w->db, NOW + 5, &w->err));
    FAILS_WITH(session_by_hash(w->db, w->arena, "h1", &found, &user, &w->err), ERR_NO_RECORD);
    OK(session_delete(w->db, second.id, w->ben.id, &done, &w->err));
    g_assert_false(done);
    OK(session_delete(w->db, second.id, w->ann.id, &done, &w->err));
    g_assert_true(done);
}

static void a_session_holds_no_longer_than_its_token(World *w)
{
    AccessToken token = { .user_id = w->ann.id,
                          .name = "t",
                          .token_hash = "th",
                          .scopes = "read_api",
                          .created_at = NOW };
    Session found;
    User user;

    OK(access_token_insert(w->db, &token, &w->err));
    (void)new_session(w, "h1", token.id, NOW + 5);
    OK(session_by_hash(w->db, w->arena, "h1", &found, &user, &w->err));
    g_assert_cmpstr(found.scopes, ==, "read_api");
    OK(access_token_revoke(w->db, token.id, NULL, &w->err));
    FAILS_WITH(session_by_hash(w->db, w->arena, "h1", &found, &user, &w->err), ERR_NO_RECORD);
}

static void the_oldest_sessions_go(World *w)
{
    Session *list;
    size_t n;

    for (int i = 0; i < 5; i++)
        (void)new_session(w, arena_printf(w->arena, "h%d", i), 0, NOW + 5);
    OK(session_delete_oldest(w->db, w->ann.id, 3, &w->err));
    OK(session_list(w->db, w->arena, w->ann.id, NOW, 10, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 3);
    g_assert_cmpstr(list[0].secret_hash, ==, "h4");
    OK(session_delete_by_user(w->db, w->ann.id, &w->err));
    OK(session_list(w->db, w->arena, w->ann.id, NOW, 10, &list, &n, &w->err));
    g_assert_cmpuint(n, ==, 0);
}

static void a_link_is_taken_once(World *w)
{
    int64_t user_id = 0;

    OK(sign_in_link_insert(w->db, w->ann.id, "l1", NOW + 5, &w->err));
    FAILS_WITH(sign_in_link_take(w->db, "l1", NOW + 5, &user_id, &w->err), ERR_NO_RECORD);
    OK(sign_in_link_take(w->db, "l1", NOW, &user_id, &w->err));
    g_assert_cmpint(user_id, ==, w->ann.id);
    FAILS_WITH(sign_in_link_take(w->db, "l1", NOW, &user_id, &w->err), ERR_NO_RECORD);
}

void add_people_tests(void)
{
    add_test("session/go-on-until-they-end", sessions_go_on_until_they_end);
    add_test("session/holds-no-longer-than-its-token", a_session_holds_no_longer_than_its_token);
    add_test("session/the-oldest-go", the_oldest_sessions_go);
    add_test("session/a-link-is-taken-once", a_link_is_taken_once);
    add_test("users/found-in-whatever-case", a_user_is_found_in_whatever_case);
    add_test("users/unique-in-whatever-case", a_username_is_unique_in_whatever_case);
    add_test("users/listed-by-filter", users_are_listed_by_filter);
    add_test("users/changed-and-deleted", a_user_is_changed_and_deleted);
    add_test("namespaces/paths-from-the-top", paths_and_names_lead_from_the_top);
    add_test("namespaces/renaming-moves-below", renaming_a_group_moves_what_is_below);
    add_test("namespaces/listed-for-who-sees", groups_are_listed_for_who_sees_them);
    add_test("namespaces/go-only-without-projects", a_group_goes_only_without_projects);
    add_test("projects/found-and-changed", a_project_is_found_and_changed);
    add_test("projects/listed-for-who-sees", projects_are_listed_for_who_sees_them);
    add_test("projects/listed-by-filter", projects_are_listed_by_filter);
    add_test("members/highest-role-counts", the_highest_role_counts);
    add_test("members/listed-once-each", members_are_listed_once_each);
    add_test("access_tokens/lead-to-user", a_token_leads_to_its_user);
    add_test("access_tokens/bots-by-place", tokens_of_bots_are_listed_by_their_place);
    add_test("protected_refs/by-kind-and-name", protected_refs_are_kept_by_kind_and_name);
    add_test("projects/import-of-a-server", an_import_is_its_servers_until_it_ends);
    add_test("namespaces/locked", a_space_is_locked_with_all_above_it);
    add_test("members/added-once", a_member_is_added_once);
    add_test("instance_values/replaced", instance_values_are_replaced);
}
