/* Writes a snapshot file. It appears under its name complete and synced, or not at all.
 *
 * Order of calls: create; labels, shapes and types in any order but before a chunk that uses them; chunks in
 * ascending id order without gaps (each with HS_CHUNK_OBJECTS objects but for the last one), the values of a
 * chunk's objects after it; the small tables whenever; finish. All text is UTF-8; invalid UTF-8 is stored
 * with U+FFFD in place of each bad byte.
 */
#ifndef HS_FORMAT_WRITER_H
#define HS_FORMAT_WRITER_H

#include "format/error.h"
#include "format/snapshot.h"

#include <sys/types.h>

struct hs_writer;

struct hs_writer_options {
    bool overwrite;  /* replace an existing file (atomically, at finish) */
    uid_t owner_uid; /* chown the file to these when running as root; (uid_t)-1: leave it */
    gid_t owner_gid;
    int level; /* zlib level 1..9; 0: the default */
};

/* Creates the temporary file next to `path` (0600, O_EXCL|O_NOFOLLOW). An existing `path` is refused unless
 * options->overwrite. The writer is destroyed with hs_writer_destroy(), which removes what is unfinished. */
struct hs_error *hs_writer_create(const char *path, const struct hs_writer_options *options,
                                  struct hs_writer **ret) HS_MUST_CHECK;
void hs_writer_destroy(struct hs_writer *writer);

/* Each gives the number of the new entry, counted from 0 in the order of calls. The strings are copied. */
struct hs_error *hs_writer_add_label(struct hs_writer *writer, const struct hs_label *label,
                                     uint32_t *ret) HS_MUST_CHECK;
struct hs_error *hs_writer_add_shape(struct hs_writer *writer, const struct hs_shape *shape,
                                     uint32_t *ret) HS_MUST_CHECK;
/* type->objects and shallow_bytes are ignored: the writer counts. */
struct hs_error *hs_writer_add_type(struct hs_writer *writer, const struct hs_type *type,
                                    uint32_t *ret) HS_MUST_CHECK;

/* Encodes and stores one chunk. The arrays stay the caller's. */
struct hs_error *hs_writer_add_chunk(struct hs_writer *writer, const struct hs_chunk *chunk) HS_MUST_CHECK;

/* The text shown as an object's value: a name of a module, class, function or code object, or (by values
 * policy) a preview. Ids ascend. */
struct hs_error *hs_writer_add_value(struct hs_writer *writer, uint32_t object, const char *text,
                                     size_t bytes) HS_MUST_CHECK;

/* Rows of the small tables. `name` in the table snapshot is unique: the last one wins. */
struct hs_error *hs_writer_fact_text(struct hs_writer *writer, const char *name,
                                     const char *value) HS_MUST_CHECK;
struct hs_error *hs_writer_fact_int(struct hs_writer *writer, const char *name, int64_t value) HS_MUST_CHECK;
struct hs_root_row {
    uint32_t object;
    enum hs_root_kind kind;
    const char *name; /* NULL is "" */
    uint32_t thread;  /* which holds it (hs_writer_add_thread()), HS_NO_THREAD if none does */
    uint32_t refs;    /* of the object's reference count, how many it accounts for */
};
struct hs_error *hs_writer_add_root(struct hs_writer *writer, const struct hs_root_row *root) HS_MUST_CHECK;
/* A place in the program's source that allocates; numbered from 0 in the order of calls: see
 * hs_chunk.site. */
struct hs_error *hs_writer_add_site(struct hs_writer *writer, const char *file, uint32_t line) HS_MUST_CHECK;
struct hs_error *hs_writer_add_module(struct hs_writer *writer, uint32_t object, const char *name,
                                      const char *file) HS_MUST_CHECK; /* file may be NULL */
struct hs_error *hs_writer_add_thread(struct hs_writer *writer, uint32_t thread, int64_t native_id,
                                      const char *name, uint32_t object) HS_MUST_CHECK; /* name NULL, object
                                      HS_NO_OBJECT if unknown */
struct hs_error *hs_writer_add_frame(struct hs_writer *writer, uint32_t thread, uint32_t depth,
                                     const char *function, const char *file, uint32_t line, uint32_t code,
                                     uint32_t object) HS_MUST_CHECK;
struct hs_error *hs_writer_add_memory(struct hs_writer *writer, const char *name,
                                      int64_t bytes) HS_MUST_CHECK;

/* Writes what is left (tables, facts objects, tracked_objects, refs, shallow_bytes, integrity), syncs, and
 * publishes the file under its name. `ret_bytes`: its size, may be NULL. */
struct hs_error *hs_writer_finish(struct hs_writer *writer, uint64_t *ret_bytes) HS_MUST_CHECK;

#endif
