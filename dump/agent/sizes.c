/* The C __sizeof__ methods of CPython 3.8 to 3.15, each named by its file and function. Structures that no
 * header declares are given here by the offsets of the fields that count; they have been the same in all
 * these versions, and the end-to-end oracle compares the results with sys.getsizeof on each. */
#include "dump/agent/sizes.h"

#include "dump/agent/dicts.h"
#include "dump/agent/frames.h"
#include "dump/agent/sys.h"

enum method {
    METHOD_OBJECT = 0, /* Objects/typeobject.c, object___sizeof___impl */
    METHOD_STR,
    METHOD_LONG,
    METHOD_LIST,
    METHOD_DICT,
    METHOD_ORDERED_DICT,
    METHOD_SET,
    METHOD_BYTEARRAY,
    METHOD_TYPE,
    METHOD_CODE,
    METHOD_GENERATOR,
    METHOD_FRAME,
    METHOD_DEQUE,
    METHOD_BUFFERED,
    METHOD_BYTESIO,
    METHOD_STRUCT,
    METHOD_ARRAY,
    METHOD_DECIMAL,
    METHOD_ELEMENT,
    METHOD_PRODUCT,
    METHOD_COMBINATIONS,
    METHOD_PERMUTATIONS,
    METHOD_STG_DICT,
    METHOD_CTYPES_TYPE,
    METHOD_SIMPLE_QUEUE,
    METHOD_NDARRAY,
    METHOD_NUMPY_SCALAR,
    METHOD_CDATA,
    METHOD_STRINGIO,
};

/* Types that no exported symbol names. Names with a dot belong to types made by C code: classes made by
 * Python code have their bare name in tp_name. */
static const struct {
    const char *name;
    enum method method;
} named[] = {
    {"collections.deque", METHOD_DEQUE},
    {"collections.OrderedDict", METHOD_ORDERED_DICT},
    {"_io.BufferedReader", METHOD_BUFFERED},
    {"_io.BufferedWriter", METHOD_BUFFERED},
    {"_io.BufferedRandom", METHOD_BUFFERED},
    {"_io.BytesIO", METHOD_BYTESIO},
    {"_struct.Struct", METHOD_STRUCT},
    {"Struct", METHOD_STRUCT},
    {"array.array", METHOD_ARRAY},
    {"decimal.Decimal", METHOD_DECIMAL},
    {"xml.etree.ElementTree.Element", METHOD_ELEMENT},
    {"itertools.product", METHOD_PRODUCT},
    {"itertools.combinations", METHOD_COMBINATIONS},
    {"itertools.combinations_with_replacement", METHOD_COMBINATIONS},
    {"itertools.permutations", METHOD_PERMUTATIONS},
    {"_ctypes.CType_Type", METHOD_CTYPES_TYPE},
    {"_queue.SimpleQueue", METHOD_SIMPLE_QUEUE},
    {"numpy.ndarray", METHOD_NDARRAY},
    {"_ctypes._CData", METHOD_CDATA},
    {"_io.StringIO", METHOD_STRINGIO},
};

static enum method method_of_symbol(const struct hs_agent_symbols *s, uint64_t type)
{
    const struct {
        uint64_t type;
        enum method method;
    } known[] = {
        {s->unicode_type, METHOD_STR},
        {s->long_type, METHOD_LONG},
        {s->list_type, METHOD_LIST},
        {s->dict_type, METHOD_DICT},
        {s->frozendict_type, METHOD_DICT},
        {s->ordered_dict_type, METHOD_ORDERED_DICT},
        {s->set_type, METHOD_SET},
        {s->frozenset_type, METHOD_SET},
        {s->bytearray_type, METHOD_BYTEARRAY},
        {s->type_type, METHOD_TYPE},
        {s->code_type, METHOD_CODE},
        {s->generator_type, METHOD_GENERATOR},
        {s->coroutine_type, METHOD_GENERATOR},
        {s->async_generator_type, METHOD_GENERATOR},
        {s->frame_type, METHOD_FRAME},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].type == type)
            return known[i].method;
    }
    return METHOD_OBJECT;
}

static enum method method_of_name(const char *name)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (hs_text_equal(named[i].name, name))
            return named[i].method;
    }
    /* ctypes until 3.12: the dict of a ctypes type, which alone has a name without a module. */
    return hs_text_equal(name, "StgDict") ? METHOD_STG_DICT : METHOD_OBJECT;
}

/* Bytes of the value of a numpy scalar, by the name of its type: numpy.float64, numpy.bool_; 0 for other
 * types. numpy/core/src/multiarray/scalartypes.c.src, gentype_sizeof. */
static int64_t numpy_scalar_bytes(const char *name)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } named_otherwise[] = {
        {"numpy.bool_", 1},    {"numpy.bool", 1},      {"numpy.intc", 4},        {"numpy.uintc", 4},
        {"numpy.longlong", 8}, {"numpy.ulonglong", 8}, {"numpy.longdouble", 16}, {"numpy.clongdouble", 32},
    };
    static const char module[] = "numpy.";
    for (size_t i = 0; i < sizeof(module) - 1; i++) {
        if (name[i] != module[i])
            return 0;
    }
    for (size_t i = 0; i < sizeof(named_otherwise) / sizeof(named_otherwise[0]); i++) {
        if (hs_text_equal(named_otherwise[i].name, name))
            return named_otherwise[i].bytes;
    }
    int64_t bits = 0; /* the number at the end */
    for (const char *at = name + sizeof(module) - 1; *at; at++) {
        if (*at == '.') /* deeper in the package */
            return 0;
        bits = *at >= '0' && *at <= '9' && bits < 1000 ? bits * 10 + (*at - '0') : 0;
    }
    return bits / 8;
}

struct hs_size_rule hs_size_rule(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                                 uint64_t type)
{
    enum { DEPTH = 256 }; /* a chain of bases longer than this is damage */
    uint64_t pre_header_flags = (uint64_t)(layout->flag_managed_dict | layout->flag_managed_weakref);
    bool pre_header = hs_word(type, layout->tp_flags) & pre_header_flags;
    struct hs_size_rule rule = {
        .method = METHOD_OBJECT,
        .pre_header = (uint8_t)(pre_header ? layout->pre_header_bytes : 0),
        .basicsize = (int64_t)hs_word(type, layout->tp_basicsize),
        .itemsize = (int64_t)hs_word(type, layout->tp_itemsize),
    };
    uint64_t base = type;
    for (int i = 0; base && rule.method == METHOD_OBJECT && i < DEPTH;
         i++, base = hs_word(base, layout->tp_base)) {
        const char *name = (const char *)hs_word(base, layout->tp_name);
        int64_t scalar = numpy_scalar_bytes(name);
        rule.method = method_of_symbol(symbols, base);
        if (rule.method == METHOD_OBJECT)
            rule.method = method_of_name(name);
        if (rule.method == METHOD_OBJECT && scalar) {
            rule.method = METHOD_NUMPY_SCALAR;
            rule.itemsize = scalar;
        }
    }
    return rule;
}

/* Py_SIZE; negative for negative ints of 3.11. */
static int64_t var_size(const struct hs_layout *layout, uint64_t object)
{
    return (int64_t)hs_word(object, layout->ob_size);
}

/* Objects/unicodeobject.c, unicode_sizeof; macros _PyUnicode_HAS_WSTR_MEMORY and
 * _PyUnicode_HAS_UTF8_MEMORY. */
static uint64_t size_of_str(const struct hs_layout *l, uint64_t object)
{
    uint32_t state = hs_word32(object, l->str_state);
    uint64_t length = hs_word(object, l->str_length);
    uint64_t kind = state >> l->str_bit_kind & 7;
    bool compact = state >> l->str_bit_compact & 1;
    bool ascii = state >> l->str_bit_ascii & 1;
    uint64_t data, size;
    if (compact && ascii) {
        data = object + (uint64_t)l->str_ascii_bytes;
        size = (uint64_t)l->str_ascii_bytes + length + 1;
    } else if (compact) {
        data = object + (uint64_t)l->str_compact_bytes;
        size = (uint64_t)l->str_compact_bytes + (length + 1) * kind;
    } else {
        data = hs_word(object, l->str_data);
        size = (uint64_t)l->str_bytes + (data ? (length + 1) * kind : 0);
    }
    if (l->str_wstr != HS_LAYOUT_NONE) {
        uint64_t wide = hs_word(object, l->str_wstr);
        uint64_t wide_length = compact && ascii ? length : wide ? hs_word(object, l->str_wstr_length) : 0;
        if (wide && wide != data)
            size += (wide_length + 1) * sizeof(int32_t); /* wchar_t */
    }
    if (!(compact && ascii)) {
        uint64_t utf8 = hs_word(object, l->str_utf8);
        if (utf8 && utf8 != data)
            size += hs_word(object, l->str_utf8_length) + 1;
    }
    return size;
}

/* Objects/longobject.c, int___sizeof___impl: since 3.11 zero takes one digit as well. */
static uint64_t size_of_long(const struct hs_layout *l, uint64_t object)
{
    enum { DIGIT = 4 };
    int64_t digits =
        l->long_tag == HS_LAYOUT_NONE ? var_size(l, object) : (int64_t)(hs_word(object, l->long_tag) >> 3);
    if (digits < 0)
        digits = -digits;
    return (uint64_t)l->long_digits + (uint64_t)(digits ? digits : l->long_digits_least) * DIGIT;
}

/* How many entries the keys have room for: two thirds of the slots (Objects/dictobject.c,
 * USABLE_FRACTION). */
static uint64_t key_room(const struct hs_layout *l, uint64_t keys)
{
    uint64_t slots = l->dk_size != HS_LAYOUT_NONE ? hs_word(keys, l->dk_size)
                                                  : UINT64_C(1) << (hs_byte(keys, l->dk_log2_size) & 63);
    return (slots << 1) / 3;
}

/* Objects/dictobject.c, _PyDict_KeysSize. */
static uint64_t size_of_keys(const struct hs_layout *l, uint64_t keys)
{
    struct hs_entries entries;
    hs_entries_of_keys(l, keys, &entries);
    return entries.first - keys + key_room(l, keys) * entries.key_stride;
}

/* Objects/dictobject.c, _PyDict_SizeOf: values count, shared keys belong to the type. */
static uint64_t size_of_dict(const struct hs_layout *l, uint64_t object)
{
    uint64_t keys = hs_word(object, l->ma_keys);
    uint64_t size = 0;
    if (hs_word(object, l->ma_values)) {
        /* Shared keys keep less room than others since 3.11. */
        size += (l->dk_size != HS_LAYOUT_NONE ? key_room(l, keys)
                                              : hs_word(keys, l->dk_usable) + hs_word(keys, l->dk_nentries)) *
                sizeof(uint64_t);
    }
    if (hs_word(keys, l->dk_refcnt) == 1)
        size += size_of_keys(l, keys);
    return size;
}

/* Objects/odictobject.c, odict_sizeof: a table of pointers to nodes, and a node of four words per item. */
static uint64_t size_of_ordered_dict(const struct hs_layout *l, uint64_t object)
{
    enum { TABLE_SIZE = 72, NODE = 32 };
    return size_of_dict(l, object) + hs_word(object, TABLE_SIZE) * sizeof(uint64_t) +
           hs_word(object, l->ma_used) * NODE;
}

static uint64_t size_of_bytearray(const struct hs_layout *l, uint64_t object)
{
    uint64_t allocated = hs_word(object, l->bytearray_alloc);
    return allocated ? allocated + (uint64_t)l->bytearray_overhead : 0;
}

/* Objects/setobject.c, set_sizeof. */
static uint64_t size_of_set(const struct hs_layout *l, uint64_t object)
{
    if (hs_word(object, l->set_table) == object + (uint64_t)l->set_smalltable)
        return 0;
    return (hs_word(object, l->set_mask) + 1) * (uint64_t)l->set_entry_bytes;
}

/* Objects/typeobject.c, type___sizeof___impl. */
static uint64_t size_of_type(const struct hs_layout *l, uint64_t object)
{
    const uint64_t heap_type = 1 << 9; /* Py_TPFLAGS_HEAPTYPE, Include/object.h */
    if (!(hs_word(object, l->tp_flags) & heap_type))
        return (uint64_t)l->type_bytes;
    uint64_t keys = hs_word(object, l->ht_cached_keys);
    return (uint64_t)l->heap_type_bytes + (keys ? size_of_keys(l, keys) : 0);
}

/* What a code object of 3.8 to 3.10 keeps elsewhere: which arguments are cells, and for code that ran often a
 * byte per instruction and the caches that these number. */
static uint64_t size_of_code_parts(const struct hs_layout *l, uint64_t object)
{
    uint64_t size = 0, cells = hs_word(object, l->co_cellvars), code = hs_word(object, l->co_code);
    if (hs_word(object, l->co_cell2arg) && cells)
        size += hs_word(cells, l->ob_size) * sizeof(uint64_t);
    if (hs_word(object, l->co_opcache))
        size += hs_byte(object, l->co_opcache_size) * (uint64_t)l->opcache_bytes +
                hs_word(code, l->ob_size) / (uint64_t)l->code_unit_bytes;
    return size;
}

/* Objects/codeobject.c, code_sizeof; since 3.11 the bytecode is the variable part. co_extra is a count and as
 * many words. */
static uint64_t size_of_code(const struct hs_layout *l, const struct hs_size_rule *rule, uint64_t object)
{
    uint64_t size = (uint64_t)rule->basicsize;
    if (l->co_opcache != HS_LAYOUT_NONE)
        size += size_of_code_parts(l, object);
    else
        size = (size + (uint64_t)(var_size(l, object) * rule->itemsize) + 7) & ~7ull;
    uint64_t extra = hs_word(object, l->co_extra);
    return size + (extra ? 8 + hs_word(extra, 0) * 8 : 0);
}

static uint64_t size_of_frame_part(const struct hs_layout *l, uint64_t frame)
{
    uint64_t code = hs_stackref(l, hs_word(frame, l->frame_code));
    uint64_t slots = (uint64_t)hs_code_variables(l, code) + hs_word32(code, l->co_stacksize);
    return (uint64_t)l->frame_localsplus + slots * sizeof(uint64_t);
}

/* Modules/_collectionsmodule.c, deque_sizeof: blocks of 64 items and two links. */
static uint64_t size_of_deque(const struct hs_layout *l, uint64_t object)
{
    enum { LEFT_INDEX = 40, BLOCK_ITEMS = 64, BLOCK = (BLOCK_ITEMS + 2) * 8 };
    uint64_t used = hs_word(object, LEFT_INDEX) + (uint64_t)var_size(l, object);
    return (used + BLOCK_ITEMS - 1) / BLOCK_ITEMS * BLOCK;
}

/* Modules/_io/bufferedio.c, buffered_sizeof. */
static uint64_t size_of_buffered(uint64_t object)
{
    enum { BUFFER = 56, BUFFER_SIZE = 120 };
    return hs_word(object, BUFFER) ? hs_word(object, BUFFER_SIZE) : 0;
}

/* Modules/_io/bytesio.c, bytesio_sizeof: the bytes object that holds the content, unless it is shared. */
static uint64_t size_of_bytesio(const struct hs_layout *l, uint64_t object)
{
    enum { BUFFER = 16 };
    uint64_t bytes = hs_word(object, BUFFER);
    if (!bytes)
        return 0;
    uint64_t references =
        l->refcnt_bytes == 4 ? hs_word32(bytes, l->ob_refcnt) : hs_word(bytes, l->ob_refcnt);
    return references > 1 ? 0 : (uint64_t)l->bytes_data + 1 + (uint64_t)var_size(l, bytes);
}

/* Modules/_struct.c, s_sizeof: format codes of four words, the last one without a format. */
static uint64_t size_of_struct(uint64_t object)
{
    enum { CODES = 32, CODE = 32, CODES_MAX = 1 << 20 };
    uint64_t codes = hs_word(object, CODES);
    uint64_t size = CODE;
    if (!codes)
        return 0;
    while (hs_word(codes, 0) && size < (uint64_t)CODES_MAX * CODE) {
        codes += CODE;
        size += CODE;
    }
    return size;
}

/* Modules/arraymodule.c, array_array___sizeof___impl. */
static uint64_t size_of_array(uint64_t object)
{
    enum { ALLOCATED = 32, DESCRIPTION = 40, DESCRIPTION_ITEMSIZE = 4 };
    return hs_word(object, ALLOCATED) * hs_word32(hs_word(object, DESCRIPTION), DESCRIPTION_ITEMSIZE);
}

/* Modules/_decimal/_decimal.c, dec_sizeof: words of its own unless the number stands inside the object or
 * elsewhere. */
static uint64_t size_of_decimal(uint64_t object)
{
    enum { FLAGS = 24, ALLOCATED = 56, STATIC_SHARED_OR_CONST_DATA = 32 | 64 | 128 };
    return hs_byte(object, FLAGS) & STATIC_SHARED_OR_CONST_DATA
               ? 0
               : hs_word(object, ALLOCATED) * sizeof(uint64_t);
}

/* Modules/_elementtree.c, _elementtree_Element___sizeof___impl. */
static uint64_t size_of_element(uint64_t object)
{
    enum { EXTRA = 40, EXTRA_BYTES = 64, EXTRA_ALLOCATED = 16, EXTRA_CHILDREN = 24, EXTRA_OWN_CHILDREN = 32 };
    uint64_t extra = hs_word(object, EXTRA);
    if (!extra)
        return 0;
    bool own = hs_word(extra, EXTRA_CHILDREN) == extra + EXTRA_OWN_CHILDREN;
    return EXTRA_BYTES + (own ? 0 : hs_word(extra, EXTRA_ALLOCATED) * sizeof(uint64_t));
}

/* Modules/itertoolsmodule.c, product_sizeof, combinations_sizeof, cwr_sizeof, permutations_sizeof: indices,
 * and for permutations cycles. All begin with the tuple `pools` or `pool`. */
static uint64_t size_of_iterator(const struct hs_layout *l, enum method method, uint64_t object)
{
    enum { POOL = 16, INDICES = 24, R_COMBINATIONS = 40, R_PERMUTATIONS = 48 };
    uint64_t pool = hs_word(object, POOL);
    uint64_t words;
    if (!pool)
        return 0;
    if (method == METHOD_PRODUCT)
        words = hs_word(pool, l->ob_size);
    else if (method == METHOD_COMBINATIONS)
        words = hs_word(object, R_COMBINATIONS);
    else
        words = hs_word(pool, l->ob_size) + hs_word(object, R_PERMUTATIONS);
    return words * sizeof(uint64_t);
}

/* What ctypes keeps of a type: format, shape of an array (`dimensions` words), and a structure's fields and
 * an end. */
static uint64_t size_of_ctypes_info(uint64_t format, uint32_t dimensions, uint64_t elements, uint64_t length)
{
    uint64_t words = dimensions + (elements ? length + 1 : 0);
    return (format ? hs_text_length((const char *)format) + 1 : 0) + words * sizeof(uint64_t);
}

/* Modules/_ctypes/stgdict.c (until 3.12), PyCStgDict_sizeof. It adds what StgDictObject has beyond a dict,
 * although the size of a dict of this type has that already; so do we. */
static uint64_t size_of_stg_dict(const struct hs_layout *l, const struct hs_size_rule *rule, uint64_t object)
{
    enum { LENGTH = 64, ELEMENTS = 88, FORMAT = 168, DIMENSIONS = 176 };
    return (uint64_t)rule->basicsize * 2 - (uint64_t)l->dict_bytes + size_of_dict(l, object) +
           size_of_ctypes_info(hs_word(object, FORMAT), hs_word32(object, DIMENSIONS),
                               hs_word(object, ELEMENTS), hs_word(object, LENGTH));
}

/* Modules/_ctypes/_ctypes.c (3.13 and later), CType_Type_sizeof: a StgInfo after the heap type, and no shared
 * keys. */
static uint64_t size_of_ctypes_type(const struct hs_layout *l, const struct hs_size_rule *rule,
                                    uint64_t object)
{
    enum { LENGTH = 24, ELEMENTS = 48, DIMENSIONS_AFTER_FORMAT = 8 };
    uint64_t info = object + (((uint64_t)l->heap_type_bytes + 15) & ~15ull);
    return (uint64_t)rule->basicsize +
           size_of_ctypes_info(hs_word(info, l->ctypes_info_format),
                               hs_word32(info, l->ctypes_info_format + DIMENSIONS_AFTER_FORMAT),
                               hs_word(info, ELEMENTS), hs_word(info, LENGTH));
}

/* numpy/core/src/multiarray/methods.c, array_sizeof: dimensions and strides, and the data if the array
 * owns them. The size of an item is an int at 32 in numpy 1, with the alignment (never 0) at 36; numpy 2
 * has flags there and the size, a word, at 40 (ndarraytypes.h, PyArray_Descr). */
static uint64_t size_of_ndarray(uint64_t object)
{
    enum { COUNT = 24, DIMENSIONS = 32, DESCRIPTION = 56, FLAGS = 64, OWNS_DATA = 4, DIMENSIONS_MAX = 64 };
    enum { ITEM = 32, ALIGNMENT = 36, ITEM_2 = 40 };
    uint64_t count = hs_word32(object, COUNT);
    if (count > DIMENSIONS_MAX)
        return 0;
    uint64_t size = 0;
    if (hs_word32(object, FLAGS) & OWNS_DATA) {
        uint64_t description = hs_word(object, DESCRIPTION);
        size =
            hs_word32(description, ALIGNMENT) ? hs_word32(description, ITEM) : hs_word(description, ITEM_2);
        for (uint64_t i = 0; i < count; i++)
            size *= hs_word(hs_word(object, DIMENSIONS) + i * 8, 0);
    }
    return size + count * 2 * sizeof(uint64_t);
}

uint64_t hs_size_before(const struct hs_layout *layout, const struct hs_size_rule *rule, bool gc)
{
    return (gc ? (uint64_t)layout->gc_head_bytes : 0) + rule->pre_header;
}

uint64_t hs_size_of(const struct hs_layout *layout, const struct hs_size_rule *rule, uint64_t object, bool gc)
{
    uint64_t headers = hs_size_before(layout, rule, gc);
    uint64_t fixed = (uint64_t)rule->basicsize; /* without a variable part: no type below has one */
    switch ((enum method)rule->method) {
    case METHOD_OBJECT:
    case METHOD_CDATA:
    case METHOD_STRINGIO:
        return headers + fixed +
               (rule->itemsize > 0 ? (uint64_t)(var_size(layout, object) * rule->itemsize) : 0);
    case METHOD_STR:
        return headers + size_of_str(layout, object);
    case METHOD_LONG:
        return headers + size_of_long(layout, object);
    case METHOD_LIST: /* Objects/listobject.c, list___sizeof___impl */
        return headers + fixed + hs_word(object, layout->list_allocated) * sizeof(uint64_t);
    case METHOD_DICT:
        return headers + fixed + size_of_dict(layout, object);
    case METHOD_ORDERED_DICT:
        return headers + fixed + size_of_ordered_dict(layout, object);
    case METHOD_SET:
        return headers + fixed + size_of_set(layout, object);
    case METHOD_BYTEARRAY: /* Objects/bytearrayobject.c, bytearray_sizeof */
        return headers + fixed + size_of_bytearray(layout, object);
    case METHOD_TYPE:
        return headers + size_of_type(layout, object);
    case METHOD_CODE:
        return headers + size_of_code(layout, rule, object);
    case METHOD_GENERATOR: /* Objects/genobject.c, gen_sizeof; until 3.10 the frame is an object of its own */
        if (layout->gen_frame == HS_LAYOUT_NONE)
            return headers + fixed;
        return headers + (uint64_t)layout->gen_frame +
               size_of_frame_part(layout, object + (uint64_t)layout->gen_frame);
    case METHOD_FRAME: /* Objects/frameobject.c, frame_sizeof */
        if (layout->frame_object_frame == HS_LAYOUT_NONE)
            return headers + size_of_frame_part(layout, object);
        return headers + (uint64_t)layout->frame_object_data +
               size_of_frame_part(layout, hs_word(object, layout->frame_object_frame));
    case METHOD_DEQUE:
        return headers + fixed + size_of_deque(layout, object);
    case METHOD_BUFFERED:
        return headers + fixed + size_of_buffered(object);
    case METHOD_BYTESIO:
        return headers + fixed + size_of_bytesio(layout, object);
    case METHOD_STRUCT:
        return headers + fixed + size_of_struct(object);
    case METHOD_ARRAY:
        return headers + fixed + size_of_array(object);
    case METHOD_DECIMAL:
        return headers + fixed + size_of_decimal(object);
    case METHOD_ELEMENT:
        return headers + fixed + size_of_element(object);
    case METHOD_PRODUCT:
    case METHOD_COMBINATIONS:
    case METHOD_PERMUTATIONS:
        return headers + fixed + size_of_iterator(layout, (enum method)rule->method, object);
    case METHOD_STG_DICT:
        return headers + size_of_stg_dict(layout, rule, object);
    case METHOD_CTYPES_TYPE:
        return headers + size_of_ctypes_type(layout, rule, object);
    case METHOD_SIMPLE_QUEUE: /* Modules/_queuemodule.c, 3.15: a ring of words */
        return headers + fixed +
               (layout->simple_queue_capacity == HS_LAYOUT_NONE
                    ? 0
                    : hs_word(object, layout->simple_queue_capacity) * sizeof(uint64_t));
    case METHOD_NDARRAY:
        return headers + fixed + size_of_ndarray(object);
    case METHOD_NUMPY_SCALAR:
        return headers + fixed + (uint64_t)rule->itemsize;
    }
    return headers + fixed;
}

/* Modules/_ctypes/ctypes.h, struct tagCDataObject: a block of its own unless its few bytes stand inside the
 * object or it is a part of another one. */
static uint64_t beside_cdata(uint64_t object)
{
    enum { OWNS_BLOCK = 24, BLOCK_BYTES = 40, INSIDE = 16 };
    uint64_t bytes = hs_word(object, BLOCK_BYTES);
    return hs_word32(object, OWNS_BLOCK) && bytes > INSIDE ? bytes : 0;
}

/* Modules/_io/stringio.c: a buffer of four bytes a character. */
static uint64_t beside_stringio(uint64_t object)
{
    enum { BUFFER = 16, BUFFER_CHARACTERS = 40 };
    return hs_word(object, BUFFER) ? hs_word(object, BUFFER_CHARACTERS) * sizeof(uint32_t) : 0;
}

uint64_t hs_size_beside(const struct hs_size_rule *rule, uint64_t object)
{
    switch ((enum method)rule->method) {
    case METHOD_CDATA:
        return beside_cdata(object);
    case METHOD_STRINGIO:
        return beside_stringio(object);
    default:
        return 0;
    }
}
