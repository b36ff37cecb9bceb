#include "dump/agent/frames.h"

/* No function has that many variables; a larger count is damage, and reads would run off the frame. */
#define FRAME_SLOTS_MAX (1u << 20)

uint64_t hs_thread_first(const struct hs_layout *layout, uint64_t interpreter)
{
    return hs_word(interpreter, layout->interpreter_threads_head);
}

uint64_t hs_thread_next(const struct hs_layout *layout, uint64_t thread)
{
    return hs_word(thread, layout->thread_next);
}

static bool is_code(const struct hs_layout *layout, const struct hs_agent_symbols *symbols, uint64_t object)
{
    return object && hs_word(object, layout->ob_type) == symbols->code_type;
}

/* How much of the evaluation stack there is to see. Include/internal/pycore_frame.h: stacktop counts from the
 * first local and is -1 while the frame itself runs, in the interpreter's loop or in C functions called from
 * it. */
static void read_stack(struct hs_frame *frame)
{
    const struct hs_layout *l = frame->layout;
    int32_t top = (int32_t)hs_word32(frame->address, l->frame_stacktop);
    uint32_t capacity = hs_word32(frame->code, l->co_stacksize);
    if (capacity > FRAME_SLOTS_MAX)
        capacity = FRAME_SLOTS_MAX;
    frame->stack_exact = top >= (int32_t)frame->locals && (uint32_t)top - frame->locals <= capacity;
    frame->stack = frame->stack_exact ? (uint32_t)top - frame->locals : capacity;
}

/* A frame of a function that has not come to its first traceable instruction, and has nothing to show:
 * such are the ones that specialised calls of classes put under __init__ (Objects/codeobject.c,
 * _Py_InitCleanup, 3.12 and later). CPython leaves them out of its tracebacks
 * (Include/internal/pycore_frame.h, _PyFrame_IsIncomplete). */
static bool is_shim(const struct hs_layout *l, uint64_t address, uint64_t code)
{
    uint64_t first = code + (uint64_t)l->co_code_adaptive +
                     (uint64_t)hs_word32(code, l->_co_firsttraceable) * (uint64_t)l->code_unit_bytes;
    return hs_word32(code, l->co_nlocalsplus) == 0 && hs_word(address, l->frame_instruction) < first;
}

/* False for frames that only lead back to C, or to nothing: their executable is no code object, or their
 * owner says so. */
static bool read_frame(const struct hs_layout *l, const struct hs_agent_symbols *symbols, uint64_t address,
                       struct hs_frame *ret)
{
    uint8_t owner = hs_byte(address, l->frame_owner);
    uint64_t code = hs_word(address, l->frame_code);
    if ((l->frame_owner_shim != HS_LAYOUT_NONE && owner >= l->frame_owner_shim) ||
        !is_code(l, symbols, code) || (owner != l->frame_owner_generator && is_shim(l, address, code)))
        return false;
    *ret = (struct hs_frame){
        .layout = l,
        .symbols = symbols,
        .address = address,
        .code = code,
        .function = hs_word(address, l->frame_function),
        .namespace = hs_word(address, l->frame_locals),
        .object = hs_word(address, l->frame_object),
        .locals = hs_word32(code, l->co_nlocalsplus),
    };
    if (ret->locals > FRAME_SLOTS_MAX)
        return false;
    read_stack(ret);
    /* Objects/genobject.c (gen_traverse) and Objects/frameobject.c (frame_traverse) end in _PyFrame_Traverse
     * (Python/frame.c): it visits the frame's own fields, and localsplus up to stacktop. */
    ret->owned = owner == l->frame_owner_generator || owner == l->frame_owner_object;
    ret->visited = ret->owned && ret->stack_exact;
    if (owner == l->frame_owner_generator)
        ret->generator = address - (uint64_t)l->gen_frame;
    return true;
}

/* The first frame from `address` outwards that runs Python code. */
static bool find_frame(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                       uint64_t address, struct hs_frame *ret)
{
    while (address && !read_frame(layout, symbols, address, ret))
        address = hs_word(address, layout->frame_previous);
    return address != 0;
}

bool hs_frame_innermost(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                        uint64_t thread, struct hs_frame *ret)
{
    uint64_t address = 0;
    if (layout->thread_cframe == HS_LAYOUT_NONE) {
        address = hs_word(thread, layout->thread_current_frame);
    } else {
        uint64_t cframe = hs_word(thread, layout->thread_cframe);
        if (cframe)
            address = hs_word(cframe, layout->cframe_current_frame);
    }
    return find_frame(layout, symbols, address, ret);
}

bool hs_frame_outer(struct hs_frame *frame)
{
    return find_frame(frame->layout, frame->symbols, hs_word(frame->address, frame->layout->frame_previous),
                      frame);
}

bool hs_frame_of_generator(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                           uint64_t generator, struct hs_frame *ret)
{
    int8_t state = (int8_t)hs_byte(generator, layout->gen_frame_state);
    return state < layout->gen_state_completed &&
           read_frame(layout, symbols, generator + (uint64_t)layout->gen_frame, ret);
}

bool hs_frame_of_object(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                        uint64_t object, struct hs_frame *ret)
{
    uint64_t address = hs_word(object, layout->frame_object_frame);
    return address && read_frame(layout, symbols, address, ret);
}

static uint64_t slot(const struct hs_frame *frame, uint32_t index)
{
    return hs_word(frame->address + (uint64_t)index * 8, frame->layout->frame_localsplus);
}

uint64_t hs_frame_local(const struct hs_frame *frame, uint32_t index)
{
    return slot(frame, index);
}

uint64_t hs_frame_temporary(const struct hs_frame *frame, uint32_t index)
{
    return slot(frame, frame->locals + index);
}

uint64_t hs_frame_local_name(const struct hs_frame *frame, uint32_t index)
{
    uint64_t names = hs_word(frame->code, frame->layout->co_localsplusnames);
    if (index >= hs_word(names, frame->layout->ob_size))
        return 0;
    return hs_word(names + (uint64_t)index * 8, frame->layout->tuple_items);
}

bool hs_frame_local_is_cell(const struct hs_frame *frame, uint32_t index)
{
    const struct hs_layout *l = frame->layout;
    uint64_t kinds = hs_word(frame->code, l->co_localspluskinds); /* bytes, one per variable */
    if (index >= hs_word(kinds, l->ob_size))
        return false;
    return hs_byte(kinds + index, l->bytes_data) & (l->kind_cell | l->kind_free);
}

/* The location table of 3.11 and later (Objects/locations.md in CPython's sources). Each entry opens with a
 * byte 1CCCCLLL: code CCCC, and LLL + 1 code units that it covers; further bytes have bit 7 clear. */
struct location_reader {
    const uint8_t *next;
    const uint8_t *end;
};

static uint32_t read_varint(struct location_reader *reader)
{
    uint32_t value = 0;
    for (unsigned shift = 0; reader->next < reader->end && shift < 30; shift += 6) {
        uint8_t byte = *reader->next++;
        value |= (uint32_t)(byte & 63) << shift;
        if (!(byte & 64))
            break;
    }
    return value;
}

static int32_t read_signed_varint(struct location_reader *reader)
{
    uint32_t value = read_varint(reader);
    return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

enum {
    LOCATION_ONE_LINE_FIRST = 10, /* 10, 11, 12: line delta 0, 1, 2 and two columns */
    LOCATION_ONE_LINE_LAST = 12,
    LOCATION_NO_COLUMNS = 13,
    LOCATION_LONG = 14,
    LOCATION_NONE = 15,
};

/* The line of code unit `at`; `fallback` where the table gives none. */
static uint32_t find_line(struct location_reader *reader, uint32_t first_line, int64_t at, uint32_t fallback)
{
    int64_t line = first_line;
    int64_t start = 0;
    while (reader->next < reader->end) {
        uint8_t head = *reader->next++;
        unsigned code = head >> 3 & 15;
        if (code == LOCATION_NO_COLUMNS || code == LOCATION_LONG)
            line += read_signed_varint(reader);
        else if (code >= LOCATION_ONE_LINE_FIRST && code <= LOCATION_ONE_LINE_LAST)
            line += code - LOCATION_ONE_LINE_FIRST;
        start += (head & 7) + 1;
        if (at < start)
            return code == LOCATION_NONE || line < 0 ? fallback : (uint32_t)line;
        while (reader->next < reader->end && !(*reader->next & 0x80))
            reader->next++;
    }
    return fallback;
}

uint32_t hs_frame_line(const struct hs_frame *frame)
{
    const struct hs_layout *l = frame->layout;
    uint32_t first_line = hs_word32(frame->code, l->co_firstlineno);
    uint64_t table = hs_word(frame->code, l->co_linetable);
    if (!table || hs_word(table, l->ob_type) != frame->symbols->bytes_type)
        return first_line;
    uint64_t start = frame->code + (uint64_t)l->co_code_adaptive;
    int64_t at = (int64_t)(hs_word(frame->address, l->frame_instruction) - start) / l->code_unit_bytes;
    if (at < 0) /* not begun */
        return first_line;
    struct location_reader reader = {.next = (const uint8_t *)table + l->bytes_data};
    reader.end = reader.next + hs_word(table, l->ob_size);
    return find_line(&reader, first_line, at, first_line);
}
