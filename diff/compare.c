#include "diff/compare.h"

#include <stdlib.h>
#include <string.h>

void hs_compare_destroy(struct hs_compare *compare)
{
    if (!compare)
        return;
    hs_names_deinit(&compare->names);
    free(compare->type);
    free(compare->values);
    free(compare->is_new);
    free(compare);
}

/* ---- are the snapshots of one process, and in order? ---- */

static bool same_fact(const struct hs_loaded *loaded, size_t count, const char *name)
{
    const char *first = hs_reader_fact(loaded[0].reader, name);
    for (size_t i = 1; i < count; i++) {
        const char *other = hs_reader_fact(loaded[i].reader, name);
        if (!first || !other || strcmp(first, other))
            return false;
    }
    return true;
}

static bool is_same_process(const struct hs_loaded *loaded, size_t count)
{
    return same_fact(loaded, count, "pid") && same_fact(loaded, count, "process_start") &&
           same_fact(loaded, count, "boot_id");
}

static bool is_reversed(const struct hs_loaded *loaded, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const char *before = hs_reader_fact(loaded[i - 1].reader, "taken_at");
        const char *after = hs_reader_fact(loaded[i].reader, "taken_at");
        if (before && after && strcmp(before, after) > 0) /* ISO 8601 sorts as text */
            return true;
    }
    return false;
}

/* ---- types ---- */

/* Numbers the types of all snapshots by name; `map` becomes [snapshots][types of the snapshot]. */
static struct hs_error *number_types(struct hs_compare *compare, const struct hs_loaded *loaded,
                                     uint32_t **map)
{
    for (size_t i = 0; i < compare->snapshots; i++) {
        uint32_t types = hs_reader_types(loaded[i].reader);
        map[i] = malloc(((size_t)types + 1) * sizeof(*map[i]));
        if (!map[i])
            return &hs_error_memory;
        for (uint32_t type = 0; type < types; type++) {
            const char *name = hs_reader_type(loaded[i].reader, type)->name;
            struct hs_error *error =
                hs_names_add(&compare->names, name, (uint32_t)strlen(name), &map[i][type]);
            if (error)
                return error;
        }
    }
    return NULL;
}

static struct hs_error *count_types(struct hs_compare *compare, const struct hs_loaded *loaded,
                                    uint32_t **map)
{
    size_t types = compare->names.count, snapshots = compare->snapshots;
    compare->type = calloc(types + 1, sizeof(*compare->type));
    compare->values = calloc(types * snapshots * 2 + 1, sizeof(*compare->values));
    if (!compare->type || !compare->values)
        return &hs_error_memory;
    compare->types = types;
    for (size_t i = 0; i < types; i++) {
        compare->type[i].name = compare->names.text[i];
        compare->type[i].count = compare->values + i * snapshots * 2;
        compare->type[i].bytes = compare->type[i].count + snapshots;
    }
    for (size_t i = 0; i < snapshots; i++) {
        for (uint32_t number = 0; number < hs_reader_types(loaded[i].reader); number++) {
            const struct hs_type *type = hs_reader_type(loaded[i].reader, number);
            struct hs_type_row *row = &compare->type[map[i][number]];
            row->count[i] += type->objects;
            row->bytes[i] += type->shallow_bytes;
            row->opaque |= type->opaque;
        }
    }
    return NULL;
}

static int64_t growth(const struct hs_type_row *row, size_t snapshots)
{
    return (int64_t)(row->bytes[snapshots - 1] - row->bytes[0]);
}

static int compare_rows(const void *a, const void *b, void *snapshots)
{
    const struct hs_type_row *x = a, *y = b;
    int64_t grown_x = growth(x, *(size_t *)snapshots), grown_y = growth(y, *(size_t *)snapshots);
    if (grown_x != grown_y)
        return grown_x > grown_y ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* ---- objects ---- */

/* Walks the objects of a snapshot in the order of their addresses. */
struct walk {
    const struct hs_loaded *loaded;
    const uint32_t *map; /* row of each type */
    const struct hs_chunk *chunk;
    uint32_t next; /* id of the object that the walk is at */
};

static bool at_end(const struct walk *walk)
{
    return walk->next >= walk->loaded->graph->nodes;
}

static struct hs_error *load_chunk(struct walk *walk)
{
    if (at_end(walk) || (walk->chunk && walk->next - walk->chunk->first < walk->chunk->count))
        return NULL;
    if (walk->chunk)
        hs_reader_release(walk->loaded->reader, walk->chunk);
    walk->chunk = NULL;
    return hs_reader_chunk(walk->loaded->reader, walk->next / HS_CHUNK_OBJECTS, HS_PART_OBJECTS,
                           &walk->chunk);
}

static void end_walk(struct walk *walk)
{
    if (walk->chunk)
        hs_reader_release(walk->loaded->reader, walk->chunk);
}

static uint64_t address_of(const struct walk *walk)
{
    return at_end(walk) ? UINT64_MAX : walk->chunk->address[walk->next - walk->chunk->first];
}

static uint32_t row_of(const struct walk *walk)
{
    return walk->map[walk->loaded->graph->type[walk->next]];
}

static uint16_t ident_of(const struct walk *walk)
{
    return walk->chunk->ident[walk->next - walk->chunk->first];
}

static void add_freed(struct hs_compare *compare, const struct walk *walk)
{
    compare->type[row_of(walk)].freed_objects++;
    compare->freed_objects++;
    compare->freed_bytes += walk->loaded->graph->size[walk->next];
}

static void add_new(struct hs_compare *compare, const struct walk *walk)
{
    compare->type[row_of(walk)].new_objects++;
    compare->new_objects++;
    compare->new_bytes += walk->loaded->graph->size[walk->next];
    compare->is_new[walk->next / 8] |= (uint8_t)(1 << walk->next % 8);
}

/* Merges the two walks by address. */
static struct hs_error *match(struct hs_compare *compare, struct walk *before, struct walk *after)
{
    for (;;) {
        struct hs_error *error = load_chunk(before);
        if (!error)
            error = load_chunk(after);
        if (error || (at_end(before) && at_end(after)))
            return error;
        uint64_t from = address_of(before), to = address_of(after);
        bool both = from == to && !at_end(before) && !at_end(after);
        bool same = both && row_of(before) == row_of(after) && ident_of(before) == ident_of(after);
        bool step_before = !at_end(before) && (both || at_end(after) || from < to);
        bool step_after = !at_end(after) && (both || !step_before);
        if (step_before && !same)
            add_freed(compare, before);
        if (step_after && !same)
            add_new(compare, after);
        before->next += step_before;
        after->next += step_after;
    }
}

static struct hs_error *match_objects(struct hs_compare *compare, const struct hs_loaded *loaded,
                                      uint32_t **map)
{
    const struct hs_loaded *first = &loaded[0], *last = &loaded[compare->snapshots - 1];
    compare->is_new = calloc(last->graph->nodes / 8 + 1, 1);
    if (!compare->is_new)
        return &hs_error_memory;
    struct walk before = {.loaded = first, .map = map[0]};
    struct walk after = {.loaded = last, .map = map[compare->snapshots - 1]};
    struct hs_error *error = match(compare, &before, &after);
    end_walk(&before);
    end_walk(&after);
    return error;
}

static struct hs_error *fill(struct hs_compare *compare, const struct hs_loaded *loaded, uint32_t **map)
{
    struct hs_error *error = number_types(compare, loaded, map);
    if (!error)
        error = count_types(compare, loaded, map);
    if (!error && compare->same_process)
        error = match_objects(compare, loaded, map);
    if (!error)
        qsort_r(compare->type, compare->types, sizeof(*compare->type), compare_rows, &compare->snapshots);
    return error;
}

struct hs_error *hs_compare_create(const struct hs_loaded *loaded, size_t count, struct hs_compare **ret)
{
    struct hs_compare *compare = calloc(1, sizeof(*compare));
    uint32_t **map = calloc(count, sizeof(*map));
    struct hs_error *error = compare && map ? NULL : &hs_error_memory;
    if (!error) {
        compare->snapshots = count;
        compare->same_process = is_same_process(loaded, count);
        compare->reversed = is_reversed(loaded, count);
        error = fill(compare, loaded, map);
    }
    for (size_t i = 0; map && i < count; i++)
        free(map[i]);
    free(map);
    if (error)
        hs_compare_destroy(compare);
    else
        *ret = compare;
    return error;
}
