/* list_routes.c - prints the route tables as tab-separated lines: what docs/api.md and the generated
 * tests are held against.
 *
 * method, path, auth, ability asked (1 or 0), job token (1 or 0), parameters ("name*" if required)
 */
#include "api/routes.h"

#include <glib.h>
#include <stdio.h>

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
    for (const Mount *mount = api_mounts; mount->routes; mount++)
        for (const Route *route = mount->routes; route->path; route++)
            print_route(mount->prefix, route);
    return 0;
}
