/* The schema of snapshot files: its exact text, and the checksum that guards its small tables.
 *
 * A reader compares sqlite_schema with these texts, object by object in their order, before it runs any other
 * statement: so no schema text but ours is ever executed.
 */
#ifndef HS_FORMAT_SCHEMA_H
#define HS_FORMAT_SCHEMA_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sqlite3;
struct sqlite3_stmt;
struct hs_cell;

/* One table or index as sqlite_schema holds it. */
struct hs_schema_entry {
    const char *name;
    const char *table; /* an index: of which table; else equal to name */
    const char *sql;   /* exact text, without a semicolon */
    bool index;
};

/* The tables that packed and plain files share, in the order of the file. */
enum hs_small_table {
    HS_TABLE_README = 0,
    HS_TABLE_SNAPSHOT,
    HS_TABLE_TYPES,
    HS_TABLE_ROOTS,
    HS_TABLE_MODULES,
    HS_TABLE_THREADS,
    HS_TABLE_FRAMES,
    HS_TABLE_MEMORY,
    HS_TABLE_SITES,
    HS_TABLE_INTEGRITY,
    HS_SMALL_TABLES,
};
extern const struct hs_schema_entry hs_schema_small[HS_SMALL_TABLES];

/* What a packed file has besides: chunks, blobs. */
#define HS_SCHEMA_PACKED 2
extern const struct hs_schema_entry hs_schema_packed[HS_SCHEMA_PACKED];

/* What a plain file has besides: objects, refs and their indexes. Fill the tables first, then make the
 * indexes. */
#define HS_SCHEMA_PLAIN 6
extern const struct hs_schema_entry hs_schema_plain[HS_SCHEMA_PLAIN];

/* What the table readme says. */
#define HS_README_ROWS 4
struct hs_readme_row {
    const char *name;
    const char *value;
};
extern const struct hs_readme_row hs_readme_packed[HS_README_ROWS];
extern const struct hs_readme_row hs_readme_plain[HS_README_ROWS];

/* Runs the CREATE statements of `count` entries. */
struct hs_error *hs_schema_create(struct sqlite3 *db, const struct hs_schema_entry *entries,
                                  size_t count) HS_MUST_CHECK;

/* Compares the whole of sqlite_schema with the small tables followed by those of a packed or a plain file;
 * HS_ERROR_NOT_SNAPSHOT if it is neither. */
struct hs_error *hs_schema_check(struct sqlite3 *db, bool *ret_plain) HS_MUST_CHECK;

/* CRC-32 over rows in canonical form: of each column one byte of type and its value (SPEC.md, "integrity").
 * Start with 0. `statement` stands on a row. */
uint32_t hs_schema_row_crc(uint32_t crc, struct sqlite3_stmt *statement);

/* The same for one column. */
uint32_t hs_schema_cell_crc(uint32_t crc, const struct hs_cell *cell);

/* Rows and checksum of a table of which `sql` selects the rows in canonical order, with the rowid as the
 * first column, which must count up from `first` in steps of one and is not part of the checksum. Text must
 * be UTF-8. (Rows out of order would be the work of a forger: pages that lead in circles.) */
struct hs_error *hs_schema_table_crc(struct sqlite3 *db, const char *sql, int64_t first, uint64_t *ret_rows,
                                     uint32_t *ret_crc) HS_MUST_CHECK;

/* HS_ERROR_SQL (or HS_ERROR_CORRUPT, HS_ERROR_MEMORY, HS_ERROR_SYSTEM) with SQLite's own words for the last
 * failure on `db`. */
struct hs_error *hs_sqlite_error(struct sqlite3 *db, const char *action);

#endif
