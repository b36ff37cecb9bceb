/* Running SQL in tests. */
#ifndef HS_TESTS_UNIT_SQL_H
#define HS_TESTS_UNIT_SQL_H

#include "format/sqlite.h"

#include <stdbool.h>
#include <stdint.h>

/* The rows of a statement as text, "a|b\nc|d\n", NULLs as "NULL"; an error as "ERROR: message". The caller
 * frees it. */
char *sql_rows(sqlite3 *db, const char *sql);
/* As sql_rows(), of a printf format. */
char *sql_rowsf(sqlite3 *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The single number that a statement gives; the test fails if it gives something else. */
int64_t sql_number(sqlite3 *db, const char *sql);
/* Fails the test unless the rows are `expected`. */
void sql_expect(sqlite3 *db, const char *sql, const char *expected);
/* Fails the test unless the statement fails with a message that contains `part`. */
void sql_expect_error(sqlite3 *db, const char *sql, const char *part);
/* Fails the test unless the plan of the statement contains `part`, or if `part` starts with "!", if it
 * contains the rest. */
void sql_expect_plan(sqlite3 *db, const char *sql, const char *part);

#endif
