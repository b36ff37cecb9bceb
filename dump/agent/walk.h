/* The walk over the heap in the snapshot child: what it carries, and its steps.
 *
 * First the collector's lists are read and every tracked object is marked, and the dicts that are namespaces;
 * then the tracked objects are written in the order of their addresses, each followed by the untracked ones
 * that it is the first to reach. No step recurses over the heap, and memory is bounded but for the bitmaps
 * and the tables of types, labels and shapes.
 */
#ifndef HS_DUMP_AGENT_WALK_H
#define HS_DUMP_AGENT_WALK_H

#include "dump/agent/account.h"
#include "dump/agent/emit.h"
#include "dump/agent/fault.h"
#include "dump/agent/labels.h"
#include "dump/agent/layout.h"
#include "dump/agent/probe.h"
#include "dump/agent/traces.h"
#include "dump/agent/types.h"
#include "dump/agent/visited.h"

enum {
    HS_WALK_STACK = 64 << 10, /* untracked objects waiting; more of them wait in HS_PLANE_PENDING */
};

enum hs_pass { HS_PASS_TRACKED = 0, HS_PASS_PENDING };

struct hs_traversal;

struct hs_walk {
    const struct hs_layout *layout;
    const struct hs_agent_symbols *symbols;
    const struct hs_agent_request *request;
    struct hs_arena arena;
    struct hs_emit emit;
    struct hs_labels labels;
    struct hs_types types;
    struct hs_visited visited;
    struct hs_fault fault;
    struct hs_probe probe;

    uint64_t *stack;
    uint32_t depth;
    bool pending; /* some objects wait in HS_PLANE_PENDING */

    /* The object being written. */
    uint64_t object;
    struct hs_type_info *type; /* NULL until it is known */
    bool gc;                   /* it has a GC header */
    uint64_t recovering;       /* the object whose references are being left out */

    /* The open run of its tail. */
    uint32_t run;
    uint8_t *run_start;

    struct hs_traversal *traversal;
    char *text; /* [HS_VALUE_WHOLE], NULL until a content is written */

    /* Where the reading of the collector's lists is. */
    struct {
        unsigned generation;
        uint64_t node; /* 0: at the list's head */
        bool broken;   /* while the link itself is being read */
    } list;

    /* Where the pass over the bitmaps is. */
    uint64_t region_address;
    struct hs_region *region;
    uint32_t word;
    uint64_t bits;
    enum hs_pass pass;
    uint64_t tracked_objects;

    struct hs_account account;
    struct hs_traces traces;
};

/* Everything but the fault handlers; the stream begins, into descriptor `stream`. False if there is no
 * memory. */
bool hs_walk_init(struct hs_walk *walk, const struct hs_agent_request *request,
                  const struct hs_layout *layout, int stream);

/* What the fault clock watches. */
volatile uint64_t *hs_walk_progress(struct hs_walk *walk);

/* Queues an object that is referred to from outside the heap (a root), so that it is written. */
void hs_walk_reach(struct hs_walk *walk, uint64_t object);

/* Writes walk->object and what is known of it, without entering anything else. */
void hs_object_write(struct hs_walk *walk, uint64_t object);
/* After a fault in hs_object_write(): completes the record of walk->object without the rest of its
 * references, and marks its type opaque if its traversal was running. */
void hs_object_recover(struct hs_walk *walk);

/* Runs of a tail: opened with room for HS_RUN_ENTRIES entries of at most `entry_bytes`, counted in walk->run,
 * closed with their count. */
void hs_run_open(struct hs_walk *walk, size_t entry_bytes);
void hs_run_close(struct hs_walk *walk, bool more);

/* Pass one, and pass two; a fault within an object costs its references. */
void hs_walk_mark(struct hs_walk *walk);

/* Only counts them, in walk->tracked_objects. Ends the process where a list is broken. */
void hs_walk_count(struct hs_walk *walk);
void hs_walk_write(struct hs_walk *walk);

static inline void hs_walk_push(struct hs_walk *walk, uint64_t object)
{
    if (__builtin_expect(walk->depth == HS_WALK_STACK, 0)) {
        hs_visited_plane_add(&walk->visited, HS_PLANE_PENDING, object);
        walk->pending = true;
        return;
    }
    __builtin_prefetch((const void *)object);
    walk->stack[walk->depth++] = object;
}

/* One reference of the object being written; 0 is a hole, and so is what cannot be an address. */
static inline void hs_walk_reference(struct hs_walk *walk, uint64_t target)
{
    if (target < 4096 || target >> HS_ADDRESS_BITS) {
        hs_emit_byte(&walk->emit, 0);
        return;
    }
    hs_emit_dst(&walk->emit, walk->object, target);
    if (hs_visited_add(&walk->visited, target))
        hs_walk_push(walk, target);
}

#endif
