/* References that a type's own tp_traverse reports, matched with the names that are known of them.
 *
 * The traversal says how many references there are to each object; names only say which of them is which. So
 * a name takes one reported reference to its object if there is one; what no name took stays.
 */
#ifndef HS_DUMP_AGENT_TRAVERSE_H
#define HS_DUMP_AGENT_TRAVERSE_H

#include "dump/agent/walk.h"

enum {
    HS_TRAVERSE_KEPT =
        4096 /* references of one object that are kept; of more than that all are asked for again */
};

struct hs_named {
    uint64_t target;
    bool visited; /* not a reference unless the traversal reports it */
    bool matched;
};

struct hs_traversal {
    volatile uint64_t reports; /* of all traversals; the fault clock watches it */
    uint32_t number;
    uint64_t count;                  /* reported by the current one */
    uint64_t left;                   /* and taken by no name */
    uint64_t kept[HS_TRAVERSE_KEPT]; /* 0: taken */
    struct hs_named named[HS_SHAPE_FIELDS];
    uint32_t named_count;
    bool type_dropped;
};

/* Runs the traversal of `object` and matches traversal->named[named_count]: `matched` tells which are
 * references, `left` how many references have no name. The reference to a heap type is implied and not
 * counted. */
void hs_traverse_match(struct hs_walk *walk, struct hs_type_info *type, uint64_t object);

/* Writes the tail of the references that no name took: to be called after hs_traverse_match() for the same
 * object. */
void hs_traverse_write_left(struct hs_walk *walk, struct hs_type_info *type, uint64_t object);

#endif
