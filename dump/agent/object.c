#include "dump/agent/attributes.h"
#include "dump/agent/dicts.h"
#include "dump/agent/frames.h"
#include "dump/agent/greenlets.h"
#include "dump/agent/text.h"
#include "dump/agent/traverse.h"
#include "dump/agent/value.h"
#include "dump/agent/walk.h"

enum {
    NAMESPACE_LABELS = 4096, /* entries of one namespace dict whose names become labels */
    LABELS_ENOUGH = 1 << 18, /* labels of all together */
    OBJECT_HEADER = 80,      /* bytes of an OBJECT before its references, at most */
    RUN_HEADER = 2,          /* a run's count, written as two bytes so that it can be filled in afterwards */
};

static uint32_t shape_make(struct hs_walk *walk, const struct hs_type_info *type, unsigned state,
                           uint32_t values, enum hs_tail tail)
{
    uint32_t labels[HS_SHAPE_FIELDS];
    uint32_t count = 0;
    for (; count < type->field_count; count++)
        labels[count] = type->fields[count].label;
    for (uint32_t i = 0; i < values; i++)
        labels[count++] = type->attribute_labels[i];
    if (state & HS_STATE_DICT)
        labels[count++] = hs_label_text(&walk->labels, HS_REF_MEMBER, "__dict__");
    return hs_shape_mint(&walk->labels, type->number, tail, labels, count);
}

/* The shape of an instance. Instances whose values have less room than their type has names are rare: not
 * kept. */
static uint32_t shape_of(struct hs_walk *walk, struct hs_type_info *type,
                         const struct hs_instance *attributes, enum hs_tail tail)
{
    if (attributes->state & HS_STATE_VALUES && attributes->count != type->attribute_count)
        return shape_make(walk, type, attributes->state, attributes->count, tail);
    uint32_t *shape = &type->shapes[attributes->state][tail != HS_TAIL_NONE];
    if (*shape == HS_NO_SHAPE)
        *shape = shape_make(walk, type, attributes->state, attributes->count, tail);
    return *shape;
}

/* A hash of where the object keeps its storage outside of itself: it tells objects apart that used one
 * address in turn. Within a mebibyte it counts up with the address: what was allocated in a row differs by
 * little, which the snapshot file packs well (SPEC.md, "Columns"). */
static uint16_t ident_of(const uint64_t pointer)
{
    uint16_t ident = (uint16_t)((pointer >> 4) + (pointer >> 20) * 40503);
    return pointer && !ident ? 1 : ident;
}

static uint64_t storage_of(const struct hs_walk *walk, const struct hs_type_info *type, uint64_t object,
                           const struct hs_instance *attributes)
{
    const struct hs_layout *layout = walk->layout;
    switch (type->body) {
    case HS_BODY_LIST:
        return hs_word(object, layout->list_items);
    case HS_BODY_DICT:
    case HS_BODY_ORDERED_DICT: {
        uint64_t values = hs_word(object, layout->ma_values);
        return values ? values : hs_word(object, layout->ma_keys);
    }
    case HS_BODY_SET: {
        uint64_t table = hs_word(object, layout->set_table);
        return table == object + (uint64_t)layout->set_smalltable ? 0 : table;
    }
    default:
        break;
    }
    if (attributes->dict)
        return attributes->dict;
    return attributes->state & HS_STATE_VALUES && layout->values_pointer != HS_LAYOUT_NONE
               ? attributes->values
               : 0;
}

/* ob_size in items, for the types where that says something. */
static bool length_of(const struct hs_walk *walk, const struct hs_type_info *type, uint64_t object,
                      uint64_t *ret)
{
    const struct hs_layout *layout = walk->layout;
    switch (type->body) {
    case HS_BODY_LIST:
    case HS_BODY_TUPLE:
        *ret = hs_word(object, layout->ob_size);
        return true;
    case HS_BODY_DICT:
    case HS_BODY_ORDERED_DICT:
        *ret = hs_word(object, layout->ma_used);
        return true;
    case HS_BODY_SET:
        *ret = hs_word(object, layout->set_used);
        return true;
    default:
        break;
    }
    if (type->value == HS_VALUE_STR)
        *ret = hs_word(object, layout->str_length);
    else if (type->value == HS_VALUE_BYTES || type->address == walk->symbols->bytearray_type)
        *ret = hs_word(object, layout->ob_size);
    else
        return false;
    return true;
}

static void write_header(struct hs_walk *walk, uint32_t shape, unsigned generation, uint16_t ident)
{
    struct hs_emit *emit = &walk->emit;
    const struct hs_layout *layout = walk->layout;
    uint64_t object = walk->object;
    uint64_t length = 0;
    unsigned gc = generation;
    if (length_of(walk, walk->type, object, &length))
        gc |= HS_STREAM_LENGTH;
    if (ident)
        gc |= HS_STREAM_IDENT;

    hs_emit_byte(emit, HS_STREAM_OBJECT);
    hs_emit_varint(emit, hs_zigzag((int64_t)(object - emit->previous) >> 3));
    emit->previous = object;
    hs_emit_varint(emit, shape);
    hs_emit_varint(emit, layout->refcnt_bytes == 4 ? hs_word32(object, layout->ob_refcnt)
                                                   : hs_word(object, layout->ob_refcnt));
    uint64_t bytes = hs_size_of(layout, &walk->type->size, object, walk->gc);
    walk->account.objects += hs_account_object(&walk->account, layout, walk->type, object, bytes);
    hs_emit_varint(emit, bytes);
    hs_emit_byte(emit, gc);
    if (gc & HS_STREAM_LENGTH)
        hs_emit_varint(emit, length);
    if (ident) {
        hs_emit_byte(emit, ident & 0xff);
        hs_emit_byte(emit, ident >> 8);
    }
}

void hs_run_open(struct hs_walk *walk, size_t entry_bytes)
{
    size_t room = RUN_HEADER + 1 + HS_RUN_ENTRIES * entry_bytes;
    if ((size_t)(walk->emit.end - walk->emit.next) < room) {
        hs_emit_room(&walk->emit, room);
        hs_emit_commit(&walk->emit, true);
    }
    walk->run = 0;
    walk->run_start = walk->emit.next;
    walk->emit.next += RUN_HEADER;
}

void hs_run_close(struct hs_walk *walk, bool more)
{
    uint32_t header = walk->run << 1 | more;
    walk->run_start[0] = (uint8_t)(header | 0x80);
    walk->run_start[1] = (uint8_t)(header >> 7);
}

/* Items that stand side by side: short ones are a single run whose count is known. */
static void write_items(struct hs_walk *walk, uint64_t items, uint64_t count)
{
    if (count <= HS_RUN_ENTRIES && count * HS_VARINT_MAX < (size_t)(walk->emit.end - walk->emit.next) - 16) {
        hs_emit_varint(&walk->emit, count << 1);
        for (uint64_t i = 0; i < count; i++)
            hs_walk_reference(walk, ((const uint64_t *)items)[i]);
        return;
    }
    hs_run_open(walk, HS_VARINT_MAX);
    for (uint64_t i = 0; i < count; i++) {
        if (walk->run == HS_RUN_ENTRIES) {
            hs_run_close(walk, true);
            hs_run_open(walk, HS_VARINT_MAX);
        }
        hs_walk_reference(walk, ((const uint64_t *)items)[i]);
        walk->run++;
    }
    hs_run_close(walk, false);
}

/* How many objects an ndarray owns. A view's belong to its base; records with object fields are not looked
 * into. */
static uint64_t array_items(uint64_t array)
{
    uint64_t descr = hs_word(array, HS_ARRAY_DESCR);
    uint32_t dimensions = hs_word32(array, HS_ARRAY_DIMENSIONS);
    if (!descr || hs_word32(descr, HS_DESCR_TYPE_NUMBER) != HS_DESCR_OBJECT ||
        dimensions > HS_ARRAY_DIMENSIONS_MAX || !(hs_word32(array, HS_ARRAY_FLAGS) & HS_ARRAY_OWNS_DATA))
        return 0;
    uint64_t items = 1;
    for (uint32_t i = 0; i < dimensions; i++)
        items *= ((const uint64_t *)hs_word(array, HS_ARRAY_SHAPE))[i];
    return items;
}

/* Objects/setobject.c: free slots have no key, dummies have the hash -1. */
static void write_set(struct hs_walk *walk, uint64_t set)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t entry = hs_word(set, layout->set_table);
    uint64_t slots = hs_word(set, layout->set_mask) + 1;
    hs_run_open(walk, HS_VARINT_MAX);
    for (uint64_t i = 0; i < slots; i++, entry += (uint64_t)layout->set_entry_bytes) {
        uint64_t key = hs_word(entry, layout->set_entry_key);
        if (!key || hs_word(entry, layout->set_entry_hash) == UINT64_MAX)
            continue;
        if (walk->run == HS_RUN_ENTRIES) {
            hs_run_close(walk, true);
            hs_run_open(walk, HS_VARINT_MAX);
        }
        hs_walk_reference(walk, key);
        walk->run++;
    }
    hs_run_close(walk, false);
}

/* Keys and values. A dict with split keys does not own them: its type does. Values inside an instance are
 * that instance's (Objects/dictobject.c, dict_traverse). */
static void write_pairs(struct hs_walk *walk, const struct hs_entries *entries, bool keys_only)
{
    for (uint64_t i = 0; i < entries->count && !entries->embedded; i++) {
        uint64_t value = hs_entry_value(entries, i);
        if (!value)
            continue;
        if (walk->run == HS_RUN_ENTRIES) {
            hs_run_close(walk, true);
            hs_run_open(walk, 2 * HS_VARINT_MAX);
        }
        hs_walk_reference(walk, entries->split ? 0 : hs_entry_key(entries, i));
        hs_walk_reference(walk, keys_only ? 0 : value);
        walk->run++;
    }
}

static void write_body(struct hs_walk *walk, const struct hs_type_info *type, uint64_t object)
{
    const struct hs_layout *layout = walk->layout;
    switch (type->body) {
    case HS_BODY_LIST:
        write_items(walk, hs_word(object, layout->list_items), hs_word(object, layout->ob_size));
        break;
    case HS_BODY_TUPLE:
        write_items(walk, object + (uint64_t)layout->tuple_items, hs_word(object, layout->ob_size));
        break;
    case HS_BODY_ARRAY:
        write_items(walk, hs_word(object, HS_ARRAY_DATA), array_items(object));
        break;
    case HS_BODY_SET:
        write_set(walk, object);
        break;
    case HS_BODY_DICT:
    case HS_BODY_ORDERED_DICT: {
        struct hs_entries entries;
        hs_entries_of_dict(layout, object, &entries);
        hs_run_open(walk, 2 * HS_VARINT_MAX);
        write_pairs(walk, &entries, false);
        if (type->body == HS_BODY_ORDERED_DICT)
            write_pairs(walk, &entries, true);
        hs_run_close(walk, false);
        break;
    }
    case HS_BODY_TYPE: {
        struct hs_entries entries = {0};
        uint64_t keys = hs_word(object, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE
                            ? hs_word(object, layout->ht_cached_keys)
                            : 0;
        if (keys)
            hs_entries_of_keys(layout, keys, &entries);
        hs_run_open(walk, HS_VARINT_MAX);
        for (uint64_t i = 0; i < entries.count && i < HS_RUN_ENTRIES; i++, walk->run++)
            hs_walk_reference(walk, hs_entry_key(&entries, i));
        hs_run_close(walk, false);
        break;
    }
    default:
        break;
    }
}

static enum hs_tail tail_of(const struct hs_type_info *type)
{
    switch (type->body) {
    case HS_BODY_LIST:
    case HS_BODY_TUPLE:
    case HS_BODY_ARRAY:
        return HS_TAIL_ITEM;
    case HS_BODY_SET:
        return HS_TAIL_KEY;
    case HS_BODY_DICT:
    case HS_BODY_ORDERED_DICT:
        return HS_TAIL_PAIR;
    case HS_BODY_TYPE:
        return HS_TAIL_INTERNAL;
    default:
        return HS_TAIL_NONE;
    }
}

/* A field's value where it takes more than an offset. Type objects keep two of them elsewhere, and static
 * ones end before ht_name; code objects cache some behind a pointer; times have a tzinfo only if their flag
 * says so. */
static uint64_t field_value(const struct hs_walk *walk, const struct hs_type_info *type, uint64_t object,
                            int32_t offset)
{
    const struct hs_layout *layout = walk->layout;
    if (type->body == HS_BODY_TYPE) {
        if (offset == layout->tp_dict)
            return hs_type_dict(&walk->types, object);
        if (offset == layout->tp_subclasses)
            return hs_type_subclasses(&walk->types, object);
        if (offset >= layout->type_bytes && !(hs_word(object, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE))
            return 0;
    } else if (offset >= HS_FIELD_AFTER_ITEMS) {
        uint64_t items = hs_word(object, layout->ob_size) * sizeof(uint64_t);
        return hs_word(object + items, offset - HS_FIELD_AFTER_ITEMS);
    } else if (offset >= HS_FIELD_CACHED) {
        uint64_t cached = hs_word(object, layout->_co_cached);
        return cached ? hs_word(cached, offset - HS_FIELD_CACHED) : 0;
    } else if (type->body == HS_BODY_TIME &&
               (offset == layout->datetime_tzinfo || offset == layout->time_tzinfo)) {
        return hs_byte(object, layout->datetime_has_tzinfo) ? hs_word(object, offset) : 0;
    }
    return hs_word(object, offset);
}

static unsigned generation_of(const struct hs_walk *walk, uint64_t object)
{
    return hs_visited_tracked(&walk->visited, object) ? hs_visited_generation(&walk->visited, object)
                                                      : HS_GENERATION_UNTRACKED;
}

/* A namespace dict with split keys: few keys, shared by many dicts, so these have a shape. */
static void write_shared_namespace(struct hs_walk *walk, struct hs_type_info *type, unsigned kind,
                                   const struct hs_entries *entries, uint16_t ident)
{
    uint32_t labels[HS_SHAPE_FIELDS] = {0};
    uint32_t count = (uint32_t)entries->count;
    for (uint32_t i = 0; i < count; i++)
        labels[i] = hs_label_str(&walk->labels, kind, hs_entry_key(entries, i));
    uint32_t shape = hs_shape_mint(&walk->labels, type->number, HS_TAIL_NONE, labels, count);
    hs_emit_room(&walk->emit, OBJECT_HEADER + HS_SHAPE_FIELDS * HS_VARINT_MAX);
    write_header(walk, shape, generation_of(walk, walk->object), ident);
    for (uint32_t i = 0; i < count; i++)
        hs_walk_reference(walk, hs_entry_value(entries, i));
}

/* A label that gets no number, within a tail. */
static void write_label(struct hs_walk *walk, unsigned kind, uint64_t name)
{
    char scratch[HS_LABEL_NAME];
    const char *text = "";
    size_t bytes = 0;
    if (hs_word(hs_word(name, walk->layout->ob_type), walk->layout->tp_flags) & HS_TPFLAGS_UNICODE_SUBCLASS)
        bytes = hs_str_utf8(walk->layout, name, scratch, sizeof scratch, &text);
    hs_emit_varint(&walk->emit, 0);
    hs_emit_byte(&walk->emit, kind);
    hs_emit_text(&walk->emit, text, hs_text_cut(text, bytes, HS_LABEL_NAME));
}

/* Any other namespace dict: each key and each value has a label. Names that are probably used once (there are
 * very many) are written in place, so that the table of labels stays small. */
static void write_own_namespace(struct hs_walk *walk, struct hs_type_info *type, unsigned kind,
                                const struct hs_entries *entries, uint16_t ident)
{
    enum { NAMED = 4 * HS_VARINT_MAX, UNNAMED = NAMED + HS_LABEL_NAME };
    uint32_t labels[NAMESPACE_LABELS];
    uint32_t key_label = hs_label_text(&walk->labels, HS_REF_KEY, "");
    uint64_t named = entries->count < NAMESPACE_LABELS ? entries->count : NAMESPACE_LABELS;
    if (walk->labels.label_count > LABELS_ENOUGH)
        named = 0;
    for (uint64_t i = 0; i < named; i++)
        labels[i] =
            hs_entry_value(entries, i) ? hs_label_str(&walk->labels, kind, hs_entry_key(entries, i)) : 0;
    uint32_t shape = hs_shape_mint(&walk->labels, type->number, HS_TAIL_LABELLED, NULL, 0);
    hs_emit_room(&walk->emit, OBJECT_HEADER);
    write_header(walk, shape, generation_of(walk, walk->object), ident);
    hs_run_open(walk, NAMED);
    for (uint64_t i = 0; i < entries->count; i++) {
        uint64_t value = hs_entry_value(entries, i);
        if (!value)
            continue;
        if (walk->run + 2 > HS_RUN_ENTRIES || (size_t)(walk->emit.end - walk->emit.next) < UNNAMED) {
            hs_run_close(walk, true);
            hs_run_open(walk, NAMED);
        }
        if (!entries->split) {
            hs_emit_varint(&walk->emit, key_label);
            hs_walk_reference(walk, hs_entry_key(entries, i));
            walk->run++;
        }
        if (i < named)
            hs_emit_varint(&walk->emit, labels[i]);
        else
            write_label(walk, kind, hs_entry_key(entries, i));
        hs_walk_reference(walk, value);
        walk->run++;
    }
    hs_run_close(walk, false);
}

/* A dict of exactly the type dict whose keys are names: of a module, a class, an instance. */
static void write_namespace(struct hs_walk *walk, struct hs_type_info *type, uint64_t object)
{
    bool globals = hs_visited_plane_has(&walk->visited, HS_PLANE_GLOBALS, object);
    unsigned kind = globals ? HS_REF_GLOBAL : HS_REF_ATTRIBUTE;
    struct hs_entries entries;
    hs_entries_of_dict(walk->layout, object, &entries);
    struct hs_instance none = {0};
    uint16_t ident = ident_of(storage_of(walk, type, object, &none));
    if (entries.embedded)
        entries.count = 0;
    if (entries.split && entries.count <= HS_SHAPE_FIELDS)
        write_shared_namespace(walk, type, kind, &entries, ident);
    else
        write_own_namespace(walk, type, kind, &entries, ident);
}

static void write_instance(struct hs_walk *walk, struct hs_type_info *type, uint64_t object)
{
    struct hs_instance attributes;
    hs_attributes_find(walk->layout, type, object, &attributes);
    uint32_t shape = shape_of(walk, type, &attributes, tail_of(type));
    hs_emit_room(&walk->emit, OBJECT_HEADER + HS_SHAPE_FIELDS * HS_VARINT_MAX);
    write_header(walk, shape, generation_of(walk, object),
                 ident_of(storage_of(walk, type, object, &attributes)));
    for (uint32_t i = 0; i < type->field_count; i++)
        hs_walk_reference(walk, type->indirect ? field_value(walk, type, object, type->fields[i].offset)
                                               : hs_word(object, type->fields[i].offset));
    for (uint32_t i = 0; i < attributes.count; i++)
        hs_walk_reference(walk, ((const uint64_t *)attributes.values)[i]);
    if (attributes.state & HS_STATE_DICT)
        hs_walk_reference(walk, attributes.dict);
    if (tail_of(type) != HS_TAIL_NONE)
        write_body(walk, type, object);
}

static bool frame_inside(const struct hs_walk *walk, uint64_t object, struct hs_frame *ret)
{
    if (walk->type->address == walk->symbols->frame_type)
        return hs_frame_of_object(walk->layout, walk->symbols, object, ret);
    return hs_frame_of_generator(walk->layout, walk->symbols, object, ret);
}

static void name(struct hs_traversal *traversal, uint32_t *labels, uint32_t label, uint64_t target,
                 bool visited)
{
    if (traversal->named_count == HS_SHAPE_FIELDS)
        return;
    labels[traversal->named_count] = label;
    traversal->named[traversal->named_count++] = (struct hs_named){target, visited, false};
}

/* The frame inside a generator or frame object: what its owner's traversal visits of it. */
static void name_frame(struct hs_walk *walk, uint32_t *labels, const struct hs_frame *frame)
{
    struct hs_labels *table = &walk->labels;
    if (frame->owned) {
        name(walk->traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "code"), frame->code, true);
        name(walk->traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "function"), frame->function,
             true);
        name(walk->traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "f_locals"), frame->namespace,
             true);
        name(walk->traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "frame"), frame->object, true);
    }
    for (uint32_t i = 0; i < frame->locals && frame->visited; i++)
        name(walk->traversal, labels,
             hs_label_str(table,
                          HS_REF_LOCAL | (hs_frame_local_is_borrowed(frame, i) ? HS_STREAM_BORROWED : 0),
                          hs_frame_local_name(frame, i)),
             hs_frame_local(frame, i), true);
}

/* A frame that waits in a greenlet and is nobody else's. */
static void name_waiting_frame(struct hs_walk *walk, uint32_t *labels, const struct hs_frame *frame)
{
    struct hs_labels *table = &walk->labels;
    struct hs_traversal *traversal = walk->traversal;
    unsigned borrowed = frame->function_borrowed ? HS_STREAM_BORROWED : 0;
    if (!frame->owned) {
        name(traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "code"), frame->code, false);
        name(traversal, labels, hs_label_text(table, HS_REF_INTERNAL | borrowed, "function"), frame->function,
             false);
        name(traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "f_locals"), frame->namespace, false);
        name(traversal, labels, hs_label_text(table, HS_REF_INTERNAL, "frame"), frame->object, false);
    }
    for (uint32_t i = 0; i < frame->locals && !frame->visited; i++) {
        borrowed = hs_frame_local_is_borrowed(frame, i) ? HS_STREAM_BORROWED : 0;
        name(traversal, labels, hs_label_str(table, HS_REF_LOCAL | borrowed, hs_frame_local_name(frame, i)),
             hs_frame_local(frame, i), false);
    }
    /* A frame in C code has not said how much of its stack is in use: what is an object beyond doubt
     * counts. */
    for (uint32_t i = 0; i < frame->stack && !(frame->visited && frame->stack_exact); i++) {
        uint64_t temporary = hs_frame_temporary(frame, i);
        borrowed = hs_frame_local_is_borrowed(frame, frame->locals + i) ? HS_STREAM_BORROWED : 0;
        if (temporary && (frame->stack_exact || hs_visited_tracked(&walk->visited, temporary)))
            name(traversal, labels, hs_label_text(table, HS_REF_INTERNAL | borrowed, "temporary"), temporary,
                 false);
    }
}

static void name_greenlet(struct hs_walk *walk, uint32_t *labels, uint64_t object)
{
    struct hs_greenlet greenlet;
    bool more = hs_greenlet_innermost(walk->layout, walk->symbols, &walk->probe, object, &greenlet);
    if (more && greenlet.frame.visited && !greenlet.frame.generator) /* until 3.10 */
        name(walk->traversal, labels, hs_label_text(&walk->labels, HS_REF_MEMBER, "gr_frame"),
             greenlet.frame.object, false);
    for (; more; more = hs_greenlet_outer(&greenlet))
        name_waiting_frame(walk, labels, &greenlet.frame);
}

/* An object whose references its traversal tells. Its shape is looked up each time: local variables differ
 * from object to object. */
static void write_traversed(struct hs_walk *walk, struct hs_type_info *type, uint64_t object)
{
    struct hs_traversal *traversal = walk->traversal;
    uint32_t labels[HS_SHAPE_FIELDS];
    struct hs_instance attributes;
    hs_attributes_find(walk->layout, type, object, &attributes);
    traversal->named_count = 0;
    for (uint32_t i = 0; i < type->field_count; i++)
        name(traversal, labels, type->fields[i].label, hs_word(object, type->fields[i].offset), false);
    for (uint32_t i = 0; i < attributes.count; i++)
        name(traversal, labels, type->attribute_labels[i], ((const uint64_t *)attributes.values)[i], false);
    if (attributes.state & HS_STATE_DICT)
        name(traversal, labels, hs_label_text(&walk->labels, HS_REF_MEMBER, "__dict__"), attributes.dict,
             false);
    struct hs_frame frame;
    if (type->frame && frame_inside(walk, object, &frame))
        name_frame(walk, labels, &frame);
    if (type->greenlet)
        name_greenlet(walk, labels, object);

    hs_traverse_match(walk, type, object);
    enum hs_tail rest = type->sequence ? HS_TAIL_ITEM : HS_TAIL_INTERNAL;
    uint32_t shape = hs_shape_mint(&walk->labels, type->number, traversal->left ? rest : HS_TAIL_NONE, labels,
                                   traversal->named_count);
    hs_emit_room(&walk->emit, OBJECT_HEADER + HS_SHAPE_FIELDS * HS_VARINT_MAX);
    write_header(walk, shape, generation_of(walk, object),
                 ident_of(storage_of(walk, type, object, &attributes)));
    for (uint32_t i = 0; i < traversal->named_count; i++)
        hs_walk_reference(walk, traversal->named[i].matched ? traversal->named[i].target : 0);
    if (traversal->left)
        hs_traverse_write_left(walk, type, object);
}

/* An object of which nothing can be said but that it is there. */
static void write_bare(struct hs_walk *walk, uint64_t object)
{
    uint32_t shape = hs_shape_mint(&walk->labels, walk->type->number, HS_TAIL_NONE, NULL, 0);
    hs_emit_room(&walk->emit, OBJECT_HEADER);
    write_header(walk, shape, generation_of(walk, object), 0);
}

static void finish_record(struct hs_walk *walk)
{
    walk->emit.objects++;
    hs_emit_commit(&walk->emit, false);
    hs_walk_reach(walk, walk->type->address);
}

void hs_object_write(struct hs_walk *walk, uint64_t object)
{
    walk->object = object;
    walk->type = NULL;
    struct hs_type_info *type = hs_type_of(&walk->types, object);
    walk->type = type;
    walk->gc = hs_type_is_gc(&walk->types, type, object);
    if (type->opaque)
        write_bare(walk, object);
    else if (type->traverse && walk->gc)
        write_traversed(walk, type, object);
    else if (type->address == walk->symbols->dict_type &&
             hs_visited_plane_has(&walk->visited, HS_PLANE_NAMESPACE, object))
        write_namespace(walk, type, object);
    else
        write_instance(walk, type, object);
    finish_record(walk);
    walk->type = NULL; /* the record stands: a fault from here on costs the value */
    if (walk->traces.table)
        hs_traces_write(&walk->traces, &walk->emit,
                        object - hs_size_before(walk->layout, &type->size, walk->gc));
    if (type->value)
        hs_value_write(walk, type, object);
}

void hs_object_recover(struct hs_walk *walk)
{
    bool traversing = walk->fault.running != 0;
    walk->fault.running = 0;
    hs_emit_rewind(&walk->emit);
    hs_traces_fault(&walk->traces);
    if (!walk->type)
        return; /* not even its type can be read: it is left out */
    struct hs_type_info *type = walk->type;
    if (walk->emit.committed.in_tail) {
        hs_emit_byte(&walk->emit, 0);
        finish_record(walk);
    } else if (walk->recovering != walk->object) {
        walk->recovering = walk->object;
        write_bare(walk, walk->object);
        finish_record(walk);
    }
    if (traversing && !type->opaque) {
        type->opaque = true;
        hs_emit_opaque(&walk->emit, type->number);
    }
}
