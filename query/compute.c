#include "query/compute.h"

#include "query/follow.h"

#include <stdlib.h>
#include <string.h>

/* What trees are made of, for one question. */
struct maker {
    struct hs_graph *graph;
    struct hs_roots roots;   /* all of them */
    struct hs_roots modules; /* those of modules; names and array are shared with `roots` or its own */
    struct hs_avoid avoid;
    struct hs_costs *costs;
    uint32_t object;
    enum hs_chain_to to;
    const char *type;
};

static void maker_deinit(struct maker *maker)
{
    hs_costs_destroy(maker->costs);
    hs_avoid_deinit(&maker->avoid);
    hs_graph_destroy(maker->graph);
    hs_roots_deinit(&maker->roots);
    free(maker->modules.root);
}

/* The roots that are modules; their names stay those of `roots`. */
static struct hs_error *find_modules(const struct hs_roots *roots, struct hs_roots *ret)
{
    ret->root = malloc((roots->count + 1) * sizeof(*ret->root));
    if (!ret->root)
        return &hs_error_memory;
    for (size_t i = 0; i < roots->count; i++)
        if (roots->root[i].kind == HS_ROOT_MODULE)
            ret->root[ret->count++] = roots->root[i];
    return NULL;
}

static struct hs_error *maker_init(struct sqlite3 *db, struct hs_reader *reader, struct maker *maker)
{
    struct hs_error *error = hs_roots_read(reader, &maker->roots);
    if (!error)
        error = find_modules(&maker->roots, &maker->modules);
    if (!error)
        error = hs_graph_create(reader, &maker->graph);
    if (!error)
        error = hs_avoid_read(db, reader, &maker->avoid);
    if (!error)
        error = hs_costs_create(db, reader, &maker->costs);
    if (!error)
        hs_costs_set_avoid(maker->costs, &maker->avoid);
    return error;
}

/* A tree whose sources are the instances of a type but for the object itself. */
static struct hs_error *tree_to_type(const struct maker *maker, struct hs_tree **ret)
{
    const struct hs_graph *graph = maker->graph;
    struct hs_source *source = malloc(((size_t)graph->nodes + 1) * sizeof(*source));
    uint64_t *end = hs_bits_create(graph->nodes);
    struct hs_error *error = source && end ? NULL : &hs_error_memory;
    size_t count = 0;
    for (uint32_t node = 0; !error && node < graph->nodes; node++)
        if (node != maker->object && hs_avoid_starts(&maker->avoid, node) &&
            !strcmp(hs_reader_type(graph->reader, graph->type[node])->name, maker->type))
            source[count++] = (struct hs_source){.object = node, .root = UINT32_MAX - 1}; /* no root */
    for (size_t i = 0; !error && i < maker->modules.count; i++)
        hs_bits_set(end, maker->modules.root[i].object);
    if (!error)
        error = hs_tree_create_from(graph, source, count, end, maker->costs, ret);
    free(source);
    free(end);
    return error;
}

/* The chain by what is avoided so far; without steps if there is none. */
static struct hs_error *make_chain(const struct maker *maker, struct hs_chain *ret)
{
    const struct hs_roots *roots = maker->to == HS_TO_MODULE ? &maker->modules : &maker->roots;
    struct hs_tree *tree = NULL;
    *ret = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
    struct hs_error *error = maker->to == HS_TO_TYPE
                                 ? tree_to_type(maker, &tree)
                                 : hs_tree_create(maker->graph, roots, maker->costs, &tree);
    if (!error)
        error = hs_chain_from_tree(maker->graph, roots, tree, maker->object, ret);
    hs_tree_destroy(tree);
    return error;
}

struct hs_error *hs_chain_compute(struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                                  enum hs_chain_to to, const char *type, struct hs_chain *ret)
{
    struct maker maker = {.object = object, .to = to, .type = type};
    *ret = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
    struct hs_error *error = maker_init(db, reader, &maker);
    if (!error)
        error = make_chain(&maker, ret);
    maker_deinit(&maker);
    return error;
}

/* Leaves out the reference of `last` nearest to the object that can be left out, and gives the chain that
 * there is then; one without steps if there is none. */
static struct hs_error *next_chain(struct maker *maker, const struct hs_chain *last, struct hs_chain *ret)
{
    /* Of a line of millions only the ends are worth a search each. */
    enum { TRIALS = 50 };
    /* What a module's namespace holds is held by the module: that its functions lead to the namespace, too,
     * is no other way. */
    size_t least = last->root_kind == HS_ROOT_MODULE && last->count > 2 ? 2 : 0;
    *ret = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
    for (size_t trial = 0; trial < last->count - least; trial++) {
        size_t i = last->count - 1 - trial;
        if (trial >= TRIALS && i >= TRIALS)
            continue;
        /* The first step has no holder: chains do not begin there any more. */
        struct hs_error *error =
            hs_avoid_add(&maker->avoid, i ? last->step[i - 1].object : HS_NO_OBJECT, last->step[i].object);
        if (!error)
            error = make_chain(maker, ret);
        if (error || ret->count)
            return error;
        maker->avoid.count--;
    }
    return NULL;
}

/* Leaves out the modules, or they would be found again, and their namespaces, which functions lead to. */
static struct hs_error *leave_modules(struct maker *maker)
{
    const struct hs_graph *graph = maker->graph;
    struct hs_error *error = NULL;
    for (size_t i = 0; !error && i < maker->modules.count; i++) {
        uint32_t module = maker->modules.root[i].object, dict;
        error = hs_object_follow(graph->reader, module, HS_REF_MEMBER, "__dict__", strlen("__dict__"), &dict);
        if (!error)
            error = hs_avoid_add(&maker->avoid, module, HS_NO_OBJECT);
        if (!error && dict != HS_NO_OBJECT)
            error = hs_avoid_add(&maker->avoid, dict, HS_NO_OBJECT);
    }
    return error;
}

struct hs_error *hs_chain_alternatives(struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                                       enum hs_chain_to to, const char *type, bool or_root, size_t most,
                                       struct hs_chain *ret, size_t *ret_count)
{
    struct maker maker = {.object = object, .to = to, .type = type};
    *ret_count = 0;
    struct hs_error *error = maker_init(db, reader, &maker);
    bool first = true;
    while (!error && *ret_count < most) {
        struct hs_chain *chain = &ret[*ret_count];
        error = first ? make_chain(&maker, chain) : next_chain(&maker, &ret[*ret_count - 1], chain);
        if (!error && chain->count) {
            ++*ret_count;
            first = false;
        } else if (!error && or_root && maker.to == HS_TO_MODULE) {
            error = leave_modules(&maker);
            maker.to = HS_TO_ROOT;
            first = true;
        } else {
            break;
        }
    }
    maker_deinit(&maker);
    return error;
}
