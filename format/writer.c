/* The file is an SQLite database written in one transaction without a journal into a temporary file: if
 * anything fails, the file is thrown away as a whole. Memory: one chunk and its encodings, the tables of
 * labels, shapes and types, and SQLite's cache.
 */
#include "format/writer.h"

#include "format/blob.h"
#include "format/codec.h"
#include "format/column.h"
#include "format/publish.h"
#include "format/schema.h"
#include "format/sqlite.h"
#include "format/table.h"
#include "format/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* On heaps of a million objects 8 % smaller than level 1 for 0.1 s more; beyond it little is gained. */
#define DEFAULT_LEVEL 5

struct fact {
    char *name;
    char *text; /* NULL: number counts */
    int64_t number;
};

struct written_type {
    struct hs_type type;
    uint64_t implied_refs; /* from instances to the type, if it has an object */
};

struct hs_writer {
    struct hs_publish *publish;
    struct sqlite3 *db;
    struct hs_table small[HS_SMALL_TABLES];
    struct hs_table chunks;
    struct hs_table blobs;

    struct hs_labels labels;
    struct hs_shapes shapes;
    struct written_type *type;
    uint32_t types;
    uint32_t types_capacity;
    struct fact *fact;
    size_t facts;
    size_t facts_capacity;

    struct hs_codec *codec;
    struct hs_deflater *deflater;
    struct hs_buffer objects_part;
    struct hs_buffer refs_part;
    struct hs_buffer packed;

    /* The last chunk: its row is written when its values are complete. */
    bool pending;
    struct hs_cell row[10];
    uint32_t pending_first;
    uint32_t pending_count;
    uint32_t next_value; /* lowest object that may get a value now */
    uint32_t values;
    struct hs_buffer value_objects;
    struct hs_buffer value_lengths;
    struct hs_buffer value_text;

    uint64_t objects;
    uint64_t tracked;
    uint64_t refs;
    uint64_t shallow_bytes;
    uint64_t last_address;
    uint32_t highest_object; /* that anything refers to */
    bool refers;
    uint64_t next_blob;
    uint64_t highest_site; /* that an object was allocated at, counted from 1; 0 if of none is known */
};

/* Columns of a row of the table chunks. */
enum {
    CHUNK_ID,
    CHUNK_FIRST_OBJECT,
    CHUNK_OBJECTS,
    CHUNK_REFS,
    CHUNK_FIRST_ADDRESS,
    CHUNK_LAST_ADDRESS,
    CHUNK_OBJECTS_BLOB,
    CHUNK_REFS_BLOB,
    CHUNK_VALUES_BLOB,
    CHUNK_SITES_BLOB,
};

static struct hs_error *with_path(const struct hs_writer *writer, struct hs_error *error)
{
    return hs_error_prefix(error, "%s", hs_publish_path(writer->publish));
}

static struct hs_error *open_database(struct hs_writer *writer)
{
    /* No locks: the name is ours alone, and closing our own descriptor of the file would drop them anyhow. */
    int status =
        sqlite3_open_v2(hs_publish_temporary(writer->publish), &writer->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, "unix-none");
    if (status != SQLITE_OK)
        return hs_sqlite_error(writer->db, "open the file");
    /* Small pages: half of the last one of each blob stays empty. */
    char setup[256];
    snprintf(
        setup, sizeof(setup),
        "PRAGMA page_size=2048; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-4096;"
        "PRAGMA temp_store=MEMORY; PRAGMA application_id=%d; PRAGMA user_version=%d; BEGIN",
        HS_APPLICATION_ID, HS_FORMAT_VERSION);
    if (sqlite3_exec(writer->db, setup, NULL, NULL, NULL) != SQLITE_OK)
        return hs_sqlite_error(writer->db, "set up the file");
    return NULL;
}

static struct hs_error *create_tables(struct hs_writer *writer)
{
    struct hs_error *error = hs_schema_create(writer->db, hs_schema_small, HS_SMALL_TABLES);
    if (!error)
        error = hs_schema_create(writer->db, hs_schema_packed, HS_SCHEMA_PACKED);
    for (int i = 0; i < HS_SMALL_TABLES && !error; i++)
        error = hs_table_init(&writer->small[i], writer->db, hs_schema_small[i].name);
    if (!error)
        error = hs_table_init(&writer->chunks, writer->db, "chunks");
    if (!error)
        error = hs_table_init(&writer->blobs, writer->db, "blobs");
    return error;
}

static struct hs_error *writer_init(struct hs_writer *writer, const struct hs_writer_options *options)
{
    struct hs_error *error = NULL;
    if (geteuid() == 0 && (options->owner_uid != (uid_t)-1 || options->owner_gid != (gid_t)-1))
        error = hs_publish_set_owner(writer->publish, options->owner_uid, options->owner_gid);
    if (!error)
        error = hs_codec_create(&writer->codec);
    if (!error)
        error = hs_deflater_create(options->level ? options->level : DEFAULT_LEVEL, &writer->deflater);
    if (error)
        return error;
    error = open_database(writer);
    if (!error)
        error = create_tables(writer);
    return with_path(writer, error);
}

struct hs_error *hs_writer_create(const char *path, const struct hs_writer_options *options,
                                  struct hs_writer **ret)
{
    struct hs_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return &hs_error_memory;
    struct hs_error *error = hs_publish_create(path, options->overwrite, &writer->publish);
    if (!error)
        error = writer_init(writer, options);
    if (error) {
        hs_writer_destroy(writer);
        return error;
    }
    *ret = writer;
    return NULL;
}

static void close_database(struct hs_writer *writer)
{
    for (int i = 0; i < HS_SMALL_TABLES; i++)
        hs_table_deinit(&writer->small[i]);
    hs_table_deinit(&writer->chunks);
    hs_table_deinit(&writer->blobs);
    sqlite3_close(writer->db);
    writer->db = NULL;
}

static void type_deinit(struct hs_type *type)
{
    free(type->name);
    free(type->module);
    free(type->qualname);
}

void hs_writer_destroy(struct hs_writer *writer)
{
    if (!writer)
        return;
    close_database(writer);
    hs_publish_destroy(writer->publish);
    hs_labels_deinit(&writer->labels);
    hs_shapes_deinit(&writer->shapes);
    for (uint32_t i = 0; i < writer->types; i++)
        type_deinit(&writer->type[i].type);
    free(writer->type);
    for (size_t i = 0; i < writer->facts; i++) {
        free(writer->fact[i].name);
        free(writer->fact[i].text);
    }
    free(writer->fact);
    hs_codec_destroy(writer->codec);
    hs_deflater_destroy(writer->deflater);
    hs_buffer_deinit(&writer->objects_part);
    hs_buffer_deinit(&writer->refs_part);
    hs_buffer_deinit(&writer->packed);
    hs_buffer_deinit(&writer->value_objects);
    hs_buffer_deinit(&writer->value_lengths);
    hs_buffer_deinit(&writer->value_text);
    free(writer);
}

struct hs_error *hs_writer_add_label(struct hs_writer *writer, const struct hs_label *label, uint32_t *ret)
{
    return hs_labels_add(&writer->labels, label, ret);
}

struct hs_error *hs_writer_add_shape(struct hs_writer *writer, const struct hs_shape *shape, uint32_t *ret)
{
    return hs_shapes_add(&writer->shapes, &writer->labels, shape, ret);
}

/* Doubles an array that is full. */
static struct hs_error *grow(void **array, size_t count, size_t *capacity, size_t item)
{
    if (count < *capacity)
        return NULL;
    size_t larger = *capacity ? *capacity * 2 : 32;
    void *grown = realloc(*array, larger * item);
    if (!grown)
        return &hs_error_memory;
    *array = grown;
    *capacity = larger;
    return NULL;
}

struct hs_error *hs_writer_add_type(struct hs_writer *writer, const struct hs_type *type, uint32_t *ret)
{
    size_t capacity = writer->types_capacity;
    if (writer->types == UINT32_MAX / 2)
        return hs_error_create(HS_ERROR_LIMIT, "more than %u types", writer->types);
    struct hs_error *error = grow((void **)&writer->type, writer->types, &capacity, sizeof(*writer->type));
    if (error)
        return error;
    writer->types_capacity = (uint32_t)capacity;
    struct hs_type copy = {.object = type->object, .opaque = type->opaque};
    error = hs_utf8_copy(type->name ? type->name : "?", &copy.name);
    if (!error)
        error = hs_utf8_copy(type->module, &copy.module);
    if (!error)
        error = hs_utf8_copy(type->qualname ? type->qualname : copy.name, &copy.qualname);
    if (error) {
        type_deinit(&copy);
        return error;
    }
    *ret = writer->types;
    writer->type[writer->types++] = (struct written_type){.type = copy};
    return NULL;
}

/* Compresses `part` and stores it; `ret` gets its id. */
static struct hs_error *store_blob(struct hs_writer *writer, const char *kind, const struct hs_buffer *part,
                                   struct hs_cell *ret)
{
    uint32_t crc;
    struct hs_error *error =
        hs_deflater_run(writer->deflater, part->data, part->bytes, &writer->packed, &crc);
    if (error)
        return error;
    int64_t id = (int64_t)++writer->next_blob;
    const struct hs_cell cells[] = {
        hs_cell_integer(id),
        hs_cell_text(kind),
        hs_cell_integer((int64_t)part->bytes),
        hs_cell_integer(crc),
        {.type = HS_CELL_BLOB, .data = writer->packed.data, .bytes = writer->packed.bytes},
    };
    *ret = hs_cell_integer(id);
    return hs_table_append(&writer->blobs, cells);
}

static struct hs_error *store_values(struct hs_writer *writer)
{
    struct hs_buffer *part = &writer->objects_part;
    part->bytes = 0;
    struct hs_error *error = hs_buffer_varint(part, writer->values);
    const struct hs_buffer *sections[] = {&writer->value_objects, &writer->value_lengths,
                                          &writer->value_text};
    for (size_t i = 0; i < 3 && !error; i++)
        error = hs_buffer_append(part, sections[i]->data, sections[i]->bytes);
    return error ? error : store_blob(writer, "values", part, &writer->row[CHUNK_VALUES_BLOB]);
}

static struct hs_error *flush_chunk(struct hs_writer *writer)
{
    if (!writer->pending)
        return NULL;
    struct hs_error *error = writer->values ? store_values(writer) : NULL;
    if (!error)
        error = hs_table_append(&writer->chunks, writer->row);
    writer->pending = false;
    writer->values = 0;
    writer->value_objects.bytes = writer->value_lengths.bytes = writer->value_text.bytes = 0;
    return error;
}

/* What the types and the table snapshot say about the objects. */
static struct hs_error *count_chunk(struct hs_writer *writer, const struct hs_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++) {
        const struct hs_shape *shape = &writer->shapes.shape[chunk->shape[i]];
        if (shape->type >= writer->types)
            return hs_error_create(HS_ERROR_CORRUPT, "shape %u: type %u of %u", chunk->shape[i], shape->type,
                                   writer->types);
        struct written_type *type = &writer->type[shape->type];
        type->type.objects++;
        type->implied_refs += shape->type_ref;
        if (__builtin_add_overflow(writer->shallow_bytes, chunk->size[i], &writer->shallow_bytes) ||
            writer->shallow_bytes > INT64_MAX)
            return hs_error_create(HS_ERROR_CORRUPT, "object %u: a size of %llu bytes", chunk->first + i,
                                   (unsigned long long)chunk->size[i]);
        type->type.shallow_bytes += chunk->size[i];
        writer->tracked += chunk->generation[i] != HS_GENERATION_UNTRACKED;
    }
    uint32_t refs = chunk->ref_start[chunk->count];
    for (uint32_t i = 0; i < refs; i++) {
        if (chunk->dst[i] > writer->highest_object)
            writer->highest_object = chunk->dst[i];
    }
    writer->refers = writer->refers || refs;
    writer->objects += chunk->count;
    writer->refs += refs;
    return NULL;
}

static struct hs_error *check_place(const struct hs_writer *writer, const struct hs_chunk *chunk)
{
    if (writer->objects % HS_CHUNK_OBJECTS)
        return hs_error_create(HS_ERROR_CORRUPT, "a chunk at object %u follows one that is not full",
                               chunk->first);
    if (chunk->first != writer->objects)
        return hs_error_create(HS_ERROR_CORRUPT, "a chunk starts at object %u, not at %llu", chunk->first,
                               (unsigned long long)writer->objects);
    if (chunk->count == 0 || chunk->count > HS_CHUNK_OBJECTS || chunk->count > HS_NO_OBJECT - chunk->first)
        return hs_error_create(HS_ERROR_LIMIT, "a chunk of %u objects at %u", chunk->count, chunk->first);
    if (writer->objects && chunk->address[0] <= writer->last_address)
        return hs_error_create(HS_ERROR_CORRUPT, "object %u: its address is not above that of the one before",
                               chunk->first);
    if (chunk->address[chunk->count - 1] > INT64_MAX)
        return hs_error_create(HS_ERROR_CORRUPT, "object %u: its address is above 2^63",
                               chunk->first + chunk->count - 1);
    return NULL;
}

static struct hs_error *store_sites(struct hs_writer *writer, const struct hs_chunk *chunk)
{
    struct hs_buffer *part = &writer->objects_part;
    part->bytes = 0;
    for (uint32_t i = 0; i < chunk->count; i++)
        if (chunk->site[i] > writer->highest_site)
            writer->highest_site = chunk->site[i];
    struct hs_error *error = hs_column_put_numbers(part, chunk->site, NULL, chunk->count);
    return error ? error : store_blob(writer, "sites", part, &writer->row[CHUNK_SITES_BLOB]);
}

static struct hs_error *add_chunk(struct hs_writer *writer, const struct hs_chunk *chunk)
{
    struct hs_error *error = check_place(writer, chunk);
    if (!error)
        error = flush_chunk(writer);
    writer->objects_part.bytes = writer->refs_part.bytes = 0;
    if (!error)
        error = hs_codec_encode(writer->codec, &writer->shapes, &writer->labels, chunk, &writer->objects_part,
                                &writer->refs_part);
    if (!error)
        error = count_chunk(writer, chunk);
    if (error)
        return error;
    writer->last_address = chunk->address[chunk->count - 1];
    writer->row[CHUNK_ID] = hs_cell_integer((int64_t)writer->chunks.rows);
    writer->row[CHUNK_FIRST_OBJECT] = hs_cell_integer(chunk->first);
    writer->row[CHUNK_OBJECTS] = hs_cell_integer(chunk->count);
    writer->row[CHUNK_REFS] = hs_cell_integer(chunk->ref_start[chunk->count]);
    writer->row[CHUNK_FIRST_ADDRESS] = hs_cell_integer((int64_t)chunk->address[0]);
    writer->row[CHUNK_LAST_ADDRESS] = hs_cell_integer((int64_t)writer->last_address);
    writer->row[CHUNK_REFS_BLOB] = writer->row[CHUNK_VALUES_BLOB] = writer->row[CHUNK_SITES_BLOB] =
        hs_cell_null();
    error = store_blob(writer, "objects", &writer->objects_part, &writer->row[CHUNK_OBJECTS_BLOB]);
    if (!error && writer->refs_part.bytes)
        error = store_blob(writer, "refs", &writer->refs_part, &writer->row[CHUNK_REFS_BLOB]);
    if (!error && chunk->site)
        error = store_sites(writer, chunk);
    writer->pending = true;
    writer->pending_first = writer->next_value = chunk->first;
    writer->pending_count = chunk->count;
    return error;
}

struct hs_error *hs_writer_add_chunk(struct hs_writer *writer, const struct hs_chunk *chunk)
{
    return with_path(writer, add_chunk(writer, chunk));
}

struct hs_error *hs_writer_add_value(struct hs_writer *writer, uint32_t object, const char *text,
                                     size_t bytes)
{
    if (!writer->pending || object < writer->next_value ||
        object - writer->pending_first >= writer->pending_count)
        return with_path(writer,
                         hs_error_create(HS_ERROR_CORRUPT, "the value of object %u is out of order", object));
    size_t before = writer->value_text.bytes;
    struct hs_error *error = hs_utf8_append(&writer->value_text, text, bytes);
    if (!error)
        error = hs_buffer_varint(&writer->value_objects, object - writer->next_value);
    if (!error)
        error = hs_buffer_varint(&writer->value_lengths, writer->value_text.bytes - before);
    if (error)
        return error;
    writer->values++;
    writer->next_value = object + 1;
    return NULL;
}

/* Finds or makes the fact of that name, with its old text gone. */
static struct hs_error *find_fact(struct hs_writer *writer, const char *name, struct fact **ret)
{
    for (size_t i = 0; i < writer->facts; i++) {
        if (strcmp(writer->fact[i].name, name) == 0) {
            free(writer->fact[i].text);
            writer->fact[i].text = NULL;
            *ret = &writer->fact[i];
            return NULL;
        }
    }
    struct hs_error *error =
        grow((void **)&writer->fact, writer->facts, &writer->facts_capacity, sizeof(*writer->fact));
    if (error)
        return error;
    char *copy;
    error = hs_utf8_copy(name, &copy);
    if (error)
        return error;
    *ret = &writer->fact[writer->facts++];
    **ret = (struct fact){.name = copy};
    return NULL;
}

struct hs_error *hs_writer_fact_text(struct hs_writer *writer, const char *name, const char *value)
{
    struct fact *fact;
    struct hs_error *error = find_fact(writer, name, &fact);
    return error ? error : hs_utf8_copy(value, &fact->text);
}

struct hs_error *hs_writer_fact_int(struct hs_writer *writer, const char *name, int64_t value)
{
    struct fact *fact;
    struct hs_error *error = find_fact(writer, name, &fact);
    if (!error)
        fact->number = value;
    return error;
}

static struct hs_cell object_cell(struct hs_writer *writer, uint32_t object)
{
    if (object == HS_NO_OBJECT)
        return hs_cell_null();
    writer->refers = true;
    if (object > writer->highest_object)
        writer->highest_object = object;
    return hs_cell_integer(object);
}

/* Appends a row whose text is made valid UTF-8 first. */
static struct hs_error *add_row(struct hs_writer *writer, enum hs_small_table table, struct hs_cell *cells)
{
    struct hs_error *error = NULL;
    char *copies[HS_SMALL_TABLES] = {0}; /* no table has more columns of text */
    size_t copied = 0;
    for (int i = 0; i < writer->small[table].columns && !error; i++) {
        if (cells[i].type != HS_CELL_TEXT || hs_utf8_valid(cells[i].data, cells[i].bytes))
            continue;
        error = hs_utf8_copy(cells[i].data, &copies[copied]);
        if (!error)
            cells[i] = hs_cell_text(copies[copied++]);
    }
    if (!error)
        error = with_path(writer, hs_table_append(&writer->small[table], cells));
    for (size_t i = 0; i < copied; i++)
        free(copies[i]);
    return error;
}

struct hs_error *hs_writer_add_root(struct hs_writer *writer, const struct hs_root_row *root)
{
    const char *word = hs_root_kind_name(root->kind);
    if (!word)
        return with_path(writer, hs_error_create(HS_ERROR_CORRUPT, "no such kind of root: %u", root->kind));
    struct hs_cell cells[] = {object_cell(writer, root->object), hs_cell_text(word),
                              hs_cell_text(root->name ? root->name : ""),
                              root->thread == HS_NO_THREAD ? hs_cell_null() : hs_cell_integer(root->thread),
                              hs_cell_integer(root->refs)};
    return add_row(writer, HS_TABLE_ROOTS, cells);
}

struct hs_error *hs_writer_add_site(struct hs_writer *writer, const char *file, uint32_t line)
{
    struct hs_cell cells[] = {hs_cell_integer((int64_t)writer->small[HS_TABLE_SITES].rows),
                              hs_cell_text(file), hs_cell_integer(line)};
    return add_row(writer, HS_TABLE_SITES, cells);
}

struct hs_error *hs_writer_add_module(struct hs_writer *writer, uint32_t object, const char *name,
                                      const char *file)
{
    struct hs_cell cells[] = {object_cell(writer, object), hs_cell_text(name), hs_cell_text(file)};
    return add_row(writer, HS_TABLE_MODULES, cells);
}

struct hs_error *hs_writer_add_thread(struct hs_writer *writer, uint32_t thread, int64_t native_id,
                                      const char *name, uint32_t object)
{
    struct hs_cell cells[] = {hs_cell_integer(thread), hs_cell_integer(native_id), hs_cell_text(name),
                              object_cell(writer, object)};
    return add_row(writer, HS_TABLE_THREADS, cells);
}

struct hs_error *hs_writer_add_frame(struct hs_writer *writer, uint32_t thread, uint32_t depth,
                                     const char *function, const char *file, uint32_t line, uint32_t code,
                                     uint32_t object)
{
    struct hs_cell cells[] = {hs_cell_integer(thread),    hs_cell_integer(depth), hs_cell_text(function),
                              hs_cell_text(file),         hs_cell_integer(line),  object_cell(writer, code),
                              object_cell(writer, object)};
    return add_row(writer, HS_TABLE_FRAMES, cells);
}

struct hs_error *hs_writer_add_memory(struct hs_writer *writer, const char *name, int64_t bytes)
{
    struct hs_cell cells[] = {hs_cell_text(name), hs_cell_integer(bytes)};
    return add_row(writer, HS_TABLE_MEMORY, cells);
}

static struct hs_error *write_types(struct hs_writer *writer)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; i < writer->types && !error; i++) {
        const struct hs_type *type = &writer->type[i].type;
        struct hs_cell cells[] = {hs_cell_integer(i),
                                  hs_cell_text(type->name),
                                  hs_cell_text(type->module),
                                  hs_cell_text(type->qualname),
                                  object_cell(writer, type->object),
                                  hs_cell_integer((int64_t)type->objects),
                                  hs_cell_integer((int64_t)type->shallow_bytes),
                                  hs_cell_integer(type->opaque)};
        error = hs_table_append(&writer->small[HS_TABLE_TYPES], cells);
        /* Without its object the type cannot be referred to. */
        if (type->object != HS_NO_OBJECT)
            writer->refs += writer->type[i].implied_refs;
    }
    return error;
}

static struct hs_error *write_shapes(struct hs_writer *writer)
{
    struct hs_cell id;
    struct hs_buffer *part = &writer->objects_part;
    for (uint32_t i = 0; i < writer->shapes.count; i++)
        if (writer->shapes.shape[i].type >= writer->types)
            return hs_error_create(HS_ERROR_CORRUPT, "shape %u: type %u of %u", i,
                                   writer->shapes.shape[i].type, writer->types);
    part->bytes = 0;
    struct hs_error *error = hs_labels_encode(&writer->labels, part);
    if (!error)
        error = store_blob(writer, "labels", part, &id);
    part->bytes = 0;
    if (!error)
        error = hs_shapes_encode(&writer->shapes, part);
    if (!error)
        error = store_blob(writer, "shapes", part, &id);
    return error;
}

static struct hs_error *write_facts(struct hs_writer *writer)
{
    struct hs_error *error = hs_writer_fact_int(writer, "format_version", HS_FORMAT_VERSION);
    if (!error)
        error = hs_writer_fact_int(writer, "objects", (int64_t)writer->objects);
    if (!error)
        error = hs_writer_fact_int(writer, "tracked_objects", (int64_t)writer->tracked);
    if (!error)
        error = hs_writer_fact_int(writer, "refs", (int64_t)writer->refs);
    if (!error)
        error = hs_writer_fact_int(writer, "shallow_bytes", (int64_t)writer->shallow_bytes);
    for (size_t i = 0; i < writer->facts && !error; i++) {
        const struct fact *fact = &writer->fact[i];
        struct hs_cell cells[] = {hs_cell_text(fact->name),
                                  fact->text ? hs_cell_text(fact->text) : hs_cell_integer(fact->number)};
        error = hs_table_append(&writer->small[HS_TABLE_SNAPSHOT], cells);
    }
    return error;
}

static struct hs_error *write_readme(struct hs_writer *writer)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; i < HS_README_ROWS && !error; i++) {
        struct hs_cell cells[] = {hs_cell_text(hs_readme_packed[i].name),
                                  hs_cell_text(hs_readme_packed[i].value)};
        error = hs_table_append(&writer->small[HS_TABLE_README], cells);
    }
    return error;
}

static struct hs_error *write_integrity(struct hs_writer *writer)
{
    struct hs_table *integrity = &writer->small[HS_TABLE_INTEGRITY];
    struct hs_error *error = NULL;
    for (int i = 0; i < HS_TABLE_INTEGRITY && !error; i++)
        error = hs_table_seal(&writer->small[i], integrity);
    if (!error)
        error = hs_table_seal(&writer->chunks, integrity);
    if (!error)
        error = hs_table_seal(&writer->blobs, integrity);
    return error;
}

static struct hs_error *write_tables(struct hs_writer *writer)
{
    struct hs_error *error = flush_chunk(writer);
    if (!error)
        error = write_types(writer);
    if (!error && writer->refers && writer->highest_object >= writer->objects)
        error = hs_error_create(HS_ERROR_CORRUPT, "something refers to object %u, but there are %llu",
                                writer->highest_object, (unsigned long long)writer->objects);
    if (!error && writer->highest_site > writer->small[HS_TABLE_SITES].rows)
        error = hs_error_create(HS_ERROR_CORRUPT, "an object was allocated at site %llu of %llu",
                                (unsigned long long)writer->highest_site,
                                (unsigned long long)writer->small[HS_TABLE_SITES].rows);
    if (!error)
        error = write_shapes(writer);
    if (!error)
        error = write_facts(writer);
    if (!error)
        error = write_readme(writer);
    if (!error)
        error = write_integrity(writer);
    if (!error && sqlite3_exec(writer->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        error = hs_sqlite_error(writer->db, "write the snapshot");
    return error;
}

struct hs_error *hs_writer_finish(struct hs_writer *writer, uint64_t *ret_bytes)
{
    struct hs_error *error = with_path(writer, write_tables(writer));
    if (error)
        return error;
    close_database(writer);
    return hs_publish_commit(writer->publish, ret_bytes);
}
