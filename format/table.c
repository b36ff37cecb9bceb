#include "format/table.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdio.h>
#include <string.h>

/* No table of the schema is wider. */
#define COLUMNS_MAX 32

struct hs_cell hs_cell_text(const char *text)
{
    if (!text)
        return hs_cell_null();
    return (struct hs_cell){.type = HS_CELL_TEXT, .data = text, .bytes = strlen(text)};
}

static struct hs_error *count_columns(struct hs_table *table)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT * FROM %s", table->name);
    struct sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(table->db, sql, -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(table->db, "look at a table");
    table->columns = sqlite3_column_count(statement);
    sqlite3_finalize(statement);
    if (table->columns > COLUMNS_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "the table %s has %d columns", table->name, table->columns);
    table->checked = table->columns - (strcmp(table->name, "blobs") == 0 ? 1 : 0);
    return NULL;
}

struct hs_error *hs_table_init(struct hs_table *table, struct sqlite3 *db, const char *name)
{
    *table = (struct hs_table){.db = db, .name = name};
    struct hs_error *error = count_columns(table);
    if (error)
        return error;
    char sql[128 + 2 * COLUMNS_MAX];
    int length = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", name);
    for (int i = 1; i < table->columns; i++, length += 2)
        memcpy(sql + length, ",?", 2);
    memcpy(sql + length, ")", 2);
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &table->insert, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "prepare a table");
    return NULL;
}

void hs_table_deinit(struct hs_table *table)
{
    sqlite3_finalize(table->insert);
    table->insert = NULL;
}

static struct hs_error *insert(struct hs_table *table)
{
    int status = sqlite3_step(table->insert);
    struct hs_error *error = status == SQLITE_DONE ? NULL : hs_sqlite_error(table->db, "write the snapshot");
    sqlite3_reset(table->insert);
    if (!error)
        table->rows++;
    return error;
}

static int bind(struct sqlite3_stmt *statement, int column, const struct hs_cell *cell)
{
    switch (cell->type) {
    case HS_CELL_INTEGER:
        return sqlite3_bind_int64(statement, column, cell->integer);
    case HS_CELL_TEXT:
        return sqlite3_bind_text64(statement, column, cell->data, cell->bytes, SQLITE_STATIC, SQLITE_UTF8);
    case HS_CELL_BLOB:
        return sqlite3_bind_blob64(statement, column, cell->data, cell->bytes, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, column);
    }
}

struct hs_error *hs_table_append(struct hs_table *table, const struct hs_cell *cells)
{
    for (int i = 0; i < table->columns; i++)
        if (bind(table->insert, i + 1, &cells[i]) != SQLITE_OK)
            return hs_sqlite_error(table->db, "write the snapshot");
    for (int i = 0; i < table->checked; i++)
        table->crc = hs_schema_cell_crc(table->crc, &cells[i]);
    return insert(table);
}

struct hs_error *hs_table_append_row(struct hs_table *table, struct sqlite3_stmt *row)
{
    for (int i = 0; i < table->columns; i++)
        if (sqlite3_bind_value(table->insert, i + 1, sqlite3_column_value(row, i)) != SQLITE_OK)
            return hs_sqlite_error(table->db, "write the snapshot");
    table->crc = hs_schema_row_crc(table->crc, row);
    return insert(table);
}

struct hs_error *hs_table_seal(const struct hs_table *table, struct hs_table *integrity)
{
    const struct hs_cell cells[] = {hs_cell_text(table->name), hs_cell_integer((int64_t)table->rows),
                                    hs_cell_integer(table->crc)};
    return hs_table_append(integrity, cells);
}
