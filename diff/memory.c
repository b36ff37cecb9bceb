#include "diff/memory.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

void hs_memory_deinit(struct hs_memory *memory)
{
    hs_names_deinit(&memory->names);
    free(memory->bytes);
    *memory = (struct hs_memory){0};
}

static struct hs_error *add(struct hs_memory *memory, const char *name, size_t snapshot, int64_t bytes)
{
    uint32_t number, known = memory->names.count;
    struct hs_error *error = hs_names_add(&memory->names, name, (uint32_t)strlen(name), &number);
    if (error)
        return error;
    if (number == known) {
        size_t values = ((size_t)number + 1) * memory->snapshots;
        int64_t *larger = realloc(memory->bytes, values * sizeof(*larger));
        if (!larger)
            return &hs_error_memory;
        memory->bytes = larger;
        for (size_t i = values - memory->snapshots; i < values; i++)
            larger[i] = HS_MEMORY_UNKNOWN;
    }
    memory->bytes[number * memory->snapshots + snapshot] = bytes;
    return NULL;
}

static struct hs_error *read_one(struct hs_memory *memory, struct hs_reader *reader, size_t snapshot)
{
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = NULL;
    int status = sqlite3_prepare_v2(db, "SELECT name, bytes FROM memory", -1, &statement, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    for (; !error && status == SQLITE_ROW; status = sqlite3_step(statement)) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        error = name ? add(memory, name, snapshot, sqlite3_column_int64(statement, 1)) : &hs_error_memory;
    }
    if (!error && status != SQLITE_DONE)
        error = hs_error_create(HS_ERROR_SQL, "%s: cannot read the table memory: %s", hs_reader_path(reader),
                                sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return error;
}

struct hs_error *hs_memory_read(const struct hs_loaded *loaded, size_t count, struct hs_memory *ret)
{
    *ret = (struct hs_memory){.snapshots = count, .complete = true};
    struct hs_error *error = NULL;
    for (size_t i = 0; !error && i < count; i++) {
        const char *complete = hs_reader_fact(loaded[i].reader, "malloc_complete");
        ret->complete &= !complete || strcmp(complete, "0") != 0;
        error = read_one(ret, loaded[i].reader, i);
    }
    if (error)
        hs_memory_deinit(ret);
    return error;
}

int64_t hs_memory_get(const struct hs_memory *memory, const char *name, size_t snapshot)
{
    for (uint32_t i = 0; i < memory->names.count; i++)
        if (!strcmp(memory->names.text[i], name))
            return memory->bytes[i * memory->snapshots + snapshot];
    return HS_MEMORY_UNKNOWN;
}
