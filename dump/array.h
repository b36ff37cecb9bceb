/* Arrays that grow. Large ones are moved by mremap inside realloc, without copying, and what is reserved but
 * not yet touched takes no memory. */
#ifndef HS_DUMP_ARRAY_H
#define HS_DUMP_ARRAY_H

#include "format/error.h"

#include <stddef.h>

/* Makes room for `need` items of `item` bytes in *array (malloc'ed or NULL), whose room *capacity counts in
 * items. */
struct hs_error *hs_array_reserve(void **array, size_t *capacity, size_t need, size_t item) HS_MUST_CHECK;

#endif
