/* Chunks of a plain file: rows of the ordinary tables objects and refs, by ranges of ids. Each reference
 * brings its label; labels are numbered as they are met.
 */
#include "format/reader_internal.h"

#include <stdlib.h>

/* A reference as a row of the table. */
struct ref_row {
    uint32_t dst;
    uint32_t slot;
    struct hs_label label; /* its name belongs to SQLite */
};

static uint64_t hash_label(const struct hs_label *label)
{
    /* FNV-1a; foreign names can only make a search long, never wrong. */
    uint64_t hash =
        0xcbf29ce484222325u ^ (uint64_t)(label->kind | (label->owning ? 16 : 0) | (label->name ? 32 : 0));
    for (uint32_t i = 0; i < label->bytes; i++)
        hash = (hash ^ (uint8_t)label->name[i]) * 0x100000001b3u;
    return hash ^ (hash >> 29);
}

static bool same_label(const struct hs_label *a, const struct hs_label *b)
{
    return a->kind == b->kind && a->owning == b->owning && !a->name == !b->name && a->bytes == b->bytes &&
           (a->bytes == 0 || memcmp(a->name, b->name, a->bytes) == 0);
}

static void index_insert(const struct hs_reader *reader, struct label_index *index, uint32_t number)
{
    uint64_t at = hash_label(&reader->labels.label[number]);
    while (index->bucket[at & (index->buckets - 1)])
        at++;
    index->bucket[at & (index->buckets - 1)] = number + 1;
}

static struct hs_error *grow_index(struct hs_reader *reader)
{
    struct label_index *index = &reader->label_index;
    if (reader->labels.count < index->buckets / 2)
        return NULL;
    if (index->buckets > UINT32_MAX / 4)
        return hs_error_create(HS_ERROR_LIMIT, "more than %u names of references", reader->labels.count);
    struct label_index larger = {.buckets = index->buckets ? index->buckets * 2 : 1024};
    larger.bucket = calloc(larger.buckets, sizeof(*larger.bucket));
    if (!larger.bucket)
        return &hs_error_memory;
    for (uint32_t i = 0; i < reader->labels.count; i++)
        index_insert(reader, &larger, i);
    free(index->bucket);
    *index = larger;
    return NULL;
}

/* The number of a label; a new one if it was not met before. */
static struct hs_error *intern_label(struct hs_reader *reader, const struct hs_label *label, uint32_t *ret)
{
    struct hs_error *error = grow_index(reader);
    if (error)
        return error;
    const struct label_index *index = &reader->label_index;
    for (uint64_t at = hash_label(label);; at++) {
        uint32_t number = index->bucket[at & (index->buckets - 1)];
        if (!number)
            break;
        if (same_label(&reader->labels.label[number - 1], label)) {
            *ret = number - 1;
            return NULL;
        }
    }
    error = hs_labels_add(&reader->labels, label, ret);
    if (!error)
        index_insert(reader, &reader->label_index, *ret);
    return error;
}

static bool kind_number(const char *name, uint8_t *ret)
{
    for (unsigned kind = 0; name && kind < HS_REF_KINDS; kind++) {
        if (strcmp(name, hs_ref_kind_name(kind)) == 0) {
            *ret = (uint8_t)kind;
            return true;
        }
    }
    return false;
}

/* A column that must be an integer from 0 to `limit`. */
static bool column_number(struct sqlite3_stmt *statement, int column, int64_t limit, int64_t *ret)
{
    *ret = sqlite3_column_int64(statement, column);
    return sqlite3_column_type(statement, column) == SQLITE_INTEGER && *ret >= 0 && *ret <= limit;
}

static bool read_object(const struct hs_reader *reader, struct sqlite3_stmt *statement,
                        struct hs_chunk *chunk, uint32_t i)
{
    int64_t id, address, type, size;
    int64_t generation = 0;
    int64_t length = 0;
    int64_t ident = 0;
    if (!column_number(statement, 0, HS_NO_OBJECT, &id) || id != (int64_t)chunk->first + i ||
        !column_number(statement, 1, INT64_MAX, &address) ||
        !column_number(statement, 2, (int64_t)reader->types - 1, &type) ||
        !column_number(statement, 3, INT64_MAX, &size) || sqlite3_column_type(statement, 4) != SQLITE_INTEGER)
        return false;
    bool untracked = sqlite3_column_type(statement, 5) == SQLITE_NULL;
    if (!untracked && !column_number(statement, 5, HS_GENERATION_PERMANENT, &generation))
        return false;
    bool has_length = sqlite3_column_type(statement, 6) != SQLITE_NULL;
    if (has_length && !column_number(statement, 6, INT64_MAX, &length))
        return false;
    bool has_ident = sqlite3_column_type(statement, 7) != SQLITE_NULL;
    if (has_ident && !column_number(statement, 7, UINT16_MAX, &ident))
        return false;
    chunk->address[i] = (uint64_t)address;
    chunk->shape[i] = (uint32_t)type;
    chunk->size[i] = (uint64_t)size;
    chunk->refcount[i] = (uint64_t)sqlite3_column_int64(statement, 4);
    chunk->generation[i] = untracked ? HS_GENERATION_UNTRACKED : (uint8_t)generation;
    chunk->length[i] = has_length ? (uint64_t)length : HS_NO_LENGTH;
    chunk->ident[i] = has_ident ? (uint16_t)ident : 0;
    return i == 0 || chunk->address[i] > chunk->address[i - 1];
}

static struct hs_error *read_objects(struct hs_reader *reader, struct hs_chunk *chunk)
{
    struct sqlite3_stmt *statement = reader->plain_objects;
    sqlite3_bind_int64(statement, 1, chunk->first);
    sqlite3_bind_int64(statement, 2, (int64_t)chunk->first + chunk->count - 1);
    struct hs_error *error = NULL;
    uint32_t i = 0;
    int status = SQLITE_DONE;
    while (!error && i < chunk->count && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!read_object(reader, statement, chunk, i++))
            error =
                hs_error_create(HS_ERROR_CORRUPT, "the row of object %u is damaged", chunk->first + i - 1);
    }
    if (!error && i < chunk->count)
        error = status == SQLITE_DONE
                    ? hs_error_create(HS_ERROR_CORRUPT, "object %u is missing", chunk->first + i)
                    : hs_sqlite_error(reader->db, "read the table objects");
    sqlite3_reset(statement);
    return error;
}

static struct hs_error *read_counts(struct hs_reader *reader, struct hs_chunk *chunk)
{
    struct sqlite3_stmt *statement = reader->plain_count;
    sqlite3_bind_int64(statement, 1, chunk->first);
    sqlite3_bind_int64(statement, 2, (int64_t)chunk->first + chunk->count - 1);
    memset(chunk->ref_start, 0, ((size_t)chunk->count + 1) * sizeof(*chunk->ref_start));
    struct hs_error *error = NULL;
    uint64_t total = 0;
    int status = SQLITE_DONE;
    while (!error && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t src = sqlite3_column_int64(statement, 0);
        if (src < chunk->first || src - chunk->first >= chunk->count || ++total >= UINT32_MAX)
            error = hs_error_create(HS_ERROR_CORRUPT, "a reference of object %lld where it cannot be",
                                    (long long)src);
        else
            chunk->ref_start[src - chunk->first + 1]++;
    }
    if (!error && status != SQLITE_DONE)
        error = hs_sqlite_error(reader->db, "read the table refs");
    sqlite3_reset(statement);
    for (uint32_t i = 0; i < chunk->count && !error; i++)
        chunk->ref_start[i + 1] += chunk->ref_start[i];
    return error;
}

struct hs_error *hs_reader_plain_objects(struct hs_reader *reader, struct entry *entry)
{
    struct hs_error *error =
        hs_reader_prepare(reader,
                          "SELECT id, address, type_id, shallow_bytes, refcount, generation, length, ident "
                          "FROM objects WHERE id BETWEEN ? AND ? ORDER BY id",
                          &reader->plain_objects);
    if (!error)
        error = hs_reader_prepare(reader, "SELECT src FROM refs WHERE src BETWEEN ? AND ? ORDER BY src",
                                  &reader->plain_count);
    if (!error)
        error = hs_entry_reserve_objects(entry, entry->chunk.count);
    if (!error)
        error = read_objects(reader, &entry->chunk);
    return error ? error : read_counts(reader, &entry->chunk);
}

static bool read_ref(const struct hs_reader *reader, struct sqlite3_stmt *statement, struct ref_row *ret)
{
    int64_t dst, slot, owning;
    *ret = (struct ref_row){.slot = HS_NO_LABEL};
    if (!column_number(statement, 1, (int64_t)reader->objects - 1, &dst) ||
        !kind_number((const char *)sqlite3_column_text(statement, 2), &ret->label.kind) ||
        !column_number(statement, 5, 1, &owning))
        return false;
    if (sqlite3_column_type(statement, 4) != SQLITE_NULL) {
        if (!column_number(statement, 4, HS_NO_LABEL - 1, &slot))
            return false;
        ret->slot = (uint32_t)slot;
    }
    ret->dst = (uint32_t)dst;
    ret->label.owning = owning != 0;
    ret->label.name = (char *)(uintptr_t)sqlite3_column_text(statement, 3);
    ret->label.bytes = (uint32_t)sqlite3_column_bytes(statement, 3);
    return true;
}

static struct hs_error *read_refs(struct hs_reader *reader, struct entry *entry)
{
    struct sqlite3_stmt *statement = reader->plain_refs;
    struct hs_chunk *chunk = &entry->chunk;
    uint32_t refs = chunk->ref_start[chunk->count];
    sqlite3_bind_int64(statement, 1, chunk->first);
    sqlite3_bind_int64(statement, 2, (int64_t)chunk->first + chunk->count - 1);
    struct hs_error *error = NULL;
    uint32_t object = 0;
    uint32_t i = 0;
    int status = SQLITE_DONE;
    while (!error && i < refs && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        while (chunk->ref_start[object + 1] <= i)
            object++;
        struct ref_row row;
        if (sqlite3_column_int64(statement, 0) != (int64_t)chunk->first + object ||
            !read_ref(reader, statement, &row)) {
            error = hs_error_create(HS_ERROR_CORRUPT, "a reference of object %u is damaged",
                                    chunk->first + object);
        } else {
            chunk->dst[i] = row.dst;
            entry->slot[i] = row.slot;
            error = intern_label(reader, &row.label, &chunk->label[i++]);
        }
    }
    if (!error && i < refs)
        error = status == SQLITE_DONE ? hs_error_create(HS_ERROR_CORRUPT, "the table refs has lost rows")
                                      : hs_sqlite_error(reader->db, "read the table refs");
    sqlite3_reset(statement);
    return error;
}

struct hs_error *hs_reader_plain_refs(struct hs_reader *reader, struct entry *entry)
{
    struct hs_error *error = hs_reader_prepare(
        reader,
        "SELECT src, dst, kind, name, slot, owning FROM refs WHERE src BETWEEN ? AND ? ORDER BY src, rowid",
        &reader->plain_refs);
    if (error)
        return error;
    struct hs_chunk *chunk = &entry->chunk;
    size_t refs = chunk->ref_start[chunk->count];
    size_t memory = (3 * refs + 1) * sizeof(uint32_t);
    entry->refs_memory = malloc(memory);
    if (!entry->refs_memory)
        return &hs_error_memory;
    entry->bytes += memory;
    chunk->dst = entry->refs_memory;
    chunk->label = chunk->dst + refs;
    entry->slot = chunk->label + refs;
    return read_refs(reader, entry);
}

struct hs_error *hs_reader_plain_find_address(struct hs_reader *reader, uint64_t address, uint32_t *ret)
{
    struct hs_error *error =
        hs_reader_prepare(reader, "SELECT id FROM objects WHERE address = ?", &reader->plain_address);
    if (error || address > INT64_MAX)
        return hs_error_prefix(error, "%s", reader->path);
    struct sqlite3_stmt *statement = reader->plain_address;
    sqlite3_bind_int64(statement, 1, (int64_t)address);
    int status = sqlite3_step(statement);
    int64_t id;
    if (status == SQLITE_ROW && column_number(statement, 0, (int64_t)reader->objects - 1, &id))
        *ret = (uint32_t)id;
    else if (status != SQLITE_DONE)
        error = hs_error_prefix(hs_sqlite_error(reader->db, "read the table objects"), "%s", reader->path);
    sqlite3_reset(statement);
    return error;
}

struct hs_error *hs_reader_plain_site(struct hs_reader *reader, uint32_t object, const char **ret)
{
    struct hs_error *error =
        hs_reader_prepare(reader, "SELECT allocated_at FROM objects WHERE id = ?", &reader->plain_site);
    if (error)
        return hs_error_prefix(error, "%s", reader->path);
    /* The text stays SQLite's until the statement is used again: the next call. */
    sqlite3_reset(reader->plain_site);
    sqlite3_bind_int64(reader->plain_site, 1, object);
    int status = sqlite3_step(reader->plain_site);
    if (status == SQLITE_ROW)
        *ret = (const char *)sqlite3_column_text(reader->plain_site, 0);
    else if (status == SQLITE_DONE)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: object %u is missing", reader->path, object);
    else
        error = hs_error_prefix(hs_sqlite_error(reader->db, "read the table objects"), "%s", reader->path);
    return error;
}

struct hs_error *hs_reader_plain_value(struct hs_reader *reader, uint32_t object, const char **ret,
                                       size_t *ret_bytes)
{
    struct hs_error *error =
        hs_reader_prepare(reader, "SELECT value FROM objects WHERE id = ?", &reader->plain_value);
    if (error)
        return hs_error_prefix(error, "%s", reader->path);
    struct sqlite3_stmt *statement = reader->plain_value;
    /* The text stays SQLite's until the statement is used again: the next call. */
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, object);
    int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        *ret = (const char *)sqlite3_column_text(statement, 0);
        *ret_bytes = (size_t)sqlite3_column_bytes(statement, 0);
        return NULL;
    }
    if (status == SQLITE_DONE)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: object %u is missing", reader->path, object);
    return hs_error_prefix(hs_sqlite_error(reader->db, "read the table objects"), "%s", reader->path);
}
