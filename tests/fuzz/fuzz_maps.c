/* Fuzzing the parser of /proc/PID/maps (libFuzzer): any text is refused in one line, or gives mappings in
 * order, none of them empty, all of which can be found. */
#include "dump/attach/maps.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct hs_maps maps = {0};
    struct hs_error *error = hs_maps_parse((const char *)data, bytes, &maps);
    if (error)
        require(!strchr(error->message, '\n'));
    for (size_t i = 0; !error && i < maps.count; i++) {
        const struct hs_mapping *mapping = &maps.mapping[i];
        require(mapping->start < mapping->end && (!i || mapping[-1].end <= mapping->start));
        require(hs_maps_find(&maps, mapping->start) == mapping &&
                hs_maps_find(&maps, mapping->end - 1) == mapping);
        require(strlen(mapping->path) <= bytes);
    }
    hs_error_destroy(error);
    hs_maps_deinit(&maps);
    return 0;
}
