#include "diff/cut.h"

#include <stdlib.h>
#include <string.h>

/* A reference from outside of a cut's part to an object in it: from an object, or from a root. */
struct entry {
    uint32_t src; /* HS_NO_OBJECT: a root */
    uint32_t dst;
    uint32_t root; /* number of the root */
    uint8_t cut;
};

struct cutter {
    const struct hs_loaded *loaded;
    const struct hs_groups *groups;
    const uint8_t *cut_of;
    struct hs_cut *cut;
    size_t count;
    uint8_t *part;  /* [nodes]: number + 1 of the cut under whose members the object hangs, 0: none */
    uint8_t *alive; /* [nodes]: survives the cut that is looked at */
    uint32_t *queue;
    struct entry *entry;
    size_t entries, capacity;
};

/* Marks the part of the tree under the members of each cut. */
static void mark_parts(struct cutter *cutter)
{
    const struct hs_tree *tree = cutter->loaded->tree;
    memset(cutter->part, 0, cutter->loaded->graph->nodes);
    for (uint32_t i = 0; i < tree->reached; i++) {
        uint32_t object = tree->order[i], holder = tree->parent[object];
        uint8_t member = cutter->cut_of[cutter->loaded->group[object]];
        cutter->part[object] = member ? member : holder == HS_NO_OBJECT ? 0 : cutter->part[holder];
    }
}

static bool add_entry(struct cutter *cutter, const struct entry *entry)
{
    if (cutter->entries == cutter->capacity) {
        size_t capacity = cutter->capacity ? cutter->capacity * 2 : 4096;
        struct entry *larger = realloc(cutter->entry, capacity * sizeof(*larger));
        if (!larger)
            return false;
        cutter->entry = larger;
        cutter->capacity = capacity;
    }
    cutter->entry[cutter->entries++] = *entry;
    return true;
}

static bool is_member(const struct cutter *cutter, uint32_t object, uint8_t cut)
{
    uint32_t group = cutter->loaded->group[object];
    return group != HS_NO_GROUP && cutter->cut_of[group] == cut;
}

/* Is the reference one that the cut takes away? */
static bool is_cut(const struct cutter *cutter, uint32_t src, uint32_t dst, uint8_t cut)
{
    uint32_t holder = cutter->cut[cut - 1].holder;
    return holder != HS_NO_GROUP && is_member(cutter, dst, cut) &&
           hs_groups_under(cutter->groups, cutter->loaded->group[src], holder);
}

static bool collect_references(struct cutter *cutter)
{
    const struct hs_graph *graph = cutter->loaded->graph;
    for (uint32_t src = 0; src < graph->nodes; src++) {
        if (cutter->loaded->group[src] == HS_NO_GROUP)
            continue;
        uint8_t from = cutter->part[src];
        for (uint64_t i = graph->out_start[src]; i < graph->out_start[src + 1]; i++) {
            uint32_t dst = graph->out_dst[i];
            uint8_t to = cutter->part[dst];
            if (!to || to == from || graph->out_flags[i] & HS_EDGE_BORROWED || is_cut(cutter, src, dst, to))
                continue;
            if (!add_entry(cutter, &(struct entry){.src = src, .dst = dst, .cut = to}))
                return false;
        }
    }
    return true;
}

static bool collect_roots(struct cutter *cutter)
{
    const struct hs_roots *roots = &cutter->loaded->roots;
    for (size_t i = 0; i < roots->count; i++) {
        uint32_t dst = roots->root[i].object;
        uint8_t to = cutter->part[dst];
        /* Members that roots hold are what such a cut is about. */
        if (!to || (cutter->cut[to - 1].holder == HS_NO_GROUP && is_member(cutter, dst, to)))
            continue;
        if (!add_entry(cutter,
                       &(struct entry){.src = HS_NO_OBJECT, .dst = dst, .root = (uint32_t)i, .cut = to}))
            return false;
    }
    return true;
}

/* A place that keeps members alive: the kind of a root, the group of an entry's source, or the cut whose part
 * the source hangs in. They are numbered one after the other. */
static size_t places(const struct cutter *cutter)
{
    return HS_ROOT_KINDS + cutter->groups->count + cutter->count + 1;
}

static size_t place_of(const struct cutter *cutter, const struct entry *entry)
{
    if (entry->src == HS_NO_OBJECT)
        return cutter->loaded->roots.root[entry->root].kind;
    uint8_t part = cutter->part[entry->src];
    return HS_ROOT_KINDS + (part ? cutter->groups->count + (size_t)part : cutter->loaded->group[entry->src]);
}

static size_t place_of_also(const struct cutter *cutter, const struct hs_also *also)
{
    if (also->cut)
        return HS_ROOT_KINDS + cutter->groups->count + (size_t)also->cut;
    return also->group == HS_NO_GROUP ? also->root_kind : HS_ROOT_KINDS + also->group;
}

/* Is the reference taken away because its place was found to hold the members too? */
static bool is_also_cut(const struct cutter *cutter, const struct entry *entry)
{
    const struct hs_cut *cut = &cutter->cut[entry->cut - 1];
    size_t place = place_of(cutter, entry);
    for (size_t i = 0; i < cut->also_count; i++)
        if (place_of_also(cutter, &cut->also[i]) == place)
            return true;
    return false;
}

/* Spreads over what `object` keeps alive within the part of the cut; returns how many members that are. */
static uint64_t keep(struct cutter *cutter, uint32_t object, uint8_t cut)
{
    const struct hs_graph *graph = cutter->loaded->graph;
    if (cutter->alive[object])
        return 0;
    size_t head = 0, tail = 0;
    uint64_t members = 0;
    cutter->alive[object] = 1;
    cutter->queue[tail++] = object;
    while (head < tail) {
        uint32_t src = cutter->queue[head++];
        members += is_member(cutter, src, cut);
        for (uint64_t i = graph->out_start[src]; i < graph->out_start[src + 1]; i++) {
            uint32_t dst = graph->out_dst[i];
            if (cutter->part[dst] != cut || cutter->alive[dst] || graph->out_flags[i] & HS_EDGE_BORROWED)
                continue;
            cutter->alive[dst] = 1;
            cutter->queue[tail++] = dst;
        }
    }
    return members;
}

/* Lets the entries that are left keep what they can, those to members first, and counts the members by place.
 */
static uint64_t keep_by_place(struct cutter *cutter, const struct entry *entry, size_t entries, uint8_t cut,
                              uint64_t *by_place)
{
    uint64_t survivors = 0;
    memset(cutter->alive, 0, cutter->loaded->graph->nodes);
    memset(by_place, 0, places(cutter) * sizeof(*by_place));
    for (int direct = 1; direct >= 0; direct--) {
        for (size_t i = 0; i < entries; i++) {
            if (is_member(cutter, entry[i].dst, cut) != direct || is_also_cut(cutter, &entry[i]))
                continue;
            uint64_t members = keep(cutter, entry[i].dst, cut);
            by_place[place_of(cutter, &entry[i])] += members;
            survivors += members;
        }
    }
    return survivors;
}

/* Notes the place that keeps most members as another holder. */
static void add_also(const struct cutter *cutter, const struct entry *entry, size_t entries,
                     struct hs_cut *cut, const uint64_t *by_place)
{
    const struct entry *best = NULL;
    for (size_t i = 0; i < entries; i++)
        if (!best || by_place[place_of(cutter, &entry[i])] > by_place[place_of(cutter, best)])
            best = &entry[i];
    if (!best)
        return;
    bool root = best->src == HS_NO_OBJECT;
    cut->also[cut->also_count++] = (struct hs_also){
        .cut = root ? 0 : cutter->part[best->src],
        .group = root ? HS_NO_GROUP : cutter->loaded->group[best->src],
        .object = root ? best->dst : best->src,
        .root = best->root,
        .root_kind = root ? cutter->loaded->roots.root[best->root].kind : 0,
    };
}

/* Have more than a few of the new members survived? */
static bool many_survive(const struct hs_cut *cut)
{
    uint64_t members = cut->members > cut->old_members ? cut->members - cut->old_members : 0;
    return cut->survivors > cut->old_survivors &&
           (cut->survivors - cut->old_survivors) * HS_CUT_SURVIVORS > members;
}

static void add_up(struct cutter *cutter, uint8_t number)
{
    const struct hs_graph *graph = cutter->loaded->graph;
    struct hs_cut *cut = &cutter->cut[number - 1];
    for (uint32_t i = 0; i < graph->nodes; i++) {
        if (cutter->part[i] != number)
            continue;
        cut->members += is_member(cutter, i, number);
        if (cutter->alive[i])
            continue;
        cut->freed_objects++;
        cut->freed_bytes += graph->size[i];
    }
}

static void run_one(struct cutter *cutter, const struct entry *entry, size_t entries, uint8_t number,
                    bool find_also, uint64_t *by_place)
{
    struct hs_cut *cut = &cutter->cut[number - 1];
    cut->members = cut->freed_objects = cut->freed_bytes = 0;
    if (find_also)
        cut->also_count = 0;
    cut->survivors = keep_by_place(cutter, entry, entries, number, by_place);
    add_up(cutter, number);
    cut->alone_bytes = cut->freed_bytes;
    while (find_also && cut->also_count < HS_CUT_ALSO && many_survive(cut)) {
        add_also(cutter, entry, entries, cut, by_place);
        cut->survivors = keep_by_place(cutter, entry, entries, number, by_place);
        cut->members = cut->freed_objects = cut->freed_bytes = 0;
        add_up(cutter, number);
    }
}

/* Puts the entries of each cut together, keeping their order; `start` is [count + 2]. */
static struct entry *sort_entries(const struct cutter *cutter, size_t *start)
{
    struct entry *sorted = malloc((cutter->entries + 1) * sizeof(*sorted));
    if (!sorted)
        return NULL;
    memset(start, 0, (cutter->count + 2) * sizeof(*start));
    for (size_t i = 0; i < cutter->entries; i++)
        start[cutter->entry[i].cut + 1]++;
    for (size_t i = 1; i < cutter->count + 2; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < cutter->entries; i++)
        sorted[start[cutter->entry[i].cut]++] = cutter->entry[i];
    return sorted;
}

static struct hs_error *run_all(struct cutter *cutter, bool find_also)
{
    uint64_t *by_place = calloc(places(cutter), sizeof(*by_place));
    size_t start[HS_CUT_MAX + 2];
    struct entry *sorted = sort_entries(cutter, start);
    if (by_place && sorted)
        /* Each start has moved to its end while sorting. */
        for (size_t i = 1; i <= cutter->count; i++)
            run_one(cutter, sorted + start[i - 1], start[i] - start[i - 1], (uint8_t)i, find_also, by_place);
    struct hs_error *error = by_place && sorted ? NULL : &hs_error_memory;
    free(by_place);
    free(sorted);
    return error;
}

struct hs_error *hs_cut_run(const struct hs_loaded *loaded, const struct hs_groups *groups,
                            const uint8_t *cut_of, struct hs_cut *cut, size_t count, bool find_also)
{
    struct cutter cutter = {.loaded = loaded, .groups = groups, .cut_of = cut_of, .cut = cut, .count = count};
    size_t nodes = (size_t)loaded->graph->nodes + 1;
    cutter.part = malloc(nodes);
    cutter.alive = malloc(nodes);
    cutter.queue = malloc(nodes * sizeof(*cutter.queue));
    struct hs_error *error = &hs_error_memory;
    if (cutter.part && cutter.alive && cutter.queue) {
        mark_parts(&cutter);
        if (collect_references(&cutter) && collect_roots(&cutter))
            error = run_all(&cutter, find_also);
    }
    free(cutter.part);
    free(cutter.alive);
    free(cutter.queue);
    free(cutter.entry);
    return error;
}
