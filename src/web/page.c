/* page.c - finding a file of the page, and the form of it that a browser takes. */
#include "web/page.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *key, const void *file)
{
    return strcmp(key, ((const PageFile *)file)->path);
}

const PageFile *page_find(const char *path)
{
    return bsearch(path, page_files, page_n_files, sizeof page_files[0], compare);
}

const char *page_coding_name(PageCoding coding)
{
    static const char *const names[N_PAGE_CODINGS] = { NULL, "gzip", "br" };

    return names[coding];
}

/* "br", "br;q=0.5", but not "br;q=0". */
static bool takes(const char *accept_encoding, const char *name)
{
    g_auto(GStrv) words = g_strsplit(accept_encoding, ",", -1);

    for (char **word = words; *word; word++) {
        g_auto(GStrv) parts = g_strsplit(*word, ";", 2);
        if (!parts[0] || g_ascii_strcasecmp(g_strstrip(parts[0]), name) != 0)
            continue;
        const char *quality = parts[1] ? strchr(parts[1], '=') : NULL;
        return !quality || g_ascii_strtod(quality + 1, NULL) > 0;
    }
    return false;
}

PageCoding page_coding(const PageFile *file, const char *accept_encoding)
{
    if (!accept_encoding)
        return PAGE_PLAIN;
    for (PageCoding coding = N_PAGE_CODINGS - 1; coding > PAGE_PLAIN; coding--)
        if (file->bodies[coding].size > 0 && takes(accept_encoding, page_coding_name(coding)))
            return coding;
    return PAGE_PLAIN;
}
