/* What the files of the reader share: reader.c (opening, tables), reader_chunks.c (the cache, packed chunks,
 * references), reader_plain.c (chunks of plain files), reader_values.c, verify.c.
 */
#ifndef HS_FORMAT_READER_INTERNAL_H
#define HS_FORMAT_READER_INTERNAL_H

#include "format/codec.h"
#include "format/reader.h"
#include "format/schema.h"
#include "format/sqlite.h"

/* A row of the table chunks; of a plain file only first, objects. Blob 0: none. */
struct chunk_row {
    uint32_t first;
    uint32_t objects;
    uint32_t refs;
    uint64_t first_address;
    uint64_t last_address;
    int64_t objects_blob;
    int64_t refs_blob;
    int64_t values_blob;
    int64_t sites_blob;
};

/* A decoded chunk. */
struct entry {
    struct hs_chunk chunk; /* first: what the reader gives out is a pointer to it */
    uint32_t number;
    unsigned parts;
    unsigned pins;
    size_t bytes;
    uint32_t *slot; /* [refs] of a plain file: the column slot, HS_NO_LABEL for NULL; else NULL */
    void *objects_memory;
    void *refs_memory;
    struct entry *newer; /* in the list by last use */
    struct entry *older;
};

/* The decoded values of one chunk. */
struct values {
    uint32_t count;
    uint32_t *object; /* [count], ascending */
    uint64_t *end;    /* [count] where the text ends in `text` */
    uint8_t *memory;
    const uint8_t *text; /* in memory */
    size_t bytes;        /* of all this */
    uint64_t used;       /* the clock at its last use */
};

struct fact {
    char *name;
    char *value;
};

/* Labels of a plain file by content: open addressing, numbers + 1, 0 is free. */
struct label_index {
    uint32_t *bucket;
    uint32_t buckets; /* a power of two */
};

struct hs_reader {
    char *path;
    struct sqlite3 *db;
    bool plain;
    uint32_t objects;
    uint64_t refs;
    struct hs_type *type;
    uint32_t types;
    struct hs_labels labels;
    struct hs_shapes shapes;
    struct fact *fact;
    uint32_t facts;
    struct chunk_row *row;
    uint32_t chunks;

    struct hs_codec *codec;
    struct entry **cache; /* [chunks] */
    struct entry *newest;
    struct entry *oldest;
    size_t cache_bytes;
    size_t cache_limit;

    struct sqlite3_stmt *blob;          /* packed */
    struct sqlite3_stmt *plain_objects; /* plain */
    struct sqlite3_stmt *plain_refs;
    struct sqlite3_stmt *plain_count;
    struct sqlite3_stmt *plain_address;
    struct sqlite3_stmt *plain_value;
    struct sqlite3_stmt *plain_site;
    struct label_index label_index;

    struct values **values; /* [chunks], those of the chunks that were asked for; NULL until one is */
    size_t values_bytes;
    uint64_t values_clock;

    char **site; /* [sites] "FILE:LINE" */
    uint32_t sites;
    uint64_t
        *chunk_site; /* [HS_CHUNK_OBJECTS] as in hs_chunk, of chunk number `sites_of`; NULL until asked for */
    uint32_t sites_of;
};

/* Gives a statement of the reader's own, made at first use. */
struct hs_error *hs_reader_prepare(struct hs_reader *reader, const char *sql,
                                   struct sqlite3_stmt **statement) HS_MUST_CHECK;

/* Reads and inflates blob `id`, which must be of `kind`. `name` is for errors. `ret` is malloc'ed. */
struct hs_error *hs_reader_blob(struct hs_reader *reader, int64_t id, const char *kind, const char *name,
                                uint8_t **ret, size_t *ret_bytes) HS_MUST_CHECK;

/* Room for the columns of `count` objects, as one block that becomes entry->objects_memory. */
struct hs_error *hs_entry_reserve_objects(struct entry *entry, uint32_t count) HS_MUST_CHECK;

/* Decodes the parts of a chunk of a plain file that are still missing. */
struct hs_error *hs_reader_plain_objects(struct hs_reader *reader, struct entry *entry) HS_MUST_CHECK;
struct hs_error *hs_reader_plain_refs(struct hs_reader *reader, struct entry *entry) HS_MUST_CHECK;
struct hs_error *hs_reader_plain_find_address(struct hs_reader *reader, uint64_t address,
                                              uint32_t *ret) HS_MUST_CHECK;
/* The statement that gives allocated_at of one object of a plain file. */
struct hs_error *hs_reader_plain_site(struct hs_reader *reader, uint32_t object,
                                      const char **ret) HS_MUST_CHECK;
struct hs_error *hs_reader_plain_value(struct hs_reader *reader, uint32_t object, const char **ret,
                                       size_t *ret_bytes) HS_MUST_CHECK;

void hs_reader_cache_deinit(struct hs_reader *reader);
void hs_reader_values_deinit(struct hs_reader *reader);

/* Reads the table sites. */
struct hs_error *hs_reader_read_sites(struct hs_reader *reader) HS_MUST_CHECK;
void hs_reader_sites_deinit(struct hs_reader *reader);

#endif
