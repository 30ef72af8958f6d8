/* list_routes.c - prints the route tables as tab-separated lines: what docs/api.md and the generated
 * tests are held against.
 *
 * method, path, auth, ability asked (1 or 0), job token (1 or 0), parameters ("name*" if required)
 */
#include "api/routes.h"

#include <glib.h>
#include <stdio.h>

static const struct {
    const char *prefix;
    const Route *routes;
} tables[] = {
    { "/api/v4", artifact_routes },
    { "/api/v4", group_routes },
    { "/api/v4", instance_routes },
    { "/api/v4", job_routes },
    { "/api/v4", member_routes },
    { "/api/v4", pipeline_routes },
    { "/api/v4", project_routes },
    { "/api/v4", protected_ref_routes },
    { "/api/v4", runner_job_routes },
    { "/api/v4", runner_protocol_routes },
    { "/api/v4", runner_routes },
    { "/api/v4", schedule_routes },
    { "/api/v4", schedule_variable_routes },
    { "/api/v4", token_routes },
    { "/api/v4", trigger_routes },
    { "/api/v4", user_routes },
    { "", front_routes },
    { "", health_routes },
    { "", git_routes },
};

static const char *auth_name(RouteAuth auth)
{
    switch (auth) {
    case AUTH_USER:
        return "user";
    case AUTH_OPTIONAL:
        return "anyone";
    case AUTH_NONE:
        return "token";
    case AUTH_ADMIN:
        return "admin";
    }
    return "";
}

static void print_route(const char *prefix, const Route *route)
{
    printf("%s\t%s%s\t%s\t%d\t%d\t", name_of(&http_method_names, (int)route->method), prefix,
           route->path, auth_name(route->auth), route->ability != 0, route->job_token);
    for (const Param *param = route->params; param && param->name; param++)
        printf("%s%s%s", param == route->params ? "" : " ", param->name,
               param->required ? "*" : "");
    putchar('\n');
}

int main(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const Route *route = tables[i].routes; route->path; route++)
            print_route(tables[i].prefix, route);
    return 0;
}
