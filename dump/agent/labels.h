/* Labels and shapes: each distinct one gets a number and one record in the stream.
 *
 * Texts are compared, not addresses, because equal names need not be one object. Texts that live in the
 * target's memory are not copied: nothing changes in the snapshot child.
 */
#ifndef HS_DUMP_AGENT_LABELS_H
#define HS_DUMP_AGENT_LABELS_H

#include "dump/agent/emit.h"
#include "dump/agent/layout.h"
#include "format/snapshot.h"

enum {
    HS_SHAPE_FIELDS = 512, /* fields of one shape, at most */
    HS_LABEL_NAME = 1024,  /* bytes of a label's name, at most */
    HS_LABEL_CACHE = 4096, /* labels found by the address of their str, a power of two */
};

struct hs_label_entry;
struct hs_shape_entry;

struct hs_labels {
    struct hs_emit *emit;
    struct hs_arena *arena;
    const struct hs_layout *layout;
    struct hs_label_entry *labels; /* open addressing, by hash */
    uint32_t label_slots;
    uint32_t label_count;
    struct hs_shape_entry **shapes;
    uint32_t shape_slots;
    uint32_t shape_count;
    struct {
        uint64_t str;
        uint32_t label;
        uint32_t kind;
    } * cache; /* [HS_LABEL_CACHE] */
    char scratch[HS_LABEL_NAME];
};

bool hs_labels_init(struct hs_labels *labels, struct hs_emit *emit, struct hs_arena *arena,
                    const struct hs_layout *layout);

/* The number of a label; `kind` is an enum hs_ref_kind, possibly with HS_STREAM_BORROWED; no bytes: no name.
 * Writes its record if it is new, so not to be called within an OBJECT. `text` must stay as it is. */
uint32_t hs_label_mint(struct hs_labels *labels, unsigned kind, const char *text, size_t bytes);
/* The same for a NUL-terminated text, and for a str object of the target (anything else gives a label without
 * a name). */
uint32_t hs_label_text(struct hs_labels *labels, unsigned kind, const char *text);
uint32_t hs_label_str(struct hs_labels *labels, unsigned kind, uint64_t str);

/* The number of a shape: type (its number), tail, and the labels of `fields` (at most HS_SHAPE_FIELDS)
 * fields. */
uint32_t hs_shape_mint(struct hs_labels *labels, uint32_t type, enum hs_tail tail,
                       const uint32_t *field_labels, uint32_t fields);

#endif
