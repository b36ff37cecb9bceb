#include "query/avoid.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdlib.h>

struct hs_error *hs_avoid_add(struct hs_avoid *avoid, uint32_t holder, uint32_t object)
{
    if (!(avoid->count & (avoid->count - 1))) {
        struct hs_avoided *grown =
            realloc(avoid->row, (avoid->count ? 2 * avoid->count : 1) * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        avoid->row = grown;
    }
    avoid->row[avoid->count++] = (struct hs_avoided){holder, object};
    return NULL;
}

void hs_avoid_deinit(struct hs_avoid *avoid)
{
    free(avoid->row);
    *avoid = (struct hs_avoid){0};
}

/* False if the column holds neither NULL nor the id of an object. */
static bool read_object(const struct hs_reader *reader, sqlite3_stmt *statement, int column, uint32_t *ret)
{
    int64_t object = sqlite3_column_int64(statement, column);
    *ret = HS_NO_OBJECT;
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return true;
    *ret = (uint32_t)object;
    return object >= 0 && object < hs_reader_objects(reader);
}

struct hs_error *hs_avoid_read(struct sqlite3 *db, const struct hs_reader *reader, struct hs_avoid *ret)
{
    *ret = (struct hs_avoid){0};
    sqlite3_stmt *statement;
    if (sqlite3_table_column_metadata(db, "temp", "chain_avoid", NULL, NULL, NULL, NULL, NULL, NULL) !=
        SQLITE_OK)
        return NULL;
    if (sqlite3_prepare_v2(db, "SELECT holder, object FROM temp.chain_avoid", -1, &statement, NULL) !=
        SQLITE_OK)
        return hs_sqlite_error(db, "read chain_avoid");
    struct hs_error *error = NULL;
    int rc;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        uint32_t holder, object;
        if (read_object(reader, statement, 0, &holder) && read_object(reader, statement, 1, &object))
            error = hs_avoid_add(ret, holder, object);
    }
    if (!error && rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "read chain_avoid");
    sqlite3_finalize(statement);
    if (error)
        hs_avoid_deinit(ret);
    return error;
}

struct hs_error *hs_avoid_write(struct sqlite3 *db, uint32_t holder, uint32_t object)
{
    char *sql = sqlite3_mprintf(
        HS_AVOID_SQL "INSERT INTO temp.chain_avoid VALUES (nullif(%lld, -1), nullif(%lld, -1))",
        holder == HS_NO_OBJECT ? -1LL : (long long)holder, object == HS_NO_OBJECT ? -1LL : (long long)object);
    if (!sql)
        return &hs_error_memory;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return rc == SQLITE_OK ? NULL : hs_sqlite_error(db, "fill chain_avoid");
}

bool hs_avoid_starts(const struct hs_avoid *avoid, uint32_t object)
{
    for (size_t i = 0; i < avoid->count; i++) {
        const struct hs_avoided *row = &avoid->row[i];
        if ((row->holder == HS_NO_OBJECT && row->object == object) ||
            (row->object == HS_NO_OBJECT && row->holder == object))
            return false;
    }
    return true;
}
