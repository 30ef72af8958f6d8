/* project_entity.c - the tables of what a project shows, and the look-ups of many at once. */
#include "api/project_entity.h"

#include "api/fixed.h"
#include "api/user_entity.h"
#include "repo/repo.h"
#include "store/members.h"

#include <string.h>

/* --- namespaces ------------------------------------------------------------------------------ */

static void write_namespace_url(JsonWriter *w, const Field *field, const void *view,
                                const EntityContext *context)
{
    const Namespace *space = view;
    g_autofree char *url =
        g_strconcat(context->base_url, space->kind == NAMESPACE_GROUP ? "/groups/" : "/",
                    space->full_path, NULL);

    jw_put_string(w, field->name, url);
}

const Field namespace_basic_fields[] = {
    FIELD_INT(Namespace, id),
    FIELD_AS("name", STR, Namespace, name),
    FIELD_AS("path", STR, Namespace, path),
    FIELD_ENUM("kind", Namespace, kind, namespace_kind_names),
    FIELD_AS("full_path", STR, Namespace, full_path),
    FIELD_AS("parent_id", ID, Namespace, parent_id),
    FIELD_NULL("avatar_url"),
    FIELD_FUNC("web_url", write_namespace_url),
    FIELDS_END,
};

/* --- a project's own parts ------------------------------------------------------------------- */

static void write_name_with_namespace(JsonWriter *w, const Field *field, const void *view,
                                      const EntityContext *context)
{
    const ProjectView *v = view;
    g_autofree char *name = g_strconcat(v->space.full_name, " / ", v->project.name, NULL);

    jw_put_string(w, field->name, name);
}

/* The key is left out for who may not read the code; null: there is no branch yet. */
static void write_default_branch(JsonWriter *w, const Field *field, const void *view,
                                 const EntityContext *context)
{
    const ProjectView *v = view;

    if (v->sees_code)
        jw_put_string(w, field->name, v->empty ? NULL : v->project.default_branch);
}

static void write_ssh_url(JsonWriter *w, const Field *field, const void *view,
                          const EntityContext *context)
{
    g_autoptr(GUri) base = g_uri_parse(context->base_url, G_URI_FLAGS_NONE, NULL);
    g_autofree char *url = g_strdup_printf("git@%s:%s.git", base ? g_uri_get_host(base) : "",
                                           ((const ProjectView *)view)->project.full_path);

    jw_put_string(w, field->name, url);
}

/* The project's page with the field's text behind it. */
static void write_project_url(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    g_autofree char *url = g_strconcat(
        context->base_url, "/", ((const ProjectView *)view)->project.full_path, field->text, NULL);

    jw_put_string(w, field->name, url);
}

static void write_namespace(JsonWriter *w, const Field *field, const void *view,
                            const EntityContext *context)
{
    jw_key(w, field->name);
    entity_write(w, namespace_basic_fields, &((const ProjectView *)view)->space, context);
}

static void put_link(JsonWriter *w, const char *name, const ProjectView *v,
                     const EntityContext *context, const char *tail)
{
    g_autofree char *url = g_strdup_printf("%s/api/v4/projects/%" G_GINT64_FORMAT "%s",
                                           context->base_url, v->project.id, tail);

    jw_put_string(w, name, url);
}

/* Those that this server answers. */
static void write_links(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    jw_key(w, field->name);
    jw_begin_object(w);
    put_link(w, "self", view, context, "");
    put_link(w, "repo_branches", view, context, "/repository/branches");
    put_link(w, "members", view, context, "/members");
    jw_end_object(w);
}

static void write_owner(JsonWriter *w, const Field *field, const void *view,
                        const EntityContext *context)
{
    const ProjectView *v = view;

    if (v->owner.id) {
        jw_key(w, field->name);
        entity_write(w, user_basic_fields, &v->owner, context);
    }
}

static void write_builds_access(JsonWriter *w, const Field *field, const void *view,
                                const EntityContext *context)
{
    jw_put_string(w, field->name,
                  ((const ProjectView *)view)->project.jobs_enabled ? "enabled" : "disabled");
}

static void write_auto_cancel(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    jw_put_string(w, field->name,
                  ((const ProjectView *)view)->project.auto_cancel_pending ? "enabled"
                                                                           : "disabled");
}

static void write_description_html(JsonWriter *w, const Field *field, const void *view,
                                   const EntityContext *context)
{
    const char *text = ((const ProjectView *)view)->project.description;
    g_autofree char *escaped = text && *text ? g_markup_escape_text(text, -1) : NULL;
    g_autofree char *html = escaped ? g_strconcat("<p>", escaped, "</p>", NULL) : NULL;

    jw_put_string(w, field->name, html ? html : "");
}

static void write_import_type(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    jw_put_string(w, field->name, ((const ProjectView *)view)->project.import_url ? "git" : NULL);
}

static void write_is_restricted(JsonWriter *w, const Field *field, const void *view,
                                const EntityContext *context)
{
    jw_put_bool(w, field->name,
                strcmp(((const ProjectView *)view)->project.variables_role, "developer") != 0);
}

static void put_access(JsonWriter *w, const char *name, int64_t level)
{
    jw_key(w, name);
    if (!level) {
        jw_null(w);
        return;
    }
    jw_begin_object(w);
    jw_put_int(w, "access_level", level);
    jw_put_int(w, "notification_level", 3);
    jw_end_object(w);
}

static void write_permissions(JsonWriter *w, const Field *field, const void *view,
                              const EntityContext *context)
{
    const ProjectView *v = view;

    jw_key(w, field->name);
    jw_begin_object(w);
    put_access(w, "project_access", v->project_level);
    /* Being the owner of one's own namespace is no role in a group. */
    put_access(w, "group_access", v->space.kind == NAMESPACE_GROUP ? v->group_level : 0);
    jw_end_object(w);
}

/* --- the tables ------------------------------------------------------------------------------ */

#define FIELD_URL(json, tail)                                                                      \
    {                                                                                              \
        json, FIELD_KIND_FUNC, .func = write_project_url, .text = (tail)                           \
    }

const Field project_identity_fields[] = {
    FIELD_AS("id", INT, ProjectView, project.id),
    FIELD_AS("description", STR, ProjectView, project.description),
    FIELD_AS("name", STR, ProjectView, project.name),
    FIELD_FUNC("name_with_namespace", write_name_with_namespace),
    FIELD_AS("path", STR, ProjectView, project.path),
    FIELD_AS("path_with_namespace", STR, ProjectView, project.full_path),
    FIELD_AS("created_at", TIME, ProjectView, project.created_at),
    FIELDS_END,
};

const Field project_basic_fields[] = {
    FIELDS_OF(project_identity_fields),
    FIELD_FUNC("default_branch", write_default_branch),
    FIELD_EMPTY("tag_list"),
    FIELD_EMPTY("topics"),
    FIELD_FUNC("ssh_url_to_repo", write_ssh_url),
    FIELD_URL("http_url_to_repo", ".git"),
    FIELD_URL("web_url", ""),
    FIELD_NULL("readme_url"),
    FIELD_ZERO("forks_count"),
    FIELD_NULL("avatar_url"),
    FIELD_ZERO("star_count"),
    FIELD_AS("last_activity_at", TIME, ProjectView, project.last_activity_at),
    FIELD_ENUM("visibility", ProjectView, project.visibility, visibility_names),
    FIELD_FUNC("namespace", write_namespace),
    FIELDS_END,
};

/* Features with a switch of their own on GitLab, and what they are here. */
static const Field access_level_fields[] = {
    FIELD_TEXT("issues_access_level", "disabled"),
    FIELD_TEXT("repository_access_level", "enabled"),
    FIELD_TEXT("merge_requests_access_level", "disabled"),
    FIELD_TEXT("forking_access_level", "disabled"),
    FIELD_TEXT("wiki_access_level", "disabled"),
    FIELD_FUNC("builds_access_level", write_builds_access),
    FIELD_TEXT("snippets_access_level", "disabled"),
    FIELD_TEXT("pages_access_level", "disabled"),
    FIELD_TEXT("analytics_access_level", "disabled"),
    FIELD_TEXT("container_registry_access_level", "disabled"),
    FIELD_TEXT("security_and_compliance_access_level", "disabled"),
    FIELD_TEXT("releases_access_level", "disabled"),
    FIELD_TEXT("environments_access_level", "enabled"),
    FIELD_TEXT("feature_flags_access_level", "disabled"),
    FIELD_TEXT("infrastructure_access_level", "disabled"),
    FIELD_TEXT("monitor_access_level", "disabled"),
    FIELD_TEXT("model_experiments_access_level", "disabled"),
    FIELD_TEXT("model_registry_access_level", "disabled"),
    FIELD_TEXT("package_registry_access_level", "disabled"),
    FIELDS_END,
};

static const Field ci_fields[] = {
    FIELD_FIXED("ci_default_git_depth", "20"),
    FIELD_NULL("ci_delete_pipelines_in_seconds"),
    FIELD_AS("ci_forward_deployment_enabled", BOOL, ProjectView,
             project.forward_deployment_enabled),
    FIELD_FALSE("ci_forward_deployment_rollback_allowed"),
    FIELD_FALSE("ci_job_token_scope_enabled"),
    FIELD_FALSE("ci_separated_caches"),
    FIELD_FALSE("ci_allow_fork_pipelines_to_run_in_parent_project"),
    FIELD_FIXED("ci_id_token_sub_claim_components", "[\"project_path\",\"ref_type\",\"ref\"]"),
    FIELD_TEXT("build_git_strategy", "fetch"),
    FIELD_AS("keep_latest_artifact", BOOL, ProjectView, project.keep_latest_artifact),
    FIELD_FUNC("restrict_user_defined_variables", write_is_restricted),
    FIELD_AS("ci_pipeline_variables_minimum_override_role", STR, ProjectView,
             project.variables_role),
    FIELD_NULL("runner_token_expiration_interval"),
    FIELD_ENUM("resource_group_default_process_mode", ProjectView, project.resource_group_mode,
               process_mode_names),
    FIELD_FUNC("auto_cancel_pending_pipelines", write_auto_cancel),
    FIELD_AS("build_timeout", INT, ProjectView, project.build_timeout_s),
    FIELD_FALSE("auto_devops_enabled"),
    FIELD_TEXT("auto_devops_deploy_strategy", "continuous"),
    FIELD_FALSE("ci_push_repository_for_job_token_allowed"),
    FIELD_AS("ci_config_path", STR, ProjectView, project.ci_config_path),
    FIELD_AS("public_jobs", BOOL, ProjectView, project.public_jobs),
    FIELD_EMPTY("shared_with_groups"),
    FIELDS_END,
};

static const Field merge_fields[] = {
    FIELD_FALSE("only_allow_merge_if_pipeline_succeeds"),
    FIELD_NULL("allow_merge_on_skipped_pipeline"),
    FIELD_FALSE("request_access_enabled"),
    FIELD_FALSE("only_allow_merge_if_all_discussions_are_resolved"),
    FIELD_FALSE("remove_source_branch_after_merge"),
    FIELD_FALSE("printing_merge_request_link_enabled"),
    FIELD_TEXT("merge_method", "merge"),
    FIELD_TEXT("squash_option", "default_off"),
    FIELD_NULL("suggestion_commit_message"),
    FIELD_NULL("merge_commit_template"),
    FIELD_NULL("squash_commit_template"),
    FIELD_NULL("issue_branch_template"),
    FIELD_FALSE("autoclose_referenced_issues"),
    FIELD_FALSE("warn_about_potentially_unwanted_characters"),
    FIELD_TRUE("enforce_auth_checks_on_uploads"),
    FIELD_NULL("max_artifacts_size"),
    FIELDS_END,
};

const Field project_fields[] = {
    FIELDS_OF(project_basic_fields),
    FIELD_TEXT("container_registry_image_prefix", ""),
    FIELD_FUNC("_links", write_links),
    FIELD_FALSE("packages_enabled"),
    FIELD_AS("empty_repo", BOOL, ProjectView, empty),
    FIELD_AS("archived", BOOL, ProjectView, project.archived),
    FIELD_FUNC("owner", write_owner),
    FIELD_FALSE("resolve_outdated_diff_discussions"),
    FIELD_TEXT("repository_object_format", "sha1"),
    FIELD_FALSE("issues_enabled"),
    FIELD_FALSE("merge_requests_enabled"),
    FIELD_FALSE("wiki_enabled"),
    FIELD_AS("jobs_enabled", BOOL, ProjectView, project.jobs_enabled),
    FIELD_FALSE("snippets_enabled"),
    FIELD_FALSE("container_registry_enabled"),
    FIELD_FALSE("service_desk_enabled"),
    FIELD_NULL("service_desk_address"),
    FIELD_FALSE("can_create_merge_request_in"),
    FIELDS_OF(access_level_fields),
    FIELD_TRUE("emails_disabled"),
    FIELD_FALSE("emails_enabled"),
    FIELD_FALSE("show_diff_preview_in_email"),
    FIELD_AS("shared_runners_enabled", BOOL, ProjectView, project.shared_runners_enabled),
    FIELD_AS("group_runners_enabled", BOOL, ProjectView, project.group_runners_enabled),
    FIELD_FALSE("lfs_enabled"),
    FIELD_AS("creator_id", ID, ProjectView, project.creator_id),
    FIELD_AS("import_url", STR, ProjectView, project.import_url),
    FIELD_FUNC("import_type", write_import_type),
    FIELD_AS("import_status", STR, ProjectView, project.import_status),
    FIELD_AS("import_error", STR, ProjectView, project.import_error),
    FIELD_FUNC("description_html", write_description_html),
    FIELD_AS("updated_at", TIME, ProjectView, project.updated_at),
    FIELDS_OF(ci_fields),
    FIELDS_OF(merge_fields),
    FIELDS_END,
};

const Field project_with_access_fields[] = {
    FIELDS_OF(project_fields),
    FIELD_FUNC("permissions", write_permissions),
    FIELDS_END,
};

#undef FIELD_URL

/* --- views ----------------------------------------------------------------------------------- */

/* A repository whose default branch is there needs no list of its refs. */
static bool load_is_empty(Req *rq, const Project *project, bool *empty, Error *err)
{
    RepoStore *repos = site_of(rq)->repos;
    g_auto(Error) failed = ERROR_INIT;
    RepoResolved head;
    const RepoRef *refs;
    size_t n;

    *empty = false;
    if (repo_resolve(repos, project->id, project->default_branch, false, rq->arena, &head, &failed))
        return true;
    if (failed.code != ERR_NO_RECORD)
        return error_move(err, &failed);
    if (!repo_list_refs(repos, project->id, rq->arena, &refs, &n, err))
        return false;
    *empty = true;
    for (size_t i = 0; i < n && *empty; i++)
        *empty = !g_str_has_prefix(refs[i].name, "refs/heads/");
    return true;
}

static bool load_spaces(Req *rq, ProjectView *views, size_t n, Error *err)
{
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    Namespace *spaces;
    size_t n_spaces;

    for (size_t i = 0; i < n; i++)
        ids[i] = views[i].project.namespace_id;
    if (!namespace_list_by_ids(caller_of(rq)->db, rq->arena, ids, n, &spaces, &n_spaces, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_spaces; j++)
            if (spaces[j].id == views[i].project.namespace_id)
                views[i].space = spaces[j];
    return true;
}

static bool load_owners(Req *rq, ProjectView *views, size_t n, Error *err)
{
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    UserMap users;

    for (size_t i = 0; i < n; i++)
        ids[i] = views[i].space.owner_id;
    if (!user_map_load(caller_of(rq)->db, rq->arena, ids, n, &users, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const User *owner = ids[i] ? user_map_find(&users, ids[i]) : NULL;
        if (owner)
            views[i].owner = *owner;
    }
    return true;
}

static bool load_levels(Req *rq, ProjectView *views, size_t n, Error *err)
{
    const User *user = caller_of(rq)->user;
    int64_t *ids = arena_new0(rq->arena, int64_t, n);
    MemberLevels *levels;
    size_t n_levels;

    if (!user)
        return true;
    for (size_t i = 0; i < n; i++)
        ids[i] = views[i].project.id;
    if (!member_list_levels(caller_of(rq)->db, rq->arena, user->id, clock_now(site_of(rq)->clock),
                            ids, n, &levels, &n_levels, err))
        return false;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n_levels; j++)
            if (levels[j].project_id == ids[i]) {
                views[i].project_level = levels[j].project_level;
                views[i].group_level = levels[j].group_level;
            }
    return true;
}

static bool load_code(Req *rq, ProjectView *view, Error *err)
{
    const User *user = caller_of(rq)->user;
    Subject subject = { .user_id = user ? user->id : 0,
                        .admin = user && user->admin,
                        .level = (AccessLevel)MAX(view->project_level, view->group_level),
                        .visibility = view->project.visibility,
                        .public_jobs = view->project.public_jobs };

    view->sees_code = access_can(&subject, CAN_READ_CODE);
    return load_is_empty(rq, &view->project, &view->empty, err);
}

bool project_views_load(Req *rq, const Project *projects, size_t n, ProjectView **views, Error *err)
{
    ProjectView *made = arena_new0(rq->arena, ProjectView, MAX(n, 1));

    *views = made;
    for (size_t i = 0; i < n; i++)
        made[i].project = projects[i];
    if (n > 0 && (!load_spaces(rq, made, n, err) || !load_owners(rq, made, n, err) ||
                  !load_levels(rq, made, n, err)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!load_code(rq, &made[i], err))
            return false;
    return true;
}

/* --- replies --------------------------------------------------------------------------------- */

static const Field *fields_for(Req *rq, bool simple)
{
    return simple || !caller_of(rq)->user ? project_basic_fields : project_with_access_fields;
}

bool project_reply(Req *rq, const Project *project, Error *err)
{
    EntityContext context = caller_context(rq);
    ProjectView *view;

    if (!project_views_load(rq, project, 1, &view, err))
        return false;
    entity_write(reply_writer(rq), fields_for(rq, false), view, &context);
    return reply_json(rq);
}

bool project_write_list(Req *rq, JsonWriter *w, const Project *projects, size_t n, bool simple,
                        Error *err)
{
    EntityContext context = caller_context(rq);
    ProjectView *views;

    if (!project_views_load(rq, projects, n, &views, err))
        return false;
    jw_begin_array(w);
    for (size_t i = 0; i < n; i++)
        entity_write(w, fields_for(rq, simple), &views[i], &context);
    jw_end_array(w);
    return true;
}
