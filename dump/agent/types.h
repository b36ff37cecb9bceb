/* What the walk knows of each type: how its instances hold references, and what these are called. Found once
 * per type.
 *
 * An instance is described by parts: fields at fixed offsets, attributes (values or a __dict__), and a tail
 * (items, pairs, keys, or whatever the type's own traversal reports). Most types are described completely, so
 * that their traversal is not called; where `traverse` is set, the traversal says which references there are,
 * and the parts say what to call them.
 */
#ifndef HS_DUMP_AGENT_TYPES_H
#define HS_DUMP_AGENT_TYPES_H

#include "dump/agent/labels.h"
#include "dump/agent/layout.h"
#include "dump/agent/sizes.h"

/* Include/object.h */
enum {
    HS_TPFLAGS_HEAPTYPE = 1 << 9,
    HS_TPFLAGS_HAVE_GC = 1 << 14,
    HS_TPFLAGS_LONG_SUBCLASS = 1 << 24,
    HS_TPFLAGS_LIST_SUBCLASS = 1 << 25,
    HS_TPFLAGS_TUPLE_SUBCLASS = 1 << 26,
    HS_TPFLAGS_BYTES_SUBCLASS = 1 << 27,
    HS_TPFLAGS_UNICODE_SUBCLASS = 1 << 28,
    HS_TPFLAGS_DICT_SUBCLASS = 1 << 29,
    HS_TPFLAGS_EXCEPTION_SUBCLASS = 1 << 30,
};
#define HS_TPFLAGS_TYPE_SUBCLASS (UINT64_C(1) << 31)

/* What follows an object's fields and attributes, and where it stands. */
enum hs_body {
    HS_BODY_NONE = 0,
    HS_BODY_LIST,
    HS_BODY_TUPLE,
    HS_BODY_SET,
    HS_BODY_DICT,
    HS_BODY_ORDERED_DICT, /* a dict whose linked list refers to each key once more */
    HS_BODY_TYPE,         /* a type object: where its dict stands depends on the type */
    HS_BODY_CODE,         /* a code object: some of its fields are reached through a pointer */
    HS_BODY_TIME,         /* a datetime or time: the field tzinfo is there only if a flag says so */
    HS_BODY_ARRAY,        /* numpy's ndarray: items if it holds objects and owns them */
};

enum hs_attributes {
    HS_ATTRIBUTES_NONE = 0,
    HS_ATTRIBUTES_MANAGED, /* before the object: values, or a dict, or both */
    HS_ATTRIBUTES_DICT,    /* a dict at tp_dictoffset */
};

/* How the attributes of one instance stand; a shape is needed for each. */
enum hs_attribute_state {
    HS_STATE_BARE = 0,   /* no attributes yet */
    HS_STATE_VALUES = 1, /* values, named by the type's shared keys */
    HS_STATE_DICT = 2,   /* a dict */
    HS_STATES = 4,       /* both is possible since 3.13 */
};

/* What a VALUE record of an instance shows. */
enum hs_value {
    HS_VALUE_NONE = 0,
    HS_VALUE_FUNCTION,
    HS_VALUE_CODE,
    HS_VALUE_MODULE,
    HS_VALUE_TYPE,
    HS_VALUE_STR, /* this and the following: by request only */
    HS_VALUE_BYTES,
    HS_VALUE_INT,
    HS_VALUE_BOOL,
    HS_VALUE_FLOAT,
};

enum {
    HS_TYPE_FIELDS = 256, /* fields that one type may have, its bases included */
    HS_NO_SHAPE = UINT32_MAX,
};

/* Offsets of fields from here on are offsets in a code object's _PyCoCached. */
enum { HS_FIELD_CACHED = 1 << 24 };

/* And these are offsets from the end of the items: slots of a tuple's subclass, which may have them
 * since 3.15. */
enum { HS_FIELD_AFTER_ITEMS = 1 << 25 };

/* numpy/core/include/numpy/ndarraytypes.h: PyArrayObject_fields and PyArray_Descr. These have been the same
 * from numpy 1.7 to 2 as far as they are used here, and no symbol leads to them. */
enum {
    HS_ARRAY_DATA = 16,
    HS_ARRAY_DIMENSIONS = 24, /* their number; an int */
    HS_ARRAY_SHAPE = 32,
    HS_ARRAY_BASE = 48,
    HS_ARRAY_DESCR = 56,
    HS_ARRAY_FLAGS = 64,
    HS_ARRAY_OWNS_DATA = 4,
    HS_ARRAY_DIMENSIONS_MAX = 64,
    HS_DESCR_TYPE_NUMBER = 28,
    HS_DESCR_OBJECT = 17,
};

struct hs_field {
    int32_t offset;
    uint32_t label;
};

struct hs_type_info {
    uint64_t address;
    uint32_t number;
    uint8_t body;
    uint8_t attributes;
    uint8_t value;
    bool heap;     /* instances own a reference to the type */
    bool gc;       /* instances have a GC header (but see hs_type_is_gc()) */
    bool traverse; /* ask the traversal */
    bool sequence; /* the traversal reports items, in their order, after what has a name */
    bool opaque;   /* the traversal crashed or did not end: do not call it again */
    bool indirect; /* fields are read by field_value() of object.c, not from their offsets alone */
    bool frame;    /* a generator, coroutine, async generator or frame object: has local variables */
    bool greenlet; /* has frames of its own, and a GC header though tp_is_gc denies it while it waits */
    int64_t dictoffset;
    struct hs_size_rule size;
    uint64_t is_gc; /* tp_is_gc, 0 if the flag alone decides */
    uint32_t field_count;
    uint32_t attribute_count; /* names in the shared keys */
    const struct hs_field *fields;
    const uint32_t *attribute_labels;
    uint32_t shapes[HS_STATES][2]; /* by state, and whether there is a tail; HS_NO_SHAPE: not made yet */
};

struct hs_types {
    const struct hs_layout *layout;
    const struct hs_agent_symbols *symbols;
    struct hs_labels *labels;
    struct hs_emit *emit;
    struct hs_arena *arena;
    struct hs_type_info **table; /* open addressing, by address */
    uint32_t slots;
    uint32_t count;
    uint64_t subtype_traverse; /* the traversal of classes made by Python code; 0 if unknown */
    uint64_t interpreter;
};

/* `labels` brings layout, arena and emit. `interpreter` is the address of the interpreter state. */
bool hs_types_init(struct hs_types *types, struct hs_labels *labels, const struct hs_agent_symbols *symbols,
                   uint64_t interpreter);

/* Describes a type on first sight and writes its record: not to be called within an OBJECT. */
struct hs_type_info *hs_type_create(struct hs_types *types, uint64_t address);

static inline uint32_t hs_type_slot(uint64_t address, uint32_t slots)
{
    return (uint32_t)((address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 40) & (slots - 1);
}

static inline struct hs_type_info *hs_type_of(struct hs_types *types, uint64_t object)
{
    uint64_t address = hs_word(object, types->layout->ob_type);
    uint32_t at = hs_type_slot(address, types->slots);
    for (; types->table[at]; at = (at + 1) & (types->slots - 1))
        if (types->table[at]->address == address)
            return types->table[at];
    return hs_type_create(types, address);
}

enum { HS_TYPE_NAME = 512 }; /* bytes of each part, at most */

struct hs_type_name {
    char name[2 * HS_TYPE_NAME + 1]; /* what people write: webapp.DB, dict */
    char module[HS_TYPE_NAME];
    char qualname[HS_TYPE_NAME];
    size_t name_bytes;
    size_t module_bytes;
    size_t qualname_bytes;
};

/* The names of a type object, in UTF-8, not terminated. */
void hs_type_name(const struct hs_types *types, uint64_t type, struct hs_type_name *ret);

/* Whether the object has a GC header: Include/internal/pycore_object.h, _PyObject_IS_GC. Of type objects only
 * heap types have one (Objects/typeobject.c, type_is_gc); another tp_is_gc is called. */
bool hs_type_is_gc(const struct hs_types *types, const struct hs_type_info *type, uint64_t object);

/* The namespace of a type object, and its dict of subclasses; 0 if there is none. Static types keep them in
 * the interpreter since 3.12. */
uint64_t hs_type_dict(const struct hs_types *types, uint64_t type);
uint64_t hs_type_subclasses(const struct hs_types *types, uint64_t type);

#endif
