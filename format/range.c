#include "format/range.h"

#include <math.h>

static void clear(struct hs_range *range)
{
    *range = (struct hs_range){.low = 1, .high = 0};
}

static void narrow_integer(struct hs_range *range, int op, int64_t value)
{
    bool above = op == SQLITE_INDEX_CONSTRAINT_GT, below = op == SQLITE_INDEX_CONSTRAINT_LT;
    if ((above && value == INT64_MAX) || (below && value == INT64_MIN)) {
        clear(range);
        return;
    }
    int64_t low = above ? value + 1 : value, high = below ? value - 1 : value;
    if (op != SQLITE_INDEX_CONSTRAINT_LT && op != SQLITE_INDEX_CONSTRAINT_LE && low > range->low)
        range->low = low;
    if (op != SQLITE_INDEX_CONSTRAINT_GT && op != SQLITE_INDEX_CONSTRAINT_GE && high < range->high)
        range->high = high;
}

static void narrow_real(struct hs_range *range, int op, double value)
{
    bool wants_above = op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE;
    bool wants_below = op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE;
    double whole = floor(value);
    /* 2^63 is a double, INT64_MAX is none. */
    if (value >= 0x1p63) {
        if (!wants_below)
            clear(range);
    } else if (value < -0x1p63) {
        if (!wants_above)
            clear(range);
    } else if (whole == value) {
        narrow_integer(range, op, (int64_t)whole);
    } else if (wants_above) {
        narrow_integer(range, SQLITE_INDEX_CONSTRAINT_GT, (int64_t)whole);
    } else if (wants_below) {
        narrow_integer(range, SQLITE_INDEX_CONSTRAINT_LE, (int64_t)whole);
    } else {
        clear(range);
    }
}

void hs_range_narrow(struct hs_range *range, int op, sqlite3_value *value)
{
    switch (sqlite3_value_numeric_type(value)) {
    case SQLITE_INTEGER:
        narrow_integer(range, op, sqlite3_value_int64(value));
        break;
    case SQLITE_FLOAT:
        narrow_real(range, op, sqlite3_value_double(value));
        break;
    case SQLITE_NULL:
        clear(range);
        break;
    default:
        if (op != SQLITE_INDEX_CONSTRAINT_LT && op != SQLITE_INDEX_CONSTRAINT_LE)
            clear(range);
    }
}
