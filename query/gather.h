/* From a snapshot to a sketch: which objects and references a picture is made of.
 *
 * Objects alike share a box: holders of one type that refer to a box by one name ("Document x120"). An
 * instance, a class or a module and its __dict__ are one. Modules, classes, functions and frames have names:
 * of a crowd of them those on which most hangs keep boxes of their own. Nearest first: the explaining tree
 * (explain.h) decides which of a crowd are drawn.
 */
#ifndef HS_QUERY_GATHER_H
#define HS_QUERY_GATHER_H

#include "query/chain.h"
#include "query/sketch.h"

struct hs_gather;

/* The graph must have been reversed; graph, tree and sketch must outlive it. With `everything` each object
 * has a box of its own, dicts and tuples too, and each reference an arrow. Memory: 12 B an object of the
 * snapshot. */
struct hs_error *hs_gather_create(const struct hs_graph *graph, const struct hs_tree *tree, bool everything,
                                  struct hs_sketch *sketch, struct hs_gather **ret) HS_MUST_CHECK;
void hs_gather_destroy(struct hs_gather *gather);

/* The box that stands for an object, HS_NO_BOX if none does. */
uint32_t hs_gather_box(const struct hs_gather *gather, uint32_t object);

/* Adds a chain as the main way, or as another one of several; its last object is the target. */
struct hs_error *hs_gather_chain(struct hs_gather *gather, const struct hs_chain *chain) HS_MUST_CHECK;

struct hs_gather_limits {
    unsigned depth; /* steps from the object */
    unsigned fan;   /* boxes for what refers to (or is referred to by) one box */
    size_t boxes;   /* of all */
};
/* Adds what refers to `object` or, where the sketch spreads forward, what it refers to, and so on. Left out
 * but counted in `more`: what is beyond the limits, weak references to anything but the object itself, and
 * references that explain nothing: those of instances to their classes and of functions to their modules. A
 * module is an end: what imports it is not asked. */
struct hs_error *hs_gather_fan(struct hs_gather *gather, uint32_t object,
                               const struct hs_gather_limits *limits) HS_MUST_CHECK;

/* Adds the ways from roots to each of `count` objects, merged: steps alike share a box, and a step that
 * repeats (a linked list) folds onto itself. With `main` the objects' boxes are targets and the way that most
 * of them take is the main one; without, they hang beside what is there. `fresh`: bit object % 8 of byte
 * object / 8 says that an object is new; NULL if that is not known. Objects that no root reaches are passed
 * over. */
struct hs_error *hs_gather_ways(struct hs_gather *gather, const uint32_t *object, size_t count,
                                const uint8_t *fresh, bool main) HS_MUST_CHECK;

#endif
