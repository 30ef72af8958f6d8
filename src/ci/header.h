/* header.h - the header of a file (`spec`), and what its content is told by it.
 *
 * A header declares inputs.  They are bound to the values that an include or a run gives, and then
 * replace "$[[ inputs.NAME ]]" in the text of the content, before that is parsed.
 */
#ifndef PENSTOCK_CI_HEADER_H
#define PENSTOCK_CI_HEADER_H

#include "ci/compiler.h"
#include "ci/yaml_load.h"

/* What went wrong with a header or its content; as in GitLab three messages are told. */
typedef struct Complaints {
    Arena *arena;
    GPtrArray *texts; /* in the arena */
    const Node *at;   /* of the first */
} Complaints;

/* Adds a message.  Returns false. */
bool complain(Complaints *to, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same in lower case, as messages about keywords are. */
bool complain_lower(Complaints *to, const Node *at, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The first three, joined; in the arena. */
const char *complaints_text(const Complaints *complaints);

/* The component that a file is; its header may ask for these by `spec:component`. */
typedef struct ComponentInfo {
    const char *name;
    const char *sha;
    const char *version;   /* NULL: it was not asked for by a version */
    const char *reference; /* as the include wrote it */
} ComponentInfo;

/* What "$[[ ]]" may name. */
typedef struct Scope {
    Arena *arena;
    GHashTable *inputs;    /* name -> const Node * */
    GHashTable *component; /* field -> const Node * */
    CiVariables variables; /* of expand_vars */
} Scope;

/* One input as the header declares it. */
typedef enum InputType { INPUT_STRING, INPUT_NUMBER, INPUT_BOOLEAN, INPUT_ARRAY } InputType;

typedef struct Input {
    const char *name;
    const Node *at;
    InputType type;
    bool has_default;
    const Node *otherwise; /* the default; NULL or null: none */
    const Node *options;   /* NULL: any */
    const char *regex;     /* NULL: none */
    const Node *rules;     /* NULL: none */
} Input;

/* Checks the header.  @inputs gets an Input * each, in order; @component the fields asked for.
 * @more: the `inputs` of the files of `spec:include`, or NULL. */
bool header_read(Compiler *c, const Node *header, const Node *more, GPtrArray *inputs,
                 CiStrings *component, Complaints *complaints);

/* Binds the inputs to the values of @given (a mapping, or NULL) into scope->inputs. */
bool inputs_bind(Compiler *c, const GPtrArray *inputs, const Node *given, Scope *scope,
                 Complaints *complaints);

/* Checks the rules of all inputs for what they name.  */
bool input_rules_check(Compiler *c, const GPtrArray *inputs, Complaints *complaints);

/* Sets options and default of @input by the first of its rules that holds, once scope->inputs has
 * those that it names.  false: none holds, or the rule that does has no options. */
bool input_rules_apply(Compiler *c, Input *input, const Scope *scope);

/* Whether @input's rules name an input that @scope does not have yet. */
bool input_rules_wait(const Input *input, const Scope *scope);

/* A JSON text as a node; NULL: it is none. */
const Node *node_from_json(Arena *arena, const char *text);

/* @size bytes with every "$[[ ]]" replaced; *@size is that of the result.  NULL: @complaints. */
const char *interpolate(const Scope *scope, const CiLimits *limits, const char *bytes, size_t *size,
                        Complaints *complaints);

#endif
