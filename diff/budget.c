#include "diff/budget.h"

#include <stdlib.h>

/* Changes of the resident set below this, and below this part of it, are no news. */
#define STEADY_BYTES 1000000
#define STEADY_PART  50
/* Native memory that grows by less is what any program does. */
#define NATIVE_BYTES 1000000
/* Sizes of objects are known but for what their allocators add: native growth below this part of theirs may
 * be just that. */
#define NATIVE_PART 5

const char *hs_budget_part_name(enum hs_budget_part part)
{
    static const char *const names[] = {
        [HS_BUDGET_OBJECTS] = "objects",     [HS_BUDGET_NATIVE] = "native",
        [HS_BUDGET_FREE] = "free",           [HS_BUDGET_MAPPINGS] = "mappings",
        [HS_BUDGET_ABSENT] = "not_resident", [HS_BUDGET_UNEXPLAINED] = "unexplained",
    };
    return names[part];
}

const char *hs_budget_part_words(enum hs_budget_part part)
{
    static const char *const words[] = {
        [HS_BUDGET_OBJECTS] = "Python objects",
        [HS_BUDGET_NATIVE] = "native memory, which no Python object accounts for",
        [HS_BUDGET_FREE] = "free but kept by the allocators (fragmentation)",
        [HS_BUDGET_MAPPINGS] = "mapped files, shared memory and stacks",
        [HS_BUDGET_ABSENT] = "allocated but not in memory",
        [HS_BUDGET_UNEXPLAINED] = "not explained",
    };
    return words[part];
}

/* What adds up to a part: figures of the table `memory`. */
static const struct {
    enum hs_budget_part part;
    int sign;
    const char *name;
} terms[] = {
    {HS_BUDGET_OBJECTS, 1, "python_objects"},    {HS_BUDGET_NATIVE, 1, "pymalloc_used"},
    {HS_BUDGET_NATIVE, 1, "malloc_used"},        {HS_BUDGET_NATIVE, 1, "anonymous"},
    {HS_BUDGET_NATIVE, -1, "python_objects"},    {HS_BUDGET_FREE, 1, "pymalloc_free"},
    {HS_BUDGET_FREE, 1, "malloc_free"},          {HS_BUDGET_FREE, -1, "free_not_resident"},
    {HS_BUDGET_MAPPINGS, 1, "mapped_files"},     {HS_BUDGET_MAPPINGS, 1, "thread_stacks"},
    {HS_BUDGET_ABSENT, -1, "used_not_resident"}, {HS_BUDGET_UNEXPLAINED, 1, "unexplained"},
};

static bool read_snapshot(const struct hs_memory *memory, size_t snapshot, struct hs_budget *budget)
{
    budget->rss[snapshot] = hs_memory_get(memory, "rss", snapshot);
    if (budget->rss[snapshot] == HS_MEMORY_UNKNOWN)
        return false;
    for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
        int64_t bytes = hs_memory_get(memory, terms[i].name, snapshot);
        /* A file may claim anything; a sum of a dozen such figures must not overflow. */
        if (bytes == HS_MEMORY_UNKNOWN || bytes > INT64_MAX / 64 || bytes < INT64_MIN / 64)
            return false;
        budget->part[terms[i].part][snapshot] += terms[i].sign * bytes;
    }
    int64_t native = budget->part[HS_BUDGET_NATIVE][snapshot];
    budget->native[snapshot] = native > 0 ? (uint64_t)native : 0;
    return true;
}

static void judge(struct hs_budget *budget)
{
    size_t last = budget->snapshots - 1;
    budget->rss_change = budget->rss[last] - budget->rss[0];
    int64_t sign = budget->rss_change < 0 ? -1 : 1;
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++) {
        budget->change[i] = budget->part[i][last] - budget->part[i][0];
        if (sign * budget->change[i] > sign * budget->change[budget->verdict])
            budget->verdict = i;
    }
    int64_t size = sign * budget->rss_change;
    budget->steady = size < STEADY_BYTES || size < budget->rss[0] / STEADY_PART;
}

void hs_budget_deinit(struct hs_budget *budget)
{
    free(budget->rss);
    *budget = (struct hs_budget){0};
}

struct hs_error *hs_budget_read(const struct hs_memory *memory, struct hs_budget *ret)
{
    *ret = (struct hs_budget){.snapshots = memory->snapshots, .complete = memory->complete};
    int64_t *row = calloc((HS_BUDGET_PARTS + 3) * memory->snapshots, sizeof(*row));
    if (!row)
        return &hs_error_memory;
    ret->rss = row;
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++)
        ret->part[i] = row += memory->snapshots;
    ret->native = (uint64_t *)(row += memory->snapshots);
    ret->none = (uint64_t *)(row + memory->snapshots);
    for (size_t i = 0; i < memory->snapshots; i++) {
        if (!read_snapshot(memory, i, ret)) {
            hs_budget_deinit(ret);
            return NULL;
        }
    }
    judge(ret);
    return NULL;
}

void hs_budget_suspect(const struct hs_budget *budget, struct hs_suspects *suspects)
{
    if (!budget->snapshots || !budget->complete)
        return;
    int64_t grown = budget->change[HS_BUDGET_NATIVE];
    enum hs_trend trend = hs_trend_of(budget->native, budget->snapshots);
    /* What was never touched is in nobody's way, whoever has it. */
    int64_t resident = grown + budget->change[HS_BUDGET_ABSENT];
    if (grown < NATIVE_BYTES || resident < NATIVE_BYTES ||
        grown < budget->change[HS_BUDGET_OBJECTS] / NATIVE_PART || !hs_trend_grows(trend))
        return;
    suspects->suspect[suspects->count++] = (struct hs_suspect){
        .kind = HS_SUSPECT_NATIVE,
        .trend = trend,
        .type = "native memory",
        .counts = budget->none,
        .entries = budget->none,
        .sizes = budget->native,
        .bytes = grown,
        .place = {.holder = HS_NO_OBJECT, .example = HS_NO_OBJECT},
    };
}
