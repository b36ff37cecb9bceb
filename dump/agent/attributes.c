#include "dump/agent/attributes.h"

#include "dump/agent/dicts.h"

/* Objects/dictobject.c, Include/internal/pycore_object.h: _PyObject_ManagedDictPointer and its
 * relatives. 3.11: a pointer to values and one to a dict; 3.12: one word for both, odd for values; 3.13: a
 * dict, and values inside the instance, both at once when the dict shares them. */
static void find_managed(const struct hs_layout *layout, const struct hs_type_info *type, uint64_t object,
                         struct hs_instance *ret)
{
    uint64_t values = 0;
    uint64_t dict = hs_word(object, layout->managed_dict);
    if (layout->values_tag != HS_LAYOUT_NONE) {
        if (dict & 1) {
            values = dict + (uint64_t)layout->values_tag;
            dict = 0;
        }
    } else if (layout->values_pointer != HS_LAYOUT_NONE) {
        values = hs_word(object, layout->values_pointer);
    } else if (hs_word(type->address, layout->tp_flags) & (uint64_t)layout->flag_inline_values) {
        values = object + hs_word(type->address, layout->tp_basicsize);
        if (!hs_byte(values, layout->values_valid))
            values = 0;
    }
    ret->dict = dict;
    if (dict)
        ret->state |= HS_STATE_DICT;
    if (!values)
        return;
    ret->state |= HS_STATE_VALUES;
    ret->values = values + (uint64_t)layout->values_items;
    ret->count = type->attribute_count;
    if (layout->values_capacity != HS_LAYOUT_NONE && hs_byte(values, layout->values_capacity) < ret->count)
        ret->count = hs_byte(values, layout->values_capacity);
}

uint64_t hs_object_dict(const struct hs_layout *layout, const struct hs_type_info *type, uint64_t object)
{
    if (type->attributes == HS_ATTRIBUTES_MANAGED) {
        uint64_t dict = hs_word(object, layout->managed_dict);
        return layout->values_tag != HS_LAYOUT_NONE && dict & 1 ? 0 : dict;
    }
    if (type->attributes != HS_ATTRIBUTES_DICT)
        return 0;
    int64_t offset = type->dictoffset;
    if (offset < 0) {
        /* Objects/object.c, _PyObject_ComputedDictPointer: from the end of the object, which depends on its
         * items. */
        int64_t items = (int64_t)hs_word(object, layout->ob_size);
        uint64_t flags = hs_word(type->address, layout->tp_flags);
        if (flags & HS_TPFLAGS_LONG_SUBCLASS && layout->long_tag != HS_LAYOUT_NONE)
            items = (int64_t)(hs_word(object, layout->long_tag) >> 3);
        if (items < 0)
            items = -items;
        int64_t bytes = (int64_t)hs_word(type->address, layout->tp_basicsize) +
                        items * (int64_t)hs_word(type->address, layout->tp_itemsize);
        offset += (bytes + 7) & ~INT64_C(7);
    }
    return offset > 0 ? *(const uint64_t *)(object + (uint64_t)offset) : 0;
}

void hs_attributes_find(const struct hs_layout *layout, const struct hs_type_info *type, uint64_t object,
                        struct hs_instance *ret)
{
    *ret = (struct hs_instance){0};
    if (type->attributes == HS_ATTRIBUTES_MANAGED) {
        find_managed(layout, type, object, ret);
    } else if (type->attributes == HS_ATTRIBUTES_DICT) {
        ret->dict = hs_object_dict(layout, type, object);
        if (ret->dict)
            ret->state = HS_STATE_DICT;
    }
}

uint64_t hs_object_attribute(struct hs_types *types, uint64_t object, const char *name)
{
    const struct hs_layout *layout = types->layout;
    struct hs_type_info *type = hs_type_of(types, object);
    struct hs_instance attributes;
    hs_attributes_find(layout, type, object, &attributes);
    if (attributes.dict)
        return hs_dict_find(layout, attributes.dict, name);
    if (!(attributes.state & HS_STATE_VALUES))
        return 0;
    struct hs_entries entries;
    hs_entries_of_keys(layout, hs_word(type->address, layout->ht_cached_keys), &entries);
    entries.values = attributes.values;
    entries.value_stride = sizeof(uint64_t);
    if (entries.count > attributes.count)
        entries.count = attributes.count;
    return hs_entries_find(layout, &entries, name);
}
