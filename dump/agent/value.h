/* The texts shown for objects: names of modules, classes, functions and code always, contents of scalars by
 * request. */
#ifndef HS_DUMP_AGENT_VALUE_H
#define HS_DUMP_AGENT_VALUE_H

#include "dump/agent/walk.h"

enum {
    HS_VALUE_PREVIEW = 64,    /* characters of a content, with HS_AGENT_VALUES_SHORT */
    HS_VALUE_WHOLE = 1 << 20, /* bytes of a content, with HS_AGENT_VALUES_FULL */
};

/* Writes the VALUE record of an object that has one under the request's policy. */
void hs_value_write(struct hs_walk *walk, const struct hs_type_info *type, uint64_t object);

#endif
