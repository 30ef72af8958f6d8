/* fuzz_cron.c - any bytes as a cron expression and, after the first newline, a zone name.
 *
 * Looks for crashes and for answers that are not strictly later than what was asked.
 */
#include "base/clock.h"
#include "schedule/cron.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t starts[] = { 0, 1705312050 * US_PER_S, 1711846800 * US_PER_S,
                                      4102444799 * US_PER_S };
    g_autofree char *text = g_strndup((const char *)data, size);
    char *zone = strchr(text, '\n');

    if (zone)
        *zone++ = '\0';
    g_autoptr(Cron) cron = cron_parse(text, zone ? zone : "America/New_York", NULL);
    for (size_t i = 0; cron && i < G_N_ELEMENTS(starts); i++) {
        int64_t next;
        if (cron_next(cron, starts[i], &next) && next <= starts[i])
            g_error("%s: %" G_GINT64_FORMAT " is not after %" G_GINT64_FORMAT, text, next,
                    starts[i]);
    }
    return 0;
}
