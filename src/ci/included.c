/* included.c - the list of the files that were included. */
#include "ci/include.h"

void include_note(Compiler *c, const Place *place, const Location *asked, const Location *found)
{
    bool by_project = asked->kind == LOCATION_PROJECT;
    CiIncluded included = {
        .kind = include_file_kind(asked->kind),
        .by_project = by_project,
        .location = asked->shown,
        .asked_project = by_project ? asked->place.project : NULL,
        .asked_ref = by_project ? asked->place.ref : NULL,
        .project = found->place.project,
        .ref = found->place.ref,
        .path = found->place.path,
        .context_project = place->project,
        .context_ref = place->ref,
    };

    g_array_append_val(c->included, included);
}
