/* What a connection may still do once its snapshots are attached: read everything, write in temp. */
#ifndef HS_FORMAT_LOCKDOWN_H
#define HS_FORMAT_LOCKDOWN_H

#include "format/error.h"

struct hs_catalog;
struct sqlite3;

/* Forbids for good: writing outside of temp, ATTACH and DETACH, VACUUM (INTO), extensions, PRAGMAs that
 * change something, virtual tables of the user's own; statements beyond bounds on length and depth. */
struct hs_error *hs_lockdown(struct sqlite3 *db, const struct hs_catalog *catalog) HS_MUST_CHECK;

#endif
