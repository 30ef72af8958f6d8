/* page_files.h - the web page as an answer. */
#ifndef PENSTOCK_API_PAGE_FILES_H
#define PENSTOCK_API_PAGE_FILES_H

#include "http/request.h"

#define PAGE_INDEX "index.html"

/* Whether a browser opens this address: then it gets the page, which shows what the address names. */
bool page_is_wanted(Req *rq);

/* The page itself. */
bool reply_page(Req *rq);

#endif
