/* References accounted for: those that the snapshot shows, against those that each object counts.
 *
 * A mortal object whose reference count exceeds the owning references found is held by something that no
 * snapshot shows: C code, rightly or because it forgot a Py_DECREF. Such an object is a root of kind
 * `external`. What then no root reaches is garbage, by the collector's own reckoning (Modules/gcmodule.c,
 * subtract_refs): all its references come from other garbage. Immortal objects count nothing, and so have no
 * verdict; those that nothing refers to are roots of kind `static`.
 */
#ifndef HS_DUMP_ACCOUNT_H
#define HS_DUMP_ACCOUNT_H

#include "dump/index.h"
#include "format/writer.h"

struct hs_account {
    uint32_t objects;
    uint32_t *refcount; /* [objects] UINT32_MAX for immortal objects */
    uint32_t *known;    /* [objects] owning references found */
};

/* Destroy with hs_account_deinit() in any case. */
struct hs_error *hs_account_init(struct hs_account *account, uint32_t objects) HS_MUST_CHECK;
void hs_account_deinit(struct hs_account *account);

static inline void hs_account_object(struct hs_account *account, uint32_t object, uint64_t refcount)
{
    account->refcount[object] = refcount < HS_REFCOUNT_IMMORTAL ? (uint32_t)refcount : UINT32_MAX;
}

static inline void hs_account_ref(struct hs_account *account, uint32_t dst)
{
    account->known[dst]++;
}

/* Takes back one of the references added: it was a borrowed one. */
static inline void hs_account_borrowed(struct hs_account *account, uint32_t dst)
{
    account->known[dst]--;
}

/* Adds a root that owns a reference, or may own one. */
void hs_account_root(struct hs_account *account, uint32_t object, enum hs_root_kind kind);

/* Writes the roots that are left over, when all references and roots were added. */
struct hs_error *hs_account_write(const struct hs_account *account, struct hs_writer *writer) HS_MUST_CHECK;

#endif
