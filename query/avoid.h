/* What a search for chains leaves out: the table temp.chain_avoid (holder, object), which search.c makes.
 *
 *   (holder, object)   references from the one to the other are not followed
 *   (holder, NULL)     chains do not run through the holder, nor begin at it
 *   (NULL, object)     chains do not begin at the object
 */
#ifndef HS_QUERY_AVOID_H
#define HS_QUERY_AVOID_H

#include "query/graph.h"

struct sqlite3;

struct hs_avoided {
    uint32_t holder, object; /* HS_NO_OBJECT for NULL */
};
struct hs_avoid {
    size_t count;
    struct hs_avoided *row;
};

struct hs_error *hs_avoid_add(struct hs_avoid *avoid, uint32_t holder, uint32_t object) HS_MUST_CHECK;
/* The rows of temp.chain_avoid; none where there is no such table. Rows about objects that the snapshot does
 * not have are left out. */
struct hs_error *hs_avoid_read(struct sqlite3 *db, const struct hs_reader *reader,
                               struct hs_avoid *ret) HS_MUST_CHECK;
/* Adds a row to temp.chain_avoid, which is made if need be. */
struct hs_error *hs_avoid_write(struct sqlite3 *db, uint32_t holder, uint32_t object) HS_MUST_CHECK;
void hs_avoid_deinit(struct hs_avoid *avoid);

/* May a chain begin at the object? */
bool hs_avoid_starts(const struct hs_avoid *avoid, uint32_t object);

/* The statement that makes the table. */
#define HS_AVOID_SQL "CREATE TEMP TABLE IF NOT EXISTS chain_avoid (holder INTEGER, object INTEGER);\n"

#endif
