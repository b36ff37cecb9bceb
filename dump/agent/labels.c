#include "dump/agent/labels.h"

#include "dump/agent/text.h"

struct hs_label_entry {
    const char *text;
    uint32_t bytes;
    uint32_t hash;
    uint32_t number; /* 0: free */
    uint32_t kind;
};

struct hs_shape_entry {
    uint32_t hash;
    uint32_t number;
    uint32_t type;
    uint32_t tail;
    uint32_t fields;
    uint32_t labels[];
};

enum { TABLE_START = 4096, TPFLAGS_UNICODE = 1 << 28 /* Include/object.h: Py_TPFLAGS_UNICODE_SUBCLASS */ };

bool hs_labels_init(struct hs_labels *labels, struct hs_emit *emit, struct hs_arena *arena,
                    const struct hs_layout *layout)
{
    labels->emit = emit;
    labels->arena = arena;
    labels->layout = layout;
    labels->label_slots = labels->shape_slots = TABLE_START;
    labels->label_count = labels->shape_count = 0;
    labels->labels = hs_arena_alloc(arena, sizeof *labels->labels * TABLE_START);
    labels->shapes = hs_arena_alloc(arena, sizeof *labels->shapes * TABLE_START);
    labels->cache = hs_arena_alloc(arena, sizeof *labels->cache * HS_LABEL_CACHE);
    return labels->labels && labels->shapes && labels->cache;
}

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* Out of memory in the snapshot child: the stream ends without END, and the collector says that it was cut
 * short. */
static void out_of_memory(void)
{
    hs_emit_exit(1);
}

static void labels_grow(struct hs_labels *labels)
{
    uint32_t slots = labels->label_slots * 2;
    struct hs_label_entry *table = hs_arena_alloc(labels->arena, sizeof *table * slots);
    if (!table)
        out_of_memory();
    for (uint32_t i = 0; i < labels->label_slots; i++) {
        const struct hs_label_entry *entry = &labels->labels[i];
        if (!entry->number)
            continue;
        uint32_t at = entry->hash & (slots - 1);
        while (table[at].number)
            at = (at + 1) & (slots - 1);
        table[at] = *entry;
    }
    labels->labels = table;
    labels->label_slots = slots;
}

/* The label's number, found or made; where `copy` is set, `text` does not last. */
static uint32_t label_mint(struct hs_labels *labels, unsigned kind, const char *text, size_t bytes, bool copy)
{
    bytes = hs_text_cut(text, bytes, HS_LABEL_NAME);
    uint32_t hash = hash_bytes(2166136261u + kind, text, bytes);
    uint32_t at = hash & (labels->label_slots - 1);
    for (; labels->labels[at].number; at = (at + 1) & (labels->label_slots - 1)) {
        const struct hs_label_entry *entry = &labels->labels[at];
        if (entry->hash == hash && entry->kind == kind && entry->bytes == bytes &&
            memcmp(entry->text, text, bytes) == 0)
            return entry->number;
    }
    if (copy) {
        char *own = hs_arena_alloc(labels->arena, bytes);
        if (!own)
            out_of_memory();
        memcpy(own, text, bytes);
        text = own;
    }
    labels->labels[at] = (struct hs_label_entry){text, (uint32_t)bytes, hash, ++labels->label_count, kind};
    hs_emit_room(labels->emit, 2 + HS_VARINT_MAX + HS_LABEL_NAME);
    hs_emit_byte(labels->emit, HS_STREAM_LABEL);
    hs_emit_byte(labels->emit, kind);
    hs_emit_text(labels->emit, text, bytes);
    hs_emit_commit(labels->emit, false);
    uint32_t number = labels->label_count;
    if (labels->label_count * 2 > labels->label_slots)
        labels_grow(labels);
    return number;
}

uint32_t hs_label_mint(struct hs_labels *labels, unsigned kind, const char *text, size_t bytes)
{
    return label_mint(labels, kind, text, bytes, false);
}

uint32_t hs_label_text(struct hs_labels *labels, unsigned kind, const char *text)
{
    return hs_label_mint(labels, kind, text, hs_text_length(text));
}

uint32_t hs_label_str(struct hs_labels *labels, unsigned kind, uint64_t str)
{
    uint32_t slot = (uint32_t)(str >> 4 ^ str >> 16) & (HS_LABEL_CACHE - 1);
    if (labels->cache[slot].str == str && labels->cache[slot].kind == kind)
        return labels->cache[slot].label;

    const char *text = "";
    size_t bytes = 0;
    const struct hs_layout *layout = labels->layout;
    if (str && hs_word(hs_word(str, layout->ob_type), layout->tp_flags) & TPFLAGS_UNICODE)
        bytes = hs_str_utf8(layout, str, labels->scratch, sizeof labels->scratch, &text);
    uint32_t label = label_mint(labels, kind, text, bytes, text == labels->scratch);
    labels->cache[slot].str = str;
    labels->cache[slot].kind = kind;
    labels->cache[slot].label = label;
    return label;
}

static void shapes_grow(struct hs_labels *labels)
{
    uint32_t slots = labels->shape_slots * 2;
    struct hs_shape_entry **table = hs_arena_alloc(labels->arena, sizeof *table * slots);
    if (!table)
        out_of_memory();
    for (uint32_t i = 0; i < labels->shape_slots; i++) {
        if (!labels->shapes[i])
            continue;
        uint32_t at = labels->shapes[i]->hash & (slots - 1);
        while (table[at])
            at = (at + 1) & (slots - 1);
        table[at] = labels->shapes[i];
    }
    labels->shapes = table;
    labels->shape_slots = slots;
}

uint32_t hs_shape_mint(struct hs_labels *labels, uint32_t type, enum hs_tail tail,
                       const uint32_t *field_labels, uint32_t fields)
{
    uint32_t hash = hash_bytes(type * 31 + tail, field_labels, fields * sizeof *field_labels);
    uint32_t at = hash & (labels->shape_slots - 1);
    for (; labels->shapes[at]; at = (at + 1) & (labels->shape_slots - 1)) {
        const struct hs_shape_entry *entry = labels->shapes[at];
        if (entry->hash == hash && entry->type == type && entry->tail == tail && entry->fields == fields &&
            memcmp(entry->labels, field_labels, fields * sizeof *field_labels) == 0)
            return entry->number;
    }
    struct hs_shape_entry *entry =
        hs_arena_alloc(labels->arena, sizeof *entry + fields * sizeof *field_labels);
    if (!entry)
        out_of_memory();
    entry->hash = hash;
    entry->number = labels->shape_count++;
    entry->type = type;
    entry->tail = tail;
    entry->fields = fields;
    memcpy(entry->labels, field_labels, fields * sizeof *field_labels);
    labels->shapes[at] = entry;

    hs_emit_room(labels->emit, 2 + (3 + HS_SHAPE_FIELDS) * HS_VARINT_MAX);
    hs_emit_byte(labels->emit, HS_STREAM_SHAPE);
    hs_emit_varint(labels->emit, type);
    hs_emit_byte(labels->emit, tail);
    hs_emit_varint(labels->emit, fields);
    for (uint32_t i = 0; i < fields; i++)
        hs_emit_varint(labels->emit, field_labels[i]);
    hs_emit_commit(labels->emit, false);
    if (labels->shape_count * 2 > labels->shape_slots)
        shapes_grow(labels);
    return entry->number;
}
