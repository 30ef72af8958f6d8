/* no_page.c - in place of the page's files where the program is built without them (-Dpage=false). */
#include "web/page.h"

const PageFile page_files[] = { { 0 } };
const size_t page_n_files = 0;
