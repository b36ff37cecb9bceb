/* One object of a snapshot, all that is stored about it. */
#ifndef HS_QUERY_INSPECT_H
#define HS_QUERY_INSPECT_H

#include "format/reader.h"

struct hs_inspected {
    uint32_t object;
    uint32_t type; /* number */
    uint64_t address;
    uint64_t size;
    uint64_t refcount;
    uint64_t length; /* HS_NO_LENGTH if it has none */
    uint8_t generation;
    uint32_t refs;
    const char *type_name; /* the reader's */
    char *value;           /* NULL if none; may hold NUL */
    size_t value_bytes;
};

/* Free with hs_inspected_deinit(), which is fine with zeros. */
struct hs_error *hs_inspect(struct hs_reader *reader, uint32_t object,
                            struct hs_inspected *ret) HS_MUST_CHECK;
void hs_inspected_deinit(struct hs_inspected *inspected);

#endif
