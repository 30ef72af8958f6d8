/* template_file.h - `include: template`: files that come with the installation. */
#ifndef PENSTOCK_PIPELINE_TEMPLATE_FILE_H
#define PENSTOCK_PIPELINE_TEMPLATE_FILE_H

#include "base/settings.h"
#include "ci/ci.h"

/* Those in the binary (templates/), by name; the last has none. */
typedef struct TemplateFile {
    const char *name; /* "Workflows/Branch-Pipelines.gitlab-ci.yml" */
    const char *text;
} TemplateFile;
extern const TemplateFile template_files[];

/* @name as the include has it, with its ending.  A file in the folder of the setting template-dir
 * goes before one of ours. */
CiFetchResult template_fetch(const Settings *settings, const char *name, Arena *arena,
                             CiFile *file);

#endif
