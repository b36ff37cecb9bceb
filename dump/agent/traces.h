/* Where the program allocated its objects, if tracemalloc is tracing: read from tracemalloc's own table.
 *
 * The table (block of memory -> trace) is found by what it looks like, among what the writable data of the
 * interpreter points to; so neither a symbol nor an offset is needed. Its entries are compared with the hash
 * of their keys and followed to the name of a file before it is believed.
 */
#ifndef HS_DUMP_AGENT_TRACES_H
#define HS_DUMP_AGENT_TRACES_H

#include "dump/agent/emit.h"
#include "dump/agent/layout.h"
#include "dump/agent/mappings.h"

struct hs_site;

struct hs_traces {
    uint64_t table; /* 0: none was found, or it cannot be read */
    const struct hs_layout *layout;
    uint64_t buckets;     /* address of the heads of the chains */
    uint64_t mask;        /* buckets - 1 */
    bool inlined;         /* traces stand in the entries */
    bool text;            /* names of files are C strings, not str objects */
    bool reading;         /* a fault now is the table's */
    struct hs_site *site; /* [sites_room] the places met so far, by hash */
    uint32_t sites, sites_room;
};

/* Takes `address`, a word of the interpreter's data, for the table if it is one. Reads only what lies in
 * `mappings`. */
void hs_traces_look(struct hs_traces *traces, const struct hs_layout *layout,
                    const struct hs_mappings *mappings, uint64_t address);

/* Writes where the block of memory at `block` was allocated, if that is known: that of the object just
 * written. May fault. */
void hs_traces_write(struct hs_traces *traces, struct hs_emit *emit, uint64_t block);

/* After a fault: if it was the table's, that is not read any more. */
void hs_traces_fault(struct hs_traces *traces);

#endif
