/* Frames: who runs what, in which line, and which variables it holds.
 *
 * One view, struct hs_frame, of the interpreter's own frames: those of the running threads (from the
 * innermost one outwards), and those that live inside a generator, coroutine, async generator or frame
 * object. Everything is read, nothing is called. Addresses of objects are 0 where there is none.
 *
 *   struct hs_frame frame;
 *   for (bool more = hs_frame_innermost(layout, symbols, thread, &frame); more; more =
 * hs_frame_outer(&frame)) for (uint32_t i = 0; i < frame.locals; i++) use(hs_frame_local_name(&frame, i),
 * hs_frame_local(&frame, i));
 */
#ifndef HS_DUMP_AGENT_FRAMES_H
#define HS_DUMP_AGENT_FRAMES_H

#include "dump/agent/layout.h"

struct hs_frame {
    const struct hs_layout *layout;
    const struct hs_agent_symbols *symbols;
    uint64_t address;       /* of the _PyInterpreterFrame; until 3.10, of the frame object */
    uint64_t code;          /* always a code object */
    uint64_t function;      /* the function object, since 3.11 */
    bool function_borrowed; /* possible since 3.14, as for variables */
    uint64_t namespace;     /* f_locals of a module body, a class body, or exec(); functions have none */
    uint64_t object;        /* the frame object; since 3.11, if somebody has asked for one */
    uint64_t generator;     /* the generator, coroutine or async generator that the frame is part of */
    uint32_t locals;        /* named variables: arguments, locals, cells, free variables */
    uint32_t stack;         /* slots of the evaluation stack that may hold temporaries */
    /* All of `stack` are references or 0. Otherwise the frame is in C code, which has not said how much of
     * the stack is in use: a slot may hold leavings, and counts only if it is known to be an object. */
    bool stack_exact;
    /* Code, function, namespace and object are visited by the traversal of `generator`, or of the frame
     * object. */
    bool owned;
    bool visited; /* so are the locals, and the stack if it is exact */
};

/* What a slot of a frame refers to, 0 for nothing. Since 3.14 slots carry tags
 * (Include/internal/pycore_stackref.h): NULL is a tag alone, a borrowed reference has a tag of its own, and
 * other tags mark what is no object. */
static inline uint64_t hs_stackref(const struct hs_layout *layout, uint64_t slot)
{
    int32_t tag = (int32_t)(slot & (uint64_t)layout->stackref_tags);
    return tag && tag != layout->stackref_borrowed ? 0 : slot & ~(uint64_t)layout->stackref_tags;
}

/* The qualified name of a code object; until 3.10, its name. */
static inline uint64_t hs_code_qualname(const struct hs_layout *layout, uint64_t code)
{
    return hs_word(code, layout->co_qualname == HS_LAYOUT_NONE ? layout->co_name : layout->co_qualname);
}

/* How many named variables a code object's frames have: arguments, locals, cells, free variables. */
uint32_t hs_code_variables(const struct hs_layout *layout, uint64_t code);

/* The thread states of an interpreter: the first one, and the one after another; 0 at the end. */
uint64_t hs_thread_first(const struct hs_layout *layout, uint64_t interpreter);
uint64_t hs_thread_next(const struct hs_layout *layout, uint64_t thread);

/* The innermost Python frame that a thread state runs; false if it runs none. */
bool hs_frame_innermost(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                        uint64_t thread, struct hs_frame *ret);

/* Makes the frame the one that called it, entry frames of the C stack left out; false if there is none. */
bool hs_frame_outer(struct hs_frame *frame);

/* The frame inside a generator, coroutine or async generator (exactly such, or a subtype), since 3.11; false
 * once it is finished. Before the first step the arguments are there already. */
bool hs_frame_of_generator(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                           uint64_t generator, struct hs_frame *ret);

/* The frame of a frame object, wherever it lives: in the object itself once the function has returned,
 * until 3.10 always (then `visited`, by the frame object's traversal), in a thread's stack, or in a
 * generator. False if the frame object was cleared of it. */
bool hs_frame_of_object(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                        uint64_t object, struct hs_frame *ret);

/* Variable `index` (below frame->locals): its value (for a cell variable that is the cell), its name (a str),
 * and whether the compiler made it a cell or free variable. */
uint64_t hs_frame_local(const struct hs_frame *frame, uint32_t index);
uint64_t hs_frame_local_name(const struct hs_frame *frame, uint32_t index);
bool hs_frame_local_is_cell(const struct hs_frame *frame, uint32_t index);

/* Whether slot `index` (below frame->locals + frame->stack) does not own what it refers to: possible
 * since 3.14. */
bool hs_frame_local_is_borrowed(const struct hs_frame *frame, uint32_t index);

/* Slot `index` (below frame->stack) of the evaluation stack. */
uint64_t hs_frame_temporary(const struct hs_frame *frame, uint32_t index);

/* The line being executed; the function's first line where the code has no line for the instruction. */
uint32_t hs_frame_line(const struct hs_frame *frame);

#endif
