#include "format/session.h"

#include "format/lockdown.h"
#include "format/schema.h"
#include "format/sqlite.h"

#include <stdlib.h>

struct hs_session {
    sqlite3 *db;
    struct hs_catalog *catalog; /* the connection's */
};

static struct hs_error *attach_one(struct hs_session *session, const char *path, bool alone)
{
    if (alone)
        return hs_catalog_attach(session->catalog, path, "main");
    char *schema = hs_catalog_schema_name(session->catalog, path);
    struct hs_error *error = schema ? hs_catalog_attach(session->catalog, path, schema) : &hs_error_memory;
    sqlite3_free(schema);
    return error;
}

static struct hs_error *session_init(struct hs_session *session, const char *const *paths, size_t count,
                                     const struct hs_derived_ops *derived)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(":memory:", &session->db, flags, NULL))
        return hs_sqlite_error(session->db, "open a connection");
    /* Sorts and temporary tables hold what snapshots hold, and that does not belong into /tmp. */
    if (sqlite3_exec(session->db, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL))
        return hs_sqlite_error(session->db, "configure the connection");
    int room = sqlite3_limit(session->db, SQLITE_LIMIT_ATTACHED, -1);
    if (count > 1 && count > (size_t)room)
        return hs_error_create(
            HS_ERROR_LIMIT,
            "%zu snapshots are too many for one query: SQLite attaches at most %d; name fewer files", count,
            room);
    struct hs_error *error = hs_catalog_create(session->db, derived, &session->catalog);
    for (size_t i = 0; i < count && !error; i++)
        error = attach_one(session, paths[i], count == 1);
    return error ? error : hs_lockdown(session->db, session->catalog);
}

struct hs_error *hs_session_open(const char *const *paths, size_t count, const struct hs_derived_ops *derived,
                                 struct hs_session **ret)
{
    struct hs_session *session = calloc(1, sizeof(*session));
    if (!session)
        return &hs_error_memory;
    struct hs_error *error = session_init(session, paths, count, derived);
    if (error) {
        hs_session_close(session);
        return error;
    }
    *ret = session;
    return NULL;
}

void hs_session_close(struct hs_session *session)
{
    if (!session)
        return;
    /* The snapshots go with the connection; a statement that somebody forgot to finalize keeps both until
     * then. */
    sqlite3_close_v2(session->db);
    free(session);
}

sqlite3 *hs_session_db(struct hs_session *session)
{
    return session->db;
}

size_t hs_session_count(const struct hs_session *session)
{
    return hs_catalog_count(session->catalog);
}

struct hs_reader *hs_session_reader(struct hs_session *session, size_t index)
{
    return hs_catalog_reader(session->catalog, index);
}

const char *hs_session_schema(const struct hs_session *session, size_t index)
{
    return hs_catalog_schema(session->catalog, index);
}

void *hs_session_derived(struct hs_session *session, size_t index)
{
    return hs_catalog_derived(session->catalog, index);
}

struct hs_catalog *hs_session_catalog(struct hs_session *session)
{
    return session->catalog;
}
