/* cmd_hook.c - `penstock hook pre-receive`: what git calls inside a push (repo/repo.h). */
#include "cli/cli.h"
#include "repo/repo.h"

#include <string.h>

int cmd_hook(char **argv)
{
    if (!argv[0] || strcmp(argv[0], "pre-receive") != 0)
        return cli_wrong_use("hook is called by git only");
    return repo_hook_pre_receive();
}
