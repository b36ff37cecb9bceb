/* Does a layout fit this process? Every check reads fault-free, and compares something that the table claims
 * with something that memory shows. The closest pair of tables (two patch releases of one minor version) may
 * differ in the place of the collector's generations alone, so those are found by looking as well. */
#include "dump/agent/dicts.h"
#include "dump/agent/frames.h"
#include "dump/agent/layout.h"
#include "dump/agent/probe.h"
#include "dump/agent/sys.h"

struct verify {
    const struct hs_layout *layout;
    const struct hs_agent_symbols *symbols;
    struct hs_probe probe;
    uint64_t interpreter;
    uint64_t
        generations_found; /* offset in the interpreter state, where the table has it wrong; 0 if unknown */
};

/* PyGC_Head keeps flags in the low two bits of both pointers (Include/internal/pycore_gc.h). */
#define GC_POINTER(word) ((word) & ~3ull)

static uint64_t word(struct verify *v, uint64_t address, int32_t offset)
{
    return hs_probe_word(&v->probe, address, offset);
}

static bool is_a(struct verify *v, uint64_t object, uint64_t type)
{
    return object && type && word(v, object, v->layout->ob_type) == type;
}

static bool type_is(struct verify *v, uint64_t type, const char *name, int64_t basicsize)
{
    char text[16] = "";
    size_t length = hs_text_length(name) + 1;
    return hs_probe_read(&v->probe, word(v, type, v->layout->tp_name), length, text) &&
           memcmp(text, name, length) == 0 && (int64_t)word(v, type, v->layout->tp_basicsize) == basicsize;
}

static const char *check_types(struct verify *v)
{
    const struct hs_layout *l = v->layout;
    const struct hs_agent_symbols *s = v->symbols;
    if (!type_is(v, s->type_type, "type", l->heap_type_bytes) || !is_a(v, s->type_type, s->type_type))
        return "the size of type";
    if (!type_is(v, s->dict_type, "dict", l->dict_bytes))
        return "the size of dict";
    if (!type_is(v, s->set_type, "set", l->set_bytes))
        return "the size of set";
    if (!type_is(v, s->unicode_type, "str", l->str_bytes))
        return "the size of str";
    if (!type_is(v, s->function_type, "function", l->function_bytes))
        return "the size of function";
    /* Since 3.11 Objects/codeobject.c gives offsetof(PyCodeObject, co_code_adaptive): variable part
     * follows. */
    if (!type_is(v, s->code_type, "code",
                 l->co_code_adaptive == HS_LAYOUT_NONE ? l->code_bytes : l->co_code_adaptive))
        return "the size of code";
    return NULL;
}

static const char *check_interpreter(struct verify *v)
{
    const struct hs_layout *l = v->layout;
    uint64_t runtime = v->symbols->py_runtime;
    v->interpreter = word(v, runtime, l->runtime_interpreters_main);
    if (!v->interpreter || !word(v, runtime, l->runtime_interpreters_head))
        return "the list of interpreters";
    if (!is_a(v, word(v, v->interpreter, l->interpreter_modules), v->symbols->dict_type))
        return "sys.modules in the interpreter state";
    if (!is_a(v, word(v, v->interpreter, l->interpreter_sysdict), v->symbols->dict_type))
        return "the dict of sys in the interpreter state";
    if (!is_a(v, word(v, v->interpreter, l->interpreter_builtins), v->symbols->dict_type))
        return "the dict of builtins in the interpreter state";
    return NULL;
}

/* Where the entries of dict keys begin, and whether they have the general form. What hs_entries_of_keys()
 * knows, here with reads that cannot fault. */
static bool find_entries(struct verify *v, uint64_t keys, uint64_t *ret, bool *ret_general)
{
    const struct hs_layout *l = v->layout;
    uint64_t indices;
    *ret_general = true;
    if (l->dk_size != HS_LAYOUT_NONE) {
        indices = hs_index_bytes(word(v, keys, l->dk_size));
    } else {
        uint8_t log2_bytes, kind;
        if (!hs_probe_read(&v->probe, keys + (uint64_t)l->dk_log2_index_bytes, 1, &log2_bytes) ||
            !hs_probe_read(&v->probe, keys + (uint64_t)l->dk_kind, 1, &kind) || log2_bytes > 40)
            return false;
        indices = UINT64_C(1) << log2_bytes;
        *ret_general = kind == l->dk_kind_general;
    }
    *ret = keys + (uint64_t)l->dk_indices + indices;
    return true;
}

/* The first key that ever enters sys.modules is "sys" (Python/pylifecycle.c): known content for dict keys and
 * str. */
static const char *check_dict_keys(struct verify *v)
{
    const struct hs_layout *l = v->layout;
    uint64_t dict = word(v, v->interpreter, l->interpreter_modules);
    uint64_t keys = word(v, dict, l->ma_keys);
    uint64_t used = word(v, dict, l->ma_used);
    uint64_t entries = word(v, keys, l->dk_nentries);
    uint64_t first, key, value;
    bool general;
    if (!find_entries(v, keys, &first, &general) || used > entries)
        return "the keys of sys.modules";
    if (general) {
        key = word(v, first, l->entry_key);
        value = word(v, first, l->entry_value);
    } else {
        key = word(v, first, l->unicode_entry_key);
        value = word(v, first, l->unicode_entry_value);
    }
    if (!value) /* somebody removed it; nothing else is known to be there */
        return NULL;
    char text[4] = "";
    if (!is_a(v, key, v->symbols->unicode_type) || word(v, key, l->str_length) != 3 ||
        !hs_probe_read(&v->probe, key + (uint64_t)l->str_ascii_bytes, sizeof(text), text) ||
        memcmp(text, "sys", 4) != 0)
        return "the first key of sys.modules";
    return NULL;
}

/* The code object of the first frame from `frame` outwards that has one; entry frames of the C stack have
 * none. */
static uint64_t find_code(struct verify *v, uint64_t frame)
{
    enum { ENTRY_FRAMES_MAX = 64 };
    for (int i = 0; frame && i < ENTRY_FRAMES_MAX; i++) {
        uint64_t code = hs_stackref(v->layout, word(v, frame, v->layout->frame_code));
        if (is_a(v, code, v->symbols->code_type))
            return code;
        frame = word(v, frame, v->layout->frame_previous);
    }
    return 0;
}

/* A thread may run no Python code, and all of them may; but if one has frames, some of them are of Python
 * code. */
static const char *check_threads(struct verify *v)
{
    enum { THREADS_MAX = 64 };
    const struct hs_layout *l = v->layout;
    uint64_t thread = word(v, v->interpreter, l->interpreter_threads_head);
    bool frames = false;
    if (!thread || word(v, thread, l->thread_interp) != v->interpreter)
        return "the list of threads";
    for (int i = 0; thread && i < THREADS_MAX; i++, thread = word(v, thread, l->thread_next)) {
        uint64_t frame = l->thread_cframe == HS_LAYOUT_NONE
                             ? word(v, thread, l->thread_current_frame)
                             : word(v, word(v, thread, l->thread_cframe), l->cframe_current_frame);
        uint64_t code = find_code(v, frame);
        frames |= frame != 0;
        if (!code)
            continue;
        bool old = l->co_localsplusnames == HS_LAYOUT_NONE;
        uint64_t names = word(v, code, old ? l->co_varnames : l->co_localsplusnames);
        if (!is_a(v, names, v->symbols->tuple_type) ||
            word(v, names, l->ob_size) != (uint32_t)word(v, code, old ? l->co_nlocals : l->co_nlocalsplus))
            return "the code object of a running frame";
        return NULL;
    }
    return frames ? "the running frames" : NULL;
}

static bool linked(struct verify *v, uint64_t node, uint64_t next, uint64_t prev)
{
    return GC_POINTER(word(v, GC_POINTER(next), v->layout->gc_prev)) == node &&
           GC_POINTER(word(v, GC_POINTER(prev), v->layout->gc_next)) == node;
}

static bool is_head(struct verify *v, uint64_t node)
{
    return linked(v, node, word(v, node, v->layout->gc_next), word(v, node, v->layout->gc_prev));
}

static bool plausible(uint64_t pointer)
{
    return pointer >= 4096 && pointer >> 47 == 0 && (pointer & 3) == 0;
}

/* The generations have a shape of their own: three list nodes 24 bytes apart, each linked back to by its
 * neighbours, and a fourth, the permanent generation, at +72, +80 or +84. */
static bool are_generations(struct verify *v, uint64_t node)
{
    return is_head(v, node) && is_head(v, node + 24) && is_head(v, node + 48) &&
           (is_head(v, node + 72) || is_head(v, node + 80) || is_head(v, node + 84));
}

/* Where in the interpreter state the generations are; 0 if nowhere. For the message only. Steps of 4: some
 * releases of 3.13 lower the alignment of PyGC_Head. */
static uint64_t find_generations(struct verify *v)
{
    unsigned char block[HS_PROBE_MAX];
    uint64_t start = v->interpreter, end = start + (uint64_t)v->layout->interpreter_bytes;
    for (uint64_t base = start; base < end; base += HS_PROBE_MAX - 12) {
        size_t size = end - base < HS_PROBE_MAX ? end - base : HS_PROBE_MAX;
        if (!hs_probe_read(&v->probe, base, size, block))
            return 0;
        for (size_t at = 0; at + 16 <= size; at += 4) {
            uint64_t pointers[2];
            memcpy(pointers, block + at, sizeof(pointers));
            if (plausible(pointers[0]) && plausible(pointers[1]) && are_generations(v, base + at))
                return base + at;
        }
    }
    return 0;
}

static const char *check_collector(struct verify *v)
{
    const struct hs_layout *l = v->layout;
    uint64_t gc = hs_collector(l, v->symbols->py_runtime, v->interpreter);
    uint64_t generations = gc + (uint64_t)l->gc_generations;
    if (!are_generations(v, generations)) {
        uint64_t found = find_generations(v);
        v->generations_found = found ? found - v->interpreter : 0;
        return "the place of the collector's generations";
    }
    if (l->gc_generation0 != HS_LAYOUT_NONE && word(v, gc, l->gc_generation0) != generations)
        return "the collector's pointer to its youngest generation";
    if (!is_head(v, gc + (uint64_t)l->gc_permanent_generation))
        return "the collector's permanent generation";
    return NULL;
}

static const char *check_debug_offsets(struct verify *v)
{
    static const struct {
        uint16_t word[3];
        uint16_t field;
    } known[] = {
#define HS_DEBUG_OFFSET(py313, py314, py315, member, field) \
    {{py313, py314, py315}, offsetof(struct hs_layout, field)},
#include "dump/agent/layout_debug_offsets.h"
#undef HS_DEBUG_OFFSET
    };
    if (v->layout->runtime_debug_offsets == HS_LAYOUT_NONE)
        return NULL;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        int32_t claimed;
        memcpy(&claimed, (const char *)v->layout + known[i].field, sizeof(claimed));
        if (word(v, v->symbols->py_runtime, known[i].word[v->layout->debug_offsets] * 8) !=
            (uint64_t)(int64_t)claimed)
            return "what _Py_DebugOffsets says";
    }
    return NULL;
}

/* 3.13 and later: the runtime begins with a cookie, the version, and whether the build has no GIL. */
static bool is_free_threaded(struct verify *v)
{
    uint64_t cookie = word(v, v->symbols->py_runtime, 0);
    return memcmp(&cookie, "xdebugpy", sizeof(cookie)) == 0 && word(v, v->symbols->py_runtime, 16) != 0;
}

/* What the first check that fails found wrong; NULL if all pass. */
static const char *run_checks(struct verify *v, unsigned *ret_passed)
{
    static const char *(*const checks[])(struct verify *) = {
        check_debug_offsets, check_types, check_interpreter, check_dict_keys, check_threads, check_collector,
    };
    for (*ret_passed = 0; *ret_passed < sizeof(checks) / sizeof(checks[0]); ++*ret_passed) {
        const char *failed = checks[*ret_passed](v);
        if (failed)
            return failed;
    }
    return NULL;
}

int32_t hs_layout_verify(const struct hs_layout *layout, const struct hs_agent_symbols *symbols, char *detail,
                         size_t size, unsigned *ret_passed)
{
    struct verify v = {.layout = layout, .symbols = symbols};
    detail[0] = '\0';
    *ret_passed = 0;
    hs_probe_init(&v.probe);
    int32_t result = HS_AGENT_OK;
    if (layout->runtime_debug_offsets != HS_LAYOUT_NONE && is_free_threaded(&v)) {
        result = HS_AGENT_FREE_THREADED;
        hs_text_append(detail, size,
                       "this is a free-threaded build of CPython, which has other object headers");
    } else {
        const char *failed = run_checks(&v, ret_passed);
        if (failed) {
            result = HS_AGENT_LAYOUT_MISMATCH;
            hs_text_append(detail, size, "the layout of CPython ");
            hs_text_append(detail, size, layout->name);
            hs_text_append(detail, size, " does not fit: ");
            hs_text_append(detail, size, failed);
            if (v.generations_found) {
                hs_text_append(detail, size, ", found at +");
                hs_text_append_number(detail, size, v.generations_found);
            }
        }
    }
    hs_probe_deinit(&v.probe);
    return result;
}
