/* The report as one JSON document. Its keys are documented by `heapdiff --help` and stay. */
#include "diff/pattern.h"
#include "diff/report.h"

#include "query/json.h"

static void put_counts(struct hs_json *json, const char *key, const uint64_t *value, size_t count)
{
    hs_json_key(json, key);
    hs_json_array_inline(json);
    for (size_t i = 0; i < count; i++)
        hs_json_uint(json, value[i]);
    hs_json_array_end(json);
}

static void put_bytes(struct hs_json *json, int64_t bytes)
{
    if (bytes == HS_MEMORY_UNKNOWN)
        hs_json_null(json);
    else
        hs_json_int(json, bytes);
}

static uint64_t shallow_bytes(const struct hs_report *report, size_t snapshot)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < report->compare->types; i++)
        sum += report->compare->type[i].bytes[snapshot];
    return sum;
}

static void put_snapshots(struct hs_json *json, const struct hs_report *report)
{
    hs_json_key(json, "snapshots");
    hs_json_array(json);
    for (size_t i = 0; i < report->snapshots; i++) {
        const struct hs_loaded *loaded = &report->loaded[i];
        hs_json_object_inline(json);
        hs_json_key_string(json, "file", loaded->path);
        hs_json_key_string(json, "label", hs_reader_fact(loaded->reader, "label"));
        hs_json_key_string(json, "taken_at", hs_reader_fact(loaded->reader, "taken_at"));
        hs_json_key_uint(json, "objects", hs_reader_objects(loaded->reader));
        hs_json_key_uint(json, "bytes", shallow_bytes(report, i));
        hs_json_key(json, "rss");
        put_bytes(json, hs_memory_get(report->memory, "rss", i));
        hs_json_object_end(json);
    }
    hs_json_array_end(json);
}

static void put_types(struct hs_json *json, const struct hs_report *report)
{
    hs_json_key(json, "types");
    hs_json_array(json);
    for (size_t i = 0; i < report->compare->types; i++) {
        const struct hs_type_row *row = &report->compare->type[i];
        if (report->type_glob && !hs_report_lists_type(report, row))
            continue;
        hs_json_object_inline(json);
        hs_json_key_string(json, "type", row->name);
        put_counts(json, "count", row->count, report->snapshots);
        put_counts(json, "bytes", row->bytes, report->snapshots);
        if (report->compare->same_process) {
            hs_json_key_uint(json, "new", row->new_objects);
            hs_json_key_uint(json, "freed", row->freed_objects);
        } else {
            hs_json_key_string(json, "new", NULL);
            hs_json_key_string(json, "freed", NULL);
        }
        hs_json_object_end(json);
    }
    hs_json_array_end(json);
}

static void put_holder(struct hs_json *json, const struct hs_place *place)
{
    hs_json_key(json, "holder");
    if (place->holder == HS_NO_OBJECT) {
        hs_json_null(json);
        return;
    }
    hs_json_object_inline(json);
    hs_json_key_uint(json, "id", place->holder);
    hs_json_key(json, "address");
    hs_json_address(json, place->address);
    hs_json_key_string(json, "type", place->type);
    hs_json_key_string(json, "path", place->path);
    hs_json_object_end(json);
}

/* What a step is called: by itself if it has a name of its own (a module, a class), else by nothing. `edge`
 * is the reference that leads on to the next step. */
static void put_chain(struct hs_json *json, const struct hs_chain *chain)
{
    hs_json_key(json, "chain");
    hs_json_array(json);
    for (size_t i = 0; i < chain->count; i++) {
        const struct hs_step *step = &chain->step[i];
        const struct hs_step *next = i + 1 < chain->count ? &chain->step[i + 1] : NULL;
        hs_json_object_inline(json);
        hs_json_key_uint(json, "id", step->object);
        hs_json_key_string(json, "type", step->type);
        hs_json_key_string(json, "name", step->value ? step->value : i ? NULL : step->name);
        hs_json_key(json, "edge");
        if (next && next->name)
            hs_json_string(json, next->name);
        else if (next && next->slot != HS_NO_LABEL)
            hs_json_uint(json, next->slot);
        else
            hs_json_null(json);
        hs_json_object_end(json);
    }
    hs_json_array_end(json);
}

static void put_content(struct hs_json *json, const struct hs_report *report,
                        const struct hs_content *content)
{
    hs_json_key(json, "content");
    if (!content->type) {
        hs_json_null(json);
        return;
    }
    hs_json_object_inline(json);
    hs_json_key_string(json, "type", content->type);
    put_counts(json, "counts", content->counts, report->snapshots);
    hs_json_object_end(json);
}

static void put_in_step(struct hs_json *json, const struct hs_report *report, size_t rank)
{
    size_t other = report->suspects->count;
    if (report->suspects->suspect[rank].kind == HS_SUSPECT_NATIVE)
        other = hs_suspects_in_step(report->suspects, rank, report->snapshots);
    hs_json_key(json, "in_step_with");
    if (other < report->suspects->count)
        hs_json_uint(json, other + 1);
    else
        hs_json_null(json);
}

static void put_suspect(struct hs_json *json, const struct hs_report *report, size_t rank)
{
    const struct hs_suspect *suspect = &report->suspects->suspect[rank];
    hs_json_object(json);
    hs_json_key_uint(json, "rank", rank + 1);
    hs_json_key_string(json, "kind", hs_suspect_kind_name(suspect->kind));
    hs_json_key_string(json, "type", suspect->type);
    put_counts(json, "counts", suspect->counts, report->snapshots);
    hs_json_key_int(json, "objects", suspect->objects);
    hs_json_key_int(json, "bytes", suspect->bytes);
    hs_json_key_string(json, "trend", hs_trend_name(suspect->trend));
    put_holder(json, &suspect->place);
    hs_json_key_string(json, "path", suspect->place.example_path);
    const struct hs_sites *sites = report->sites;
    hs_json_key_string(json, "allocated_at", sites && rank < sites->count ? sites->site[rank].at : NULL);
    hs_json_key(json, "also_held_by");
    hs_json_array_inline(json);
    for (size_t i = 0; i < suspect->also_count; i++)
        hs_json_string(json, suspect->also[i]);
    hs_json_array_end(json);
    put_in_step(json, report, rank);
    put_content(json, report, &suspect->content);
    put_chain(json, suspect->content.type ? &suspect->content.chain : &suspect->place.chain);
    const struct hs_pattern *pattern = hs_pattern_table_find(report->patterns, suspect);
    hs_json_key_string(json, "pattern", pattern ? pattern->name : NULL);
    hs_json_key_string(json, "advice", pattern ? pattern->advice : NULL);
    hs_json_object_end(json);
}

static void put_garbage(struct hs_json *json, const struct hs_report *report)
{
    hs_json_key(json, "garbage");
    hs_json_object_inline(json);
    hs_json_key(json, "objects");
    hs_json_array_inline(json);
    for (size_t i = 0; i < report->snapshots; i++)
        hs_json_uint(json, report->loaded[i].garbage.objects);
    hs_json_array_end(json);
    hs_json_key(json, "bytes");
    hs_json_array_inline(json);
    for (size_t i = 0; i < report->snapshots; i++)
        hs_json_uint(json, report->loaded[i].garbage.bytes);
    hs_json_array_end(json);
    hs_json_object_end(json);
}

/* Where the change of the resident set went. */
static void put_budget(struct hs_json *json, const struct hs_budget *budget)
{
    if (!budget->snapshots) {
        hs_json_key_string(json, "change", NULL);
        hs_json_key_string(json, "verdict", NULL);
        return;
    }
    hs_json_key(json, "change");
    hs_json_object_inline(json);
    hs_json_key_int(json, "rss", budget->rss_change);
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++)
        hs_json_key_int(json, hs_budget_part_name(i), budget->change[i]);
    hs_json_object_end(json);
    hs_json_key_string(json, "verdict", budget->steady ? "steady" : hs_budget_part_name(budget->verdict));
}

static void put_memory(struct hs_json *json, const struct hs_report *report)
{
    const struct hs_memory *memory = report->memory;
    hs_json_key(json, "memory");
    hs_json_object(json);
    for (uint32_t i = 0; i < memory->names.count; i++) {
        hs_json_key(json, memory->names.text[i]);
        hs_json_array_inline(json);
        for (size_t s = 0; s < memory->snapshots; s++)
            put_bytes(json, memory->bytes[i * memory->snapshots + s]);
        hs_json_array_end(json);
    }
    put_budget(json, report->budget);
    hs_json_object_end(json);
}

struct hs_error *hs_report_json(const struct hs_report *report, FILE *file)
{
    struct hs_json json = {.file = file};
    hs_json_object(&json);
    put_snapshots(&json, report);
    put_types(&json, report);
    hs_json_key(&json, "suspects");
    hs_json_array(&json);
    for (size_t i = 0; i < report->suspects->count; i++)
        put_suspect(&json, report, i);
    hs_json_array_end(&json);
    put_garbage(&json, report);
    put_memory(&json, report);
    hs_json_key(&json, "blind_spots");
    hs_json_array(&json);
    for (size_t i = 0; i < report->blind_count; i++)
        hs_json_string(&json, report->blind[i]);
    hs_json_array_end(&json);
    hs_json_object_end(&json);
    return hs_json_finish(&json);
}
