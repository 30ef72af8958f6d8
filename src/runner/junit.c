/* junit.c - the callbacks that make cases of elements. */
#include "runner/junit.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <string.h>

static const char *const statuses[N_TEST_STATUS] = {
    [TEST_SUCCESS] = "success",
    [TEST_FAILED] = "failed",
    [TEST_SKIPPED] = "skipped",
    [TEST_ERROR] = "error",
};
const NameTable test_status_names = NAME_TABLE(statuses);

struct JunitReader {
    Arena *arena;
    TestCases *cases;
    xmlParserCtxt *xml;
    TestCase *open; /* the <testcase> that we are in; NULL: none */
    int depth;      /* of elements inside it */
    GString *text;  /* of what went wrong; NULL: not in such an element */
    Error failed;   /* the first trouble; nothing is read after it */
    bool has_failed;
};

/* The first one that is there decides, in this order. */
static const struct {
    const char *element;
    TestStatus status;
} outcomes[] = {
    { "failure", TEST_FAILED },
    { "error", TEST_ERROR },
    { "skipped", TEST_SKIPPED },
};

static void fail(JunitReader *r, ErrCode code, const char *text)
{
    if (r->has_failed)
        return;
    r->has_failed = true;
    error_set(&r->failed, code, "%s", text);
    xmlStopParser(r->xml);
}

/* --- elements -------------------------------------------------------------------------------- */

/* libxml2's attributes are five pointers each: name, prefix, URI, value, end of the value. */
enum { ATTRIBUTE_NAME, ATTRIBUTE_VALUE = 3, ATTRIBUTE_END, ATTRIBUTE_PARTS };

static const char *attribute(JunitReader *r, const xmlChar **attributes, int n, const char *name)
{
    for (int i = 0; i < n; i++, attributes += ATTRIBUTE_PARTS)
        if (strcmp((const char *)attributes[ATTRIBUTE_NAME], name) == 0)
            return arena_strndup(r->arena, (const char *)attributes[ATTRIBUTE_VALUE],
                                 (size_t)(attributes[ATTRIBUTE_END] - attributes[ATTRIBUTE_VALUE]));
    return NULL;
}

static double seconds_of(const char *text)
{
    double seconds = text ? g_ascii_strtod(text, NULL) : 0;

    return seconds >= 0 && seconds < 1e15 ? seconds : 0; /* also where it is no number */
}

static void open_case(JunitReader *r, const xmlChar **attributes, int n)
{
    if (r->cases->left <= 0) {
        fail(r, ERR_TOO_LARGE, "too many test cases");
        return;
    }
    TestCase *made = arena_new0(r->arena, TestCase, 1);
    made->name = attribute(r, attributes, n, "name");
    made->classname = attribute(r, attributes, n, "classname");
    made->file = attribute(r, attributes, n, "file");
    made->seconds = seconds_of(attribute(r, attributes, n, "time"));
    if (r->cases->last)
        r->cases->last->next = made;
    else
        r->cases->first = made;
    r->cases->last = r->open = made;
    r->cases->n++;
    r->cases->left--;
    r->depth = 0;
}

static const TestDetail *details_of(JunitReader *r, const xmlChar **attributes, int n)
{
    TestDetail *first = NULL, **end = &first;

    for (int i = 0; i < n; i++) {
        const char *name = (const char *)attributes[i * ATTRIBUTE_PARTS + ATTRIBUTE_NAME];
        TestDetail *detail = arena_new0(r->arena, TestDetail, 1);
        detail->name = arena_strdup(r->arena, name);
        detail->value = attribute(r, attributes, n, name);
        *end = detail;
        end = &detail->next;
    }
    return first;
}

static int rank_of(TestStatus status)
{
    for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++)
        if (outcomes[i].status == status)
            return (int)i;
    return G_N_ELEMENTS(outcomes);
}

static void open_outcome(JunitReader *r, const char *name, const xmlChar **attributes, int n)
{
    for (int i = 0; i < (int)G_N_ELEMENTS(outcomes); i++) {
        if (strcmp(outcomes[i].element, name) != 0 || i >= rank_of(r->open->status))
            continue;
        r->open->status = outcomes[i].status;
        r->open->output = NULL;
        r->open->details = details_of(r, attributes, n);
        r->text = g_string_new(NULL);
    }
}

static void start_element(void *data, const xmlChar *name, const xmlChar *prefix,
                          const xmlChar *uri, int n_namespaces, const xmlChar **namespaces, int n,
                          int n_defaulted, const xmlChar **attributes)
{
    JunitReader *r = data;

    if (!r->open) {
        if (strcmp((const char *)name, "testcase") == 0)
            open_case(r, attributes, n);
        return;
    }
    if (r->depth++ == 0)
        open_outcome(r, (const char *)name, attributes, n);
}

static void keep_text(JunitReader *r)
{
    g_autofree char *text = g_string_free(g_steal_pointer(&r->text), FALSE);

    g_strstrip(text);
    if (*text) {
        r->open->output = arena_strdup(r->arena, text);
        r->open->details = NULL;
    }
}

static void end_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    JunitReader *r = data;

    if (!r->open)
        return;
    if (r->depth == 0)
        r->open = NULL;
    else if (--r->depth == 0 && r->text)
        keep_text(r);
}

static void text(void *data, const xmlChar *bytes, int n)
{
    JunitReader *r = data;

    if (r->text)
        g_string_append_len(r->text, (const char *)bytes, n);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void declare_entity(void *data, const xmlChar *name, int type, const xmlChar *public_id,
                           const xmlChar *system_id, xmlChar *content)
{
    fail(data, ERR_INVALID, "FATAL: entity declarations are not accepted");
}

static xmlEntity *known_entity(void *data, const xmlChar *name)
{
    return xmlGetPredefinedEntity(name);
}

static xmlEntity *no_entity(void *data, const xmlChar *name)
{
    return NULL;
}

static void note_error(void *data, const xmlError *error)
{
    JunitReader *r = data;

    if (error->level < XML_ERR_ERROR)
        return;
    g_autofree char *words = g_strchomp(g_strdup(error->message));
    g_autofree char *message = g_strdup_printf("%d:%d: FATAL: %s", error->line, error->int2, words);
    fail(r, ERR_INVALID, message);
}

/* libxml2 declares this callback differently from release to release. */
#if LIBXML_VERSION >= 21200
static void on_error(void *data, const xmlError *error)
{
    note_error(data, error);
}
#else
static void on_error(void *data, xmlError *error)
{
    note_error(data, error);
}
#endif

/* --- reader ---------------------------------------------------------------------------------- */

JunitReader *junit_reader_new(Arena *arena, TestCases *cases)
{
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = start_element,
        .endElementNs = end_element,
        .characters = text,
        .cdataBlock = text,
        .entityDecl = declare_entity,
        .getEntity = known_entity,
        .getParameterEntity = no_entity,
        .serror = on_error,
    };
    JunitReader *r = g_new0(JunitReader, 1);

    r->arena = arena;
    r->cases = cases;
    r->xml = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
    g_assert(r->xml != NULL); /* only for want of memory */
    (void)xmlCtxtUseOptions(r->xml, XML_PARSE_NONET);
    return r;
}

void junit_reader_free(JunitReader *r)
{
    if (!r)
        return;
    if (r->text)
        g_string_free(r->text, TRUE);
    error_clear(&r->failed);
    if (r->xml->myDoc)
        xmlFreeDoc(r->xml->myDoc);
    xmlFreeParserCtxt(r->xml);
    g_free(r);
}

static bool feed(JunitReader *r, const char *bytes, int n, bool is_end, Error *err)
{
    int failed = r->has_failed ? 0 : xmlParseChunk(r->xml, bytes, n, is_end);

    if (failed != 0 && !r->xml->wellFormed)
        fail(r, ERR_INVALID, "FATAL: not an XML document");
    return !r->has_failed || error_move(err, &r->failed);
}

bool junit_reader_feed(JunitReader *r, const char *bytes, size_t n, Error *err)
{
    return n == 0 || feed(r, bytes, (int)n, false, err);
}

bool junit_reader_end(JunitReader *r, Error *err)
{
    return feed(r, "", 0, true, err);
}
