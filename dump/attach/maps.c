#include "dump/attach/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scanner {
    const char *text;
    size_t bytes;
    size_t at;
};

static bool scan_hex(struct scanner *scanner, uint64_t *ret)
{
    uint64_t value = 0;
    size_t first = scanner->at;
    for (; scanner->at < scanner->bytes && scanner->at - first < 16; scanner->at++) {
        char c = scanner->text[scanner->at];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            break;
        value = value << 4 | digit;
    }
    *ret = value;
    return scanner->at > first;
}

static bool scan_char(struct scanner *scanner, char c)
{
    if (scanner->at >= scanner->bytes || scanner->text[scanner->at] != c)
        return false;
    scanner->at++;
    return true;
}

static bool scan_flag(struct scanner *scanner, char set, char clear, bool *ret)
{
    *ret = scan_char(scanner, set);
    return *ret || scan_char(scanner, clear);
}

/* start-end rwxp offset major:minor inode   path (fs/proc/task_mmu.c, show_map_vma) */
static bool scan_head(struct scanner *scanner, struct hs_mapping *mapping)
{
    uint64_t ignored;
    return scan_hex(scanner, &mapping->start) && scan_char(scanner, '-') &&
           scan_hex(scanner, &mapping->end) && scan_char(scanner, ' ') &&
           scan_flag(scanner, 'r', '-', &mapping->read) && scan_flag(scanner, 'w', '-', &mapping->write) &&
           scan_flag(scanner, 'x', '-', &mapping->execute) &&
           scan_flag(scanner, 'p', 's', &mapping->private) && scan_char(scanner, ' ') &&
           scan_hex(scanner, &mapping->offset) && scan_char(scanner, ' ') && scan_hex(scanner, &ignored) &&
           scan_char(scanner, ':') && scan_hex(scanner, &ignored) && scan_char(scanner, ' ') &&
           scan_hex(scanner, &ignored) && mapping->start < mapping->end;
}

static struct hs_error *scan_path(struct scanner *scanner, char **ret)
{
    while (scan_char(scanner, ' '))
        continue;
    const char *path = scanner->text + scanner->at;
    const char *newline = memchr(path, '\n', scanner->bytes - scanner->at);
    size_t bytes = newline ? (size_t)(newline - path) : scanner->bytes - scanner->at;
    *ret = strndup(path, bytes);
    if (!*ret)
        return &hs_error_memory;
    scanner->at += bytes + (newline != NULL);
    return NULL;
}

static struct hs_error *add(struct hs_maps *maps, size_t *room, const struct hs_mapping *mapping)
{
    if (maps->count == *room) {
        size_t grown = *room ? 2 * *room : 256;
        struct hs_mapping *array = realloc(maps->mapping, grown * sizeof(*array));
        if (!array)
            return &hs_error_memory;
        maps->mapping = array;
        *room = grown;
    }
    maps->mapping[maps->count++] = *mapping;
    return NULL;
}

static struct hs_error *parse(struct scanner *scanner, struct hs_maps *maps)
{
    size_t room = 0;
    uint64_t end = 0;
    while (scanner->at < scanner->bytes) {
        struct hs_mapping mapping = {0};
        size_t line = scanner->at;
        if (!scan_head(scanner, &mapping) || mapping.start < end || maps->count == HS_MAPS_MAX)
            return hs_error_corrupt(line, "a line of the list of its memory mappings makes no sense");
        struct hs_error *error = scan_path(scanner, &mapping.path);
        if (error)
            return error;
        error = add(maps, &room, &mapping);
        if (error) {
            free(mapping.path);
            return error;
        }
        end = mapping.end;
    }
    return NULL;
}

struct hs_error *hs_maps_parse(const char *text, size_t bytes, struct hs_maps *ret)
{
    *ret = (struct hs_maps){0};
    struct scanner scanner = {.text = text, .bytes = bytes};
    struct hs_error *error = parse(&scanner, ret);
    if (error)
        hs_maps_deinit(ret);
    return error;
}

static struct hs_error *read_all(int fd, const char *path, char **text, size_t *bytes)
{
    size_t room = 0;
    for (;;) {
        if (*bytes == room) {
            room = room ? 2 * room : 1 << 16;
            char *grown = realloc(*text, room);
            if (!grown)
                return &hs_error_memory;
            *text = grown;
        }
        ssize_t got = read(fd, *text + *bytes, room - *bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hs_error_system(errno, path, "read it");
        if (got == 0)
            return NULL;
        *bytes += (size_t)got;
    }
}

struct hs_error *hs_maps_read(pid_t pid, struct hs_maps *ret)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hs_error_system(errno, path, "open it");
    char *text = NULL;
    size_t bytes = 0;
    struct hs_error *error = read_all(fd, path, &text, &bytes);
    close(fd);
    if (!error)
        error = hs_maps_parse(text, bytes, ret);
    free(text);
    return error;
}

void hs_maps_deinit(struct hs_maps *maps)
{
    for (size_t i = 0; i < maps->count; i++)
        free(maps->mapping[i].path);
    free(maps->mapping);
    *maps = (struct hs_maps){0};
}

const struct hs_mapping *hs_maps_find(const struct hs_maps *maps, uint64_t address)
{
    size_t low = 0, high = maps->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (maps->mapping[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < maps->count && maps->mapping[low].start <= address ? &maps->mapping[low] : NULL;
}
