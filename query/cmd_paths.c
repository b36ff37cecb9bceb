/* heapquery paths: where all instances of a type are held, as one tree with counts. */
#include "query/cmd.h"

#include "query/merged.h"
#include "query/quantity.h"
#include "query/wording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FOR_PEOPLE 40
/* Deeper branches stand as far to the right as this. */
#define INDENTED_STEPS 30

struct state {
    struct hs_reader *reader;
    struct hs_graph *graph;
    struct hs_roots roots;
    struct hs_tree *tree;
    struct hs_merged merged;
    uint64_t *set; /* the instances, by node */
    uint64_t instances;
};

static void state_deinit(struct state *state)
{
    hs_merged_deinit(&state->merged);
    hs_tree_destroy(state->tree);
    hs_graph_destroy(state->graph);
    hs_roots_deinit(&state->roots);
    free(state->set);
}

static struct hs_error *state_init(const struct hs_subject *subject, const char *type, struct state *ret)
{
    struct hs_costs *costs = NULL;
    *ret = (struct state){.reader = subject->reader};
    struct hs_error *error = hs_roots_read(ret->reader, &ret->roots);
    if (!error)
        error = hs_graph_create(ret->reader, &ret->graph);
    if (!error)
        error = hs_costs_create(subject->db, ret->reader, &costs);
    if (!error)
        error = hs_tree_create(ret->graph, &ret->roots, costs, &ret->tree);
    hs_costs_destroy(costs);
    if (!error && !(ret->set = hs_bits_create(ret->graph->nodes)))
        error = &hs_error_memory;
    for (uint32_t node = 0; !error && node < ret->graph->nodes; node++) {
        if (strcmp(hs_reader_type(ret->reader, ret->graph->type[node])->name, type))
            continue;
        hs_bits_set(ret->set, node);
        ret->instances++;
    }
    return error ? error : hs_merged_create(ret->graph, &ret->roots, ret->tree, ret->set, &ret->merged);
}

/* The reference that leads to a branch, or the root where it begins. */
static struct hs_error *reference_text(const struct state *state, const struct hs_branch *branch, char **ret)
{
    const struct hs_graph *graph = state->graph;
    uint32_t parent = state->tree->parent[branch->object];
    if (parent == HS_NO_OBJECT) {
        const struct hs_root *root = &state->roots.root[branch->root];
        struct hs_text text = {0};
        hs_root_format(&text, root->kind, root->name, NULL);
        struct hs_error *error = hs_text_error(&text);
        *ret = error ? NULL : strdup(hs_text_string(&text));
        hs_text_deinit(&text);
        return error || *ret ? error : &hs_error_memory;
    }
    uint64_t edge = graph->out_start[parent] + state->tree->position[branch->object];
    uint32_t number = graph->out_label[edge];
    const struct hs_label *label = number == HS_NO_LABEL ? NULL : hs_reader_label(state->reader, number);
    uint8_t kind = graph->out_flags[edge] & HS_EDGE_KIND;
    bool element = kind == HS_REF_ITEM || kind == HS_REF_VALUE || kind == HS_REF_KEY;
    return hs_ref_format_any(kind, label && !element ? label->name : NULL,
                             label && !element ? label->bytes : 0,
                             hs_reader_type(state->reader, graph->type[parent])->name, ret);
}

static struct hs_error *put_branch(const struct state *state, const struct hs_branch *branch, bool people,
                                   struct hs_output *output)
{
    char *reference = NULL;
    const char *type = hs_reader_type(state->reader, state->graph->type[branch->object])->name;
    struct hs_error *error = reference_text(state, branch, &reference);
    if (error)
        return error;
    hs_output_int(output, (int64_t)branch->objects);
    if (people) {
        struct hs_text line = {0};
        unsigned depth = branch->depth < INDENTED_STEPS ? branch->depth : INDENTED_STEPS;
        bool module = branch->root != HS_NO_OBJECT && state->roots.root[branch->root].kind == HS_ROOT_MODULE;
        hs_text_printf(&line, "%*s%s%s%s%s", (int)(2 * depth), "", reference, branch->repeats ? " ..." : "",
                       module ? "" : "  ", module ? "" : type);
        hs_output_text(output, hs_text_string(&line), line.bytes);
        error = hs_text_error(&line);
        hs_text_deinit(&line);
    } else {
        hs_output_int(output, (int64_t)branch->bytes);
        hs_output_int(output, branch->depth);
        hs_output_string(output, reference);
        hs_output_string(output, type);
        hs_output_int(output, branch->repeats);
        hs_output_int(output, branch->object);
    }
    free(reference);
    hs_output_row(output);
    return error;
}

/* Children of each branch, most objects first: `first` [count + 1] (the last one: of roots), `next`
 * [count]. */
struct links {
    uint32_t *first, *next;
};

struct ordered {
    uint64_t objects;
    uint32_t number;
};

static int compare_ordered(const void *left, const void *right)
{
    const struct ordered *a = left, *b = right;
    if (a->objects != b->objects)
        return a->objects < b->objects ? -1 : 1;
    return (a->number < b->number) - (a->number > b->number);
}

/* Links the branches that are to be shown: those with most objects, so that whoever is shown has its holders
 * shown. */
static struct hs_error *link_branches(const struct hs_merged *merged, uint64_t limit, struct links *ret)
{
    size_t room = (size_t)merged->count + 1;
    struct ordered *order = malloc(room * sizeof(*order));
    ret->first = malloc(room * sizeof(*ret->first));
    ret->next = malloc(room * sizeof(*ret->next));
    if (!order || !ret->first || !ret->next) {
        free(order);
        return &hs_error_memory;
    }
    memset(ret->first, 0xff, room * sizeof(*ret->first)); /* HS_NO_BRANCH */
    for (uint32_t i = 0; i < merged->count; i++)
        order[i] = (struct ordered){merged->branch[i].objects, i};
    qsort(order, merged->count, sizeof(*order), compare_ordered);
    /* From the fewest to the most: what is linked last comes first. A holder has as many objects as what it
     * holds, and a smaller number. */
    for (uint32_t i = limit < merged->count ? merged->count - (uint32_t)limit : 0; i < merged->count; i++) {
        uint32_t number = order[i].number, parent = merged->branch[number].parent;
        uint32_t *first = &ret->first[parent == HS_NO_BRANCH ? merged->count : parent];
        ret->next[number] = *first;
        *first = number;
    }
    free(order);
    return NULL;
}

/* In the order of the tree, a branch before what is below it. */
static struct hs_error *put_branches(const struct state *state, const struct links *links, bool people,
                                     struct hs_output *output)
{
    struct hs_error *error = NULL;
    uint32_t at = links->first[state->merged.count];
    while (!error && at != HS_NO_BRANCH) {
        error = put_branch(state, &state->merged.branch[at], people, output);
        uint32_t next = links->first[at];
        while (next == HS_NO_BRANCH && at != HS_NO_BRANCH) {
            next = links->next[at];
            at = state->merged.branch[at].parent;
        }
        at = next;
    }
    return error;
}

static void print_title(const struct state *state, const char *type)
{
    char objects[HS_QUANTITY_MAX];
    struct hs_text name = {0};
    hs_text_terminal(&name, type, strlen(type));
    printf("%s %s, by what holds %s\n", hs_count_format(objects, state->instances), hs_text_string(&name),
           state->instances == 1 ? "it" : "them");
    hs_text_deinit(&name);
}

static void print_rest(const struct state *state, uint64_t limit)
{
    char count[HS_QUANTITY_MAX];
    if (state->merged.count > limit)
        printf("... and %s more branches of fewer objects (-n 0 shows all)\n",
               hs_count_format(count, state->merged.count - limit));
    if (state->merged.unheld)
        printf("%s more are held by no root: garbage that waits for the collector\n",
               hs_count_format(count, state->merged.unheld));
}

static struct hs_error *print_tree(const struct hs_options *options, const struct state *state,
                                   const char *type)
{
    static const struct hs_column for_people[] = {{"objects", HS_COLUMN_COUNT}, {"path", HS_COLUMN_TEXT}};
    static const struct hs_column for_programs[] = {
        {"objects", HS_COLUMN_COUNT},  {"bytes", HS_COLUMN_BYTES}, {"depth", HS_COLUMN_COUNT},
        {"reference", HS_COLUMN_TEXT}, {"type", HS_COLUMN_TEXT},   {"repeats", HS_COLUMN_COUNT},
        {"example", HS_COLUMN_ID}};
    bool people = hs_options_for_people(options);
    uint64_t limit = hs_options_limit(options, ROWS_FOR_PEOPLE);
    struct links links = {0};
    struct hs_output *output = NULL;
    struct hs_error *error = link_branches(&state->merged, limit, &links);
    if (!error && people)
        print_title(state, type);
    if (!error)
        error = people ? hs_options_output(options, for_people, 2, &output)
                       : hs_options_output(options, for_programs, 7, &output);
    if (!error)
        error = put_branches(state, &links, people, output);
    if (!error)
        error = hs_output_finish(output);
    hs_output_destroy(output);
    if (!error && people)
        print_rest(state, limit);
    free(links.first);
    free(links.next);
    return error;
}

static struct hs_error *run_paths(const struct hs_options *options)
{
    struct hs_subject subject;
    struct hs_error *error = hs_subject_open(options, false, &subject);
    if (error)
        return error;
    struct state state = {0};
    uint32_t number;
    const char *type = NULL;
    error = hs_subject_type(&subject, subject.name, &number);
    if (!error) {
        type = hs_reader_type(subject.reader, number)->name;
        error = state_init(&subject, type, &state);
    }
    if (!error)
        error = print_tree(options, &state, type);
    state_deinit(&state);
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_paths = {
    .name = "paths",
    .aliases = (const char *const[]){"merged", NULL},
    .arguments = "SNAPSHOT.db TYPE",
    .summary = "where all instances of a type are held, as a tree",
    .details = "Merges the paths that explain best why each instance of a type is alive into one tree, from\n"
               "the roots down, with the number of instances at or below each step. Elements of a\n"
               "container are one step whatever their index or key, and so are the nodes of a linked list\n"
               "(...). The branches with most instances are shown.",
    .examples = "  heapquery paths after.db webapp.DB\n"
                "  heapquery paths after.db dict -n 100\n"
                "  heapquery paths after.db webapp.DB --json\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT,
    .least = 2,
    .most = 2,
    .run = run_paths,
};
