/* The labels, types and shapes of the snapshot that is being written, and which of them each object gets.
 *
 * A variant (dump/variants.h) becomes a shape of its own only where enough objects share it; of the rest,
 * tails of a rare length become variable, and rare sets of many names become a labelled tail. Numbers of the
 * stream's labels and types are their numbers in the snapshot.
 */
#ifndef HS_DUMP_PLAN_H
#define HS_DUMP_PLAN_H

#include "dump/index.h"
#include "dump/refs.h"
#include "format/writer.h"

struct hs_plan {
    uint32_t tail_label[HS_TAIL_LABELS]; /* nameless labels for loose objects */
    bool *type_ref;          /* [types] instances own a reference to their type, which is in the snapshot */
    uint32_t *type_object;   /* [types] id of the type object where type_ref is set */
    uint32_t *loose_shape;   /* [types] (type, labelled tail); HS_NO_LABEL: not made yet */
    uint64_t dangling_types; /* objects whose type is not in the snapshot though it should be */
};

/* Gives it all to the writer, and sets file_shape and (for those that become labelled) loose of the index's
 * variants. Destroy with hs_plan_deinit() in any case. */
struct hs_error *hs_plan_write(struct hs_plan *plan, struct hs_index *index,
                               struct hs_writer *writer) HS_MUST_CHECK;
void hs_plan_deinit(struct hs_plan *plan);

/* The number of the shape whose references are all in a labelled tail, made if there is none yet. */
struct hs_error *hs_plan_loose_shape(struct hs_plan *plan, uint32_t type, struct hs_writer *writer,
                                     uint32_t *ret) HS_MUST_CHECK;

/* Makes a shape that objects of a variant fit. */
struct hs_error *hs_plan_make_shape(const struct hs_plan *plan, const struct hs_index *index,
                                    uint32_t variant, struct hs_writer *writer, uint32_t *ret) HS_MUST_CHECK;

#endif
