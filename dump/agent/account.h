/* Where the memory of the process is: allocators' used and free bytes, stacks, files, and what remains.
 *
 * Read in the snapshot child from the copy of the target, so no lock is taken and nothing of the target waits
 * for it. These add up to the resident set that was read before the fork:
 *
 *   rss = pymalloc_used + pymalloc_free + malloc_used + malloc_free - used_not_resident - free_not_resident
 *         + mapped_files + thread_stacks + anonymous + unexplained
 */
#ifndef HS_DUMP_AGENT_ACCOUNT_H
#define HS_DUMP_AGENT_ACCOUNT_H

#include "dump/agent/heap.h"
#include "dump/agent/layout.h"
#include "dump/agent/pymalloc.h"

struct hs_emit;
struct hs_facts;
struct hs_type_info;

struct hs_account {
    bool known; /* the mappings could be read: the rest holds */
    struct hs_pymalloc pymalloc;
    struct hs_heap heap;
    uint64_t arenas;         /* bytes of pymalloc's arenas */
    uint64_t arenas_missing; /* of these, what is not in memory */
    uint64_t stacks;         /* of threads that Python knows, in memory */
    uint64_t anonymous;      /* of other private mappings, in memory */
    uint64_t files;          /* private changes to mapped files: data of libraries, in memory */
    uint64_t objects;        /* the walk adds what each object takes */
};

/* Takes the account; `runtime` is _PyRuntime. May fault, where memory is stranger than it should be: then
 * nothing is known. */
void hs_account_take(struct hs_account *account, const struct hs_layout *layout, uint64_t runtime);

/* What an object takes, given its shallow bytes: as its allocator rounds them, with the values of its
 * attributes. */
uint64_t hs_account_object(struct hs_account *account, const struct hs_layout *layout,
                           const struct hs_type_info *type, uint64_t object, uint64_t shallow);

/* Writes the figures, and that of the objects once they have been walked. */
void hs_account_write(const struct hs_account *account, struct hs_emit *emit, const struct hs_facts *facts);

#endif
