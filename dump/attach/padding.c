#include "dump/attach/padding.h"

#include "dump/attach/mailbox.h"
#include "dump/attach/remote.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096

size_t hs_trampoline_bytes(void)
{
    return (size_t)(hs_trampoline_end - hs_trampoline_start);
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0;
}

/* An earlier trampoline of the same build of this tool? Then its mailbox is used again, since a call that
 * CPython still has queued would look there. */
static bool is_trampoline(const uint8_t *bytes)
{
    return memcmp(bytes + HS_TRAMPOLINE_MAILBOX_BYTES, hs_trampoline_start + HS_TRAMPOLINE_MAILBOX_BYTES,
                  hs_trampoline_bytes() - HS_TRAMPOLINE_MAILBOX_BYTES) == 0;
}

bool hs_padding_examine(const uint8_t *code, size_t bytes, struct hs_padding *padding)
{
    if (bytes < hs_trampoline_bytes())
        return false;
    if (!is_trampoline(code))
        return is_zero(code, bytes);
    padding->present = true;
    memcpy(&padding->data, code, sizeof(padding->data));
    return true;
}

static void look_at(const struct hs_elf *elf, const struct hs_maps *maps, const Elf64_Phdr *segment,
                    struct hs_padding *padding)
{
    uint8_t bytes[PAGE];
    uint64_t end = elf->bias + segment->p_vaddr + segment->p_memsz;
    uint64_t start = (end + 31) & ~UINT64_C(15), page_end = (end + (PAGE - 1)) & ~(uint64_t)(PAGE - 1);
    const struct hs_mapping *mapping = hs_maps_find(maps, end - 1);
    if (start >= page_end || !mapping || !mapping->private || !mapping->read || mapping->end < page_end)
        return;
    size_t room = page_end - start;
    bool for_code = mapping->execute && !mapping->write && room >= hs_trampoline_bytes();
    bool for_data = mapping->write && !mapping->execute && room >= HS_MAILBOX_BYTES;
    if (!for_code && !for_data)
        return;
    struct hs_error *error = hs_remote_read(elf->pid, start, bytes, room);
    hs_error_destroy(error);
    if (error)
        return;
    if (for_code && is_trampoline(bytes)) {
        padding->code = start;
        padding->present = true;
        memcpy(&padding->data, bytes, sizeof(padding->data));
    } else if (for_code && !padding->code && is_zero(bytes, room)) {
        padding->code = start;
    } else if (for_data && !padding->data && is_zero(bytes, room)) {
        padding->data = start;
    }
}

static void look_in(const struct hs_elf *elf, const struct hs_maps *maps, struct hs_padding *padding)
{
    for (size_t i = 0; i < elf->segments && !padding->present; i++) {
        if (elf->segment[i].p_type == PT_LOAD)
            look_at(elf, maps, &elf->segment[i], padding);
    }
}

/* Where the kernel says the program is, as in its list of mappings; empty if it does not say. */
static void read_executable(pid_t pid, char *ret, size_t room)
{
    char link[32];
    snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    ssize_t bytes = readlink(link, ret, room - 1);
    ret[bytes > 0 ? bytes : 0] = 0;
}

/* The executable, and the parts of the C library, which CPython itself needs. Never the loader: its padding
 * is the heap that it begins with (elf/dl-minimal.c of glibc). */
static bool never_unloaded(const char *path, const char *executable)
{
    static const char *const names[] = {"libc", "libm", "libpthread", "libdl", "libutil", "librt", "python"};
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.so", 5) == 0)
        return false;
    if (strcmp(path, executable) == 0)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t bytes = strlen(names[i]);
        if (strncmp(name, names[i], bytes) == 0 && strchr("-.0123456789", name[bytes]))
            return true;
    }
    return false;
}

struct hs_error *hs_padding_find(const struct hs_python *python, const struct hs_maps *maps,
                                 struct hs_padding *ret)
{
    char executable[PATH_MAX];
    *ret = (struct hs_padding){0};
    read_executable(python->elf.pid, executable, sizeof(executable));
    look_in(&python->elf, maps, ret);
    for (size_t i = 0; i < maps->count && !ret->present && !(ret->code && ret->data); i++) {
        const struct hs_mapping *mapping = &maps->mapping[i];
        struct hs_elf elf;
        if (mapping->offset != 0 || mapping->path[0] != '/' || !never_unloaded(mapping->path, executable))
            continue;
        struct hs_error *error = hs_elf_open(python->elf.pid, mapping, &elf);
        if (!error)
            look_in(&elf, maps, ret);
        hs_error_destroy(error);
    }
    if (ret->code && ret->data)
        return NULL;
    return hs_error_create(HS_ERROR_TARGET,
                           "process %d has no unused room where a call could be placed; use: heapdump run -o "
                           "FILE.db -- PROGRAM",
                           (int)python->elf.pid);
}
