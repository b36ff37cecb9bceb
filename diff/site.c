#include "diff/site.h"

#include "diff/names.h"

#include <stdlib.h>
#include <string.h>

/* How often each place was met, for one suspect. */
struct tally {
    uint32_t group; /* HS_NO_GROUP: the suspect has no place */
    struct hs_names names;
    uint64_t *count; /* [names.count] */
    uint64_t all;
};

static struct hs_error *add(struct tally *tally, const char *at)
{
    uint32_t number, known = tally->names.count;
    struct hs_error *error = hs_names_add(&tally->names, at, (uint32_t)strlen(at), &number);
    if (!error && number == known && !(known & (known - 1))) {
        uint64_t *grown = realloc(tally->count, (known ? 2 * (size_t)known : 1) * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        tally->count = grown;
    }
    if (error)
        return error;
    if (number == known)
        tally->count[number] = 0;
    tally->count[number]++;
    tally->all++;
    return NULL;
}

static struct hs_error *count_sites(const struct hs_loaded *last, const struct hs_compare *compare,
                                    struct tally *tally, size_t tallies)
{
    struct hs_error *error = NULL;
    for (uint32_t node = 0; !error && node < last->graph->nodes; node++) {
        if (last->group[node] == HS_NO_GROUP || (compare->same_process && !hs_compare_is_new(compare, node)))
            continue;
        const char *at = NULL;
        for (size_t i = 0; !error && i < tallies; i++) {
            if (tally[i].group != last->group[node])
                continue;
            if (!at)
                error = hs_reader_allocated_at(last->reader, node, &at);
            if (!error && at)
                error = add(&tally[i], at);
        }
    }
    return error;
}

static struct hs_error *choose(const struct tally *tally, struct hs_site *ret)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < tally->names.count; i++)
        if (tally->count[i] > tally->count[best])
            best = i;
    *ret = (struct hs_site){0};
    if (!tally->names.count)
        return NULL;
    ret->at = strdup(tally->names.text[best]);
    ret->all = tally->count[best] >= tally->all - tally->all / 10;
    return ret->at ? NULL : &hs_error_memory;
}

struct hs_error *hs_sites_find(const struct hs_loaded *last, const struct hs_compare *compare,
                               const struct hs_suspects *suspects, struct hs_sites *ret)
{
    *ret = (struct hs_sites){0};
    if (!hs_reader_sites(last->reader) || !suspects->count)
        return NULL;
    struct tally *tally = calloc(suspects->count, sizeof(*tally));
    ret->site = calloc(suspects->count, sizeof(*ret->site));
    struct hs_error *error = tally && ret->site ? NULL : &hs_error_memory;
    for (size_t i = 0; !error && i < suspects->count; i++) {
        uint32_t example = suspects->suspect[i].place.example;
        tally[i].group = example < last->graph->nodes ? last->group[example] : HS_NO_GROUP;
    }
    if (!error)
        error = count_sites(last, compare, tally, suspects->count);
    for (size_t i = 0; !error && i < suspects->count; i++) {
        error = choose(&tally[i], &ret->site[i]);
        ret->count = i + 1;
    }
    for (size_t i = 0; tally && i < suspects->count; i++) {
        hs_names_deinit(&tally[i].names);
        free(tally[i].count);
    }
    free(tally);
    if (error)
        hs_sites_deinit(ret);
    return error;
}

void hs_sites_deinit(struct hs_sites *sites)
{
    for (size_t i = 0; i < sites->count; i++)
        free(sites->site[i].at);
    free(sites->site);
    *sites = (struct hs_sites){0};
}
