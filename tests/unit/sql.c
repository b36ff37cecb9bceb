#include "tests/unit/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void append_row(sqlite3_str *out, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
        const char *text = (const char *)sqlite3_column_text(statement, i);
        sqlite3_str_appendf(out, "%s%s", i ? "|" : "", text ? text : "NULL");
    }
    sqlite3_str_appendchar(out, 1, '\n');
}

static char *finish(sqlite3_str *out)
{
    char *text = sqlite3_str_finish(out);
    char *copy = strdup(text ? text : "");
    sqlite3_free(text);
    assert_non_null(copy);
    return copy;
}

char *sql_rows(sqlite3 *db, const char *sql)
{
    sqlite3_str *out = sqlite3_str_new(NULL);
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    while (!status && sqlite3_step(statement) == SQLITE_ROW)
        append_row(out, statement);
    if (status || sqlite3_reset(statement)) {
        sqlite3_str_reset(out);
        sqlite3_str_appendf(out, "ERROR: %s", sqlite3_errmsg(db));
    }
    sqlite3_finalize(statement);
    return finish(out);
}

char *sql_rowsf(sqlite3 *db, const char *format, ...)
{
    char *sql;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&sql, format, args);
    va_end(args);
    assert_true(length >= 0);
    char *rows = sql_rows(db, sql);
    free(sql);
    return rows;
}

int64_t sql_number(sqlite3 *db, const char *sql)
{
    char *rows = sql_rows(db, sql), *end;
    long long number = strtoll(rows, &end, 10);
    if (end == rows || strcmp(end, "\n"))
        fail_msg("%s gives %s", sql, rows);
    free(rows);
    return number;
}

void sql_expect(sqlite3 *db, const char *sql, const char *expected)
{
    char *rows = sql_rows(db, sql);
    if (strcmp(rows, expected))
        fail_msg("%s gives\n%sand not\n%s", sql, rows, expected);
    free(rows);
}

void sql_expect_error(sqlite3 *db, const char *sql, const char *part)
{
    char *rows = sql_rows(db, sql);
    if (strncmp(rows, "ERROR: ", 7) || !strstr(rows, part))
        fail_msg("%s gives %s and not an error with \"%s\"", sql, rows, part);
    free(rows);
}

void sql_expect_plan(sqlite3 *db, const char *sql, const char *part)
{
    char *plan = sql_rowsf(db, "EXPLAIN QUERY PLAN %s", sql);
    bool unwanted = part[0] == '!';
    if (!strncmp(plan, "ERROR", 5) || !strstr(plan, part + unwanted) == !unwanted)
        fail_msg("the plan of %s is\n%s", sql, plan);
    free(plan);
}
