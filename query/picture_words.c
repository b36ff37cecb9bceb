#include "query/picture_words.h"

#include "query/inspect.h"
#include "query/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of a type's name in a box; " x1,234" comes after it. */
#define NAME_COLUMNS 30
/* Roots named in one box: an object may be held by each of a thousand frames. */
#define ROOTS_NAMED 3

/* What would be freed with all objects of a box. An object whose dominators are in the box too counts with
 * them. */
static uint64_t retained_together(const struct hs_picture *picture, uint32_t box)
{
    const struct hs_dominators *dominators = picture->dominators;
    uint64_t sum = 0, *below = hs_bits_create(hs_reader_objects(picture->reader));
    if (!below)
        return 0;
    for (uint32_t i = 0; i < dominators->reached; i++) {
        uint32_t object = dominators->order[i], above = dominators->dominator[object];
        bool covered = above != HS_NO_OBJECT &&
                       (hs_bits_get(below, above) || hs_gather_box(picture->gather, above) == box);
        if (covered)
            hs_bits_set(below, object);
        else if (hs_gather_box(picture->gather, object) == box)
            sum += dominators->retained[object];
    }
    free(below);
    return sum;
}

static uint64_t retained_of(const struct hs_picture *picture, const struct hs_sketch_box *box,
                            uint32_t number)
{
    if (!picture->dominators)
        return 0;
    return box->count > 1 ? retained_together(picture, number) : picture->dominators->retained[box->object];
}

/* "module webapp", "class DB": what has a name is called by it. */
static bool has_own_name(enum hs_draw_kind kind)
{
    return kind != HS_DRAW_INSTANCE && kind != HS_DRAW_CONTAINER && kind != HS_DRAW_VALUE;
}

/* The texts of one box. */
struct words {
    struct hs_text name, value, note, more, tooltip;
};

static void words_deinit(struct words *words)
{
    hs_text_deinit(&words->name);
    hs_text_deinit(&words->value);
    hs_text_deinit(&words->note);
    hs_text_deinit(&words->more);
    hs_text_deinit(&words->tooltip);
}

static const char *kind_word(const struct hs_inspected *object)
{
    return strcmp(object->type_name, "type") ? object->type_name : "class";
}

static void describe_one(const struct hs_inspected *object, enum hs_draw_kind kind, struct words *ret)
{
    char size[HS_QUANTITY_MAX], length[HS_QUANTITY_MAX];
    bool named = object->value && has_own_name(kind);
    hs_text_printf(&ret->name, "%s%s", kind_word(object), named ? " " : "");
    if (named)
        hs_text_puts(&ret->name, object->value);
    else if (object->value)
        hs_text_puts(&ret->value, object->value);
    hs_text_puts(&ret->note, hs_bytes_format(size, object->size));
    if (object->length != HS_NO_LENGTH && kind == HS_DRAW_CONTAINER)
        hs_text_printf(&ret->note, ", %s %s", hs_count_format(length, object->length),
                       object->length == 1 ? "item" : "items");
    hs_text_printf(&ret->note, "   #%" PRIu32, object->object);
}

static void describe_crowd(const struct hs_inspected *object, const struct hs_sketch_box *box,
                           uint64_t retained, struct words *ret)
{
    char number[HS_QUANTITY_MAX];
    hs_text_squeeze(&ret->name, kind_word(object), strlen(kind_word(object)), NAME_COLUMNS);
    hs_text_printf(&ret->name, " x%s", hs_count_format(number, box->count));
    hs_text_puts(&ret->note, hs_bytes_format(number, box->bytes));
    if (retained > box->bytes)
        hs_text_printf(&ret->note, ", keeps %s", hs_bytes_format(number, retained));
    if (box->fresh == box->count)
        hs_text_puts(&ret->note, ", all new");
    else if (box->fresh)
        hs_text_printf(&ret->note, ", %s new", hs_count_format(number, box->fresh));
}

/* Line breaks in names would look like lines of ours. */
static void put_line(struct hs_text *text, const char *before, const char *data)
{
    hs_text_puts(text, before);
    hs_text_clip(text, data, strlen(data), 1000);
    hs_text_puts(text, "\n");
}

static void put_facts(const struct hs_picture *picture, const struct hs_inspected *object,
                      const struct hs_sketch_box *box, uint64_t retained, struct hs_text *ret)
{
    char text[HS_QUANTITY_MAX], other[HS_QUANTITY_MAX];
    put_line(ret, "", object->type_name);
    if (box->count == 1 && object->value)
        put_line(ret, "", object->value);
    if (box->count == 1) {
        hs_text_printf(ret, "#%" PRIu32 " at 0x%" PRIx64 "\nsize %s\n", object->object, object->address,
                       hs_bytes_format(text, object->size));
        if (object->refcount < HS_REFCOUNT_IMMORTAL)
            hs_text_printf(ret, "refcount %s\n", hs_count_format(text, object->refcount));
        else
            hs_text_puts(ret, "refcount immortal\n");
    } else {
        hs_text_printf(ret, "%s objects\nsize %s\none of them: #%" PRIu32 " at 0x%" PRIx64 "\n",
                       hs_count_format(text, box->count), hs_bytes_format(other, box->bytes), object->object,
                       object->address);
    }
    if (picture->dominators)
        hs_text_printf(ret, "retained %s\n", hs_bytes_format(text, retained));
}

/* References that have no arrow. */
static void put_rest(const struct hs_sketch *sketch, const struct hs_sketch_box *box, struct words *ret)
{
    char number[HS_QUANTITY_MAX];
    if (box->more) {
        hs_text_printf(&ret->more, "+ %s more", hs_count_format(number, box->more));
        hs_text_printf(&ret->tooltip, "%s more %s %s not drawn\n", hs_count_format(number, box->more),
                       box->more == 1 ? "reference" : "references", sketch->forward ? "from it" : "to it");
    }
    if (box->inside)
        hs_text_printf(&ret->tooltip, "%s references among these\n", hs_count_format(number, box->inside));
}

struct hs_error *hs_picture_box(const struct hs_picture *picture, const struct hs_sketch *sketch,
                                uint32_t box, struct hs_drawing *drawing)
{
    const struct hs_sketch_box *drawn = &sketch->box[box];
    struct hs_inspected object;
    struct hs_error *error = hs_inspect(picture->reader, drawn->object, &object);
    if (error)
        return error;
    enum hs_draw_kind kind = hs_draw_kind_of(object.type_name);
    struct words words = {0};
    uint64_t retained = retained_of(picture, drawn, box);
    if (drawn->count == 1)
        describe_one(&object, kind, &words);
    else
        describe_crowd(&object, drawn, retained, &words);
    put_facts(picture, &object, drawn, retained, &words.tooltip);
    put_rest(sketch, drawn, &words);
    struct hs_text *const text[] = {&words.name, &words.value, &words.note, &words.more, &words.tooltip};
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]) && !error; i++)
        error = hs_text_error(text[i]);
    if (!error)
        error = hs_drawing_node(drawing, &(struct hs_draw_node){
                                             .box = box,
                                             .kind = kind,
                                             .name = hs_text_string(&words.name),
                                             .value = words.value.bytes ? hs_text_string(&words.value) : NULL,
                                             .note = hs_text_string(&words.note),
                                             .more = words.more.bytes ? hs_text_string(&words.more) : NULL,
                                             .tooltip = hs_text_string(&words.tooltip),
                                             .target = drawn->target,
                                             .main = drawn->main,
                                             .crowd = drawn->count > 1,
                                         });
    words_deinit(&words);
    hs_inspected_deinit(&object);
    return error;
}

struct hs_error *hs_picture_arrow(const struct hs_sketch_arrow *arrow, struct hs_drawing *drawing)
{
    char number[HS_QUANTITY_MAX];
    struct hs_text label = {0}, tooltip = {0};
    if (arrow->skip)
        hs_text_printf(&label, "%s more %s", hs_count_format(number, arrow->through),
                       arrow->through == 1 ? "step" : "steps");
    else
        hs_text_printf(&label, "%s%s", arrow->count == 1 ? arrow->exact : arrow->label,
                       arrow->labels > 2 ? ", ..." : "");
    put_line(&tooltip, "", hs_text_string(&label));
    if (arrow->count > 1)
        hs_text_printf(&tooltip, "%s references\n", hs_count_format(number, arrow->count));
    if (arrow->through && !arrow->skip)
        hs_text_printf(&tooltip, "through %s %s not drawn\n", hs_count_format(number, arrow->through),
                       arrow->through == 1 ? "container" : "containers");
    if (!arrow->owning)
        hs_text_puts(&tooltip, "weak: it keeps nothing alive\n");
    struct hs_error *error = hs_text_error(&label);
    if (!error)
        error = hs_text_error(&tooltip);
    if (!error)
        error = hs_drawing_edge(drawing, &(struct hs_draw_arrow){.src = arrow->src,
                                                                 .dst = arrow->dst,
                                                                 .label = hs_text_string(&label),
                                                                 .tooltip = hs_text_string(&tooltip),
                                                                 .owning = arrow->owning,
                                                                 .main = arrow->main,
                                                                 .skip = arrow->skip});
    hs_text_deinit(&label);
    hs_text_deinit(&tooltip);
    return error;
}

/* The roots of one box. */
struct held {
    struct hs_text names;
    unsigned count;
};

static void put_root(const struct hs_picture *picture, const struct hs_root *root, struct hs_text *text)
{
    const struct hs_chain *chain = picture->chain;
    bool first = chain && chain->count && chain->step[0].object == root->object &&
                 chain->root_kind == root->kind && chain->step[0].name &&
                 !strcmp(chain->step[0].name, root->name);
    hs_root_format(text, root->kind, root->name[0] ? root->name : NULL, first ? chain->thread : NULL);
}

/* A module is an end. Who else holds what an object refers to was not asked. That C code holds something
 * beside the way is no news. */
static bool is_shown(const struct hs_picture *picture, const struct hs_sketch_box *box, bool forward,
                     const struct hs_root *root)
{
    const char *type = hs_reader_type(picture->reader, box->type)->name;
    bool named = root->kind != HS_ROOT_EXTERNAL && root->kind != HS_ROOT_STATIC;
    return hs_draw_kind_of(type) != HS_DRAW_MODULE && (box->main || (!forward && named));
}

struct hs_error *hs_picture_roots(const struct hs_picture *picture, const struct hs_sketch *sketch,
                                  struct hs_drawing *drawing)
{
    struct held *held = calloc(sketch->boxes + 1, sizeof(*held));
    struct hs_error *error = held ? NULL : &hs_error_memory;
    for (size_t i = 0; i < picture->roots->count && !error; i++) {
        const struct hs_root *root = &picture->roots->root[i];
        uint32_t box = hs_gather_box(picture->gather, root->object);
        if (box == HS_NO_BOX || sketch->box[box].gone || root->kind == HS_ROOT_MODULE)
            continue;
        if (!is_shown(picture, &sketch->box[box], sketch->forward, root))
            continue;
        if (held[box].count++ < ROOTS_NAMED) {
            hs_text_puts(&held[box].names, held[box].names.bytes ? ", " : "");
            put_root(picture, root, &held[box].names);
        }
    }
    for (uint32_t box = 0; box < sketch->boxes && held; box++) {
        if (held[box].count > ROOTS_NAMED)
            hs_text_printf(&held[box].names, ", %u more", held[box].count - ROOTS_NAMED);
        if (!error)
            error = hs_text_error(&held[box].names);
        if (!error && held[box].count)
            error = hs_drawing_root(drawing, box, hs_text_string(&held[box].names));
        hs_text_deinit(&held[box].names);
    }
    free(held);
    return error;
}
