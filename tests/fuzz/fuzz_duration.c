/* fuzz_duration.c - any text as a duration: an answer or a refusal, and never a negative time. */
#include "ci/ci.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    int64_t seconds = -1;

    bool good = ci_parse_duration(text, &seconds);
    g_assert_true(good == (seconds >= 0));
    return 0;
}
