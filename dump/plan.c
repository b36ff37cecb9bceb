#include "dump/plan.h"

#include <stdlib.h>
#include <string.h>

/* A shape costs its labels once and a column per field in each chunk; fewer objects than this do not pay for
 * it... */
#define FEW_OBJECTS 4
/* ... if it names more than this. */
#define FEW_FIELDS 3
/* Dicts with the same keys pay for a shape of their own from here on. */
#define FEW_ALIKE 64

static struct hs_error *write_labels(struct hs_plan *plan, const struct hs_index *index,
                                     struct hs_writer *writer)
{
    static const uint8_t kinds[HS_TAIL_LABELS] = {
        [HS_LABEL_ITEM] = HS_REF_ITEM,
        [HS_LABEL_KEY] = HS_REF_KEY,
        [HS_LABEL_VALUE] = HS_REF_VALUE,
        [HS_LABEL_INTERNAL] = HS_REF_INTERNAL,
    };
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < index->labels.count; i++) {
        const struct hs_label_entry *entry = &index->labels.entry[i];
        struct hs_label label = {
            .kind = entry->flags & ~HS_STREAM_BORROWED,
            .owning = !(entry->flags & HS_STREAM_BORROWED),
            .name = entry->size ? (char *)index->bytes + entry->text : NULL,
            .bytes = entry->size,
        };
        uint32_t number;
        error = hs_writer_add_label(writer, &label, &number);
    }
    for (int i = 0; !error && i < HS_TAIL_LABELS; i++)
        error = hs_writer_add_label(writer, &(struct hs_label){.kind = kinds[i], .owning = true},
                                    &plan->tail_label[i]);
    return error;
}

static struct hs_error *write_type(struct hs_plan *plan, const struct hs_index *index, uint32_t number,
                                   struct hs_writer *writer)
{
    const struct hs_index_type *from = &index->type[number];
    struct hs_type type = {
        .name = hs_text_duplicate(from->name),
        .module = from->module.size ? hs_text_duplicate(from->module) : NULL,
        .qualname = hs_text_duplicate(from->qualname),
        .object = hs_rank_find(&index->rank, from->granule),
        .opaque = from->opaque,
    };
    struct hs_error *error = &hs_error_memory;
    uint32_t ignored;
    if (type.name && type.qualname && (type.module || !from->module.size))
        error = hs_writer_add_type(writer, &type, &ignored);
    plan->type_object[number] = type.object;
    plan->type_ref[number] = (from->flags & HS_STREAM_TYPE_HEAP) && type.object != HS_NO_OBJECT;
    free(type.name);
    free(type.module);
    free(type.qualname);
    return error;
}

static struct hs_error *write_types(struct hs_plan *plan, const struct hs_index *index,
                                    struct hs_writer *writer)
{
    plan->type_ref = calloc((size_t)index->types + 1, sizeof(plan->type_ref[0]));
    plan->type_object = malloc(((size_t)index->types + 1) * sizeof(plan->type_object[0]));
    plan->loose_shape = malloc(((size_t)index->types + 1) * sizeof(plan->loose_shape[0]));
    if (!plan->type_ref || !plan->type_object || !plan->loose_shape)
        return &hs_error_memory;
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < index->types; i++) {
        plan->loose_shape[i] = HS_NO_LABEL;
        error = write_type(plan, index, i, writer);
    }
    return error;
}

struct hs_error *hs_plan_loose_shape(struct hs_plan *plan, uint32_t type, struct hs_writer *writer,
                                     uint32_t *ret)
{
    struct hs_error *error = NULL;
    if (plan->loose_shape[type] == HS_NO_LABEL) {
        struct hs_shape shape = {
            .type = type,
            .type_ref = plan->type_ref[type],
            .tail = HS_TAIL_LABELLED,
            .tail_refs = HS_TAIL_VARIABLE,
        };
        error = hs_writer_add_shape(writer, &shape, &plan->loose_shape[type]);
    }
    if (!error)
        *ret = plan->loose_shape[type];
    return error;
}

struct hs_error *hs_plan_make_shape(const struct hs_plan *plan, const struct hs_index *index, uint32_t number,
                                    struct hs_writer *writer, uint32_t *ret)
{
    const struct hs_variant *variant = &index->variants.variant[number];
    const struct hs_index_shape *from = &index->shape[variant->key.shape];
    uint32_t *labels = malloc(((size_t)from->fields + 1) * sizeof(labels[0]));
    if (!labels)
        return &hs_error_memory;
    const uint32_t *null = hs_variant_null(&index->variants, number);
    uint32_t nulls = 0, fields = 0;
    for (uint32_t i = 0; i < from->fields; i++) {
        if (nulls < variant->key.nulls && null[nulls] == i)
            nulls++;
        else
            labels[fields++] = index->field_label[from->labels + i];
    }
    struct hs_shape shape = {
        .type = from->type,
        .type_ref = plan->type_ref[from->type],
        .tail = from->tail,
        .tail_refs = variant->key.tail_refs,
        .fields = fields,
        .labels = labels,
    };
    struct hs_error *error = hs_writer_add_shape(writer, &shape, ret);
    free(labels);
    return error;
}

static bool can_be_loose(const struct hs_index *index, const struct hs_variant *variant)
{
    const struct hs_index_shape *shape = &index->shape[variant->key.shape];
    return (shape->tail == HS_TAIL_NONE || shape->tail == HS_TAIL_LABELLED) &&
           shape->fields - variant->key.nulls > FEW_FIELDS;
}

/* Has a variant share the shape of a more general one, which counts its objects from now on. */
static struct hs_error *merge(struct hs_index *index, uint32_t number, uint32_t tail_refs)
{
    struct hs_variants *variants = &index->variants;
    struct hs_variant_key key = variants->variant[number].key;
    key.tail_refs = tail_refs;
    key.keys = 0;
    uint32_t into, *null = malloc(((size_t)key.nulls + 1) * sizeof(null[0]));
    if (!null)
        return &hs_error_memory;
    if (key.nulls)
        memcpy(null, hs_variant_null(variants, number), key.nulls * sizeof(null[0]));
    key.null = null;
    struct hs_error *error = hs_variants_add(variants, &key, &into);
    free(null);
    if (error)
        return error;
    variants->variant[number].into = into;
    variants->variant[into].objects += variants->variant[number].objects;
    return NULL;
}

/* The rare ones first by their keys, then by the length of their tail. Merging adds variants, which are not
 * looked at. */
static struct hs_error *merge_rare(struct hs_index *index)
{
    struct hs_variants *variants = &index->variants;
    struct hs_error *error = NULL;
    for (uint32_t i = 0, count = variants->count; !error && i < count; i++) {
        const struct hs_variant *variant = &variants->variant[i];
        if (variant->key.keys && variant->objects < FEW_ALIKE)
            error = merge(index, i, variant->key.tail_refs);
    }
    for (uint32_t i = 0, count = variants->count; !error && i < count; i++) {
        const struct hs_variant *variant = &variants->variant[i];
        bool fixed_tail = index->shape[variant->key.shape].tail != HS_TAIL_NONE &&
                          variant->key.tail_refs != HS_TAIL_VARIABLE;
        if (variant->into == HS_NO_LABEL && fixed_tail && variant->objects < FEW_OBJECTS)
            error = merge(index, i, HS_TAIL_VARIABLE);
    }
    return error;
}

static struct hs_error *write_shapes(struct hs_plan *plan, struct hs_index *index, struct hs_writer *writer)
{
    struct hs_variants *variants = &index->variants;
    struct hs_error *error = merge_rare(index);
    for (uint32_t i = 0; !error && i < variants->count; i++) {
        struct hs_variant *variant = &variants->variant[i];
        if (variant->into != HS_NO_LABEL)
            continue;
        if (variant->objects < FEW_OBJECTS && can_be_loose(index, variant))
            variant->key.loose = true;
        if (variant->key.loose)
            error = hs_plan_loose_shape(plan, index->shape[variant->key.shape].type, writer,
                                        &variant->file_shape);
        else
            error = hs_plan_make_shape(plan, index, i, writer, &variant->file_shape);
    }
    for (uint32_t i = 0; !error && i < variants->count; i++) {
        uint32_t into = i;
        while (variants->variant[into].into != HS_NO_LABEL)
            into = variants->variant[into].into; /* two steps at most: each makes it more general */
        variants->variant[i].file_shape = variants->variant[into].file_shape;
    }
    return error;
}

struct hs_error *hs_plan_write(struct hs_plan *plan, struct hs_index *index, struct hs_writer *writer)
{
    *plan = (struct hs_plan){0};
    struct hs_error *error = write_labels(plan, index, writer);
    if (!error)
        error = write_types(plan, index, writer);
    for (uint32_t i = 0; !error && i < index->variants.count; i++) {
        const struct hs_variant *variant = &index->variants.variant[i];
        uint32_t type = index->shape[variant->key.shape].type;
        if ((index->type[type].flags & HS_STREAM_TYPE_HEAP) && !plan->type_ref[type])
            plan->dangling_types += variant->objects;
    }
    return error ? error : write_shapes(plan, index, writer);
}

void hs_plan_deinit(struct hs_plan *plan)
{
    free(plan->type_ref);
    free(plan->type_object);
    free(plan->loose_shape);
    *plan = (struct hs_plan){0};
}
