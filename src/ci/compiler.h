/* compiler.h - what the parts of the compiler share while they work on one configuration.
 *
 * Every part reports through here and goes on or gives up as GitLab does: a keyword error is one of
 * many, an error of loading or of logic is the only one.
 */
#ifndef PENSTOCK_CI_COMPILER_H
#define PENSTOCK_CI_COMPILER_H

#include "ci/ci.h"
#include "ci/expression.h"
#include "ci/node.h"

typedef struct Compiler {
    Arena *arena;
    const CiInput *input;
    CiVariables unscoped;   /* of the input: those of every environment, which includes see */
    CiLimits limits;        /* all set */
    GArray *messages;       /* of CiMessage */
    GArray *warnings;       /* of CiMessage */
    ExpressionCache *cache; /* rules repeat themselves over the jobs of a file */
    size_t merge_budget;    /* pairs that merging may still copy */
    int includes;           /* files included so far */
    size_t included_bytes;
    size_t nodes;         /* of the files read so far */
    GArray *included;     /* of CiIncluded: what was found */
    GHashTable *files;    /* of include.c: what was parsed before */
    GHashTable *fetched;  /* of include_fetch.c: what was fetched before */
    int unreached;        /* includes that are out of reach here */
    bool stages_are_open; /* one of them may define a stage, so no order of stages is known */
} Compiler;

/* Adds a message about @at (NULL: about the file) as it stands.  Returns false. */
bool compiler_report(Compiler *c, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Adds a keyword message: all in lower case.  Returns false. */
bool compiler_report_lower(Compiler *c, const Node *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

void compiler_warn(Compiler *c, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Where an include is out of reach, warns that what @format names was not checked, as that include
 * may define it.  false: all includes were read, so it is missing. */
bool compiler_excuse(Compiler *c, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* @limits with every 0 replaced by its default. */
CiLimits compiler_limits(const CiLimits *limits);

/* A copy of the array's messages in the arena. */
CiMessages compiler_messages(Arena *arena, const GArray *messages);

/* The root file and all it includes, merged, without the key "include".  NULL: reported. */
const Node *include_load(Compiler *c);

/* Every top-level mapping with the bases that it extends.  NULL: reported. */
const Node *extends_resolve(Compiler *c, const Node *root);

/* Every "!reference [key, key]" replaced by what stands at that path.  NULL: reported. */
const Node *reference_resolve(Compiler *c, const Node *root);

/* Reads the merged tree into @config.  false: reported. */
bool entry_read_root(Compiler *c, const Node *root, CiConfig *config);

/* The rules that reach over jobs: stages, needs, cycles.  false: reported. */
bool validate_jobs(Compiler *c, const CiConfig *config);

#endif
