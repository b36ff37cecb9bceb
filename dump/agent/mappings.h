/* The mappings of this process, and what of them is in memory. */
#ifndef HS_DUMP_AGENT_MAPPINGS_H
#define HS_DUMP_AGENT_MAPPINGS_H

#include "dump/agent/sys.h"

enum {
    HS_MAPPINGS_MAX = 1 << 17, /* twice the kernel's default limit, vm.max_map_count */
    HS_PAGE_BITS = 12,
    HS_PAGE_BYTES = 1 << HS_PAGE_BITS,
    HS_MAPPING_NAME = 48,
};

enum hs_mapping_kind {
    HS_MAPPING_ANONYMOUS = 0, /* private, of no file */
    HS_MAPPING_HEAP,          /* grown by brk() */
    HS_MAPPING_STACK,         /* the main thread's */
    HS_MAPPING_FILE,          /* a file's, shared memory, or the kernel's own */
};

struct hs_mapping {
    uint64_t start, end;
    uint64_t anonymous;         /* bytes in memory that belong to no file */
    uint8_t kind;               /* enum hs_mapping_kind */
    bool usable;                /* readable and writable, so that an allocator may live there */
    char file[HS_MAPPING_NAME]; /* of a private mapping of a file: its name without folders, cut; else "" */
};

struct hs_mappings {
    struct hs_mapping *item; /* [count], by address; never freed: the process is short-lived */
    uint32_t count;
    bool complete;
};

/* Reads /proc/self/smaps. Not complete if that cannot be read or if there are too many. */
void hs_mappings_read(struct hs_mappings *mappings);

/* A byte per page of a mapping: bit 0 says that it is in memory. Asked of the kernel before anything is
 * touched, since reading a page that was never there makes it appear. */
struct hs_residency {
    uint64_t start, end;
    uint8_t *page; /* [(end - start) >> HS_PAGE_BITS] */
};

/* False if there is no memory for it or the kernel does not say. */
bool hs_residency_init(struct hs_residency *residency, const struct hs_mapping *mapping);
void hs_residency_deinit(struct hs_residency *residency);

/* Is the page that holds `address` in memory? The address must lie in the mapping. */
static inline bool hs_resident(const struct hs_residency *residency, uint64_t address)
{
    return residency->page[(address - residency->start) >> HS_PAGE_BITS] & 1;
}

/* Bytes of the whole pages within start..end (inside the mapping) that are not in memory. */
uint64_t hs_residency_missing(const struct hs_residency *residency, uint64_t start, uint64_t end);

#endif
