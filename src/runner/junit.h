/* junit.h - JUnit's XML as test cases.
 *
 * Read by libxml2's SAX interface: no tree, no network, no entities (a document that declares one is refused).
 * Pure: bytes come in pieces, cases go into an arena.
 */
#ifndef PENSTOCK_RUNNER_JUNIT_H
#define PENSTOCK_RUNNER_JUNIT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"

#include <stddef.h>
#include <stdint.h>

typedef enum TestStatus {
    TEST_SUCCESS,
    TEST_FAILED,
    TEST_SKIPPED,
    TEST_ERROR,
    N_TEST_STATUS
} TestStatus;

extern const NameTable test_status_names;

/* An attribute of a <failure>, <error> or <skipped> that has no text. */
typedef struct TestDetail {
    const char *name;
    const char *value;
    struct TestDetail *next;
} TestDetail;

typedef struct TestCase {
    TestStatus status;
    const char *name;
    const char *classname;
    const char *file; /* NULL: not said */
    double seconds;
    const char *output;        /* of what went wrong; NULL: no text */
    const TestDetail *details; /* where there is no text; NULL: none */
    struct TestCase *next;
} TestCase;

/* Cases by their order in the file, and how many more may come. */
typedef struct TestCases {
    TestCase *first;
    TestCase *last;
    int64_t n;
    int64_t left;
} TestCases;

typedef struct JunitReader JunitReader;

/* One document, whose cases are added to @cases; both arena and cases outlive the reader. */
JunitReader *junit_reader_new(Arena *arena, TestCases *cases);
void junit_reader_free(JunitReader *reader); /* accepts NULL */

/* ERR_INVALID: no XML (a document without cases is fine); ERR_TOO_LARGE: more cases than are left.  Nothing may follow an error. */
bool junit_reader_feed(JunitReader *reader, const char *bytes, size_t n, Error *err);
bool junit_reader_end(JunitReader *reader, Error *err);

#endif
