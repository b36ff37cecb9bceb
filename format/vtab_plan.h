/* Planning: what xBestIndex of the virtual tables over a snapshot has in common. For the files of this room
 * that implement them.
 */
#ifndef HS_FORMAT_VTAB_PLAN_H
#define HS_FORMAT_VTAB_PLAN_H

#include "format/range.h"

/* Bits of idxNum that both tables have; the lower three are the plan. */
#define HS_PLAN_MASK       0x007
#define HS_PLAN_DESCENDING 0x008
#define HS_PLAN_LOWER      0x010 /* a lower bound in argv */
#define HS_PLAN_LOWER_OPEN 0x020 /* it is > and not >= */
#define HS_PLAN_UPPER      0x040 /* an upper bound in argv, after the lower one */
#define HS_PLAN_UPPER_OPEN 0x080 /* it is < and not <= */

/* What it costs to start anew somewhere, beside the rows that come: in rows of a scan, some 30 ns. Measured,
 * for the planner weighs a scan with a sort against a million lookups, and one is ten times slower than the
 * other. */
#define HS_COST_LOOKUP  4
#define HS_COST_ADDRESS 6 /* a binary search */
#define HS_COST_REVERSE 6 /* a place in the reverse of the references, anywhere in memory */

/* Has the value of constraint `index` in argv[place - 1]. `omit`: SQLite need not check it again. */
void hs_vtab_use(sqlite3_index_info *info, int index, int place, bool omit);

/* Says how many rows come, and that each costs one beside what it `extra` costs to begin. */
void hs_vtab_estimate(sqlite3_index_info *info, uint64_t rows, double extra);

/* Uses the bounds, indexes of constraints or -1 for none, from `*place` on, which it moves; sets their bits.
 * Gives how many of `rows` may be left. */
uint64_t hs_vtab_use_bounds(sqlite3_index_info *info, int lower, int upper, int *place, uint64_t rows);
/* In xFilter: narrows the range to those bounds, the first values of argv. */
void hs_vtab_narrow(struct hs_range *range, int plan, sqlite3_value **argv);

/* ORDER BY and GROUP BY: the rows come in the order of the columns `key[0 .. keys - 1]`, all ascending, with
 * the columns of the bit set `constant` the same in all rows. If that (or its reverse: HS_PLAN_DESCENDING) is
 * the order asked for, SQLite is told. `unique` is the column (of key) after which the order is complete. A
 * column may be given by an alias: `same` maps a column to the one that orders alike. */
void hs_vtab_order(sqlite3_index_info *info, const int *key, int keys, unsigned constant, int unique,
                   int (*same)(int column));

#endif
