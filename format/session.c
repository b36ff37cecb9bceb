#include "format/session.h"

#include "format/lockdown.h"
#include "format/schema.h"
#include "format/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hs_session {
    sqlite3 *db;
    struct hs_catalog *catalog; /* the connection's */
};

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether SQL takes the name for a schema's without quotes: not if it is a keyword like `order`. */
static bool needs_no_quotes(sqlite3 *db, const char *name)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT %s.x FROM (SELECT 1 AS x) AS %s", name, name);
    bool fine = sql && !sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return fine;
}

static bool is_taken(const struct hs_session *session, const char *name)
{
    return !sqlite3_stricmp(name, "main") || !sqlite3_stricmp(name, "temp") ||
           hs_catalog_find(session->catalog, name) < hs_catalog_count(session->catalog);
}

/* "dir/rep-1.db" -> rep_1. malloc'ed; NULL without memory. */
static char *schema_name(const struct hs_session *session, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t bytes = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    /* Room for a leading and a trailing underscore and a number. */
    char *schema = malloc(bytes + 16);
    if (!schema)
        return NULL;
    size_t at = 0;
    if (!bytes || (name[0] >= '0' && name[0] <= '9'))
        schema[at++] = '_';
    for (size_t i = 0; i < bytes; i++)
        schema[at++] = is_word(name[i]) ? name[i] : '_';
    schema[at] = '\0';
    if (!needs_no_quotes(session->db, schema))
        strcpy(schema + at++, "_");
    for (unsigned number = 2; is_taken(session, schema); number++)
        snprintf(schema + at, 12, "%u", number);
    return schema;
}

static struct hs_error *attach_one(struct hs_session *session, const char *path, bool alone)
{
    if (alone)
        return hs_catalog_attach(session->catalog, path, "main");
    char *schema = schema_name(session, path);
    struct hs_error *error = schema ? hs_catalog_attach(session->catalog, path, schema) : &hs_error_memory;
    free(schema);
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
    return error ? error : hs_lockdown(session->db);
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
