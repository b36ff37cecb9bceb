#include "query/graph.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdlib.h>
#include <string.h>

static struct hs_error *allocate(struct hs_graph *graph)
{
    size_t nodes = graph->nodes, edges = graph->edges;
    graph->out_start = malloc((nodes + 1) * sizeof(*graph->out_start));
    graph->out_dst = malloc((edges + 1) * sizeof(*graph->out_dst));
    graph->out_label = malloc((edges + 1) * sizeof(*graph->out_label));
    graph->out_flags = malloc((edges + 1) * sizeof(*graph->out_flags));
    bool plain = hs_reader_is_plain(graph->reader);
    if (plain)
        graph->out_slot = malloc((edges + 1) * sizeof(*graph->out_slot));
    graph->shape = malloc((nodes + 1) * sizeof(*graph->shape));
    graph->type = malloc((nodes + 1) * sizeof(*graph->type));
    graph->size = malloc((nodes + 1) * sizeof(*graph->size));
    bool complete = graph->out_start && graph->out_dst && graph->out_label && graph->out_flags &&
                    (graph->out_slot || !plain) && graph->shape && graph->type && graph->size;
    return complete ? NULL : &hs_error_memory;
}

static uint8_t label_flags(const struct hs_reader *reader, uint32_t label)
{
    const struct hs_label *it = hs_reader_label(reader, label);
    return it->kind | (it->owning ? 0 : HS_EDGE_BORROWED);
}

/* Appends the labels and flags of the references in an object's tail: `count` of them from `edge`. */
static void read_tail(struct hs_graph *graph, const struct hs_shape *shape, const uint32_t *labels,
                      uint64_t edge, uint32_t count)
{
    static const uint8_t kinds[HS_TAILS] = {
        [HS_TAIL_ITEM] = HS_REF_ITEM,
        [HS_TAIL_KEY] = HS_REF_KEY,
        [HS_TAIL_INTERNAL] = HS_REF_INTERNAL,
    };
    for (uint32_t i = 0; i < count; i++) {
        graph->out_label[edge + i] = shape->tail == HS_TAIL_LABELLED ? labels[i] : HS_NO_LABEL;
        if (shape->tail == HS_TAIL_LABELLED)
            graph->out_flags[edge + i] = label_flags(graph->reader, labels[i]);
        else if (shape->tail == HS_TAIL_PAIR)
            graph->out_flags[edge + i] = i % 2 ? HS_REF_VALUE : HS_REF_KEY;
        else
            graph->out_flags[edge + i] = kinds[shape->tail];
    }
}

/* Appends the slots that a plain file stores, of `count` references of object `index` of `chunk`. */
static void read_slots(struct hs_graph *graph, const struct hs_chunk *chunk, uint32_t index, uint64_t edge,
                       uint32_t count)
{
    struct hs_ref ref;
    for (uint32_t i = 0; i < count; i++) {
        hs_chunk_ref(graph->reader, chunk, index, i, &ref);
        graph->out_slot[edge + i] = ref.slot;
    }
}

/* Appends one object with its references from `*edge` on. */
static struct hs_error *read_object(struct hs_graph *graph, const struct hs_chunk *chunk, uint32_t index,
                                    uint64_t *edge)
{
    uint32_t node = chunk->first + index;
    const struct hs_shape *shape = hs_reader_shape(graph->reader, chunk->shape[index]);
    uint32_t from = chunk->ref_start[index], count = chunk->ref_start[index + 1] - from;
    if (count + (uint64_t)shape->type_ref > graph->edges - *edge || shape->fields > count)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: object %u has more references than the file counts",
                               hs_reader_path(graph->reader), node);
    graph->shape[node] = chunk->shape[index];
    graph->type[node] = shape->type;
    graph->size[node] = chunk->size[index];
    graph->out_start[node] = *edge;
    memcpy(&graph->out_dst[*edge], &chunk->dst[from], count * sizeof(*graph->out_dst));
    for (uint32_t i = 0; i < shape->fields; i++) {
        graph->out_label[*edge + i] = shape->labels[i];
        graph->out_flags[*edge + i] = label_flags(graph->reader, shape->labels[i]);
    }
    if (count > shape->fields)
        read_tail(graph, shape, chunk->label ? &chunk->label[from + shape->fields] : NULL,
                  *edge + shape->fields, count - shape->fields);
    if (graph->out_slot)
        read_slots(graph, chunk, index, *edge, count);
    uint64_t end = *edge + count;
    if (shape->type_ref) {
        graph->out_dst[end] = hs_reader_type(graph->reader, shape->type)->object;
        graph->out_label[end] = HS_NO_LABEL;
        graph->out_flags[end] = HS_REF_TYPE;
        end++;
    }
    for (; *edge < end; ++*edge)
        if (graph->out_dst[*edge] >= graph->nodes)
            return hs_error_create(HS_ERROR_CORRUPT, "%s: object %u refers to an object that does not exist",
                                   hs_reader_path(graph->reader), node);
    return NULL;
}

static struct hs_error *read_chunks(struct hs_graph *graph)
{
    uint64_t edge = 0;
    for (uint32_t number = 0; number < hs_reader_chunks(graph->reader); number++) {
        const struct hs_chunk *chunk;
        struct hs_error *error = hs_reader_chunk(graph->reader, number, HS_PART_REFS, &chunk);
        if (error)
            return error;
        for (uint32_t i = 0; !error && i < chunk->count; i++)
            error = read_object(graph, chunk, i, &edge);
        hs_reader_release(graph->reader, chunk);
        if (error)
            return error;
    }
    if (edge != graph->edges)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: fewer references than the file counts",
                               hs_reader_path(graph->reader));
    graph->out_start[graph->nodes] = edge;
    return NULL;
}

struct hs_error *hs_graph_create(struct hs_reader *reader, struct hs_graph **ret)
{
    struct hs_graph *graph = calloc(1, sizeof(*graph));
    if (!graph)
        return &hs_error_memory;
    graph->reader = reader;
    graph->nodes = hs_reader_objects(reader);
    graph->edges = hs_reader_refs(reader);
    struct hs_error *error = allocate(graph);
    if (!error)
        error = read_chunks(graph);
    if (error) {
        hs_graph_destroy(graph);
        return error;
    }
    *ret = graph;
    return NULL;
}

/* Puts the sources of the owning, or of the borrowed, edges in their places; `next` is two places up. */
static void fill_sources(const struct hs_graph *graph, bool borrowed, uint64_t *next, uint32_t *src)
{
    for (uint32_t node = 0; node < graph->nodes; node++)
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++)
            if (!(graph->out_flags[edge] & HS_EDGE_BORROWED) == !borrowed)
                src[next[(size_t)graph->out_dst[edge] + 1]++] = node;
}

struct hs_error *hs_graph_reverse(struct hs_graph *graph)
{
    if (graph->in_start)
        return NULL;
    uint64_t *start = calloc((size_t)graph->nodes + 2, sizeof(*start));
    uint32_t *src = malloc((graph->edges + 1) * sizeof(*src));
    uint32_t *borrowed = calloc((size_t)graph->nodes + 1, sizeof(*borrowed));
    if (!start || !src || !borrowed) {
        free(start);
        free(src);
        free(borrowed);
        return &hs_error_memory;
    }
    /* Counting sort, the counts two places up: filling then moves each start to its final place. */
    uint64_t all_borrowed = 0;
    for (uint64_t edge = 0; edge < graph->edges; edge++) {
        bool owning = !(graph->out_flags[edge] & HS_EDGE_BORROWED);
        start[(size_t)graph->out_dst[edge] + 2]++;
        borrowed[graph->out_dst[edge]] += !owning;
        all_borrowed += !owning;
    }
    for (size_t node = 1; node <= (size_t)graph->nodes + 1; node++)
        start[node] += start[node - 1];
    fill_sources(graph, false, start, src);
    if (all_borrowed)
        fill_sources(graph, true, start, src);
    graph->in_start = start;
    graph->in_src = src;
    graph->in_borrowed = borrowed;
    return NULL;
}

void hs_graph_destroy(struct hs_graph *graph)
{
    if (!graph)
        return;
    free(graph->out_start);
    free(graph->out_dst);
    free(graph->out_label);
    free(graph->out_flags);
    free(graph->out_slot);
    free(graph->shape);
    free(graph->type);
    free(graph->size);
    free(graph->in_start);
    free(graph->in_src);
    free(graph->in_borrowed);
    free(graph);
}

uint32_t hs_graph_slot(const struct hs_graph *graph, uint32_t node, uint64_t edge)
{
    if (graph->out_slot)
        return graph->out_slot[edge];
    const struct hs_shape *shape = hs_reader_shape(graph->reader, graph->shape[node]);
    uint64_t position = edge - graph->out_start[node];
    bool type_ref = shape->type_ref && edge + 1 == graph->out_start[node + 1];
    if (position < shape->fields || type_ref)
        return HS_NO_LABEL;
    if (shape->tail == HS_TAIL_LABELLED && hs_reader_label(graph->reader, graph->out_label[edge])->name)
        return HS_NO_LABEL;
    uint32_t slot = (uint32_t)(position - shape->fields);
    return shape->tail == HS_TAIL_PAIR ? slot / 2 : slot;
}

static int root_kind_by_name(const char *name)
{
    for (int kind = 0; kind < HS_ROOT_KINDS; kind++)
        if (name && !strcmp(name, hs_root_kind_name((unsigned)kind)))
            return kind;
    return -1;
}

/* Appends the row on which `statement` stands. */
static struct hs_error *read_root(struct hs_reader *reader, sqlite3_stmt *statement, struct hs_roots *roots)
{
    if (!(roots->count & (roots->count - 1))) {
        size_t room = roots->count ? 2 * roots->count : 1;
        struct hs_root *grown = realloc(roots->root, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        roots->root = grown;
    }
    int64_t object = sqlite3_column_int64(statement, 0);
    int kind = root_kind_by_name((const char *)sqlite3_column_text(statement, 1));
    if (object < 0 || object >= hs_reader_objects(reader) || kind < 0)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: a root is no object or of no kind",
                               hs_reader_path(reader));
    const char *name = (const char *)sqlite3_column_text(statement, 2);
    char *copy = strdup(name ? name : "");
    if (!copy)
        return &hs_error_memory;
    bool has_thread = sqlite3_column_type(statement, 3) != SQLITE_NULL;
    roots->root[roots->count++] = (struct hs_root){
        .object = (uint32_t)object,
        .kind = (uint8_t)kind,
        .thread = has_thread ? (uint32_t)sqlite3_column_int64(statement, 3) : HS_NO_THREAD,
        .refs = (uint32_t)sqlite3_column_int64(statement, 4),
        .name = copy,
    };
    return NULL;
}

struct hs_error *hs_roots_read(struct hs_reader *reader, struct hs_roots *ret)
{
    *ret = (struct hs_roots){0};
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT object_id, kind, name, thread_id, refs FROM roots ORDER BY rowid", -1,
                           &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read roots");
    struct hs_error *error = NULL;
    int rc;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        error = read_root(reader, statement, ret);
    if (!error && rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "read roots");
    sqlite3_finalize(statement);
    if (error)
        hs_roots_deinit(ret);
    return error;
}

void hs_roots_deinit(struct hs_roots *roots)
{
    for (size_t i = 0; i < roots->count; i++)
        free(roots->root[i].name);
    free(roots->root);
    *roots = (struct hs_roots){0};
}
