#include "dump/index.h"

#include "dump/array.h"
#include "dump/index_records.h"
#include "dump/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes asked of the pipe at once; its usual ceiling for an unprivileged process (fs.pipe-max-size). */
#define READ_BYTES ((size_t)1 << 20)

/* How often a wait for bytes looks whether the user has had enough. */
#define LOOK_UP_MS 100

/* Waits for bytes and reads some; *ret is 0 at the end of the stream. */
static struct hs_error *read_some(struct hs_index *index, int fd, int stall_ms, size_t *ret)
{
    struct hs_error *error =
        hs_array_reserve((void **)&index->bytes, &index->capacity, index->have + READ_BYTES, 1);
    if (error)
        return error;
    for (int waited_ms = 0;;) {
        int ready = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, LOOK_UP_MS);
        if (hs_interrupted())
            return hs_error_create(HS_ERROR_USAGE, "interrupted");
        if (ready == 0 && waited_ms + LOOK_UP_MS < stall_ms) {
            waited_ms += LOOK_UP_MS;
            continue;
        }
        if (ready == 0)
            return hs_error_create(HS_ERROR_TARGET,
                                   "the snapshot process sent nothing for %d seconds: given up",
                                   stall_ms / 1000);
        ssize_t got = ready < 0 ? -1 : read(fd, index->bytes + index->have, READ_BYTES);
        if (got >= 0) {
            *ret = (size_t)got;
            return NULL;
        }
        if (errno != EINTR && errno != EAGAIN)
            return hs_error_system(errno, NULL, "read the stream");
    }
}

static struct hs_error *read_stream(struct hs_index *index, int fd, int stall_ms,
                                    const struct hs_progress *progress)
{
    size_t enough =
        0; /* bytes of an unfinished record to wait for, so that a long one is not read again and again */
    while (!index->ended) {
        size_t got;
        struct hs_error *error = read_some(index, fd, stall_ms, &got);
        if (error)
            return error;
        index->have += got;
        if (got && index->have - index->next < enough)
            continue;
        error = hs_index_records(index);
        if (error && !got && !index->invalid)
            return hs_error_prefix(error, "the snapshot process died before it was done");
        if (error && (index->invalid || error->code != HS_ERROR_CORRUPT))
            return error;
        enough = error ? 2 * (index->have - index->next) : 0;
        hs_error_destroy(error);
        if (!got && !index->ended)
            return hs_error_corrupt(index->have,
                                    "the snapshot process died before it was done: stream ends early");
        if (progress && progress->tell)
            progress->tell(progress->context, index->have, index->objects);
    }
    return NULL;
}

/* Nothing may follow END; the writer may still hold the pipe open, so this does not wait. */
static struct hs_error *check_nothing_follows(struct hs_index *index, int fd)
{
    char byte;
    if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1 && read(fd, &byte, 1) == 1)
        return hs_error_corrupt(index->have, "stream: bytes after its end");
    return NULL;
}

static struct hs_error *order_objects(struct hs_index *index)
{
    struct hs_error *error = hs_rank_finish(&index->rank);
    if (error)
        return error;
    index->order = malloc(((size_t)index->objects + 1) * sizeof(index->order[0]));
    index->kind = malloc(((size_t)index->objects + 1) * sizeof(index->kind[0]));
    if (!index->order || !index->kind)
        return &hs_error_memory;
    uint64_t address = 0;
    for (uint32_t i = 0; i < index->objects; i++) {
        struct hs_cursor cursor = hs_index_cursor(index, index->where[i] & HS_INDEX_OFFSET);
        uint64_t delta;
        error = hs_cursor_varint(&cursor, &delta);
        if (error)
            return error;
        address += (uint64_t)hs_unzigzag(delta);
        uint32_t id = hs_index_find(index, address);
        index->order[id] = i;
        index->kind[id] = (uint16_t)index->variants.variant[index->variant[i]].key.shape;
    }
    return NULL;
}

static int compare_values(const void *a, const void *b)
{
    const struct hs_value_at *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->text < y->text ? -1 : x->text > y->text;
}

/* From granules to ids, ascending; of several values of one object the last one counts. */
static void order_values(struct hs_index *index)
{
    size_t count = 0;
    bool sorted = true;
    for (size_t i = 0; i < index->values; i++) {
        uint32_t id = hs_rank_find(&index->rank, index->value[i].key);
        if (id == HS_NO_OBJECT)
            continue;
        sorted = sorted && (!count || index->value[count - 1].key < id);
        index->value[count++] = (struct hs_value_at){id, index->value[i].text};
    }
    if (!sorted) {
        qsort(index->value, count, sizeof(index->value[0]), compare_values);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            if (kept && index->value[kept - 1].key == index->value[i].key)
                kept--;
            index->value[kept++] = index->value[i];
        }
        count = kept;
    }
    index->values = count;
}

/* The bytes do not move any more: texts can be pointed to. */
static struct hs_error *resolve_types(struct hs_index *index)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < index->types; i++) {
        struct hs_index_type *type = &index->type[i];
        struct hs_cursor cursor = hs_index_cursor(index, type->texts);
        error = hs_decode_text(&cursor, &type->name);
        if (!error)
            error = hs_decode_text(&cursor, &type->module);
        if (!error)
            error = hs_decode_text(&cursor, &type->qualname);
    }
    return error;
}

struct hs_error *hs_index_read(struct hs_index *index, int fd, int stall_ms,
                               const struct hs_progress *progress)
{
    *index = (struct hs_index){0};
    hs_rank_init(&index->rank);
    struct hs_error *error = hs_label_set_init(&index->labels);
    if (!error)
        error = hs_variants_init(&index->variants);
    if (!error)
        error = read_stream(index, fd, stall_ms, progress);
    if (!error)
        error = check_nothing_follows(index, fd);
    if (!error)
        error = order_objects(index);
    if (!error)
        error = resolve_types(index);
    if (!error)
        order_values(index);
    return error;
}

void hs_index_deinit(struct hs_index *index)
{
    hs_label_set_deinit(&index->labels);
    hs_variants_deinit(&index->variants);
    hs_rank_deinit(&index->rank);
    free(index->bytes);
    free(index->label);
    free(index->type);
    free(index->shape);
    free(index->field_label);
    free(index->null);
    free(index->where);
    free(index->variant);
    free(index->order);
    free(index->kind);
    free(index->value);
    free(index->site);
    for (size_t i = 0; i < sizeof(index->record) / sizeof(index->record[0]); i++)
        free(index->record[i].at);
    *index = (struct hs_index){0};
}
