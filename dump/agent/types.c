#include "dump/agent/types.h"

#include "dump/agent/dicts.h"
#include "dump/agent/text.h"

enum { TABLE_START = 4096 };

/* A type under construction. */
struct draft {
    struct hs_types *types;
    struct hs_type_info *type;
    uint32_t count;
    bool full; /* some fields have no room: then the traversal tells of them, without their names */
    struct hs_field fields[HS_TYPE_FIELDS];
};

static void draft_add(struct draft *draft, unsigned kind, int32_t offset, const char *name)
{
    if (offset == HS_LAYOUT_NONE)
        return;
    for (uint32_t i = 0; i < draft->count; i++)
        if (draft->fields[i].offset == offset)
            return;
    if (draft->count == HS_TYPE_FIELDS) {
        draft->full = true;
        return;
    }
    struct hs_field *field = &draft->fields[draft->count++];
    field->offset = offset;
    field->label = hs_label_text(draft->types->labels, kind, name);
}

/* The object members of one type (PyMemberDef, Include/descrobject.h): they give C fields and __slots__ their
 * names. Classes made by Python code have T_OBJECT_EX members only for their slots, and their traversal
 * visits only these (Objects/typeobject.c, traverse_slots). */
static void add_members(struct draft *draft, uint64_t type, unsigned kind)
{
    const struct hs_layout *layout = draft->types->layout;
    uint64_t member = hs_word(type, layout->tp_members);
    if (!member)
        return;
    for (; hs_word(member, layout->memb_name); member += (uint64_t)layout->memb_bytes) {
        int32_t memb_type = (int32_t)hs_word32(member, layout->memb_type);
        if (memb_type != layout->memb_object_ex && (memb_type != layout->memb_object || kind == HS_REF_SLOT))
            continue;
        int64_t offset = (int64_t)hs_word(member, layout->memb_offset);
        if (offset <= 0 || offset >= HS_FIELD_CACHED || (offset & 7))
            continue;
        if (hs_word32(member, layout->memb_flags) & (uint32_t)layout->flag_after_items) {
            offset += HS_FIELD_AFTER_ITEMS;
            draft->type->indirect = true;
        }
        draft_add(draft, kind, (int32_t)offset, (const char *)hs_word(member, layout->memb_name));
    }
}

static void add_function_fields(struct draft *draft)
{
    const struct hs_layout *layout = draft->types->layout;
    draft_add(draft, HS_REF_MEMBER, layout->func_globals, "__globals__");
    draft_add(draft, HS_REF_MEMBER, layout->func_builtins, "__builtins__");
    draft_add(draft, HS_REF_MEMBER, layout->func_name, "__name__");
    draft_add(draft, HS_REF_MEMBER, layout->func_qualname, "__qualname__");
    draft_add(draft, HS_REF_MEMBER, layout->func_code, "__code__");
    draft_add(draft, HS_REF_MEMBER, layout->func_defaults, "__defaults__");
    draft_add(draft, HS_REF_MEMBER, layout->func_kwdefaults, "__kwdefaults__");
    draft_add(draft, HS_REF_MEMBER, layout->func_closure, "__closure__");
    draft_add(draft, HS_REF_MEMBER, layout->func_doc, "__doc__");
    draft_add(draft, HS_REF_MEMBER, layout->func_module, "__module__");
    draft_add(draft, HS_REF_MEMBER, layout->func_annotations, "__annotations__");
    draft_add(draft, HS_REF_MEMBER, layout->func_annotate, "__annotate__");
    draft_add(draft, HS_REF_MEMBER, layout->func_typeparams, "__type_params__");
}

static void add_code_fields(struct draft *draft)
{
    const struct hs_layout *layout = draft->types->layout;
    draft_add(draft, HS_REF_MEMBER, layout->co_consts, "co_consts");
    draft_add(draft, HS_REF_MEMBER, layout->co_names, "co_names");
    draft_add(draft, HS_REF_MEMBER, layout->co_exceptiontable, "co_exceptiontable");
    draft_add(draft, HS_REF_INTERNAL, layout->co_localsplusnames, "co_localsplusnames");
    draft_add(draft, HS_REF_INTERNAL, layout->co_localspluskinds, "co_localspluskinds");
    draft_add(draft, HS_REF_MEMBER, layout->co_filename, "co_filename");
    draft_add(draft, HS_REF_MEMBER, layout->co_name, "co_name");
    draft_add(draft, HS_REF_MEMBER, layout->co_qualname, "co_qualname");
    draft_add(draft, HS_REF_MEMBER, layout->co_linetable, "co_linetable");
    draft_add(draft, HS_REF_MEMBER, layout->_co_code, "co_code");
    /* Until 3.10. */
    draft_add(draft, HS_REF_MEMBER, layout->co_code, "co_code");
    draft_add(draft, HS_REF_MEMBER, layout->co_varnames, "co_varnames");
    draft_add(draft, HS_REF_MEMBER, layout->co_cellvars, "co_cellvars");
    draft_add(draft, HS_REF_MEMBER, layout->co_freevars, "co_freevars");
    draft_add(draft, HS_REF_MEMBER, layout->co_lnotab, "co_lnotab");
    draft_add(draft, HS_REF_MEMBER, layout->co_line_ranges, "co_linetable");
    /* From 3.12 on these are made when asked for, and kept in a structure of their own: _PyCoCached. */
    if (layout->_co_cached == HS_LAYOUT_NONE)
        return;
    draft_add(draft, HS_REF_MEMBER, HS_FIELD_CACHED + layout->co_cached_code, "co_code");
    draft_add(draft, HS_REF_MEMBER, HS_FIELD_CACHED + layout->co_cached_varnames, "co_varnames");
    draft_add(draft, HS_REF_MEMBER, HS_FIELD_CACHED + layout->co_cached_cellvars, "co_cellvars");
    draft_add(draft, HS_REF_MEMBER, HS_FIELD_CACHED + layout->co_cached_freevars, "co_freevars");
}

/* Fields of type objects. The dict and the dict of subclasses have places of their own for static types:
 * hs_type_dict(). */
static void add_type_fields(struct draft *draft)
{
    const struct hs_layout *layout = draft->types->layout;
    draft_add(draft, HS_REF_MEMBER, layout->tp_mro, "__mro__");
    draft_add(draft, HS_REF_MEMBER, layout->tp_bases, "__bases__");
    draft_add(draft, HS_REF_MEMBER, layout->tp_base, "__base__");
    draft_add(draft, HS_REF_INTERNAL, layout->tp_cache, "tp_cache");
    draft_add(draft, HS_REF_MEMBER, layout->tp_dict, "__dict__");
    draft_add(draft, HS_REF_MEMBER, layout->tp_subclasses, "__subclasses__");
    /* From here on heap types only. */
    draft_add(draft, HS_REF_MEMBER, layout->ht_name, "__name__");
    draft_add(draft, HS_REF_MEMBER, layout->ht_qualname, "__qualname__");
    draft_add(draft, HS_REF_MEMBER, layout->ht_slots, "__slots__");
    draft_add(draft, HS_REF_INTERNAL, layout->ht_module, "ht_module");
}

static void add_exception_fields(struct draft *draft)
{
    const struct hs_layout *layout = draft->types->layout;
    draft_add(draft, HS_REF_MEMBER, layout->exception_args, "args");
    draft_add(draft, HS_REF_MEMBER, layout->exception_notes, "__notes__");
    draft_add(draft, HS_REF_MEMBER, layout->exception_traceback, "__traceback__");
    draft_add(draft, HS_REF_MEMBER, layout->exception_context, "__context__");
    draft_add(draft, HS_REF_MEMBER, layout->exception_cause, "__cause__");
}

/* Names with a dot belong to types made by C code: classes made by Python code have their bare name in
 * tp_name. */
static bool name_is(const struct hs_layout *layout, uint64_t type, const char *name)
{
    return hs_text_equal((const char *)hs_word(type, layout->tp_name), name);
}

static bool is_weak_reference(const struct hs_layout *layout, uint64_t type)
{
    if (!(hs_word(type, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE) &&
        (name_is(layout, type, "weakref") || name_is(layout, type, "weakproxy") ||
         name_is(layout, type, "weakcallableproxy")))
        return true; /* until 3.9 */
    return name_is(layout, type, "weakref.ReferenceType") || name_is(layout, type, "weakref.ProxyType") ||
           name_is(layout, type, "weakref.CallableProxyType");
}

/* Describes the part of an instance that is laid out by C code: `native` is the type, or the nearest base
 * that is no class made by Python code. Types that are not known here keep `traverse`. */
static void describe_native(struct draft *draft, uint64_t native)
{
    const struct hs_types *types = draft->types;
    const struct hs_agent_symbols *symbols = types->symbols;
    const struct hs_layout *layout = types->layout;
    struct hs_type_info *type = draft->type;
    uint64_t flags = hs_word(native, layout->tp_flags);

    type->traverse = false;
    if (native == symbols->object_type) {
        type->body = HS_BODY_NONE;
    } else if (native == symbols->list_type) {
        type->body = HS_BODY_LIST;
    } else if (native == symbols->tuple_type) {
        type->body = HS_BODY_TUPLE;
    } else if (native == symbols->set_type || native == symbols->frozenset_type) {
        type->body = HS_BODY_SET;
    } else if (native == symbols->dict_type) {
        type->body = HS_BODY_DICT;
    } else if (native == symbols->ordered_dict_type) {
        type->body = HS_BODY_ORDERED_DICT;
    } else if (name_is(layout, native, "collections.defaultdict")) {
        type->body = HS_BODY_DICT;
        add_members(draft, native, HS_REF_MEMBER);
    } else if (native == symbols->type_type) {
        type->body = HS_BODY_TYPE;
        type->value = HS_VALUE_TYPE;
        add_type_fields(draft);
    } else if (native == symbols->function_type) {
        type->value = HS_VALUE_FUNCTION;
        add_function_fields(draft);
    } else if (native == symbols->code_type) {
        type->body = HS_BODY_CODE;
        type->value = HS_VALUE_CODE;
        add_code_fields(draft);
    } else if (native == symbols->method_type) {
        draft_add(draft, HS_REF_MEMBER, layout->method_func, "__func__");
        draft_add(draft, HS_REF_MEMBER, layout->method_self, "__self__");
    } else if (native == symbols->cfunction_type) {
        draft_add(draft, HS_REF_MEMBER, layout->cfunction_self, "__self__");
        draft_add(draft, HS_REF_MEMBER, layout->cfunction_module, "__module__");
    } else if (native == symbols->cell_type) {
        draft_add(draft, HS_REF_CELL, layout->cell_contents, "cell_contents");
    } else if (native == symbols->slice_type) {
        draft_add(draft, HS_REF_MEMBER, layout->slice_start, "start");
        draft_add(draft, HS_REF_MEMBER, layout->slice_stop, "stop");
        draft_add(draft, HS_REF_MEMBER, layout->slice_step, "step");
    } else if (name_is(layout, native, "datetime.datetime") || name_is(layout, native, "datetime.time")) {
        bool time = name_is(layout, native, "datetime.time");
        type->body = HS_BODY_TIME;
        draft_add(draft, HS_REF_MEMBER, time ? layout->time_tzinfo : layout->datetime_tzinfo, "tzinfo");
    } else if (name_is(layout, native, "datetime.timezone")) {
        /* Modules/_datetimemodule.c, PyDateTime_TimeZone: the object's header, offset, name. */
        draft_add(draft, HS_REF_INTERNAL, 16, "offset");
        draft_add(draft, HS_REF_INTERNAL, 24, "name");
    } else if (name_is(layout, native, "numpy.ndarray")) {
        type->body = HS_BODY_ARRAY;
        draft_add(draft, HS_REF_MEMBER, HS_ARRAY_BASE, "base");
        draft_add(draft, HS_REF_MEMBER, HS_ARRAY_DESCR, "dtype");
    } else if (name_is(layout, native, "_sre.SRE_Scanner")) {
        /* Modules/_sre.c, ScannerObject: the object's header, pattern, and a state that begins with four
         * pointers and the string (Modules/sre.h, SRE_STATE), which no traversal visits. */
        draft_add(draft, HS_REF_MEMBER, 16, "pattern");
        draft_add(draft, HS_REF_INTERNAL, 56, "string");
    } else if (is_weak_reference(layout, native)) {
        draft_add(draft, HS_REF_MEMBER, layout->weakref_callback, "__callback__");
        draft_add(draft, HS_REF_INTERNAL | HS_STREAM_BORROWED, layout->weakref_object, "wr_object");
    } else {
        if (native == symbols->module_type) {
            type->value = HS_VALUE_MODULE;
            draft_add(draft, HS_REF_MEMBER, layout->module_name, "__name__");
        } else if (native == symbols->generator_type || native == symbols->coroutine_type ||
                   native == symbols->async_generator_type) {
            type->frame = layout->gen_frame != HS_LAYOUT_NONE;
            draft_add(draft, HS_REF_MEMBER, layout->gen_frame_object, "gi_frame");
            draft_add(draft, HS_REF_MEMBER, layout->gen_name, "__name__");
            draft_add(draft, HS_REF_MEMBER, layout->gen_qualname, "__qualname__");
            draft_add(draft, HS_REF_MEMBER, layout->gen_code, "gi_code");
        } else if (native == symbols->frame_type) {
            type->frame = true;
            draft_add(draft, HS_REF_MEMBER, layout->frame_object_back, "f_back");
            draft_add(draft, HS_REF_MEMBER, layout->frame_object_trace, "f_trace");
        } else if (name_is(layout, native, "collections.deque")) {
            type->sequence = true;
        } else if (flags & HS_TPFLAGS_EXCEPTION_SUBCLASS) {
            add_exception_fields(draft);
        } else if (name_is(layout, native, "traceback")) {
            draft_add(draft, HS_REF_MEMBER, layout->traceback_next, "tb_next");
            draft_add(draft, HS_REF_MEMBER, layout->traceback_frame, "tb_frame");
        }
        for (uint64_t base = native; base; base = hs_word(base, layout->tp_base)) {
            add_members(draft, base, HS_REF_MEMBER);
            type->greenlet |= name_is(layout, base, "greenlet.greenlet");
        }
        type->traverse = type->gc && hs_word(native, layout->tp_traverse);
    }
}

static void describe_attributes(struct draft *draft)
{
    const struct hs_layout *layout = draft->types->layout;
    struct hs_type_info *type = draft->type;
    uint64_t flags = hs_word(type->address, layout->tp_flags);

    type->dictoffset = (int64_t)hs_word(type->address, layout->tp_dictoffset);
    if (type->body == HS_BODY_TYPE)
        return; /* tp_dictoffset is tp_dict's: the namespace of a type is one of its fields */
    if (!(flags & (uint64_t)layout->flag_managed_dict)) {
        if (type->dictoffset)
            type->attributes = HS_ATTRIBUTES_DICT;
        return;
    }
    type->attributes = HS_ATTRIBUTES_MANAGED;
    uint64_t keys = flags & HS_TPFLAGS_HEAPTYPE ? hs_word(type->address, layout->ht_cached_keys) : 0;
    if (!keys)
        return;
    struct hs_entries entries;
    hs_entries_of_keys(layout, keys, &entries);
    uint64_t count = entries.count;
    if (count > HS_SHAPE_FIELDS - HS_TYPE_FIELDS)
        count = HS_SHAPE_FIELDS - HS_TYPE_FIELDS;
    uint32_t *labels = hs_arena_alloc(draft->types->arena, count * sizeof *labels);
    if (!labels)
        hs_emit_exit(1);
    for (uint64_t i = 0; i < count; i++)
        labels[i] = hs_label_str(draft->types->labels, HS_REF_ATTRIBUTE, hs_entry_key(&entries, i));
    type->attribute_labels = labels;
    type->attribute_count = (uint32_t)count;
}

/* Some C types have a member for their __dict__, which is described already. */
static void drop_dict_field(struct draft *draft)
{
    if (draft->type->attributes != HS_ATTRIBUTES_DICT)
        return;
    for (uint32_t i = 0; i < draft->count; i++)
        if (draft->fields[i].offset == draft->type->dictoffset)
            draft->fields[i] = draft->fields[--draft->count];
}

static void describe_value(struct draft *draft)
{
    const struct hs_agent_symbols *symbols = draft->types->symbols;
    uint64_t address = draft->type->address;
    uint64_t flags = hs_word(address, draft->types->layout->tp_flags);
    if (flags & HS_TPFLAGS_UNICODE_SUBCLASS)
        draft->type->value = HS_VALUE_STR;
    else if (flags & HS_TPFLAGS_BYTES_SUBCLASS)
        draft->type->value = HS_VALUE_BYTES;
    else if (address == symbols->bool_type)
        draft->type->value = HS_VALUE_BOOL;
    else if (flags & HS_TPFLAGS_LONG_SUBCLASS)
        draft->type->value = HS_VALUE_INT;
    else if (address == symbols->float_type)
        draft->type->value = HS_VALUE_FLOAT;
}

/* A heap type's name is made of its namespace's __module__ and its qualified name, as repr() of a class makes
 * it; a static type's tp_name has both (Objects/typeobject.c, type_module, type_qualname). */
void hs_type_name(const struct hs_types *types, uint64_t type, struct hs_type_name *ret)
{
    const struct hs_layout *layout = types->layout;
    const char *module = "", *qualname = "";
    size_t module_bytes = 0, qualname_bytes = 0;

    if (hs_word(type, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE) {
        uint64_t dict = hs_word(type, layout->tp_dict);
        uint64_t text = dict ? hs_dict_find(layout, dict, "__module__") : 0;
        if (text && hs_word(hs_word(text, layout->ob_type), layout->tp_flags) & HS_TPFLAGS_UNICODE_SUBCLASS)
            module_bytes = hs_str_utf8(layout, text, ret->module, HS_TYPE_NAME, &module);
        text = hs_word(type, layout->ht_qualname);
        if (text)
            qualname_bytes = hs_str_utf8(layout, text, ret->qualname, HS_TYPE_NAME, &qualname);
    } else {
        qualname = (const char *)hs_word(type, layout->tp_name);
        qualname_bytes = hs_text_length(qualname);
        for (size_t i = qualname_bytes; i-- > 0;) {
            if (qualname[i] != '.')
                continue;
            module = qualname;
            module_bytes = i;
            qualname += i + 1;
            qualname_bytes -= i + 1;
            break;
        }
        if (!module_bytes) {
            module = "builtins";
            module_bytes = hs_text_length(module);
        }
    }
    ret->module_bytes = hs_text_cut(module, module_bytes, HS_TYPE_NAME);
    ret->qualname_bytes = hs_text_cut(qualname, qualname_bytes, HS_TYPE_NAME);
    memmove(ret->module, module, ret->module_bytes);
    memmove(ret->qualname, qualname, ret->qualname_bytes);
    ret->name_bytes = 0;
    if (ret->module_bytes && !(ret->module_bytes == 8 && memcmp(ret->module, "builtins", 8) == 0)) {
        memcpy(ret->name, ret->module, ret->module_bytes);
        ret->name[ret->module_bytes] = '.';
        ret->name_bytes = ret->module_bytes + 1;
    }
    memcpy(ret->name + ret->name_bytes, ret->qualname, ret->qualname_bytes);
    ret->name_bytes += ret->qualname_bytes;
}

static void write_record(const struct hs_types *types, const struct hs_type_info *type)
{
    struct hs_type_name name;
    hs_type_name(types, type->address, &name);
    struct hs_emit *emit = types->emit;
    hs_emit_room(emit, 8192);
    hs_emit_byte(emit, HS_STREAM_TYPE);
    hs_emit_varint(emit, type->address >> 3);
    hs_emit_byte(emit, (type->heap ? HS_STREAM_TYPE_HEAP : 0) | (type->gc ? HS_STREAM_TYPE_GC : 0));
    hs_emit_text(emit, name.name, name.name_bytes);
    hs_emit_text(emit, name.module, name.module_bytes);
    hs_emit_text(emit, name.qualname, name.qualname_bytes);
    hs_emit_commit(emit, false);
}

static void table_grow(struct hs_types *types)
{
    uint32_t slots = types->slots * 2;
    struct hs_type_info **table = hs_arena_alloc(types->arena, slots * sizeof *table);
    if (!table)
        hs_emit_exit(1);
    for (uint32_t i = 0; i < types->slots; i++) {
        if (!types->table[i])
            continue;
        uint32_t at = hs_type_slot(types->table[i]->address, slots);
        while (table[at])
            at = (at + 1) & (slots - 1);
        table[at] = types->table[i];
    }
    types->table = table;
    types->slots = slots;
}

static void table_add(struct hs_types *types, struct hs_type_info *type)
{
    uint32_t at = hs_type_slot(type->address, types->slots);
    while (types->table[at])
        at = (at + 1) & (types->slots - 1);
    types->table[at] = type;
    if (types->count * 2 > types->slots)
        table_grow(types);
}

struct hs_type_info *hs_type_create(struct hs_types *types, uint64_t address)
{
    const struct hs_layout *layout = types->layout;
    struct hs_type_info *type = hs_arena_alloc(types->arena, sizeof *type);
    if (!type)
        hs_emit_exit(1);
    struct draft draft = {.types = types, .type = type, .count = 0};
    uint64_t flags = hs_word(address, layout->tp_flags);
    type->address = address;
    type->heap = flags & HS_TPFLAGS_HEAPTYPE;
    type->gc = flags & HS_TPFLAGS_HAVE_GC;
    type->is_gc = hs_word(address, layout->tp_is_gc);
    type->size = hs_size_rule(layout, types->symbols, address);
    memset(type->shapes, 0xff, sizeof type->shapes);

    uint64_t native = address;
    while (types->subtype_traverse && hs_word(native, layout->tp_traverse) == types->subtype_traverse &&
           hs_word(native, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE) {
        add_members(&draft, native, HS_REF_SLOT);
        native = hs_word(native, layout->tp_base);
    }
    describe_value(&draft);
    describe_native(&draft, native);
    if (draft.full)
        type->traverse = type->gc;
    describe_attributes(&draft);
    drop_dict_field(&draft);
    type->indirect |= type->body == HS_BODY_TYPE || type->body == HS_BODY_CODE || type->body == HS_BODY_TIME;

    struct hs_field *fields = hs_arena_alloc(types->arena, draft.count * sizeof *fields);
    if (!fields)
        hs_emit_exit(1);
    memcpy(fields, draft.fields, draft.count * sizeof *fields);
    type->fields = fields;
    type->field_count = draft.count;
    write_record(types, type);
    type->number = types->count++;
    table_add(types, type);
    return type;
}

bool hs_type_is_gc(const struct hs_types *types, const struct hs_type_info *type, uint64_t object)
{
    if (!type->gc)
        return false;
    if (type->body == HS_BODY_TYPE)
        return hs_word(object, types->layout->tp_flags) & HS_TPFLAGS_HEAPTYPE;
    if (!type->is_gc || type->greenlet)
        return true;
    return ((int (*)(uint64_t))type->is_gc)(object) != 0;
}

/* The interpreter's record of a static type (Include/internal/pycore_typeobject.h): since 3.12 tp_subclasses
 * of a builtin static type is 1 + its index there; static types of extensions have an array of their own
 * since 3.13. */
static uint64_t static_type_state(const struct hs_types *types, uint64_t type)
{
    const struct hs_layout *layout = types->layout;
    if (layout->interpreter_static_types == HS_LAYOUT_NONE ||
        !(hs_word(type, layout->tp_flags) & (uint64_t)layout->flag_static_builtin))
        return 0;
    uint64_t index = hs_word(type, layout->tp_subclasses) - 1;
    uint64_t bytes = (uint64_t)layout->static_type_bytes;
    uint64_t state = types->interpreter + (uint64_t)layout->interpreter_static_types + index * bytes;
    if (index < (uint64_t)layout->static_types_builtin_max &&
        hs_word(state, layout->static_type_type) == type)
        return state;
    if (layout->interpreter_extension_types == HS_LAYOUT_NONE ||
        index >= (uint64_t)layout->static_types_extension_max)
        return 0;
    state = types->interpreter + (uint64_t)layout->interpreter_extension_types + index * bytes;
    return hs_word(state, layout->static_type_type) == type ? state : 0;
}

uint64_t hs_type_dict(const struct hs_types *types, uint64_t type)
{
    uint64_t dict = hs_word(type, types->layout->tp_dict);
    if (dict)
        return dict;
    uint64_t state = static_type_state(types, type);
    return state ? hs_word(state, types->layout->static_type_dict) : 0;
}

uint64_t hs_type_subclasses(const struct hs_types *types, uint64_t type)
{
    const struct hs_layout *layout = types->layout;
    if (layout->interpreter_static_types == HS_LAYOUT_NONE ||
        !(hs_word(type, layout->tp_flags) & (uint64_t)layout->flag_static_builtin))
        return hs_word(type, layout->tp_subclasses);
    uint64_t state = static_type_state(types, type);
    return state ? hs_word(state, layout->static_type_subclasses) : 0;
}

/* The traversal of classes made by Python code is a static function (Objects/typeobject.c, subtype_traverse):
 * read it off one such class that every interpreter has, importlib's ModuleSpec. */
static uint64_t find_subtype_traverse(const struct hs_types *types)
{
    const struct hs_layout *layout = types->layout;
    uint64_t importlib = hs_word(types->interpreter, layout->interpreter_importlib);
    uint64_t dict = importlib ? hs_word(importlib, layout->module_dict) : 0;
    uint64_t spec = dict ? hs_dict_find(layout, dict, "ModuleSpec") : 0;
    if (!spec || hs_word(spec, layout->ob_type) != types->symbols->type_type ||
        !(hs_word(spec, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE))
        return 0;
    return hs_word(spec, layout->tp_traverse);
}

bool hs_types_init(struct hs_types *types, struct hs_labels *labels, const struct hs_agent_symbols *symbols,
                   uint64_t interpreter)
{
    types->layout = labels->layout;
    types->symbols = symbols;
    types->labels = labels;
    types->emit = labels->emit;
    types->arena = labels->arena;
    types->slots = TABLE_START;
    types->count = 0;
    types->interpreter = interpreter;
    types->table = hs_arena_alloc(types->arena, TABLE_START * sizeof *types->table);
    types->subtype_traverse = find_subtype_traverse(types);
    return types->table != NULL;
}
