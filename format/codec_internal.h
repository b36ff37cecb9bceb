/* What the two directions of the codec share: groups, scratch memory, the order of columns. */
#ifndef HS_FORMAT_CODEC_INTERNAL_H
#define HS_FORMAT_CODEC_INTERNAL_H

#include "format/codec.h"

#define HS_NO_GROUP UINT32_MAX

/* The objects of one shape in a chunk. */
struct group {
    uint32_t shape;
    uint32_t start; /* in hs_codec.order */
    uint32_t count;
};

struct hs_codec {
    struct group group[HS_CHUNK_OBJECTS]; /* in ascending order of shape */
    uint32_t groups;
    uint32_t order[HS_CHUNK_OBJECTS]; /* indexes of objects, group by group, ascending in each */
    uint32_t *group_of;               /* [shapes_capacity] group of a shape; HS_NO_GROUP between chunks */
    uint32_t shapes_capacity;

    /* One column; as long as a chunk, or as the longest column of references met. */
    size_t capacity;
    uint64_t *number;
    uint64_t *base;
    uint32_t *place; /* indexes in the chunk's dst */
    uint32_t *src;
    uint32_t *dst;
    uint32_t *sibling; /* the column before, of the same objects */
};

/* Forms the groups of a chunk from its shapes, which are valid; to be followed by hs_codec_ungroup(). */
struct hs_error *hs_codec_group(struct hs_codec *codec, const struct hs_shapes *shapes,
                                const struct hs_chunk *chunk) HS_MUST_CHECK;
void hs_codec_ungroup(struct hs_codec *codec);

/* The columns of numbers, in the order of the file. Each is 64 bits in scratch memory, whatever it is in the
 * chunk. */
enum object_column {
    COLUMN_DISTANCE, /* to the next object's address, shifted; 0 for the last object */
    COLUMN_LENGTH,   /* plus one; 0 for HS_NO_LENGTH */
    COLUMN_SIZE,
    COLUMN_REFCOUNT,
    COLUMN_GENERATION,
    COLUMN_IDENT,
    OBJECT_COLUMNS,
};

/* Lengths of a group in codec->base, for what is predicted from them: 0 where an object has none. */
void hs_codec_gather_lengths(struct hs_codec *codec, const struct group *group, const struct hs_chunk *chunk);

/* A column of references: of each object of the group the one at `offset`, or every `step`th from there to
 * the end of its references. */
struct column {
    const struct group *group;
    uint32_t offset;
    uint32_t step;
    bool to_end;
    bool labelled;    /* preceded by a column of labels */
    bool has_sibling; /* codec->sibling holds the column before */
};

/* Collects the indexes of a column's references in the chunk's dst in codec->place, and who holds them in
 * codec->src. `ret`: how many. */
struct hs_error *hs_codec_locate(struct hs_codec *codec, const struct hs_chunk *chunk,
                                 const struct column *column, size_t *ret) HS_MUST_CHECK;

/* What to do with a column; it leaves what it coded in codec->dst. */
typedef struct hs_error *hs_column_action(struct hs_codec *codec, const struct column *column, void *context);

/* Runs through all columns of references of a chunk whose groups are formed, in the order of the file. */
struct hs_error *hs_codec_each_column(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      hs_column_action *action, void *context) HS_MUST_CHECK;

#endif
