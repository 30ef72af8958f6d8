/* cmd_version.c - `penstock version`. */
#include "base/version.h"
#include "cli/cli.h"

#include <stdio.h>

int cmd_version(char **argv)
{
    if (argv[0])
        return cli_wrong_use("version takes no words");
    printf("penstock %s (API %s, %s)\n", PENSTOCK_VERSION, PENSTOCK_API_VERSION, PENSTOCK_REVISION);
    return EXIT_DONE;
}
