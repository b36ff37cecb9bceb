/* Reads a snapshot file, packed or plain: a stranger's file, so everything is bounded and checked.
 *
 * A reader owns a private read-only SQLite connection. It is not for use by two threads at once; open two.
 * Types, labels and shapes are decoded at open; chunks on demand, into a cache of bounded size.
 */
#ifndef HS_FORMAT_READER_H
#define HS_FORMAT_READER_H

#include "format/error.h"
#include "format/snapshot.h"

struct hs_reader;
struct sqlite3;

/* Opens `path` and checks what can be checked without decoding all: application id, version, schema text,
 * checksums of the small tables, labels, shapes. Errors name the file. Destroy with hs_reader_destroy(). */
struct hs_error *hs_reader_open(const char *path, struct hs_reader **ret) HS_MUST_CHECK;
void hs_reader_destroy(struct hs_reader *reader);

/* Everything there is to check: all chunks, ids within bounds, counts against facts. */
struct hs_error *hs_reader_verify(struct hs_reader *reader) HS_MUST_CHECK;

const char *hs_reader_path(const struct hs_reader *reader);
bool hs_reader_is_plain(const struct hs_reader *reader);
/* The private connection, for reading the small tables (types, roots, modules, ...). Stays the reader's. */
struct sqlite3 *hs_reader_db(struct hs_reader *reader);

uint32_t hs_reader_objects(const struct hs_reader *reader);
/* References, those implied by shapes included. */
uint64_t hs_reader_refs(const struct hs_reader *reader);
uint32_t hs_reader_types(const struct hs_reader *reader);
uint32_t hs_reader_labels(const struct hs_reader *reader);
uint32_t hs_reader_shapes(const struct hs_reader *reader);
uint32_t hs_reader_chunks(const struct hs_reader *reader);
/* The number must be in range. The result stays the reader's; shapes of a plain file may be added while
 * chunks are read, so do not hold on to a pointer across hs_reader_chunk(). */
const struct hs_type *hs_reader_type(const struct hs_reader *reader, uint32_t type);
const struct hs_label *hs_reader_label(const struct hs_reader *reader, uint32_t label);
const struct hs_shape *hs_reader_shape(const struct hs_reader *reader, uint32_t shape);

/* A value of the table snapshot, NULL if absent. Stays the reader's. */
const char *hs_reader_fact(const struct hs_reader *reader, const char *name);

/* What to decode of a chunk; `shape`, the counts and (with HS_PART_REFS) the labels always come along. */
enum hs_part {
    HS_PART_OBJECTS = 1, /* shape, address, size, refcount, length, ident, generation */
    HS_PART_REFS = 2,    /* ref_start, dst, label; implies HS_PART_OBJECTS */
};

/* Pins chunk number `chunk` (object id / HS_CHUNK_OBJECTS) in the cache and gives it. Each call is paired
 * with hs_reader_release(). The chunk is the reader's and must not be written. */
struct hs_error *hs_reader_chunk(struct hs_reader *reader, uint32_t chunk, unsigned parts,
                                 const struct hs_chunk **ret) HS_MUST_CHECK;
void hs_reader_release(struct hs_reader *reader, const struct hs_chunk *chunk);

/* Bounds the decoded cache; pinned chunks stay. The default suits a snapshot of ten million objects. */
void hs_reader_set_cache(struct hs_reader *reader, size_t bytes);

/* The label and slot of one reference, by its position among the references of object `index` of `chunk`
 * (0 .. its count - 1; the last one is the type reference if shape->type_ref). */
struct hs_ref {
    uint32_t dst;
    uint32_t
        slot; /* position in the tail (pairs: of the pair); HS_NO_LABEL for a field and a named reference */
    uint8_t kind; /* enum hs_ref_kind */
    bool owning;
    const char *name; /* NULL if none; the reader's */
    uint32_t name_bytes;
};
uint32_t hs_chunk_refs(const struct hs_reader *reader, const struct hs_chunk *chunk, uint32_t index);
void hs_chunk_ref(const struct hs_reader *reader, const struct hs_chunk *chunk, uint32_t index,
                  uint32_t position, struct hs_ref *ret);

/* The object at `address` exactly, or HS_NO_OBJECT. */
struct hs_error *hs_reader_find_address(struct hs_reader *reader, uint64_t address,
                                        uint32_t *ret) HS_MUST_CHECK;

/* How many places that allocate the snapshot knows; 0 where the program did not trace them. */
uint32_t hs_reader_sites(const struct hs_reader *reader);
/* Where the program says it allocated an object, "FILE:LINE" (valid until the next call); NULL if it does not
 * say. */
struct hs_error *hs_reader_allocated_at(struct hs_reader *reader, uint32_t object,
                                        const char **ret) HS_MUST_CHECK;

/* The stored value of an object (not copied, valid until the next call), NULL if there is none. */
struct hs_error *hs_reader_value(struct hs_reader *reader, uint32_t object, const char **ret,
                                 size_t *ret_bytes) HS_MUST_CHECK;

#endif
