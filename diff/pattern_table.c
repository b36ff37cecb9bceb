#include "diff/pattern_table.h"

#include "format/lockdown.h"
#include "format/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* Rows that are read back at most: a suspect is compared with each. */
#define ROWS_MAX 10000

enum { COLUMNS = 8 };

/* In the order of the columns. */
static const char **column(struct hs_pattern *row, int number)
{
    const char **columns[COLUMNS] = {&row->name,   &row->advice, &row->kind,  &row->type,
                                     &row->holder, &row->by,     &row->inner, &row->step};
    return columns[number];
}

void hs_pattern_table_deinit(struct hs_pattern_table *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        for (int j = 0; j < COLUMNS; j++)
            free((char *)*column(&patterns->row[i], j));
    free(patterns->row);
    *patterns = (struct hs_pattern_table){0};
}

const struct hs_pattern *hs_pattern_table_find(const struct hs_pattern_table *patterns,
                                               const struct hs_suspect *suspect)
{
    return patterns->changed ? hs_pattern_find(patterns->row, patterns->count, suspect)
                             : hs_pattern_find(hs_patterns, hs_patterns_count, suspect);
}

static struct hs_error *trouble(sqlite3 *db, const char *file)
{
    if (sqlite3_errcode(db) == SQLITE_NOMEM)
        return &hs_error_memory;
    return hs_error_create(HS_ERROR_USAGE, "%s: the statements about patterns: %s", file, sqlite3_errmsg(db));
}

static bool fill(sqlite3 *db)
{
    static const char table[] =
        "CREATE TABLE known_pattern (name TEXT NOT NULL, advice TEXT NOT NULL, kind TEXT, type TEXT, "
        "holder TEXT, \"by\" TEXT, inner TEXT, step TEXT)";
    sqlite3_stmt *insert = NULL;
    int status = sqlite3_exec(db, table, NULL, NULL, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_prepare_v2(db, "INSERT INTO known_pattern VALUES (?, ?, ?, ?, ?, ?, ?, ?)", -1,
                                    &insert, NULL);
    for (size_t i = 0; status == SQLITE_OK && i < hs_patterns_count; i++) {
        struct hs_pattern row = hs_patterns[i];
        for (int j = 0; j < COLUMNS && status == SQLITE_OK; j++)
            status = sqlite3_bind_text(insert, j + 1, *column(&row, j), -1, SQLITE_STATIC);
        if (status == SQLITE_OK && sqlite3_step(insert) == SQLITE_DONE)
            status = sqlite3_reset(insert);
        else
            status = SQLITE_ERROR;
    }
    sqlite3_finalize(insert);
    return status == SQLITE_OK;
}

/* The row that a statement stands at. False when out of memory: the row is still counted, so that it is
 * freed. */
static bool add_row(struct hs_pattern_table *patterns, sqlite3_stmt *statement)
{
    struct hs_pattern *larger = realloc(patterns->row, (patterns->count + 1) * sizeof(*larger));
    if (!larger)
        return false;
    patterns->row = larger;
    struct hs_pattern *row = &larger[patterns->count++];
    *row = (struct hs_pattern){0};
    for (int j = 0; j < COLUMNS; j++) {
        const char *text = (const char *)sqlite3_column_text(statement, j);
        if (sqlite3_column_type(statement, j) != SQLITE_NULL &&
            !(*column(row, j) = text ? strdup(text) : NULL))
            return false;
    }
    return true;
}

static struct hs_error *read_back(struct hs_pattern_table *patterns, sqlite3 *db, const char *file)
{
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = NULL;
    int status = sqlite3_prepare_v2(db, "SELECT * FROM known_pattern ORDER BY rowid", -1, &statement, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    for (; !error && status == SQLITE_ROW; status = sqlite3_step(statement)) {
        if (patterns->count == ROWS_MAX)
            error = hs_error_create(HS_ERROR_LIMIT, "%s: more than %d patterns", file, ROWS_MAX);
        else if (!add_row(patterns, statement))
            error = &hs_error_memory;
    }
    if (!error && status != SQLITE_DONE)
        error = trouble(db, file);
    sqlite3_finalize(statement);
    return error;
}

struct hs_error *hs_pattern_table_change(struct hs_pattern_table *patterns, const char *file, const char *sql)
{
    sqlite3 *db = NULL;
    struct hs_error *error = NULL;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK || !fill(db))
        error = &hs_error_memory;
    if (!error)
        error = hs_error_prefix(hs_lockdown_change(db, "known_pattern", "patterns", sql), "%s", file);
    if (!error) {
        patterns->changed = true;
        error = read_back(patterns, db, file);
    }
    sqlite3_close(db);
    return error;
}
