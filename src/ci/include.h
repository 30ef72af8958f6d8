/* include.h - what the parts of `include` share: where a file is from, and which one to include. */
#ifndef PENSTOCK_CI_INCLUDE_H
#define PENSTOCK_CI_INCLUDE_H

#include "ci/compiler.h"

/* Where a file is from: what `local` in it means. */
typedef struct Place {
    const char *project; /* NULL: the project of the pipeline */
    const char *ref;
    const char *path; /* of the file itself */
    bool outside;     /* a remote file or a template: of no project, and it sees no variables */
} Place;

typedef enum LocationKey {
    LOCATION_LOCAL,
    LOCATION_PROJECT,
    LOCATION_REMOTE,
    LOCATION_TEMPLATE,
    LOCATION_ARTIFACT,
    LOCATION_COMPONENT,
    N_LOCATION_KEYS
} LocationKey;

/* One file to include. */
typedef struct Location {
    LocationKey kind;
    Place place;        /* where it is */
    const char *path;   /* without a leading "/"; a URL, or the name of a template or component */
    const char *shown;  /* as messages show it */
    const char *job;    /* of an artifact: who made it */
    const char *digest; /* of a remote file: base64 of its SHA-256; NULL: any */
    const Node *inputs; /* NULL: none are given */
    const Node *at;
} Location;

/* All files of one `include` of a file at @place, in order, as Location into @out.
 * @header: of `spec:include`.  false: reported. */
bool include_locations(Compiler *c, const Place *place, const Node *include, bool header,
                       GArray *out);

/* Whether `rules` of an include let it happen; false: reported. */
bool include_rules_hold(Compiler *c, const Place *place, const Node *rules, bool *hold);

/* Fetches a file and sets location->place to where it was found.  *@file is NULL where it is out
 * of reach here, which was warned of.  false: reported. */
bool include_fetch(Compiler *c, Location *location, const CiFile **file);

/* Warns that an include is left out though a server may have it. */
void include_out_of_reach(Compiler *c, const Node *at, const char *shown, const char *why);

/* Whether @text names a variable that an include at @place does not know, but may on a server. */
bool include_is_open(const Compiler *c, const Place *place, const char *text);

/* Reports what @result of fetching @location, or the tree it is in, says against it.  @file: NULL
 * for a tree.  false: reported. */
bool include_check_result(Compiler *c, const Location *location, CiFetchResult result,
                          const CiFile *file);

/* Notes for CiFindings that a file at @place included @found, which it @asked for. */
void include_note(Compiler *c, const Place *place, const Location *asked, const Location *found);

/* What the text of a file says, with its header bound.  @location: NULL for the root file.
 * NULL: reported. */
const Node *include_parse(Compiler *c, const Place *place, const Location *location,
                          const char *name, const CiFile *file);

/* The `inputs` of the files that `spec:include` names, merged; NULL in @out: none.
 * false: reported. */
bool include_inputs(Compiler *c, const Place *place, const Node *include, const Node **out);

/* The name of a file in messages and in the nodes of it. */
const char *include_name(Compiler *c, const Location *location);

/* What the includes of a file at @place may see. */
CiVariables include_variables(const Compiler *c, const Place *place);

/* What kind of file a location of @key names. */
CiFileKind include_file_kind(LocationKey key);

#endif
