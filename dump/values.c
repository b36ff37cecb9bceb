#include "dump/values.h"

#include "dump/secret.h"

#include <stdlib.h>
#include <string.h>

const char *hs_values_name(unsigned values)
{
    static const char *const names[] = {"names", "short", "full"};
    return values < HS_VALUES_POLICIES ? names[values] : NULL;
}

struct hs_error *hs_values_parse(const char *name, enum hs_values *ret)
{
    for (unsigned i = 0; i < HS_VALUES_POLICIES; i++) {
        if (!strcmp(name, hs_values_name(i))) {
            *ret = (enum hs_values)i;
            return NULL;
        }
    }
    return hs_error_create(HS_ERROR_USAGE, "--values %s: use names, short or full", name);
}

struct hs_error *hs_value_filter_init(struct hs_value_filter *filter, const struct hs_index *index,
                                      enum hs_values policy)
{
    *filter = (struct hs_value_filter){.index = index, .policy = policy};
    return policy == HS_VALUES_SHORT ? hs_secrets_find(index, &filter->secret) : NULL;
}

void hs_value_filter_deinit(struct hs_value_filter *filter)
{
    free(filter->secret);
    *filter = (struct hs_value_filter){0};
}

/* The agent sends no data under the policy "names"; that it is not stored does not depend on it. */
static bool is_allowed(const struct hs_value_filter *filter, uint32_t id)
{
    const struct hs_index *index = filter->index;
    const struct hs_variant *variant = &index->variants.variant[index->variant[index->order[id]]];
    if (!hs_type_is_data(&index->type[index->shape[variant->key.shape].type]))
        return true;
    if (filter->policy == HS_VALUES_NAMES)
        return false;
    return !filter->secret || !(filter->secret[id / 64] >> (id & 63) & 1);
}

struct hs_error *hs_value_filter_write(struct hs_value_filter *filter, uint64_t end, struct hs_writer *writer)
{
    const struct hs_index *index = filter->index;
    for (; filter->next < index->values && index->value[filter->next].key < end; filter->next++) {
        uint32_t id = (uint32_t)index->value[filter->next].key;
        if (!is_allowed(filter, id))
            continue;
        struct hs_cursor cursor = hs_index_cursor(index, index->value[filter->next].text);
        struct hs_span text;
        struct hs_error *error = hs_decode_text(&cursor, &text);
        if (!error)
            error = hs_writer_add_value(writer, id, (const char *)text.bytes, text.size);
        if (error)
            return error;
    }
    return NULL;
}
