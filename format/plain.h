/* Writes the plain form of a snapshot: ordinary tables and indexes for any SQLite, with the same names,
 * columns and rows. */
#ifndef HS_FORMAT_PLAIN_H
#define HS_FORMAT_PLAIN_H

#include "format/session.h"
#include "format/writer.h"

/* Writes snapshot number `index` of the session to `path`, derived columns included (but for path; NULL if
 * the session has none). The file appears complete and synced, or not at all; `options` as for
 * hs_writer_create(), the level is of no use here. `ret_bytes`: its size, may be NULL. Errors name the file.
 */
struct hs_error *hs_plain_write(struct hs_session *session, size_t index, const char *path,
                                const struct hs_writer_options *options, uint64_t *ret_bytes) HS_MUST_CHECK;

#endif
