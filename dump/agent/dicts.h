/* Reading dicts: where keys and values stand. */
#ifndef HS_DUMP_AGENT_DICTS_H
#define HS_DUMP_AGENT_DICTS_H

#include "dump/agent/layout.h"

/* The entries of a dict or of shared keys, in order of insertion. Entry i has a key at keys + i * stride and
 * a value at values + i * value_stride; a value of 0 is a hole. */
struct hs_entries {
    uint64_t first; /* where the entries of the keys begin */
    uint64_t keys;
    uint64_t values; /* 0 for shared keys by themselves */
    uint32_t key_stride;
    uint32_t value_stride;
    uint64_t count;
    bool split;    /* the keys belong to a type */
    bool embedded; /* the values stand inside an instance, which refers to them itself */
};

/* How many bytes the index table takes that has `slots` slots (Objects/dict-common.h, DK_IXSIZE, until 3.10:
 * later versions keep the result). */
static inline uint64_t hs_index_bytes(uint64_t slots)
{
    return slots * (slots <= 0xff ? 1 : slots <= 0xffff ? 2 : slots <= 0xffffffff ? 4 : 8);
}

/* Objects/dictobject.c: a PyDictKeysObject, then its index table, then its entries. */
static inline void hs_entries_of_keys(const struct hs_layout *layout, uint64_t keys, struct hs_entries *ret)
{
    bool old = layout->dk_size != HS_LAYOUT_NONE;
    bool general = old || hs_byte(keys, layout->dk_kind) == layout->dk_kind_general;
    uint64_t first = keys + (uint64_t)layout->dk_indices +
                     (old ? hs_index_bytes(hs_word(keys, layout->dk_size))
                          : UINT64_C(1) << (hs_byte(keys, layout->dk_log2_index_bytes) & 63));
    ret->first = first;
    ret->key_stride = ret->value_stride =
        (uint32_t)(general ? layout->entry_bytes : layout->unicode_entry_bytes);
    ret->keys = first + (uint64_t)(general ? layout->entry_key : layout->unicode_entry_key);
    ret->values = first + (uint64_t)(general ? layout->entry_value : layout->unicode_entry_value);
    ret->count = hs_word(keys, layout->dk_nentries);
    ret->split = ret->embedded = false;
}

static inline void hs_entries_of_dict(const struct hs_layout *layout, uint64_t dict, struct hs_entries *ret)
{
    hs_entries_of_keys(layout, hs_word(dict, layout->ma_keys), ret);
    uint64_t values = hs_word(dict, layout->ma_values);
    if (!values)
        return;
    ret->split = true;
    ret->values = values + (uint64_t)layout->values_items;
    ret->value_stride = 8;
    if (layout->values_capacity != HS_LAYOUT_NONE) {
        uint64_t capacity = hs_byte(values, layout->values_capacity);
        if (capacity < ret->count)
            ret->count = capacity;
        ret->embedded = hs_byte(values, layout->values_embedded);
    }
}

static inline uint64_t hs_entry_key(const struct hs_entries *entries, uint64_t index)
{
    return hs_word(entries->keys + index * entries->key_stride, 0);
}

static inline uint64_t hs_entry_value(const struct hs_entries *entries, uint64_t index)
{
    return hs_word(entries->values + index * entries->value_stride, 0);
}

/* The value of a str key, 0 if there is none: in entries, and in a dict (or subclass). */
uint64_t hs_entries_find(const struct hs_layout *layout, const struct hs_entries *entries, const char *key);
uint64_t hs_dict_find(const struct hs_layout *layout, uint64_t dict, const char *key);

#endif
