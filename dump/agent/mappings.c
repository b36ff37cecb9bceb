#include "dump/agent/mappings.h"

#include <asm/unistd.h>

enum {
    READ_ONLY_CLOEXEC = 02000000, /* O_RDONLY | O_CLOEXEC */
    BUFFER_BYTES = 64 << 10,
    BLOCK_PAGES = 8 << 10, /* of which one read of the pagemap tells */
    ERROR_INTERRUPTED = 4,
};

/* More than any process has in one piece, but for reservations that are never used. */
#define RESIDENCY_MAX (UINT64_C(1) << 40)

struct reader {
    long fd;
    char *buffer; /* [BUFFER_BYTES + 1] */
    size_t used, at;
};

/* The next line, NUL-terminated, without its newline; NULL at the end. Lines longer than the buffer (paths
 * are at most 4096 bytes) do not happen. */
static char *next_line(struct reader *reader)
{
    for (;;) {
        for (size_t i = reader->at; i < reader->used; i++) {
            if (reader->buffer[i] != '\n')
                continue;
            char *line = reader->buffer + reader->at;
            reader->buffer[i] = 0;
            reader->at = i + 1;
            return line;
        }
        reader->used -= reader->at;
        memmove(reader->buffer, reader->buffer + reader->at, reader->used);
        reader->at = 0;
        long got;
        do {
            got = hs_syscall3(__NR_read, reader->fd, reader->buffer + reader->used,
                              BUFFER_BYTES - reader->used);
        } while (got == -ERROR_INTERRUPTED);
        if (got <= 0)
            return NULL;
        reader->used += (size_t)got;
    }
}

static const char *read_hex(const char *text, uint64_t *ret)
{
    *ret = 0;
    for (;; text++) {
        unsigned digit = *text >= '0' && *text <= '9'   ? (unsigned)(*text - '0')
                         : *text >= 'a' && *text <= 'f' ? (unsigned)(*text - 'a' + 10)
                                                        : 16;
        if (digit == 16)
            return text;
        *ret = *ret << 4 | digit;
    }
}

static const char *skip_words(const char *text, unsigned words)
{
    for (; words; words--) {
        while (*text && *text != ' ')
            text++;
        while (*text == ' ')
            text++;
    }
    return text;
}

static void copy_file_name(const char *path, char *ret)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/')
            name = path + 1;
    ret[0] = 0;
    hs_text_append(ret, HS_MAPPING_NAME, name);
}

/* "55d0-55f1 rw-p 00000000 00:00 0   [heap]": fs/proc/task_mmu.c, show_map_vma(). False if the line is
 * another one. */
static bool parse_header(const char *line, struct hs_mapping *ret)
{
    const char *at = read_hex(line, &ret->start);
    if (at == line || *at != '-')
        return false;
    const char *end = read_hex(at + 1, &ret->end);
    if (end == at + 1 || *end != ' ' || ret->end <= ret->start)
        return false;
    const char *access = end + 1;
    const char *inode = skip_words(access, 3), *name = skip_words(inode, 1);
    ret->anonymous = 0;
    ret->usable = access[0] == 'r' && access[1] == 'w';
    ret->kind = HS_MAPPING_FILE;
    ret->file[0] = 0;
    if (hs_text_equal(name, "[heap]"))
        ret->kind = HS_MAPPING_HEAP;
    else if (hs_text_equal(name, "[stack]"))
        ret->kind = HS_MAPPING_STACK;
    else if (access[3] == 'p' && *inode == '0' && (!*name || memcmp(name, "[anon:", 6) == 0))
        ret->kind = HS_MAPPING_ANONYMOUS;
    else if (access[3] == 'p' && name[0] == '/')
        copy_file_name(name, ret->file);
    return true;
}

/* The number of "Anonymous:      132 kB" in bytes, 0 for other lines. */
static uint64_t parse_anonymous(const char *line)
{
    static const char name[] = "Anonymous:";
    for (size_t i = 0; i < sizeof name - 1; i++)
        if (line[i] != name[i])
            return 0;
    uint64_t kilobytes = 0;
    for (line = skip_words(line, 1); *line >= '0' && *line <= '9'; line++)
        kilobytes = kilobytes * 10 + (uint64_t)(*line - '0');
    return kilobytes << 10;
}

/* In a forked process the kernel may show one heap as several mappings, since what brk() adds after the fork
 * does not always merge with what was there before (mm/vma.c, anon_vma_compatible()). */
static bool continues_heap(const struct hs_mappings *mappings, const struct hs_mapping *next)
{
    if (!mappings->count || next->kind != HS_MAPPING_HEAP || !next->usable)
        return false;
    const struct hs_mapping *before = &mappings->item[mappings->count - 1];
    return before->kind == HS_MAPPING_HEAP && before->usable && before->end == next->start;
}

void hs_mappings_read(struct hs_mappings *mappings)
{
    *mappings = (struct hs_mappings){.item = hs_pages_map(HS_MAPPINGS_MAX * sizeof *mappings->item)};
    struct reader reader = {.buffer = hs_pages_map(BUFFER_BYTES + 1)};
    reader.fd = hs_syscall3(__NR_open, "/proc/self/smaps", READ_ONLY_CLOEXEC, 0);
    if (!mappings->item || !reader.buffer || reader.fd < 0)
        return;
    mappings->complete = true;
    for (const char *line; (line = next_line(&reader));) {
        struct hs_mapping mapping;
        if (!parse_header(line, &mapping)) {
            if (mappings->count)
                mappings->item[mappings->count - 1].anonymous += parse_anonymous(line);
        } else if (continues_heap(mappings, &mapping)) {
            mappings->item[mappings->count - 1].end = mapping.end;
        } else if (mappings->count < HS_MAPPINGS_MAX) {
            mappings->item[mappings->count++] = mapping;
        } else {
            mappings->complete = false;
            break;
        }
    }
    hs_syscall1(__NR_close, reader.fd);
    /* The buffer stays: it is part of what was listed. In its place another would come to lie, be seen to be
     * in memory, and be gone when it is looked at. */
}

/* One word per page, with bit 63 for "in memory": Documentation/admin-guide/mm/pagemap.rst. mincore() would
 * do as well, but a seccomp filter that kills for calls it does not know may know less of it than of reading
 * a file. */
static bool read_pagemap(struct hs_residency *residency, long fd, uint64_t *block)
{
    uint64_t pages = (residency->end - residency->start) >> HS_PAGE_BITS, at = 0;
    while (at < pages) {
        uint64_t wanted = pages - at < BLOCK_PAGES ? pages - at : BLOCK_PAGES;
        uint64_t offset = ((residency->start >> HS_PAGE_BITS) + at) * sizeof(uint64_t);
        long got = hs_syscall4(__NR_pread64, fd, block, wanted * sizeof(uint64_t), offset);
        if (got == -ERROR_INTERRUPTED)
            continue;
        if (got < (long)sizeof(uint64_t))
            return false;
        for (uint64_t i = 0; i < (uint64_t)got / sizeof(uint64_t); i++)
            residency->page[at++] = (uint8_t)(block[i] >> 63);
    }
    return true;
}

bool hs_residency_init(struct hs_residency *residency, const struct hs_mapping *mapping)
{
    *residency = (struct hs_residency){.start = mapping->start, .end = mapping->end};
    uint64_t bytes = mapping->end - mapping->start;
    if (bytes > RESIDENCY_MAX)
        return false;
    residency->page = hs_pages_map(bytes >> HS_PAGE_BITS);
    uint64_t *block = hs_pages_map(BLOCK_PAGES * sizeof *block);
    long fd = hs_syscall3(__NR_open, "/proc/self/pagemap", READ_ONLY_CLOEXEC, 0);
    bool done = residency->page && block && fd >= 0 && read_pagemap(residency, fd, block);
    if (fd >= 0)
        hs_syscall1(__NR_close, fd);
    if (block)
        hs_pages_unmap(block, BLOCK_PAGES * sizeof *block);
    if (!done)
        hs_residency_deinit(residency);
    return done;
}

void hs_residency_deinit(struct hs_residency *residency)
{
    if (residency->page)
        hs_pages_unmap(residency->page, (residency->end - residency->start) >> HS_PAGE_BITS);
    residency->page = NULL;
}

uint64_t hs_residency_missing(const struct hs_residency *residency, uint64_t start, uint64_t end)
{
    uint64_t missing = 0;
    start = (start + HS_PAGE_BYTES - 1) & ~(uint64_t)(HS_PAGE_BYTES - 1);
    for (; start + HS_PAGE_BYTES <= end; start += HS_PAGE_BYTES)
        missing += hs_resident(residency, start) ? 0 : HS_PAGE_BYTES;
    return missing;
}
