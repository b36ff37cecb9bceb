/* SQLite's interface. Include this instead of <sqlite3.h>.
 *
 * The same sources are linked into the tools, against libsqlite3, and into heapsnap.so, where every call goes
 * through the table of functions that the host hands to the extension: two copies of SQLite in one process
 * would break each other's file locks.
 *
 * query/extension.c, which defines the variable behind that table, defines HS_SQLITE_EXTENSION_ENTRY first.
 */
#ifndef HS_FORMAT_SQLITE_H
#define HS_FORMAT_SQLITE_H

#ifdef HS_SQLITE_EXTENSION
#include <sqlite3ext.h>
#ifdef HS_SQLITE_EXTENSION_ENTRY
SQLITE_EXTENSION_INIT1
#else
SQLITE_EXTENSION_INIT3
#endif
#else
#include <sqlite3.h>
#endif

#endif
