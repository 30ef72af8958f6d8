/* What is read out of JUnit files, good and hostile. */
#include "runner/gunzip.h"
#include "runner/junit.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

typedef struct Read {
    Arena *arena;
    TestCases cases;
    Error err;
    bool ok;
} Read;

/* In pieces of @piece bytes. */
static void read_xml(Read *read, const char *xml, size_t piece)
{
    JunitReader *reader = junit_reader_new(read->arena, &read->cases);
    size_t n = strlen(xml);

    read->ok = true;
    for (size_t at = 0; read->ok && at < n; at += piece)
        read->ok = junit_reader_feed(reader, xml + at, MIN(piece, n - at), &read->err);
    read->ok = read->ok && junit_reader_end(reader, &read->err);
    junit_reader_free(reader);
}

static Read start(void)
{
    return (Read){ .arena = arena_new(), .cases = { .left = 10 }, .err = ERROR_INIT };
}

static void finish(Read *read)
{
    error_clear(&read->err);
    arena_free(read->arena);
}

static void the_first_outcome_by_rank_decides(void)
{
    static const struct {
        const char *children;
        TestStatus status;
        const char *output;
    } rows[] = {
        { "", TEST_SUCCESS, NULL },
        { "<system-out>noise</system-out>", TEST_SUCCESS, NULL },
        { "<failure> no\n</failure>", TEST_FAILED, "no" },
        { "<failure message='m'><![CDATA[a < b]]></failure>", TEST_FAILED, "a < b" },
        { "<error>broke</error>", TEST_ERROR, "broke" },
        { "<skipped/>", TEST_SKIPPED, NULL },
        { "<skipped/><error>e</error>", TEST_ERROR, "e" },
        { "<failure>f</failure><error>e</error>", TEST_FAILED, "f" },
        { "<properties><failure>not one</failure></properties>", TEST_SUCCESS, NULL },
        { "<failure>a &lt; b &amp; &#99;</failure>", TEST_FAILED, "a < b & c" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (size_t piece = 1; piece < 100; piece += 7) {
            g_autofree char *xml = g_strdup_printf("<testsuites><testsuite><testcase name='n'>%s"
                                                   "</testcase></testsuite></testsuites>",
                                                   rows[i].children);
            Read read = start();
            read_xml(&read, xml, piece);
            g_assert_true(read.ok);
            g_assert_cmpint(read.cases.n, ==, 1);
            g_assert_cmpint(read.cases.first->status, ==, rows[i].status);
            g_assert_cmpstr(read.cases.first->output, ==, rows[i].output);
            finish(&read);
        }
    }
}

static void attributes_are_kept(void)
{
    Read read = start();

    read_xml(&read,
             "<?xml version='1.0'?><testsuite><testcase name='a' classname='b.c' file='d.py' "
             "time='1.25'><failure message='why' type='T'/></testcase>"
             "<testcase time='NaN'/></testsuite>",
             1000);
    const TestCase *test = read.cases.first;
    g_assert_true(read.ok);
    g_assert_cmpstr(test->name, ==, "a");
    g_assert_cmpstr(test->classname, ==, "b.c");
    g_assert_cmpstr(test->file, ==, "d.py");
    g_assert_cmpfloat(test->seconds, ==, 1.25);
    g_assert_cmpstr(test->details->name, ==, "message");
    g_assert_cmpstr(test->details->value, ==, "why");
    g_assert_cmpstr(test->details->next->value, ==, "T");
    g_assert_null(test->next->name);
    g_assert_cmpfloat(test->next->seconds, ==, 0);
    finish(&read);
}

static void hostile_documents_are_refused(void)
{
    static const char *const documents[] = {
        "",
        "no xml",
        "<a>",
        "<a></b>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://127.0.0.1:1/x'> %b;]><a/>",
        "<!DOCTYPE a [<!ENTITY l 'lol'><!ENTITY m '&l;&l;&l;'>]><a b='&m;'/>",
        "<a>&undefined;</a>",
        "<a b='&undefined;'/>",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(documents); i++) {
        Read read = start();
        read_xml(&read, documents[i], 5);
        g_test_message("%s: %s", documents[i], read.ok ? "accepted" : error_text(&read.err));
        g_assert_false(read.ok);
        g_assert_cmpint(read.err.code, ==, ERR_INVALID);
        finish(&read);
    }
}

static void cases_are_bounded(void)
{
    g_autoptr(GString) xml = g_string_new("<testsuite>");
    Read read = start();

    for (int i = 0; i < 11; i++)
        g_string_append(xml, "<testcase/>");
    g_string_append(xml, "</testsuite>");
    read_xml(&read, xml->str, 64);
    g_assert_false(read.ok);
    g_assert_cmpint(read.err.code, ==, ERR_TOO_LARGE);
    finish(&read);
}

/* --- gzip ------------------------------------------------------------------------------------ */

static GByteArray *pack(const char *text)
{
    GByteArray *out = g_byte_array_new();
    z_stream z = { 0 };

    g_byte_array_set_size(out, (guint)(strlen(text) + 1000));
    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), ==, Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out->data;
    z.avail_out = out->len;
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    g_byte_array_set_size(out, (guint)z.total_out);
    deflateEnd(&z);
    return out;
}

static bool append(void *data, const char *bytes, size_t n)
{
    g_string_append_len(data, bytes, (gssize)n);
    return true;
}

static bool mark(void *data)
{
    g_string_append(data, "|");
    return true;
}

static bool unpack(const void *bytes, size_t n, int64_t limit, GString *out, Error *err)
{
    GunzipSink sink = { append, mark, out };
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("penstock-gunzip-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    g_unlink(path);
    g_assert_cmpint(write(fd, bytes, n), ==, (gssize)n);
    lseek(fd, 0, SEEK_SET);
    bool ok = gunzip_each(fd, &limit, &sink, err);
    close(fd);
    return ok;
}

static void all_members_are_read(void)
{
    g_autoptr(GByteArray) one = pack("one"), two = pack("two");
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(Error) err = ERROR_INIT;

    g_byte_array_append(one, two->data, two->len);
    g_assert_true(unpack(one->data, one->len, 100, out, &err));
    g_assert_cmpstr(out->str, ==, "one|two|");
}

static void what_is_no_gzip_is_refused(void)
{
    g_autofree char *large = g_strnfill(1000000, 'x');
    g_autoptr(GByteArray) whole = pack(large);
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(Error) none = ERROR_INIT, cut = ERROR_INIT, bomb = ERROR_INIT;

    g_assert_false(unpack("plain text", 10, 100, out, &none));
    g_assert_cmpint(none.code, ==, ERR_INVALID);
    g_assert_false(unpack(whole->data, whole->len - 4, 2000000, out, &cut));
    g_assert_cmpint(cut.code, ==, ERR_INVALID);
    g_assert_false(unpack(whole->data, whole->len, 70000, out, &bomb));
    g_assert_cmpint(bomb.code, ==, ERR_TOO_LARGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/runner/junit/the-first-outcome-by-rank-decides",
                    the_first_outcome_by_rank_decides);
    g_test_add_func("/runner/junit/attributes-are-kept", attributes_are_kept);
    g_test_add_func("/runner/junit/hostile-documents-are-refused", hostile_documents_are_refused);
    g_test_add_func("/runner/junit/cases-are-bounded", cases_are_bounded);
    g_test_add_func("/runner/gunzip/all-members-are-read", all_members_are_read);
    g_test_add_func("/runner/gunzip/what-is-no-gzip-is-refused", what_is_no_gzip_is_refused);
    return g_test_run();
}
