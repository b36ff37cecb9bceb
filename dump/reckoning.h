/* References accounted for: those that the snapshot shows, against those that each object counts.
 *
 * A mortal object whose reference count exceeds the owning references found is held by something that no
 * snapshot shows: C code, rightly or because it forgot a Py_DECREF. Such an object is a root of kind
 * `external`. What then no root reaches is garbage, by the collector's own reckoning (Modules/gcmodule.c,
 * subtract_refs): all its references come from other garbage. Immortal objects count nothing, and so have no
 * verdict; those that nothing refers to are roots of kind `static`.
 */
#ifndef HS_DUMP_RECKONING_H
#define HS_DUMP_RECKONING_H

#include "dump/index.h"
#include "format/writer.h"

struct hs_reckoning {
    uint32_t objects;
    uint32_t *refcount; /* [objects] UINT32_MAX for immortal objects */
    uint32_t *known;    /* [objects] owning references found */
};

/* Destroy with hs_reckoning_deinit() in any case. */
struct hs_error *hs_reckoning_init(struct hs_reckoning *reckoning, uint32_t objects) HS_MUST_CHECK;
void hs_reckoning_deinit(struct hs_reckoning *reckoning);

static inline void hs_reckoning_object(struct hs_reckoning *reckoning, uint32_t object, uint64_t refcount)
{
    reckoning->refcount[object] = refcount < HS_REFCOUNT_IMMORTAL ? (uint32_t)refcount : UINT32_MAX;
}

static inline void hs_reckoning_ref(struct hs_reckoning *reckoning, uint32_t dst)
{
    reckoning->known[dst]++;
}

/* Takes back one of the references added: it was a borrowed one. */
static inline void hs_reckoning_borrowed(struct hs_reckoning *reckoning, uint32_t dst)
{
    reckoning->known[dst]--;
}

/* Adds a root that owns a reference. */
void hs_reckoning_root(struct hs_reckoning *reckoning, uint32_t object, enum hs_root_kind kind);

/* Is there a reference to the object that nothing explains so far? For an immortal object: is there none that
 * does? Then a word in static data that may own one does, and is added. */
bool hs_reckoning_take(struct hs_reckoning *reckoning, uint32_t object);

/* Writes the roots that are left over, when all references and roots were added. */
struct hs_error *hs_reckoning_write(const struct hs_reckoning *reckoning,
                                    struct hs_writer *writer) HS_MUST_CHECK;

#endif
