/* The whole reference graph of a snapshot in memory: compressed sparse rows, forward and (on demand)
 * backward.
 *
 * Nodes are object ids. Edges come in the order of the file: node by node, position by position, the implied
 * reference to the type last. Per edge 4 bytes of destination, 4 of label and 1 of kind, and for a plain
 * file, whose shapes say nothing about positions, 4 of slot; names are asked of the reader when something is
 * printed.
 */
#ifndef HS_QUERY_GRAPH_H
#define HS_QUERY_GRAPH_H

#include "format/reader.h"

struct hs_graph {
    struct hs_reader *reader; /* not owned */
    uint32_t nodes;
    uint64_t edges;
    uint64_t *out_start;   /* [nodes + 1] */
    uint32_t *out_dst;     /* [edges] */
    uint32_t *out_label;   /* [edges] number of the label; HS_NO_LABEL where the kind says it all */
    uint8_t *out_flags;    /* [edges] kind | HS_EDGE_BORROWED */
    uint32_t *out_slot;    /* [edges] of a plain file, HS_NO_LABEL for none; else NULL */
    uint32_t *shape;       /* [nodes] number of the shape; the type is hs_reader_shape()->type */
    uint32_t *type;        /* [nodes] */
    uint64_t *size;        /* [nodes] shallow bytes */
    uint64_t *in_start;    /* [nodes + 1], NULL until hs_graph_reverse() */
    uint32_t *in_src;      /* [edges] for each destination owning sources first, each part ascending */
    uint32_t *in_borrowed; /* [nodes] how many of a destination's in_src, the last ones, own nothing */
};
#define HS_EDGE_KIND     0x0f
#define HS_EDGE_BORROWED 0x80 /* keeps nothing alive */

struct hs_root {
    uint32_t object;
    uint8_t kind;    /* enum hs_root_kind */
    uint32_t thread; /* threads.id of the thread that holds it, HS_NO_THREAD if none does */
    uint32_t refs;   /* of the object's reference count, how many it accounts for */
    char *name;
};
struct hs_roots {
    size_t count;
    struct hs_root *root; /* in the order of the table */
};

/* Reads the graph; memory is about 9 B an edge (plain files: 13 B) and 24 B a node. Destroy with
 * hs_graph_destroy(). */
struct hs_error *hs_graph_create(struct hs_reader *reader, struct hs_graph **ret) HS_MUST_CHECK;
/* Adds in_start, in_src and in_borrowed; does nothing the second time. */
struct hs_error *hs_graph_reverse(struct hs_graph *graph) HS_MUST_CHECK;
void hs_graph_destroy(struct hs_graph *graph);

/* The slot of the reference at `edge` (an index into out_dst) of `node`, HS_NO_LABEL if it has none: what
 * hs_chunk_ref() says, without its chunk. */
uint32_t hs_graph_slot(const struct hs_graph *graph, uint32_t node, uint64_t edge);

struct hs_error *hs_roots_read(struct hs_reader *reader, struct hs_roots *ret) HS_MUST_CHECK;
void hs_roots_deinit(struct hs_roots *roots);

#endif
