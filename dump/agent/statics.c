#include "dump/agent/statics.h"

#include "dump/agent/mappings.h"
#include "dump/agent/probe.h"
#include "dump/agent/text.h"

#include <elf.h>

enum {
    WORD = 8,
    OBJECT_ALIGNMENT = 16,
    NAME = 128,
    SIGNALS = 64,       /* 1 .. 64 have handlers, signal 0 has none */
    SIGNALS_ALIKE = 32, /* most of them are never touched and have the same one */
    HANDLER_BYTES = 16,
    CALLBACKS_MAX = 1 << 20,
    CALLBACK_WORDS = 3,
};

static void write_root(struct hs_walk *walk, enum hs_root_kind kind, uint64_t object, const char *name)
{
    hs_emit_root(&walk->emit, kind, object, name, hs_text_length(name));
    hs_walk_reach(walk, object);
}

/* ---- static data ---- */

struct scan {
    struct hs_walk *walk;
    struct hs_residency residency;
    const char *file;
    uint64_t base;   /* where the file's first mapping lies */
    uint64_t run[2]; /* per half of a 16-byte stride: entries so far that may be handlers */
    bool signals;    /* the handlers have been found */
    bool python;     /* the file is that of the interpreter */
    const struct hs_mappings *mappings;
};

/* Linux, x86-64: Include/uapi/asm/signal.h. */
static void name_signal(unsigned number, char *ret, size_t size)
{
    static const char *const names[] = {
        "",          "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
        "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
        "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
        "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS",
    };
    const unsigned named = sizeof names / sizeof names[0];
    ret[0] = 0;
    hs_text_append(ret, size, number < named ? names[number] : "signal ");
    if (number >= named)
        hs_text_append_number(ret, size, number);
}

static bool may_be_handler(uint64_t tripped, uint64_t function)
{
    return tripped <= 1 && function >= 4096 && !(function >> HS_ADDRESS_BITS) && !(function % WORD);
}

/* Modules/signalmodule.c: {int tripped; PyObject *func} for each signal, in static data or (3.12) in
 * _PyRuntime. `first` is the func of signal 1. */
static bool are_handlers(uint64_t first)
{
    unsigned most = 0;
    for (unsigned i = 0; i < SIGNALS && most < SIGNALS_ALIKE; i++) {
        unsigned alike = 0;
        for (unsigned j = i; j < SIGNALS; j++)
            alike +=
                hs_word(first, (int32_t)(i * HANDLER_BYTES)) == hs_word(first, (int32_t)(j * HANDLER_BYTES));
        most = alike > most ? alike : most;
    }
    return most >= SIGNALS_ALIKE;
}

static void write_signals(struct hs_walk *walk, uint64_t first)
{
    for (unsigned i = 0; i < SIGNALS; i++) {
        uint64_t function = hs_word(first, (int32_t)(i * HANDLER_BYTES));
        char name[NAME];
        name_signal(i + 1, name, sizeof name);
        if (hs_visited_tracked(&walk->visited, function))
            write_root(walk, HS_ROOT_SIGNAL, function, name);
    }
}

static void look_for_signals(struct scan *scan, uint64_t address, uint64_t tripped, uint64_t function)
{
    uint64_t *run = &scan->run[address / WORD % 2];
    *run = may_be_handler(tripped, function) ? *run + 1 : 0;
    uint64_t first = address - (SIGNALS - 1) * HANDLER_BYTES;
    if (*run != SIGNALS || scan->signals || !are_handlers(first))
        return;
    scan->signals = true;
    write_signals(scan->walk, first);
}

static void write_static(const struct scan *scan, uint64_t address, uint64_t object)
{
    static const char digits[] = "0123456789abcdef";
    char name[NAME] = "", offset[2 * WORD + 1];
    uint64_t distance = address - scan->base;
    size_t at = sizeof offset - 1;
    offset[at] = 0;
    do {
        offset[--at] = digits[distance % 16];
        distance /= 16;
    } while (distance && at);
    hs_text_append(name, sizeof name, scan->file);
    hs_text_append(name, sizeof name, "+0x");
    hs_text_append(name, sizeof name, offset + at);
    write_root(scan->walk, HS_ROOT_STATIC, object, name);
}

static void scan_page(struct scan *scan, uint64_t page)
{
    uint64_t before = page > scan->residency.start ? hs_word(page, -WORD) : 0;
    for (uint64_t address = page; address < page + HS_PAGE_BYTES; address += WORD) {
        uint64_t word = hs_word(address, 0);
        if (word >= 4096 && !(word % OBJECT_ALIGNMENT) && hs_visited_tracked(&scan->walk->visited, word))
            write_static(scan, address, word);
        else if (scan->python && !scan->walk->traces.table)
            hs_traces_look(&scan->walk->traces, scan->walk->layout, scan->mappings, word);
        look_for_signals(scan, address, before, word);
        before = word;
    }
}

static void scan_mapping(struct scan *scan, const struct hs_mapping *mapping)
{
    if (!hs_residency_init(&scan->residency, mapping))
        return;
    scan->run[0] = scan->run[1] = 0;
    for (uint64_t page = mapping->start; page < mapping->end; page += HS_PAGE_BYTES)
        if (hs_resident(&scan->residency, page))
            scan_page(scan, page);
    hs_residency_deinit(&scan->residency);
}

/* Where the data of the library or program that is mapped at `base` ends: beyond it, in the same mapping,
 * may lie memory of an allocator. 0 if it is no ELF file (elf(5)). */
static uint64_t find_end(struct hs_probe *probe, uint64_t base)
{
    Elf64_Ehdr header;
    if (!hs_probe_read(probe, base, sizeof header, &header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof(Elf64_Phdr))
        return 0;
    uint64_t first = UINT64_MAX, last = 0;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;
        if (!hs_probe_read(probe, base + header.e_phoff + i * sizeof part, sizeof part, &part))
            return 0;
        if (part.p_type != PT_LOAD)
            continue;
        first = part.p_vaddr < first ? part.p_vaddr : first;
        last = part.p_vaddr + part.p_memsz > last ? part.p_vaddr + part.p_memsz : last;
    }
    return last > first ? base - (first & ~(uint64_t)(HS_PAGE_BYTES - 1)) + last : 0;
}

void hs_statics_write(struct hs_walk *walk)
{
    struct hs_mappings mappings;
    struct hs_probe probe;
    hs_probe_init(&probe);
    hs_mappings_read(&mappings);
    struct scan scan = {.walk = walk, .file = "", .mappings = &mappings};
    uint64_t runtime = walk->symbols->py_runtime;
    uint64_t end = 0; /* of the file's data */
    for (uint32_t i = 0; i < mappings.count; i++) {
        struct hs_mapping mapping = mappings.item[i];
        if (mapping.file[0] && mapping.start >= end) {
            scan.file = mappings.item[i].file;
            scan.base = mapping.start;
            end = find_end(&probe, mapping.start);
            scan.python = runtime >= mapping.start && runtime < end;
        }
        if (!mapping.usable || mapping.start >= end)
            continue;
        if (mapping.end > end)
            mapping.end = (end + HS_PAGE_BYTES - 1) & ~(uint64_t)(HS_PAGE_BYTES - 1);
        scan_mapping(&scan, &mapping);
    }
    hs_probe_deinit(&probe);
}

/* ---- atexit ---- */

/* What a callback is called: by the name of its function, if it is one. */
static const char *name_callback(const struct hs_walk *walk, uint64_t function, char *scratch)
{
    const struct hs_layout *layout = walk->layout;
    const char *name;
    if (hs_word(function, layout->ob_type) != walk->symbols->function_type)
        return "callback";
    size_t bytes = hs_str_utf8(layout, hs_word(function, layout->func_qualname), scratch, NAME - 1, &name);
    if (bytes >= NAME)
        return "callback";
    memmove(scratch, name, bytes);
    scratch[bytes] = 0;
    return bytes ? scratch : "callback";
}

/* Modules/atexitmodule.c: {PyObject *func, *args, *kwargs}. */
static bool is_callback(struct hs_walk *walk, struct hs_probe *probe, uint64_t callback, uint64_t *ret)
{
    if (!hs_probe_read(probe, callback, CALLBACK_WORDS * WORD, ret))
        return false;
    uint64_t type = hs_probe_word(probe, ret[1], walk->layout->ob_type);
    return ret[0] >= 4096 && type == walk->symbols->tuple_type;
}

/* Is there an array of `count` callbacks at `array`? Unregistered ones leave NULL behind. */
static bool are_callbacks(struct hs_walk *walk, struct hs_probe *probe, uint64_t array, uint64_t count)
{
    uint64_t found = 0, words[CALLBACK_WORDS];
    for (uint64_t i = 0; i < count; i++) {
        uint64_t callback;
        if (!hs_probe_read(probe, array + i * WORD, WORD, &callback) ||
            (callback && !is_callback(walk, probe, callback, words)))
            return false;
        found += callback != 0;
    }
    return found > 0;
}

static void write_callbacks(struct hs_walk *walk, struct hs_probe *probe, uint64_t array, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t callback = hs_word(array, (int32_t)(i * WORD)), words[CALLBACK_WORDS];
        if (!callback || !is_callback(walk, probe, callback, words))
            continue;
        char scratch[NAME];
        const char *name = name_callback(walk, words[0], scratch);
        for (unsigned word = 0; word < CALLBACK_WORDS; word++)
            if (words[word])
                write_root(walk, HS_ROOT_ATEXIT, words[word], name);
    }
}

void hs_statics_write_atexit(struct hs_walk *walk)
{
    if (walk->layout->interpreter_atexit != HS_LAYOUT_NONE) { /* 3.14: a list of tuples */
        uint64_t callbacks = hs_word(walk->types.interpreter, walk->layout->interpreter_atexit);
        if (callbacks)
            write_root(walk, HS_ROOT_ATEXIT, callbacks, "callbacks");
        return;
    }
    /* Include/internal/pycore_atexit.h, 3.10 to 3.13: in the interpreter, {atexit_callback **callbacks; int
     * ncallbacks; int callback_len}. Where in the interpreter changes; what it looks like does not. */
    uint64_t interpreter = walk->types.interpreter;
    struct hs_probe probe;
    hs_probe_init(&probe);
    for (int32_t offset = 0; offset + 2 * WORD <= walk->layout->interpreter_bytes; offset += WORD) {
        uint64_t array = hs_word(interpreter, offset), counts = hs_word(interpreter, offset + WORD);
        uint64_t count = counts & UINT32_MAX, room = counts >> 32;
        if (array < 4096 || array % WORD || array >> HS_ADDRESS_BITS || !count || count > room ||
            room > CALLBACKS_MAX || !are_callbacks(walk, &probe, array, count))
            continue;
        write_callbacks(walk, &probe, array, count);
        break;
    }
    hs_probe_deinit(&probe);
}
