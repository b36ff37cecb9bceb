/* Appending rows to a table of a snapshot while its checksum is kept (schema.h: the canonical form). */
#ifndef HS_FORMAT_TABLE_H
#define HS_FORMAT_TABLE_H

#include "format/error.h"

#include <stddef.h>

struct sqlite3;
struct sqlite3_stmt;

enum hs_cell_type { HS_CELL_NULL, HS_CELL_INTEGER, HS_CELL_TEXT, HS_CELL_BLOB };

struct hs_cell {
    enum hs_cell_type type;
    int64_t integer;
    const void *data; /* text (valid UTF-8) or blob; must live until the row is appended */
    size_t bytes;
};

static inline struct hs_cell hs_cell_integer(int64_t integer)
{
    return (struct hs_cell){.type = HS_CELL_INTEGER, .integer = integer};
}

static inline struct hs_cell hs_cell_null(void)
{
    return (struct hs_cell){.type = HS_CELL_NULL};
}

/* NULL becomes an SQL NULL. */
struct hs_cell hs_cell_text(const char *text);

struct hs_table {
    struct sqlite3 *db;
    struct sqlite3_stmt *insert;
    const char *name; /* not owned */
    int columns;
    int checked; /* how many of the columns the checksum covers: all but the data of blobs */
    uint64_t rows;
    uint32_t crc;
};

/* `name`: one of the tables of schema.h, which exists and is empty; must outlive the table. Deinit finalizes
 * the statement; it is fine for an all-zero table. */
struct hs_error *hs_table_init(struct hs_table *table, struct sqlite3 *db, const char *name) HS_MUST_CHECK;
void hs_table_deinit(struct hs_table *table);

/* Appends a row of `cells`, one for each column. */
struct hs_error *hs_table_append(struct hs_table *table, const struct hs_cell *cells) HS_MUST_CHECK;
/* Appends the row on which `row` stands, which has as many columns. */
struct hs_error *hs_table_append_row(struct hs_table *table, struct sqlite3_stmt *row) HS_MUST_CHECK;

/* Appends the table's name, rows and checksum to the table `integrity`. */
struct hs_error *hs_table_seal(const struct hs_table *table, struct hs_table *integrity) HS_MUST_CHECK;

#endif
