/* One SQLite connection over one or several snapshots, for SQL by users.
 *
 * Each snapshot is a schema: `main` when it is the only one, else named after its file without directory and
 * extension (made an identifier; a number is appended to a name that is taken). It holds the small tables as
 * ordinary tables and `objects` and `refs` as virtual tables over the snapshot's reader; so no schema text of
 * the file enters this connection. Afterwards the connection allows reading, and writing in `temp` only.
 */
#ifndef HS_FORMAT_SESSION_H
#define HS_FORMAT_SESSION_H

#include "format/catalog.h"
#include "format/error.h"
#include "format/reader.h"

struct hs_session;
struct sqlite3;

/* Derived columns of `objects` (in_refs, external_refs, reachable, distance, parent_id, dominator_id,
 * retained_bytes, path) come from graph algorithms, which live above this room. Whoever has them registers
 * here; without it the columns are NULL. */
enum hs_derived {
    HS_DERIVED_IN_REFS = 0,
    HS_DERIVED_EXTERNAL_REFS,
    HS_DERIVED_REACHABLE,
    HS_DERIVED_DISTANCE,
    HS_DERIVED_PARENT_ID,
    HS_DERIVED_DOMINATOR_ID,
    HS_DERIVED_RETAINED_BYTES,
    HS_DERIVED_PATH, /* text */
    HS_DERIVED_COLUMNS,
};
struct hs_derived_value {
    bool null;
    int64_t number;   /* all but PATH */
    const char *text; /* PATH: valid until the next call */
};
struct hs_derived_ops {
    /* Computes one column for one object; what is expensive is computed once and kept. `db` is the session's
     * connection: parameters that users may change (edge_cost) stand there. */
    struct hs_error *(*get)(void *context, struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                            enum hs_derived column, struct hs_derived_value *ret);
    /* Makes and frees the context of one attached snapshot. */
    struct hs_error *(*create)(struct hs_reader *reader, const char *schema, void **ret);
    void (*destroy)(void *context);
    /* The next two may be NULL. Once per connection, before any snapshot: registers SQL functions and
     * modules; they find the snapshots in `catalog` by schema (format/catalog.h), which lives as long as the
     * connection. */
    struct hs_error *(*install)(struct sqlite3 *db, struct hs_catalog *catalog);
    /* Once per snapshot, when its schema stands: declares tables of its own in it, for instance
     * CREATE VIRTUAL TABLE "schema".retaining_chain USING some_module. */
    struct hs_error *(*declare)(struct sqlite3 *db, const struct hs_catalog *catalog, size_t index);
};

/* `derived` may be NULL; it must outlive the session. Errors name the file. */
struct hs_error *hs_session_open(const char *const *paths, size_t count, const struct hs_derived_ops *derived,
                                 struct hs_session **ret) HS_MUST_CHECK;
void hs_session_close(struct hs_session *session);

struct sqlite3 *hs_session_db(struct hs_session *session);
size_t hs_session_count(const struct hs_session *session);
struct hs_reader *hs_session_reader(struct hs_session *session, size_t index);
const char *hs_session_schema(const struct hs_session *session, size_t index);
/* The context that derived->create made for that snapshot; NULL without ops. */
void *hs_session_derived(struct hs_session *session, size_t index);
struct hs_catalog *hs_session_catalog(struct hs_session *session);

#endif
