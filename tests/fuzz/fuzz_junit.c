/* fuzz_junit.c - a JUnit document of any bytes, in pieces of any size: cases are within their limit, and
 * have a status. */
#include "runner/junit.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_CASES = 50 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Arena) arena = arena_new();
    g_auto(Error) err = ERROR_INIT;
    TestCases cases = { .left = MAX_CASES };
    int64_t n = 0;

    if (size == 0)
        return 0;
    size_t step = 1 + data[0] % 61;
    JunitReader *reader = junit_reader_new(arena, &cases);
    bool ok = true;
    for (size_t at = 1; ok && at < size; at += step)
        ok = junit_reader_feed(reader, (const char *)data + at, MIN(step, size - at), &err);
    ok = ok && junit_reader_end(reader, &err);
    junit_reader_free(reader);
    g_assert(ok == (err.code == ERR_NONE));
    for (const TestCase *test = cases.first; test; test = test->next, n++)
        g_assert(test->status < N_TEST_STATUS && !(test->output && test->details));
    g_assert(n == cases.n && n + cases.left == MAX_CASES);
    return 0;
}
