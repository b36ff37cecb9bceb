#include "dump/agent/facts.h"

#include <asm/unistd.h>

enum {
    PAGE_BYTES = 4096,
    STAT_START = 22, /* fields of /proc/PID/stat, counted from 1: man 5 proc */
    STAT_VSIZE = 23,
};

static int64_t leading_number(const char *text)
{
    int64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        value = value * 10 + (*text - '0');
    return value;
}

/* Number `field` of the stat line after the command's closing parenthesis (which is field 2, and may hold
 * anything). */
static int64_t stat_field(const char *after, unsigned field)
{
    for (unsigned at = 2; *after && at < field; after++)
        at += *after == ' ';
    return leading_number(after);
}

/* /proc/self/statm: size, resident, shared; in pages. "Shared" is what belongs to files and shared memory
 * (Linux, fs/proc/task_mmu.c, task_statm()). Both figures at one instant. */
static void read_resident(struct hs_facts *facts)
{
    char statm[256];
    if (hs_file_read("/proc/self/statm", statm, sizeof statm) <= 0)
        return;
    const char *at = statm;
    int64_t pages[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        pages[i] = leading_number(at);
        while (*at && *at++ != ' ')
            continue;
    }
    facts->rss = pages[1] * PAGE_BYTES;
    facts->rss_files = pages[2] * PAGE_BYTES;
}

void hs_facts_read(struct hs_facts *facts)
{
    char stat[1024];
    *facts = (struct hs_facts){0};
    facts->pid = hs_syscall0(__NR_getpid);
    facts->taken_at = (int64_t)hs_clock_realtime_s();
    long bytes = hs_file_read("/proc/self/stat", stat, sizeof stat);
    while (bytes > 0 && stat[bytes - 1] != ')')
        bytes--;
    if (bytes <= 0)
        return;
    facts->process_start = stat_field(stat + bytes, STAT_START);
    facts->vm_size = stat_field(stat + bytes, STAT_VSIZE);
    read_resident(facts);
}

/* "3.12.1" from PY_VERSION_HEX, with its release level if it is not a final one (Include/patchlevel.h). */
static void write_version(struct hs_walk *walk, uint32_t hex)
{
    char text[32] = "";
    hs_text_append_number(text, sizeof text, hex >> 24);
    hs_text_append(text, sizeof text, ".");
    hs_text_append_number(text, sizeof text, hex >> 16 & 0xff);
    hs_text_append(text, sizeof text, ".");
    hs_text_append_number(text, sizeof text, hex >> 8 & 0xff);
    unsigned level = hex >> 4 & 15;
    if (level != 15) {
        hs_text_append(text, sizeof text, level == 10 ? "a" : level == 11 ? "b" : "rc");
        hs_text_append_number(text, sizeof text, hex & 15);
    }
    hs_emit_fact_text(&walk->emit, "python_version", text, hs_text_length(text));
}

static void write_boot_id(struct hs_walk *walk)
{
    char text[64];
    long bytes = hs_file_read("/proc/sys/kernel/random/boot_id", text, sizeof text);
    while (bytes > 0 && text[bytes - 1] == '\n')
        bytes--;
    if (bytes > 0)
        hs_emit_fact_text(&walk->emit, "boot_id", text, (size_t)bytes);
}

/* The program's name only: its arguments may hold secrets. The child's memory, and so its command line, is
 * the target's. */
static void write_command(struct hs_walk *walk)
{
    char text[1024];
    if (hs_file_read("/proc/self/cmdline", text, sizeof text) > 0)
        hs_emit_fact_text(&walk->emit, "command", text, hs_text_length(text));
}

static int64_t count_interpreters(const struct hs_walk *walk)
{
    int64_t count = 0;
    uint64_t interpreter = hs_word(walk->symbols->py_runtime, walk->layout->runtime_interpreters_head);
    for (; interpreter && count < 1 << 16; count++)
        interpreter = hs_word(interpreter, walk->layout->interpreter_next);
    return count;
}

/* The number after "NAME:" at the start of a line, 0 if there is none: the form of /proc/PID/smaps_rollup. */
static int64_t line_number(const char *text, const char *name)
{
    size_t length = hs_text_length(name);
    while (*text) {
        size_t same = 0;
        while (same < length && text[same] == name[same])
            same++;
        if (same == length && text[length] == ':') {
            for (text += length + 1; *text == ' ';)
                text++;
            return leading_number(text);
        }
        while (*text && *text++ != '\n')
            continue;
    }
    return 0;
}

void hs_facts_write_cost(struct hs_walk *walk)
{
    char
        text[4096]; /* smaps_rollup: a header and some 20 lines (Linux, fs/proc/task_mmu.c), 4.14 and later */
    if (hs_file_read("/proc/self/smaps_rollup", text, sizeof text) <= 0)
        return;
    int64_t kilobytes = line_number(text, "Private_Clean") + line_number(text, "Private_Dirty");
    hs_emit_fact(&walk->emit, "child_private_bytes", kilobytes * 1024);
}

void hs_facts_write(struct hs_walk *walk, const struct hs_facts *facts)
{
    struct hs_emit *emit = &walk->emit;
    uint32_t hex =
        walk->symbols->py_version ? hs_word32(walk->symbols->py_version, 0) : walk->request->py_hex;
    write_version(walk, hex);
    hs_emit_fact_text(emit, "python_build", walk->layout->name, hs_text_length(walk->layout->name));
    write_boot_id(walk);
    write_command(walk);
    hs_emit_fact(emit, "pid", facts->pid);
    hs_emit_fact(emit, "taken_at", facts->taken_at);
    hs_emit_fact(emit, "process_start", facts->process_start);
    hs_emit_fact(emit, "vm_size", facts->vm_size);
    hs_emit_fact(emit, "rss", facts->rss);
    uint64_t gc = hs_collector(walk->layout, walk->symbols->py_runtime, walk->types.interpreter);
    hs_emit_fact(emit, "gc_enabled", (int64_t)(hs_word32(gc, walk->layout->gc_enabled) != 0));
    hs_emit_fact(emit, "gc_collecting", (int64_t)(hs_word32(gc, walk->layout->gc_collecting) != 0));
    hs_emit_fact(emit, "interpreters", count_interpreters(walk));
    hs_emit_fact(emit, "values", walk->request->values);
}
