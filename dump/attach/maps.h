/* The memory mappings of another process, as /proc/PID/maps lists them. */
#ifndef HS_DUMP_ATTACH_MAPS_H
#define HS_DUMP_ATTACH_MAPS_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* More mappings than this are not believed: vm.max_map_count is 65,530 by default and seldom raised above a
 * million. */
#define HS_MAPS_MAX 1048576

struct hs_mapping {
    uint64_t start; /* inclusive */
    uint64_t end;   /* exclusive */
    uint64_t offset;
    bool read, write, execute, private;
    char *path; /* of a mapped file, "[stack]" and the like; "" if none. Escapes (\012) stay as they are */
};

struct hs_maps {
    size_t count;
    struct hs_mapping *mapping; /* in ascending order of address */
};

/* Parses the text of a maps file; the text is foreign. Errors name the byte. `ret` is deinitialised by
 * hs_maps_deinit(). */
struct hs_error *hs_maps_parse(const char *text, size_t bytes, struct hs_maps *ret) HS_MUST_CHECK;
struct hs_error *hs_maps_read(pid_t pid, struct hs_maps *ret) HS_MUST_CHECK;
void hs_maps_deinit(struct hs_maps *maps);

/* The mapping that holds `address`, NULL if none does. */
const struct hs_mapping *hs_maps_find(const struct hs_maps *maps, uint64_t address);

#endif
