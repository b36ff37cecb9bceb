#include "diff/garbage.h"

#include "diff/kinds.h"

#include <stdlib.h>
#include <string.h>

void hs_garbage_deinit(struct hs_garbage *garbage)
{
    free(garbage->objects_of);
    free(garbage->bytes_of);
    *garbage = (struct hs_garbage){0};
}

struct hs_error *hs_garbage_count(struct hs_loaded *loaded)
{
    struct hs_garbage *garbage = &loaded->garbage;
    size_t types = hs_reader_types(loaded->reader);
    garbage->objects_of = calloc(types + 1, sizeof(*garbage->objects_of));
    garbage->bytes_of = calloc(types + 1, sizeof(*garbage->bytes_of));
    if (!garbage->objects_of || !garbage->bytes_of)
        return &hs_error_memory;
    for (uint32_t i = 0; i < loaded->graph->nodes; i++) {
        if (loaded->group[i] != HS_NO_GROUP)
            continue;
        uint32_t type = loaded->graph->type[i];
        garbage->objects++;
        garbage->bytes += loaded->graph->size[i];
        garbage->objects_of[type]++;
        garbage->bytes_of[type] += loaded->graph->size[i];
    }
    return NULL;
}

static uint32_t find_type(const struct hs_loaded *loaded, const char *name)
{
    for (uint32_t type = 0; type < hs_reader_types(loaded->reader); type++)
        if (!strcmp(hs_reader_type(loaded->reader, type)->name, name))
            return type;
    return HS_NO_LABEL;
}

/* The type that people would name: of the program's own classes the one with most bytes, else of all
 * types. */
static uint32_t choose_type(const struct hs_loaded *last)
{
    uint32_t best = 0;
    uint64_t most = 0;
    bool best_named = false;
    for (uint32_t type = 0; type < hs_reader_types(last->reader); type++) {
        const char *name = hs_reader_type(last->reader, type)->name;
        bool named = strchr(name, '.') && hs_type_kind(name) == HS_TYPE_NAMED;
        uint64_t bytes = last->garbage.bytes_of[type];
        if (bytes && (named > best_named || (named == best_named && bytes > most))) {
            best = type;
            most = bytes;
            best_named = named;
        }
    }
    return best;
}

static bool collector_is_off(const struct hs_loaded *loaded)
{
    const char *enabled = hs_reader_fact(loaded->reader, "gc_enabled");
    return enabled && !strcmp(enabled, "0");
}

static void count_type(const struct hs_loaded *loaded, size_t count, const char *name, uint64_t *objects,
                       uint64_t *bytes)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t type = find_type(&loaded[i], name);
        objects[i] = type == HS_NO_LABEL ? 0 : loaded[i].garbage.objects_of[type];
        bytes[i] = type == HS_NO_LABEL ? 0 : loaded[i].garbage.bytes_of[type];
    }
}

struct hs_error *hs_garbage_suspect(const struct hs_loaded *loaded, size_t count, uint64_t *values,
                                    struct hs_suspect *ret, bool *ret_found)
{
    const struct hs_loaded *last = &loaded[count - 1];
    for (size_t i = 0; i < count; i++)
        values[i] = loaded[i].garbage.objects;
    enum hs_trend trend = hs_trend_of(values, count);
    *ret_found =
        collector_is_off(last) && hs_trend_grows(trend) && last->garbage.bytes > loaded[0].garbage.bytes;
    if (!*ret_found)
        return NULL;
    const char *type = hs_reader_type(last->reader, choose_type(last))->name;
    count_type(loaded, count, type, values, values + count);
    *ret = (struct hs_suspect){
        .kind = HS_SUSPECT_GARBAGE,
        .trend = trend,
        .type = type,
        .counts = values,
        .entries = values,
        .sizes = values + count,
        .objects = (int64_t)(values[count - 1] - values[0]),
        .bytes = (int64_t)(last->garbage.bytes - loaded[0].garbage.bytes),
        .place = {.holder = HS_NO_OBJECT, .example = HS_NO_OBJECT, .chain = {.root_kind = HS_ROOT_KINDS}},
    };
    ret->score = (double)ret->bytes;
    ret->place.example_path = strdup("<garbage: cycles that nothing holds; the collector is off>");
    return ret->place.example_path ? NULL : &hs_error_memory;
}
