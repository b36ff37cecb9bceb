#include "dump/plan.h"

#include "dump/array.h"

#include <stdlib.h>

/* A shape costs its labels once and a column per field in each chunk; fewer objects than this do not pay for
 * it... */
#define FEW_OBJECTS 4
/* ... if it names more than this. */
#define FEW_FIELDS 3

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
        .name = hs_text_string(from->name),
        .module = from->module.size ? hs_text_string(from->module) : NULL,
        .qualname = hs_text_string(from->qualname),
        .object = hs_rank_find(&index->rank, from->granule),
        .opaque = from->opaque,
    };
    struct hs_error *error = &hs_error_memory;
    uint32_t ignored;
    if (type.name && type.qualname && (type.module || !from->module.size))
        error = hs_writer_add_type(writer, &type, &ignored);
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
    plan->loose_shape = malloc(((size_t)index->types + 1) * sizeof(plan->loose_shape[0]));
    if (!plan->type_ref || !plan->loose_shape)
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

/* Makes the shape of one variant, once. */
static struct hs_error *write_shape(struct hs_plan *plan, struct hs_index *index, struct hs_variant *variant,
                                    struct hs_writer *writer)
{
    if (variant->file_shape != UINT32_MAX)
        return NULL;
    const struct hs_index_shape *from = &index->shape[variant->shape];
    uint32_t *labels = malloc(((size_t)from->fields + 1) * sizeof(labels[0]));
    if (!labels)
        return &hs_error_memory;
    const uint32_t *null = index->variants.null + variant->null_at;
    uint32_t nulls = 0, fields = 0;
    for (uint32_t i = 0; i < from->fields; i++) {
        if (nulls < variant->nulls && null[nulls] == i)
            nulls++;
        else
            labels[fields++] = index->field_label[from->labels + i];
    }
    struct hs_shape shape = {
        .type = from->type,
        .type_ref = plan->type_ref[from->type],
        .tail = from->tail,
        .tail_refs = variant->tail_refs,
        .fields = fields,
        .labels = labels,
    };
    struct hs_error *error = hs_writer_add_shape(writer, &shape, &variant->file_shape);
    free(labels);
    return error;
}

static bool can_be_loose(const struct hs_index *index, const struct hs_variant *variant)
{
    const struct hs_index_shape *shape = &index->shape[variant->shape];
    return (shape->tail == HS_TAIL_NONE || shape->tail == HS_TAIL_LABELLED) &&
           shape->fields - variant->nulls > FEW_FIELDS;
}

static struct hs_error *plan_variant(struct hs_plan *plan, struct hs_index *index, uint32_t number,
                                     struct hs_writer *writer)
{
    struct hs_variant *variant = &index->variants.variant[number];
    bool few = variant->objects < FEW_OBJECTS;
    if (!variant->objects)
        return NULL; /* made as the variable sibling of others, which brought it a shape if it needs one */
    if (variant->loose || (few && can_be_loose(index, variant))) {
        variant->loose = true;
        return hs_plan_loose_shape(plan, index->shape[variant->shape].type, writer, &variant->file_shape);
    }
    bool fixed_tail =
        index->shape[variant->shape].tail != HS_TAIL_NONE && variant->tail_refs != HS_TAIL_VARIABLE;
    if (!few || !fixed_tail)
        return write_shape(plan, index, variant, writer);

    /* The same with a variable tail. Adding a variant may move the table, and the pool the null positions are
     * in. */
    uint32_t *null = NULL, sibling;
    if (variant->nulls) {
        null = malloc(variant->nulls * sizeof(null[0]));
        if (!null)
            return &hs_error_memory;
        for (uint32_t i = 0; i < variant->nulls; i++)
            null[i] = index->variants.null[variant->null_at + i];
    }
    struct hs_error *error = hs_variants_add(&index->variants, variant->shape, HS_TAIL_VARIABLE, null,
                                             variant->nulls, false, &sibling);
    free(null);
    if (!error)
        error = write_shape(plan, index, &index->variants.variant[sibling], writer);
    if (!error)
        index->variants.variant[number].file_shape = index->variants.variant[sibling].file_shape;
    return error;
}

struct hs_error *hs_plan_write(struct hs_plan *plan, struct hs_index *index, struct hs_writer *writer)
{
    *plan = (struct hs_plan){0};
    struct hs_error *error = write_labels(plan, index, writer);
    if (!error)
        error = write_types(plan, index, writer);
    uint32_t variants = index->variants.count; /* planning adds more */
    for (uint32_t i = 0; !error && i < variants; i++)
        error = plan_variant(plan, index, i, writer);
    for (uint32_t i = 0; !error && i < variants; i++) {
        uint32_t type = index->shape[index->variants.variant[i].shape].type;
        if ((index->type[type].flags & HS_STREAM_TYPE_HEAP) && !plan->type_ref[type])
            plan->dangling_types += index->variants.variant[i].objects;
    }
    return error;
}

void hs_plan_deinit(struct hs_plan *plan)
{
    free(plan->type_ref);
    free(plan->loose_shape);
    *plan = (struct hs_plan){0};
}
