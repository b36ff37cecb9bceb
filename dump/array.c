#include "dump/array.h"

#include <stdlib.h>

struct hs_error *hs_array_reserve(void **array, size_t *capacity, size_t need, size_t item)
{
    if (need <= *capacity)
        return NULL;
    size_t room = *capacity ? *capacity : 64;
    while (room < need) {
        if (room > SIZE_MAX / 2)
            return &hs_error_memory;
        room *= 2;
    }
    void *grown = reallocarray(*array, room, item);
    if (!grown)
        return &hs_error_memory;
    *array = grown;
    *capacity = room;
    return NULL;
}
