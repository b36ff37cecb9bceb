/* What gather.c shares with gather_ways.c. */
#ifndef HS_QUERY_GATHER_INTERNAL_H
#define HS_QUERY_GATHER_INTERNAL_H

#include "query/gather.h"

/* The boxes of merged ways form a trie. */
struct hs_way_node {
    uint32_t parent;             /* box, HS_NO_BOX at roots */
    uint32_t type, label, flags; /* of the objects, and of the reference that leads to them */
};

/* A reference of the main way, which has its arrow before the objects around it are looked at. */
struct hs_main_ref {
    uint32_t holder, held;
    bool met;
};

struct hs_gather {
    const struct hs_graph *graph;
    const struct hs_tree *tree;
    struct hs_sketch *sketch;
    bool everything;
    uint32_t *box_of; /* [nodes] HS_NO_BOX */
    uint32_t *next;   /* [nodes] the next object of the same box, HS_NO_OBJECT */
    uint32_t *seen;   /* [nodes] number of the round that looked at it last */
    uint32_t round;
    struct hs_main_ref *main; /* [mains] */
    size_t mains;
    struct hs_way_node *node; /* [boxes of the sketch], of merged ways only */
    size_t nodes_room;
};

static inline const char *hs_gather_type(const struct hs_gather *gather, uint32_t object)
{
    return hs_reader_type(gather->graph->reader, gather->graph->type[object])->name;
}

/* A new box for one object. */
struct hs_error *hs_gather_new_box(struct hs_gather *gather, uint32_t object, uint32_t level,
                                   uint32_t *ret) HS_MUST_CHECK;
/* One more object for a box. */
void hs_gather_join(struct hs_gather *gather, uint32_t box, uint32_t object);

/* Counts the reference at `edge` of `holder` as one from box `src` to box `dst`. `main` marks the way that
 * explains. */
struct hs_error *hs_gather_refer(struct hs_gather *gather, uint32_t src, uint32_t dst, uint32_t holder,
                                 uint64_t edge, bool main) HS_MUST_CHECK;

/* The object whose __dict__ `object` is, `object` itself if it is nobody's. */
uint32_t hs_gather_owner(const struct hs_gather *gather, uint32_t object);

/* Is the reference the one to a __dict__? */
bool hs_gather_is_dict(const struct hs_gather *gather, uint64_t edge);

#endif
