/* artifact_forms.h - the kinds of artifacts that a runner may send, each with the one format that is
 * right for it.  The payload tells them to runners, uploads are checked against them.
 */
#ifndef PENSTOCK_RUNNER_ARTIFACT_FORMS_H
#define PENSTOCK_RUNNER_ARTIFACT_FORMS_H

#include "base/enums.h"

typedef struct ArtifactForm {
    ArtifactType type;
    const char *report_name; /* of a report in the payload; NULL: not a report */
    const char *format;
    const char *filename; /* of one that came without a name */
} ArtifactForm;

/* The form of a type by its name; NULL (also as @type): none, or one that runners do not send. */
const ArtifactForm *artifact_form_find(const char *type);

#endif
