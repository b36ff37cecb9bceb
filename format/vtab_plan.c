#include "format/vtab_plan.h"

void hs_vtab_use(sqlite3_index_info *info, int index, int place, bool omit)
{
    info->aConstraintUsage[index].argvIndex = place;
    info->aConstraintUsage[index].omit = omit;
}

void hs_vtab_estimate(sqlite3_index_info *info, uint64_t rows, double extra)
{
    info->estimatedRows = rows ? (sqlite3_int64)rows : 1;
    info->estimatedCost = (double)rows + extra;
}

uint64_t hs_vtab_use_bounds(sqlite3_index_info *info, int lower, int upper, int *place, uint64_t rows)
{
    if (lower >= 0) {
        bool open = info->aConstraint[lower].op == SQLITE_INDEX_CONSTRAINT_GT;
        info->idxNum |= HS_PLAN_LOWER | (open ? HS_PLAN_LOWER_OPEN : 0);
        hs_vtab_use(info, lower, (*place)++, true);
        rows = rows / 4 + 1;
    }
    if (upper >= 0) {
        bool open = info->aConstraint[upper].op == SQLITE_INDEX_CONSTRAINT_LT;
        info->idxNum |= HS_PLAN_UPPER | (open ? HS_PLAN_UPPER_OPEN : 0);
        hs_vtab_use(info, upper, (*place)++, true);
        rows = rows / 4 + 1;
    }
    return rows;
}

void hs_vtab_narrow(struct hs_range *range, int plan, sqlite3_value **argv)
{
    if (plan & HS_PLAN_LOWER)
        hs_range_narrow(range,
                        plan & HS_PLAN_LOWER_OPEN ? SQLITE_INDEX_CONSTRAINT_GT : SQLITE_INDEX_CONSTRAINT_GE,
                        *argv++);
    if (plan & HS_PLAN_UPPER)
        hs_range_narrow(range,
                        plan & HS_PLAN_UPPER_OPEN ? SQLITE_INDEX_CONSTRAINT_LT : SQLITE_INDEX_CONSTRAINT_LE,
                        *argv);
}

static bool is_ordered(const sqlite3_index_info *info, const int *key, int keys, unsigned constant,
                       int unique, int (*same)(int column), bool *ret_descending)
{
    int at = 0;
    bool descending = false;
    for (int i = 0; i < info->nOrderBy; i++) {
        int column = same(info->aOrderBy[i].iColumn);
        bool down = info->aOrderBy[i].desc;
        if (constant >> column & 1)
            continue;
        if (at == keys || key[at] != column || (at && down != descending))
            return false;
        descending = down;
        at++;
        if (column == unique)
            break;
    }
    *ret_descending = descending;
    return true;
}

void hs_vtab_order(sqlite3_index_info *info, const int *key, int keys, unsigned constant, int unique,
                   int (*same)(int column))
{
    bool descending;
    if (!info->nOrderBy || !is_ordered(info, key, keys, constant, unique, same, &descending))
        return;
    info->orderByConsumed = 1;
    if (descending)
        info->idxNum |= HS_PLAN_DESCENDING;
}
