/* What a connection may still do once its snapshots are attached: read everything, write in temp. */
#ifndef HS_FORMAT_LOCKDOWN_H
#define HS_FORMAT_LOCKDOWN_H

#include "format/error.h"

struct hs_catalog;
struct sqlite3;

/* Forbids for good: writing outside of temp, ATTACH and DETACH, VACUUM (INTO), extensions, PRAGMAs that
 * change something, virtual tables of the user's own; statements beyond bounds on length and depth. */
struct hs_error *hs_lockdown(struct sqlite3 *db, const struct hs_catalog *catalog) HS_MUST_CHECK;

/* Runs statements of a user's on a connection of our own. They may read what is there, and change the rows of
 * `table` alone; the connection is free again afterwards. Errors say "the statements about SUBJECT". */
struct hs_error *hs_lockdown_change(struct sqlite3 *db, const char *table, const char *subject,
                                    const char *sql) HS_MUST_CHECK;

#endif
