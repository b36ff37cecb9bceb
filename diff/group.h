/* Signatures: what place in the program an object is at, without saying which object.
 *
 * An object's signature is its holder's (in the explaining tree) plus the edge that leads to it and its own
 * type:
 *
 *     module webapp -> .registry Registry -> .entries dict -> [*] Entry
 *
 * Signatures that are equal are one group. Groups form a trie, so a signature is the number of a group, and
 * two snapshots compare by comparing numbers. So that a place that grows stays one group while it grows:
 *   - elements, keys and values of a container fold to [*], whatever their position or key;
 *   - a __dict__ is transparent: an attribute hangs off its owner whether it lies in inline values or in a
 * dict;
 *   - the digits of a name fold to #: job_1, job_2 ... are one place;
 *   - a step that repeats folds onto its first time: the nodes of a linked list, of a tree, of a chain of
 * buckets are one group each. A step is (type of the holder, edge, type). Steps between plain containers
 * repeat for a good reason (a dict of dicts) and fold only after HS_GROUP_NESTING times.
 */
#ifndef HS_DIFF_GROUP_H
#define HS_DIFF_GROUP_H

#include "diff/names.h"
#include "query/explain.h"

#define HS_NO_GROUP UINT32_MAX

/* Levels of nested plain containers that are told apart. */
#define HS_GROUP_NESTING 4
/* Signatures end here: what lies deeper belongs to the group at that depth. Real programs stay far below. */
#define HS_GROUP_DEPTH 400

/* The name of roots that belong to this project's own Python package. */
#define HS_GROUP_TOOL "heapdump"

/* How a group is reached from the one above. */
struct hs_edge {
    bool root;     /* the group is held by a root, and kind is an enum hs_root_kind */
    uint8_t kind;  /* enum hs_ref_kind */
    uint32_t name; /* number in hs_groups.names, HS_NO_LABEL for an element or a nameless reference */
};

struct hs_group {
    uint32_t parent; /* HS_NO_GROUP for a root's; always a smaller number than the group's own */
    uint32_t edge;   /* number in hs_groups.edge */
    uint32_t type;   /* number in hs_groups.names */
    uint16_t depth;
    bool namespace; /* the __dict__ of the parent: what it holds hangs off the parent */
    bool loop;      /* a repeated step folds onto this group */
};

struct hs_groups {
    size_t snapshots;
    struct hs_names names;

    uint32_t edges;
    struct hs_edge *edge; /* [edges] */
    uint32_t count;
    struct hs_group *group; /* [count] */
    uint64_t *objects;      /* [count * snapshots]: objects of the group in each snapshot */
    uint64_t *bytes;        /* [count * snapshots]: their shallow bytes */

    struct hs_child *child; /* hash of the children, owned */
    uint32_t children, buckets;
    uint32_t *edge_bucket; /* hash of the edges, owned */
    uint32_t edge_buckets;
    uint32_t edge_capacity, capacity;
};

struct hs_error *hs_groups_create(size_t snapshots, struct hs_groups **ret) HS_MUST_CHECK;
void hs_groups_destroy(struct hs_groups *groups);

/* The number of an edge. Elements, keys and values are known by their kind alone: give no name. */
struct hs_error *hs_groups_edge(struct hs_groups *groups, const struct hs_edge *edge,
                                uint32_t *ret) HS_MUST_CHECK;

/* The group that `edge` leads to from `parent` (HS_NO_GROUP: from outside) at an object of `type`, a number
 * in groups->names. */
struct hs_error *hs_groups_child(struct hs_groups *groups, uint32_t parent, uint32_t edge, uint32_t type,
                                 uint32_t *ret) HS_MUST_CHECK;

/* Signs all objects of a snapshot: `ret` becomes malloc'ed [graph->nodes], HS_NO_GROUP for what no root
 * reaches, and the objects and bytes of the groups are added as snapshot number `snapshot`. */
struct hs_error *hs_groups_sign(struct hs_groups *groups, size_t snapshot, const struct hs_graph *graph,
                                const struct hs_roots *roots, const struct hs_tree *tree,
                                uint32_t **ret) HS_MUST_CHECK;

/* Adds the groups of `from`, a table over one snapshot, to `into` as its snapshot number `snapshot`. `ret`
 * becomes malloc'ed [from->count]: the number in `into` of each group of `from`. So snapshots are signed by
 * threads of their own. */
struct hs_error *hs_groups_merge(struct hs_groups *into, size_t snapshot, const struct hs_groups *from,
                                 uint32_t **ret) HS_MUST_CHECK;

static inline const char *hs_groups_type(const struct hs_groups *groups, uint32_t group)
{
    return groups->names.text[groups->group[group].type];
}

static inline const uint64_t *hs_groups_objects(const struct hs_groups *groups, uint32_t group)
{
    return groups->objects + (size_t)group * groups->snapshots;
}

static inline const uint64_t *hs_groups_bytes(const struct hs_groups *groups, uint32_t group)
{
    return groups->bytes + (size_t)group * groups->snapshots;
}

/* The group itself, or for a __dict__ its owner. */
static inline uint32_t hs_groups_owner(const struct hs_groups *groups, uint32_t group)
{
    return groups->group[group].namespace ? groups->group[group].parent : group;
}

/* Is `below` in the part of the trie under `above`, or `above` itself? */
bool hs_groups_under(const struct hs_groups *groups, uint32_t below, uint32_t above);

#endif
