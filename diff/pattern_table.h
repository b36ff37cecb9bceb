/* The table of known patterns in use: the built-in one, or what somebody's SQL made of it.
 *
 *     heapdiff --patterns ours.sql ...
 *
 * The statements see the built-in rows as
 * `known_pattern(name, advice, kind, type, holder, "by", inner, step)`, a column a member of struct
 * hs_pattern, in the order of rowid:
 *
 *     INSERT INTO known_pattern (rowid, name, advice, type)
 *         VALUES (0, 'carts left open', 'call Cart.close()', 'shop.Cart');
 *     DELETE FROM known_pattern WHERE name = 'registry never cleared';
 */
#ifndef HS_DIFF_PATTERN_TABLE_H
#define HS_DIFF_PATTERN_TABLE_H

#include "diff/pattern.h"

/* All-zero: the built-in table. */
struct hs_pattern_table {
    struct hs_pattern *row; /* [count]; owned, with their texts */
    size_t count;
    bool changed; /* `row` is in use */
};
void hs_pattern_table_deinit(struct hs_pattern_table *patterns);

/* Runs the statements. Errors begin with `file`, which names where they come from. */
struct hs_error *hs_pattern_table_change(struct hs_pattern_table *patterns, const char *file,
                                         const char *sql) HS_MUST_CHECK;

/* The first that a suspect matches, NULL if it matches none. */
const struct hs_pattern *hs_pattern_table_find(const struct hs_pattern_table *patterns,
                                               const struct hs_suspect *suspect);

#endif
