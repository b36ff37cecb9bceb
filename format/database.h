/* Opening a stranger's SQLite file to read it, by SQLite's own list of precautions
 * (sqlite.org/security.html). */
#ifndef HS_FORMAT_DATABASE_H
#define HS_FORMAT_DATABASE_H

#include "format/error.h"

#include <stdbool.h>

struct sqlite3;

/* Checks the header (kind of file, version, length), opens it read-only and immutable, compares the schema.
 * Errors name the file. Close with sqlite3_close(). `ret_plain`: which of the two schemas it has. */
struct hs_error *hs_database_open(const char *path, struct sqlite3 **ret, bool *ret_plain) HS_MUST_CHECK;

#endif
