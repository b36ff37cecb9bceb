#include "dump/agent/roots.h"

#include "dump/agent/attributes.h"
#include "dump/agent/dicts.h"
#include "dump/agent/frames.h"
#include "dump/agent/statics.h"
#include "dump/agent/text.h"

enum {
    ROOT_NAME = 1024,
    ROOT_PARTS = 5,
    THREADS_MAX = 1 << 16, /* a longer list is damage, and so is a deeper stack */
    FRAMES_MAX = 1 << 24,
};

static bool has_flag(const struct hs_layout *layout, uint64_t object, uint64_t flag)
{
    return object && hs_word(hs_word(object, layout->ob_type), layout->tp_flags) & flag;
}

static size_t text_of(const struct hs_layout *layout, uint64_t str, char *scratch, const char **ret)
{
    *ret = "";
    return has_flag(layout, str, HS_TPFLAGS_UNICODE_SUBCLASS)
               ? hs_str_utf8(layout, str, scratch, ROOT_NAME, ret)
               : 0;
}

static void write_root(struct hs_walk *walk, unsigned kind, uint64_t object, const char *name, size_t bytes)
{
    if (!object)
        return;
    hs_emit_root(&walk->emit, kind, object, name, bytes);
    hs_walk_reach(walk, object);
}

static void write_module(struct hs_walk *walk, uint64_t module, const char *name, size_t bytes)
{
    const struct hs_layout *layout = walk->layout;
    char scratch[ROOT_NAME];
    const char *file = "";
    size_t file_bytes = 0;
    file_bytes = text_of(layout, hs_object_attribute(&walk->types, module, "__file__"), scratch, &file);
    if (!file_bytes) {
        uint64_t spec = hs_object_attribute(&walk->types, module, "__spec__");
        uint64_t origin = spec ? hs_object_attribute(&walk->types, spec, "origin") : 0;
        file_bytes = text_of(layout, origin, scratch, &file);
        if (!file_bytes || file[0] != '/')
            file_bytes = 0; /* "built-in" and "frozen" are no files */
    }
    hs_emit_room(&walk->emit, 4 * HS_VARINT_MAX + 2 * ROOT_NAME);
    hs_emit_byte(&walk->emit, HS_STREAM_MODULE);
    hs_emit_varint(&walk->emit, module >> 3);
    hs_emit_text(&walk->emit, name, bytes);
    hs_emit_text(&walk->emit, file, file_bytes);
    hs_emit_commit(&walk->emit, false);
}

static void write_modules(struct hs_walk *walk)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t modules = hs_word(walk->types.interpreter, layout->interpreter_modules);
    if (!has_flag(layout, modules, HS_TPFLAGS_DICT_SUBCLASS))
        return;
    struct hs_entries entries;
    hs_entries_of_dict(layout, modules, &entries);
    for (uint64_t i = 0; i < entries.count; i++) {
        uint64_t module = hs_entry_value(&entries, i);
        if (!module || module == walk->symbols->none)
            continue;
        char scratch[ROOT_NAME];
        const char *name;
        size_t bytes = text_of(layout, hs_entry_key(&entries, i), scratch, &name);
        write_module(walk, module, name, bytes);
        write_root(walk, HS_ROOT_MODULE, module, name, bytes);
    }
}

static void write_interpreter(struct hs_walk *walk)
{
    const struct hs_layout *layout = walk->layout;
    const struct {
        int32_t offset;
        const char *name;
    } held[] = {
        {layout->interpreter_modules, "sys.modules"},
        {layout->interpreter_sysdict, "sys"},
        {layout->interpreter_builtins, "builtins"},
        {layout->interpreter_importlib, "importlib"},
        {layout->interpreter_import_func, "import function"},
        {layout->interpreter_modules_by_index, "modules by index"},
        {layout->interpreter_dict, "interpreter dict"},
        {layout->interpreter_builtins_copy, "copy of builtins"},
        {layout->interpreter_sysdict_copy, "copy of sys"},
        {layout->interpreter_codec_search_path, "codec search path"},
        {layout->interpreter_codec_search_cache, "codec search cache"},
        {layout->interpreter_codec_error_registry, "codec error registry"},
        {layout->interpreter_before_forkers, "os.register_at_fork(before)"},
        {layout->interpreter_after_forkers_parent, "os.register_at_fork(after_in_parent)"},
        {layout->interpreter_after_forkers_child, "os.register_at_fork(after_in_child)"},
        {layout->interpreter_audit_hooks, "sys.addaudithook"},
    };
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (held[i].offset != HS_LAYOUT_NONE)
            write_root(walk, HS_ROOT_INTERPRETER, hs_word(walk->types.interpreter, held[i].offset),
                       held[i].name, hs_text_length(held[i].name));
    uint64_t gc = hs_collector(layout, walk->symbols->py_runtime, walk->types.interpreter);
    write_root(walk, HS_ROOT_INTERPRETER, hs_word(gc, layout->gc_garbage), "gc.garbage", 10);
    write_root(walk, HS_ROOT_INTERPRETER, hs_word(gc, layout->gc_callbacks), "gc.callbacks", 12);
}

/* "FUNCTION.VARIABLE" */
static void write_frame_root(struct hs_walk *walk, unsigned kind, const char *function, size_t function_bytes,
                             const char *variable, size_t bytes, uint64_t object)
{
    char name[2 * ROOT_NAME + 1];
    memcpy(name, function, function_bytes);
    name[function_bytes] = '.';
    memcpy(name + function_bytes + 1, variable, bytes);
    write_root(walk, kind, object, name, function_bytes + 1 + bytes);
}

static void write_frame(struct hs_walk *walk, uint32_t thread, uint32_t depth, const struct hs_frame *frame)
{
    const struct hs_layout *layout = walk->layout;
    char function_scratch[ROOT_NAME], file_scratch[ROOT_NAME];
    const char *function, *file;
    size_t function_bytes =
        text_of(layout, hs_code_qualname(layout, frame->code), function_scratch, &function);
    size_t file_bytes = text_of(layout, hs_word(frame->code, layout->co_filename), file_scratch, &file);

    hs_emit_room(&walk->emit, 8 * HS_VARINT_MAX + 2 * ROOT_NAME);
    hs_emit_byte(&walk->emit, HS_STREAM_FRAME);
    hs_emit_varint(&walk->emit, thread);
    hs_emit_varint(&walk->emit, depth);
    hs_emit_varint(&walk->emit, frame->code >> 3);
    hs_emit_varint(&walk->emit, frame->object >> 3);
    hs_emit_varint(&walk->emit, hs_frame_line(frame));
    hs_emit_text(&walk->emit, function, function_bytes);
    hs_emit_text(&walk->emit, file, file_bytes);
    hs_emit_commit(&walk->emit, false);
    hs_walk_reach(walk, frame->code);
    if (frame->object)
        hs_walk_reach(walk, frame->object);

    if (!frame->owned) {
        write_frame_root(walk, HS_ROOT_FRAME, function, function_bytes, "<code>", 6, frame->code);
        write_root(walk, HS_ROOT_FRAME | (frame->function_borrowed ? HS_STREAM_BORROWED : 0), frame->function,
                   function, function_bytes);
        write_frame_root(walk, HS_ROOT_FRAME, function, function_bytes, "f_locals", 8, frame->namespace);
    } else if (!frame->generator) {
        write_root(walk, HS_ROOT_FRAME, frame->object, function, function_bytes);
    }
    /* A generator that runs may be held by nothing but its caller's stack. */
    write_root(walk, HS_ROOT_FRAME, frame->generator, function, function_bytes);
    bool told = frame->visited && frame->generator; /* its variables are those of the generator */
    for (uint32_t i = 0; i < frame->locals && !told; i++) {
        char scratch[ROOT_NAME];
        const char *variable;
        size_t bytes = text_of(layout, hs_frame_local_name(frame, i), scratch, &variable);
        unsigned borrowed = frame->visited || hs_frame_local_is_borrowed(frame, i) ? HS_STREAM_BORROWED : 0;
        write_frame_root(walk, HS_ROOT_FRAME | borrowed, function, function_bytes, variable, bytes,
                         hs_frame_local(frame, i));
    }
    if (frame->visited && frame->stack_exact)
        return;
    /* A frame in C code has not said how much of its stack is in use: only what is an object beyond doubt
     * counts, and whether it is still held is a question. */
    for (uint32_t i = 0; i < frame->stack; i++) {
        uint64_t temporary = hs_frame_temporary(frame, i);
        unsigned borrowed = hs_frame_local_is_borrowed(frame, frame->locals + i) ? HS_STREAM_BORROWED : 0;
        if (temporary && frame->stack_exact)
            write_frame_root(walk, HS_ROOT_FRAME | borrowed, function, function_bytes, "<temporary>", 11,
                             temporary);
        else if (temporary && hs_visited_tracked(&walk->visited, temporary))
            write_frame_root(walk, HS_ROOT_FRAME, function, function_bytes, "<temporary?>", 12, temporary);
    }
}

/* The threading.Thread of a thread state, 0 if there is none: Lib/threading.py keeps them in _active, by
 * threading.get_ident(). */
static uint64_t thread_object(struct hs_walk *walk, uint64_t thread)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t modules = hs_word(walk->types.interpreter, layout->interpreter_modules);
    uint64_t threading = modules ? hs_dict_find(layout, modules, "threading") : 0;
    uint64_t active = threading ? hs_object_attribute(&walk->types, threading, "_active") : 0;
    if (!has_flag(layout, active, HS_TPFLAGS_DICT_SUBCLASS))
        return 0;
    struct hs_entries entries;
    hs_entries_of_dict(layout, active, &entries);
    for (uint64_t i = 0; i < entries.count; i++) {
        uint64_t key = hs_entry_key(&entries, i);
        uint64_t ident;
        if (has_flag(layout, key, HS_TPFLAGS_LONG_SUBCLASS) && hs_int_value(layout, key, &ident) &&
            ident == hs_word(thread, layout->thread_ident))
            return hs_entry_value(&entries, i);
    }
    return 0;
}

/* The exception that a thread is handling, outside generators: those hold theirs themselves.
 * Include/cpython/pystate.h, _PyErr_StackItem: exc_info is the innermost of a chain, whose last item
 * belongs to the thread. */
static uint64_t handled_exception(const struct hs_walk *walk, uint64_t thread)
{
    enum { CHAIN_MAX = 1 << 20 };
    const struct hs_layout *layout = walk->layout;
    uint64_t item = hs_word(thread, layout->thread_exc_info);
    for (uint32_t i = 0; item && hs_word(item, layout->exc_info_previous) && i < CHAIN_MAX; i++)
        item = hs_word(item, layout->exc_info_previous);
    uint64_t exception = item ? hs_word(item, layout->exc_info_value) : 0;
    return exception == walk->symbols->none ? 0 : exception;
}

/* The kernel's number of a thread. Until 3.10 only the threading.Thread knows it (Lib/threading.py,
 * _set_native_id); 0 for threads that have none. */
static uint64_t native_id(struct hs_walk *walk, uint64_t thread, uint64_t object)
{
    const struct hs_layout *layout = walk->layout;
    if (layout->thread_native_id != HS_LAYOUT_NONE)
        return hs_word(thread, layout->thread_native_id);
    uint64_t number = object ? hs_object_attribute(&walk->types, object, "_native_id") : 0;
    uint64_t value;
    return has_flag(layout, number, HS_TPFLAGS_LONG_SUBCLASS) && hs_int_value(layout, number, &value) ? value
                                                                                                      : 0;
}

static void write_thread(struct hs_walk *walk, uint32_t number, uint64_t thread)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t object = thread_object(walk, thread);
    char scratch[ROOT_NAME];
    const char *name;
    size_t bytes =
        text_of(layout, object ? hs_object_attribute(&walk->types, object, "_name") : 0, scratch, &name);
    if (object)
        hs_walk_reach(walk, object);
    hs_emit_room(&walk->emit, 4 * HS_VARINT_MAX + ROOT_NAME);
    hs_emit_byte(&walk->emit, HS_STREAM_THREAD);
    hs_emit_varint(&walk->emit, native_id(walk, thread, object));
    hs_emit_varint(&walk->emit, object >> 3);
    hs_emit_text(&walk->emit, name, bytes);
    hs_emit_commit(&walk->emit, false);

    const struct {
        int32_t offset;
        const char *name;
    } held[] = {
        {layout->thread_dict, "thread-locals"},
        {layout->thread_async_exc, "asynchronous exception"},
        {layout->thread_async_gen_firstiter, "asynchronous generator hook (first iteration)"},
        {layout->thread_async_gen_finalizer, "asynchronous generator hook (finalizer)"},
        {layout->thread_c_profileobj, "sys.setprofile"},
        {layout->thread_c_traceobj, "sys.settrace"},
        {layout->thread_current_exception, "current exception"},
        {layout->thread_curexc_type, "current exception type"},
        {layout->thread_curexc_value, "current exception"},
        {layout->thread_curexc_traceback, "current exception traceback"},
    };
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (held[i].offset != HS_LAYOUT_NONE)
            write_root(walk, HS_ROOT_THREAD, hs_word(thread, held[i].offset), held[i].name,
                       hs_text_length(held[i].name));
    write_root(walk, HS_ROOT_CONTEXT, hs_word(thread, layout->thread_context), name, bytes);
    write_root(walk, HS_ROOT_THREAD, handled_exception(walk, thread), "handled exception", 17);

    struct hs_frame frame;
    uint32_t depth = 0;
    for (bool more = hs_frame_innermost(layout, walk->symbols, thread, &frame); more && depth < FRAMES_MAX;
         more = hs_frame_outer(&frame))
        write_frame(walk, number, depth++, &frame);
}

static void write_threads(struct hs_walk *walk)
{
    uint32_t number = 0;
    for (uint64_t thread = hs_thread_first(walk->layout, walk->types.interpreter);
         thread && number < THREADS_MAX; thread = hs_thread_next(walk->layout, thread))
        write_thread(walk, number++, thread);
}

void hs_roots_write(struct hs_walk *walk)
{
    static void (*const parts[ROOT_PARTS])(struct hs_walk *) = {
        write_modules, write_interpreter, write_threads, hs_statics_write_atexit, hs_statics_write};
    volatile unsigned part = 0;
    if (__builtin_setjmp(walk->fault.jump))
        hs_emit_rewind(&walk->emit);
    walk->fault.armed = true;
    while (part < ROOT_PARTS)
        parts[part++](walk);
    walk->fault.armed = false;
}
