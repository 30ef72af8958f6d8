/* page.h - the built files of the web page, as the program carries them (embed.py). */
#ifndef PENSTOCK_WEB_PAGE_H
#define PENSTOCK_WEB_PAGE_H

#include <stdbool.h>
#include <stddef.h>

/* In the order of preference, last first. */
typedef enum PageCoding { PAGE_PLAIN, PAGE_GZIP, PAGE_BROTLI, N_PAGE_CODINGS } PageCoding;

typedef struct PageBody {
    const void *bytes;
    size_t size; /* 0: there is no such form of it, unless it is PAGE_PLAIN */
} PageBody;

typedef struct PageFile {
    const char *path;  /* "index.html", "assets/index-1a2b3c4d.js" */
    const char *type;  /* media type */
    const char *hash;  /* of its content */
    bool is_immutable; /* its name changes with its content */
    PageBody bodies[N_PAGE_CODINGS];
} PageFile;

/* Sorted by path; made at build time.  No file: the program was built without the page. */
extern const PageFile page_files[];
extern const size_t page_n_files;

/* NULL: there is none. */
const PageFile *page_find(const char *path);

/* The best form of @file that @accept_encoding (a request's header, NULL: none) takes. */
PageCoding page_coding(const PageFile *file, const char *accept_encoding);

/* As Content-Encoding says it; NULL for PAGE_PLAIN. */
const char *page_coding_name(PageCoding coding);

#endif
