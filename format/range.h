/* Ranges of an integer column, narrowed by the constraints that SQLite hands to xFilter. */
#ifndef HS_FORMAT_RANGE_H
#define HS_FORMAT_RANGE_H

#include "format/sqlite.h"

#include <stdbool.h>
#include <stdint.h>

/* low .. high, both included; empty if low > high. */
struct hs_range {
    int64_t low;
    int64_t high;
};

static inline bool hs_range_is_empty(const struct hs_range *range)
{
    return range->low > range->high;
}

/* Keeps of `range` what satisfies "column OP value", where `op` is SQLITE_INDEX_CONSTRAINT_EQ, GT, GE, LT or
 * LE. The comparison is the one that SQLite makes for a column of INTEGER affinity: text that looks like a
 * number is one, other text and blobs are greater than every number, NULL compares with nothing. */
void hs_range_narrow(struct hs_range *range, int op, sqlite3_value *value);

#endif
