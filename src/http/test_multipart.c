/* Tests of multipart.c: each body is fed whole and byte by byte. */
#include "http/multipart.h"

#include <string.h>

static bool note_begin(void *user, const MultipartPart *part, Error *err)
{
    g_string_append_printf(user, "<%s|%s|%s:", part->name, part->filename ? part->filename : "-",
                           part->content_type ? part->content_type : "-");
    return true;
}

static bool note_data(void *user, const void *bytes, size_t size, Error *err)
{
    g_string_append_len(user, bytes, (gssize)size);
    return true;
}

static bool note_end(void *user, Error *err)
{
    g_string_append(user, ">");
    return true;
}

static const MultipartSink sink = { note_begin, note_data, note_end };

static char *parse(const char *body, size_t step)
{
    g_auto(Error) err = ERROR_INIT;
    GString *notes = g_string_new(NULL);
    g_autoptr(Multipart) m = multipart_new("XX", &sink, notes);
    size_t size = strlen(body);
    bool good = true;

    for (size_t at = 0; good && at < size; at += step)
        good = multipart_feed(m, body + at, MIN(step, size - at), &err);
    if (!good || !multipart_finish(m, &err))
        g_string_assign(notes, err.message);
    return g_string_free(notes, FALSE);
}

static void assert_parsed(const char *body, const char *expected)
{
    for (size_t step = 1; step <= strlen(body); step += 1 + step / 4) {
        g_autofree char *got = parse(body, step);
        g_assert_cmpstr(got, ==, expected);
    }
}

#define PART(name) "--XX\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static void parts_come_in_order(void)
{
    assert_parsed(PART("a") "1\r\n" PART("b[]") "\r\n--XX--\r\n", "<a|-|-:1><b[]|-|-:>");
    assert_parsed("preamble\r\n" PART("a") "\r\n\r\n--X\r\n\r\n--XX--epilogue",
                  "<a|-|-:\r\n\r\n--X\r\n>");
}

static void files_say_their_name_and_type(void)
{
    assert_parsed("--XX \r\ncontent-type: text/plain\r\n"
                  "CONTENT-DISPOSITION: form-data; name=f; filename=\"a\\\"b;c.txt\"\r\n\r\nx\r\n"
                  "--XX--",
                  "<f|a\"b;c.txt|text/plain:x>");
    assert_parsed("--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"; "
                  "filename*=UTF-8''na%C3%AFve\r\n\r\n\r\n--XX--",
                  "<f|na\xc3\xafve|-:>");
    assert_parsed(
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"\r\n\r\n\r\n--XX--",
        "<f||-:>");
}

static void malformed_bodies_are_refused(void)
{
    static const char *const bodies[] = {
        "",
        "no boundary at all",
        "--XX",
        "--XX\r\n\r\nno headers\r\n--XX--",
        PART("a") "no end",
        PART("a") "wrong end\r\n--XXY",
        "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data\r\n\r\n1\r\n--XX--",
        "--XX\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n--XX--",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bodies); i++)
        assert_parsed(bodies[i], "the multipart body is malformed");
}

static void header_blocks_and_parts_are_bounded(void)
{
    g_autoptr(GString) body = g_string_new("--XX\r\nX: ");

    for (int i = 0; i < MULTIPART_MAX_HEADERS; i++)
        g_string_append_c(body, 'x');
    g_autofree char *headers = parse(body->str, 1000);
    g_assert_cmpstr(headers, ==, "a part's headers are over 8192 bytes");
    g_string_assign(body, "");
    for (int i = 0; i <= MULTIPART_MAX_PARTS; i++)
        g_string_append(body, PART("a") "\r\n");
    g_autofree char *parts = parse(body->str, 1000);
    g_assert_cmpstr(parts, ==, "more than 1024 parts");
}

static void boundaries_come_from_the_type(void)
{
    g_autofree char *plain = multipart_boundary("multipart/form-data; boundary=abc");
    g_autofree char *quoted = multipart_boundary("multipart/form-data; x=1; Boundary=\"a b\"");

    g_assert_cmpstr(plain, ==, "abc");
    g_assert_cmpstr(quoted, ==, "a b");
    g_assert_null(multipart_boundary("multipart/form-data"));
    g_assert_null(multipart_boundary("multipart/form-data; boundary="));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/multipart/order", parts_come_in_order);
    g_test_add_func("/http/multipart/files", files_say_their_name_and_type);
    g_test_add_func("/http/multipart/malformed", malformed_bodies_are_refused);
    g_test_add_func("/http/multipart/bounds", header_blocks_and_parts_are_bounded);
    g_test_add_func("/http/multipart/boundary", boundaries_come_from_the_type);
    return g_test_run();
}
