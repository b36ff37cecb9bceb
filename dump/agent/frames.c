#include "dump/agent/frames.h"

#include "dump/agent/lines.h"

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

static uint32_t tuple_length(const struct hs_layout *l, uint64_t tuple)
{
    return tuple ? (uint32_t)hs_word(tuple, l->ob_size) : 0;
}

uint32_t hs_code_variables(const struct hs_layout *l, uint64_t code)
{
    if (l->co_nlocalsplus != HS_LAYOUT_NONE)
        return hs_word32(code, l->co_nlocalsplus);
    return hs_word32(code, l->co_nlocals) + tuple_length(l, hs_word(code, l->co_cellvars)) +
           tuple_length(l, hs_word(code, l->co_freevars));
}

/* How many slots are in use, counted from the first local; -1 while the frame itself runs, in the
 * interpreter's loop or in C functions called from it (Include/internal/pycore_frame.h, stacktop). Since 3.14
 * such calls say it as well. */
static int64_t stack_top(const struct hs_frame *frame)
{
    const struct hs_layout *l = frame->layout;
    if (l->frame_stacktop != HS_LAYOUT_NONE)
        return (int32_t)hs_word32(frame->address, l->frame_stacktop);
    if (l->frame_stackdepth != HS_LAYOUT_NONE) {
        int32_t depth = (int32_t)hs_word32(frame->address, l->frame_stackdepth);
        return depth < 0 ? -1 : (int64_t)frame->locals + depth;
    }
    uint64_t top = hs_word(frame->address, l->frame_stackpointer);
    return top ? (int64_t)(top - frame->address - (uint64_t)l->frame_localsplus) / 8 : -1;
}

/* How much of the evaluation stack there is to see. */
static void read_stack(struct hs_frame *frame)
{
    int64_t used = stack_top(frame) - frame->locals;
    uint32_t capacity = hs_word32(frame->code, frame->layout->co_stacksize);
    if (capacity > FRAME_SLOTS_MAX)
        capacity = FRAME_SLOTS_MAX;
    frame->stack_exact = used >= 0 && used <= capacity;
    frame->stack = frame->stack_exact ? (uint32_t)used : capacity;
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

static bool is_borrowed(const struct hs_layout *l, uint64_t slot)
{
    uint64_t tag = slot & (uint64_t)l->stackref_tags;
    return tag && tag == (uint64_t)l->stackref_borrowed;
}

/* Until 3.10: a frame is a frame object, whose traversal (Objects/frameobject.c, frame_traverse) visits all
 * it has. */
static bool read_frame_object(const struct hs_layout *l, const struct hs_agent_symbols *symbols,
                              uint64_t address, struct hs_frame *ret)
{
    uint64_t code = hs_word(address, l->frame_code);
    if (!is_code(l, symbols, code))
        return false;
    *ret = (struct hs_frame){
        .layout = l,
        .symbols = symbols,
        .address = address,
        .code = code,
        .namespace = hs_word(address, l->frame_locals),
        .object = address,
        .generator = hs_word(address, l->frame_generator),
        .locals = hs_code_variables(l, code),
        .owned = true,
        .visited = true,
    };
    if (ret->locals > FRAME_SLOTS_MAX)
        return false;
    read_stack(ret);
    return true;
}

/* False for frames that only lead back to C, or to nothing: their executable is no code object, or their
 * owner says so. */
static bool read_frame(const struct hs_layout *l, const struct hs_agent_symbols *symbols, uint64_t address,
                       struct hs_frame *ret)
{
    if (l->frame_owner == HS_LAYOUT_NONE)
        return read_frame_object(l, symbols, address, ret);
    uint8_t owner = hs_byte(address, l->frame_owner);
    uint64_t code = hs_stackref(l, hs_word(address, l->frame_code));
    if ((l->frame_owner_shim != HS_LAYOUT_NONE && owner >= l->frame_owner_shim) ||
        !is_code(l, symbols, code) || (owner != l->frame_owner_generator && is_shim(l, address, code)))
        return false;
    *ret = (struct hs_frame){
        .layout = l,
        .symbols = symbols,
        .address = address,
        .code = code,
        .function = hs_stackref(l, hs_word(address, l->frame_function)),
        .function_borrowed = is_borrowed(l, hs_word(address, l->frame_function)),
        .namespace = hs_word(address, l->frame_locals),
        .object = hs_word(address, l->frame_object),
        .locals = hs_code_variables(l, code),
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
    uint64_t address =
        layout->frame_object_frame == HS_LAYOUT_NONE ? object : hs_word(object, layout->frame_object_frame);
    return address && read_frame(layout, symbols, address, ret);
}

static uint64_t raw_slot(const struct hs_frame *frame, uint32_t index)
{
    return hs_word(frame->address + (uint64_t)index * 8, frame->layout->frame_localsplus);
}

static uint64_t slot(const struct hs_frame *frame, uint32_t index)
{
    return hs_stackref(frame->layout, raw_slot(frame, index));
}

bool hs_frame_local_is_borrowed(const struct hs_frame *frame, uint32_t index)
{
    return is_borrowed(frame->layout, raw_slot(frame, index));
}

uint64_t hs_frame_local(const struct hs_frame *frame, uint32_t index)
{
    return slot(frame, index);
}

uint64_t hs_frame_temporary(const struct hs_frame *frame, uint32_t index)
{
    return slot(frame, frame->locals + index);
}

/* Until 3.10 variables are named by three tuples, in the order of their slots. */
static uint64_t find_variable(const struct hs_frame *frame, uint32_t index)
{
    const struct hs_layout *l = frame->layout;
    const int32_t tuples[] = {l->co_varnames, l->co_cellvars, l->co_freevars};
    for (size_t i = 0; i < sizeof(tuples) / sizeof(tuples[0]); i++) {
        uint64_t names = hs_word(frame->code, tuples[i]);
        uint32_t length = tuple_length(l, names);
        if (index < length)
            return hs_word(names + (uint64_t)index * 8, l->tuple_items);
        index -= length;
    }
    return 0;
}

uint64_t hs_frame_local_name(const struct hs_frame *frame, uint32_t index)
{
    const struct hs_layout *l = frame->layout;
    if (l->co_localsplusnames == HS_LAYOUT_NONE)
        return find_variable(frame, index);
    uint64_t names = hs_word(frame->code, l->co_localsplusnames);
    return index < tuple_length(l, names) ? hs_word(names + (uint64_t)index * 8, l->tuple_items) : 0;
}

bool hs_frame_local_is_cell(const struct hs_frame *frame, uint32_t index)
{
    const struct hs_layout *l = frame->layout;
    if (l->co_localspluskinds == HS_LAYOUT_NONE)
        return index >= hs_word32(frame->code, l->co_nlocals);
    uint64_t kinds = hs_word(frame->code, l->co_localspluskinds); /* bytes, one per variable */
    if (index >= hs_word(kinds, l->ob_size))
        return false;
    return hs_byte(kinds + index, l->bytes_data) & (l->kind_cell | l->kind_free);
}

/* The byte of the code that is being executed; negative before the first. */
static int64_t executing(const struct hs_frame *frame)
{
    const struct hs_layout *l = frame->layout;
    if (l->frame_lasti != HS_LAYOUT_NONE)
        return (int64_t)(int32_t)hs_word32(frame->address, l->frame_lasti) * l->lasti_bytes;
    return (int64_t)(hs_word(frame->address, l->frame_instruction) - frame->code -
                     (uint64_t)l->co_code_adaptive);
}

uint32_t hs_frame_line(const struct hs_frame *frame)
{
    return hs_code_line(frame->layout, frame->symbols, frame->code, executing(frame));
}
