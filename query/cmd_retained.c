/* heapquery retained: what would be freed with an object, a type, a module, a thread or a task. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "query/dominators.h"
#include "query/follow.h"
#include "query/object.h"
#include "query/quantity.h"
#include "query/retained.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_FOR_PEOPLE 20

/* The snapshot in memory. */
struct state {
    struct hs_reader *reader;
    struct hs_graph *graph;
    struct hs_roots roots;
};

static void state_deinit(struct state *state)
{
    hs_graph_destroy(state->graph);
    hs_roots_deinit(&state->roots);
}

static struct hs_error *state_init(struct hs_reader *reader, struct state *ret)
{
    *ret = (struct state){.reader = reader};
    struct hs_error *error = hs_roots_read(reader, &ret->roots);
    return error ? error : hs_graph_create(reader, &ret->graph);
}

static const char *type_name(const struct state *state, uint32_t node)
{
    return hs_reader_type(state->reader, state->graph->type[node])->name;
}

/* ---- lists of sets: types, modules, threads ---- */

struct row {
    struct hs_kept retained;
    const char *name, *detail; /* NULL: none; whoever made the row owns them */
    uint64_t objects, bytes;   /* of the set itself */
};

static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    if (a->retained.bytes != b->retained.bytes)
        return a->retained.bytes < b->retained.bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void print_left_out(const struct hs_options *options, uint64_t rows, uint64_t limit, const char *what)
{
    char more[HS_QUANTITY_MAX];
    if (hs_options_for_people(options) && rows > limit)
        printf("... and %s more %s (-n 0 shows all)\n", hs_count_format(more, rows - limit), what);
}

/* Gives the rows what they retain, and prints them. `set`, `root_set`: see retained.h. */
static struct hs_error *print_sets(const struct hs_options *options, const struct state *state,
                                   const uint32_t *set, const uint32_t *root_set, struct row *row,
                                   uint32_t rows, const char *what)
{
    static const struct hs_column of_types[] = {{"retained", HS_COLUMN_BYTES},
                                                {"keeps", HS_COLUMN_COUNT},
                                                {"bytes", HS_COLUMN_BYTES},
                                                {"objects", HS_COLUMN_COUNT},
                                                {"type", HS_COLUMN_TEXT}};
    static const struct hs_column of_others[] = {{"retained", HS_COLUMN_BYTES},
                                                 {"keeps", HS_COLUMN_COUNT},
                                                 {"name", HS_COLUMN_TEXT},
                                                 {"where", HS_COLUMN_VALUE}};
    bool types = !strcmp(what, "types");
    struct hs_kept *retained = malloc(((size_t)rows + 1) * sizeof(*retained));
    struct hs_output *output = NULL;
    struct hs_error *error =
        retained ? hs_retained_sets(state->graph, &state->roots, set, root_set, rows, retained)
                 : &hs_error_memory;
    for (uint32_t i = 0; !error && i < rows; i++)
        row[i].retained = retained[i];
    free(retained);
    if (!error && rows)
        qsort(row, rows, sizeof(*row), compare_rows);
    if (!error)
        error = hs_options_output(options, types ? of_types : of_others, types ? 5 : 4, &output);
    uint64_t limit = hs_options_limit(options, ROWS_FOR_PEOPLE);
    for (uint32_t i = 0; !error && i < rows && i < limit; i++) {
        hs_output_int(output, (int64_t)row[i].retained.bytes);
        hs_output_int(output, (int64_t)row[i].retained.objects);
        if (types) {
            hs_output_int(output, (int64_t)row[i].bytes);
            hs_output_int(output, (int64_t)row[i].objects);
        }
        hs_output_string(output, row[i].name);
        if (!types)
            hs_output_string(output, row[i].detail);
        if (!hs_output_row(output))
            break;
    }
    if (!error)
        error = hs_output_finish(output);
    hs_output_destroy(output);
    if (!error)
        print_left_out(options, rows, limit, what);
    return error;
}

/* Types of one name are one set. */
static struct hs_error *by_types(const struct hs_options *options, struct state *state)
{
    uint32_t types = hs_reader_types(state->reader), nodes = state->graph->nodes, rows = 0;
    struct row *row = calloc((size_t)types + 1, sizeof(*row));
    uint32_t *number = malloc(((size_t)types + 1) * sizeof(*number));
    uint32_t *set = malloc(((size_t)nodes + 1) * sizeof(*set));
    struct hs_error *error = row && number && set ? NULL : &hs_error_memory;
    for (uint32_t i = 0; !error && i < types; i++) {
        const struct hs_type *type = hs_reader_type(state->reader, i);
        uint32_t same = 0;
        while (same < rows && strcmp(row[same].name, type->name))
            same++;
        number[i] = type->objects ? same : HS_NO_SET;
        if (!type->objects)
            continue;
        row[same].name = type->name;
        row[same].objects += type->objects;
        row[same].bytes += type->shallow_bytes;
        rows += same == rows;
    }
    for (uint32_t node = 0; !error && node < nodes; node++)
        set[node] = number[state->graph->type[node]];
    if (!error)
        error = print_sets(options, state, set, NULL, row, rows, "types");
    free(row);
    free(number);
    free(set);
    return error;
}

struct names {
    size_t count;
    char **name; /* [count] */
};

static void names_deinit(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
}

/* The text of a column of the row on which `statement` stands, kept in `names`. */
static struct hs_error *keep(struct names *names, sqlite3_stmt *statement, int column, const char **ret)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    *ret = NULL;
    if (!text)
        return NULL;
    if (!(names->count & (names->count - 1))) {
        size_t room = names->count ? 2 * names->count : 1;
        char **grown = realloc(names->name, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        names->name = grown;
    }
    char *copy = strdup(text);
    if (!copy)
        return &hs_error_memory;
    names->name[names->count++] = copy;
    *ret = copy;
    return NULL;
}

/* Rows (name, detail, number) of a small table. `numbers`: [*ret_rows]; all is the caller's to free. */
struct listing {
    struct row *row;
    int64_t *number;
    uint32_t rows;
    struct names names;
};

static void listing_deinit(struct listing *listing)
{
    free(listing->row);
    free(listing->number);
    names_deinit(&listing->names);
}

static struct hs_error *listing_init(const struct hs_subject *subject, const char *sql, struct listing *ret)
{
    *ret = (struct listing){0};
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(subject, sql, &statement);
    bool more = true;
    while (!error && (error = hs_statement_step(statement, &more)) == NULL && more) {
        if (!(ret->rows & (ret->rows - 1))) {
            size_t room = ret->rows ? 2 * (size_t)ret->rows : 1;
            struct row *row = realloc(ret->row, room * sizeof(*row));
            ret->row = row ? row : ret->row;
            int64_t *number = realloc(ret->number, room * sizeof(*number));
            ret->number = number ? number : ret->number;
            if (!row || !number) {
                error = &hs_error_memory;
                break;
            }
        }
        struct row *row = &ret->row[ret->rows];
        *row = (struct row){0};
        ret->number[ret->rows] = sqlite3_column_int64(statement, 2);
        error = keep(&ret->names, statement, 0, &row->name);
        if (!error)
            error = keep(&ret->names, statement, 1, &row->detail);
        ret->rows++;
    }
    sqlite3_finalize(statement);
    return error;
}

/* A module's set is the module and its namespace. */
static struct hs_error *by_modules(const struct hs_options *options, const struct hs_subject *subject,
                                   struct state *state)
{
    struct listing modules;
    struct hs_error *error = listing_init(
        subject, "SELECT min(name), file, object_id FROM \"%w\".modules GROUP BY object_id ORDER BY 1",
        &modules);
    uint32_t *set = malloc(((size_t)state->graph->nodes + 1) * sizeof(*set));
    if (!error && !set)
        error = &hs_error_memory;
    if (!error)
        memset(set, 0xff, ((size_t)state->graph->nodes + 1) * sizeof(*set));
    for (uint32_t i = 0; !error && i < modules.rows; i++) {
        uint32_t module = (uint32_t)modules.number[i], dict;
        error = hs_object_follow(state->reader, module, HS_REF_MEMBER, "__dict__", strlen("__dict__"), &dict);
        if (error)
            break;
        set[module] = i;
        if (dict != HS_NO_OBJECT)
            set[dict] = i;
    }
    if (!error)
        error = print_sets(options, state, set, NULL, modules.row, modules.rows, "modules");
    free(set);
    listing_deinit(&modules);
    return error;
}

/* A thread's set is what it holds as roots: variables of its frames, thread-locals, context. */
static struct hs_error *by_threads(const struct hs_options *options, const struct hs_subject *subject,
                                   struct state *state)
{
    struct listing threads;
    struct hs_error *error =
        listing_init(subject,
                     "SELECT coalesce(t.name, 'thread ' || t.native_id), (SELECT f.function || '() ' ||"
                     " f.file || ':' || f.line FROM \"%w\".frames AS f WHERE f.thread_id = t.id"
                     " ORDER BY f.depth LIMIT 1), t.id FROM \"%w\".threads AS t ORDER BY t.id",
                     &threads);
    uint32_t *root_set = malloc((state->roots.count + 1) * sizeof(*root_set));
    if (!error && !root_set)
        error = &hs_error_memory;
    for (size_t i = 0; !error && i < state->roots.count; i++) {
        uint32_t thread = state->roots.root[i].thread;
        root_set[i] = HS_NO_SET;
        if (thread < threads.rows && threads.number[thread] == thread)
            root_set[i] = thread;
    }
    if (!error)
        error = print_sets(options, state, NULL, root_set, threads.row, threads.rows, "threads");
    free(root_set);
    listing_deinit(&threads);
    return error;
}

/* ---- lists of objects: any, and tasks ---- */

struct entry {
    uint64_t retained;
    uint32_t node;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->retained != b->retained)
        return a->retained < b->retained ? 1 : -1;
    return (a->node > b->node) - (a->node < b->node);
}

/* The code that a coroutine runs, "function file:line", NULL if it is not known; malloc'ed. It refers to its
 * code, or (until 3.10) to its frame, which does. */
static struct hs_error *coroutine_text(const struct state *state, uint32_t node, char **ret)
{
    const struct hs_graph *graph = state->graph;
    *ret = NULL;
    for (int depth = 0; depth < 2; depth++) {
        uint32_t frame = HS_NO_OBJECT;
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
            uint32_t dst = graph->out_dst[edge];
            if (!strcmp(type_name(state, dst), "frame"))
                frame = dst;
            if (strcmp(type_name(state, dst), "code"))
                continue;
            const char *text;
            size_t bytes;
            struct hs_error *error = hs_reader_value(state->reader, dst, &text, &bytes);
            if (!error && text && !(*ret = strndup(text, bytes)))
                error = &hs_error_memory;
            return error;
        }
        if (frame == HS_NO_OBJECT)
            return NULL;
        node = frame;
    }
    return NULL;
}

/* The coroutine that a task of an event loop runs, HS_NO_OBJECT if `node` is no task: something called Task
 * that refers to a coroutine. */
static uint32_t task_coroutine(const struct state *state, uint32_t node)
{
    const struct hs_graph *graph = state->graph;
    const char *name = type_name(state, node), *dot = strrchr(name, '.');
    if (strcmp(dot ? dot + 1 : name, "Task"))
        return HS_NO_OBJECT;
    for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
        const char *held = type_name(state, graph->out_dst[edge]);
        if (!strcmp(held, "coroutine") || !strcmp(held, "generator"))
            return graph->out_dst[edge];
    }
    return HS_NO_OBJECT;
}

/* One object that an object dominates may make up nearly all that it keeps: then that one is the one to tell
 * of. */
static uint64_t *find_passages(const struct state *state, const struct hs_dominators *dominators)
{
    uint64_t *passage = hs_bits_create(state->graph->nodes);
    for (uint32_t i = 0; passage && i < dominators->reached; i++) {
        uint32_t node = dominators->order[i], above = dominators->dominator[node];
        if (above != HS_NO_OBJECT && dominators->retained[node] > dominators->retained[above] / 10 * 9)
            hs_bits_set(passage, above);
    }
    return passage;
}

static uint64_t *count_kept(const struct state *state, const struct hs_dominators *dominators)
{
    uint64_t *kept = calloc((size_t)state->graph->nodes + 1, sizeof(*kept));
    for (uint32_t i = dominators->reached; kept && i-- > 0;) {
        uint32_t node = dominators->order[i], above = dominators->dominator[node];
        kept[node]++;
        if (above != HS_NO_OBJECT)
            kept[above] += kept[node];
    }
    return kept;
}

/* The objects to list, sorted, at least the first `limit` of them; `ret_all` is how many there are. */
static struct hs_error *choose(const struct state *state, const struct hs_dominators *dominators, bool tasks,
                               uint64_t limit, struct entry **ret, uint32_t *ret_count, uint64_t *ret_all)
{
    enum { SCALE = 64 }; /* by powers of two, so that only what may be shown is sorted */
    uint64_t count[SCALE] = {0}, all = 0, enough = 0;
    uint64_t *passage = tasks ? hs_bits_create(state->graph->nodes) : find_passages(state, dominators);
    if (!passage)
        return &hs_error_memory;
    for (uint32_t i = 0; tasks && i < dominators->reached; i++)
        if (task_coroutine(state, dominators->order[i]) == HS_NO_OBJECT)
            hs_bits_set(passage, dominators->order[i]);
    for (uint32_t i = 0; i < dominators->reached; i++)
        if (!hs_bits_get(passage, dominators->order[i]))
            count[63 - __builtin_clzll(dominators->retained[dominators->order[i]] | 1)]++;
    int least = SCALE;
    while (least > 0 && enough < limit)
        enough += count[--least];
    for (int i = 0; i < SCALE; i++)
        all += count[i];
    struct entry *entry = malloc((enough + 1) * sizeof(*entry));
    uint32_t chosen = 0;
    for (uint32_t i = 0; entry && i < dominators->reached; i++) {
        uint32_t node = dominators->order[i];
        uint64_t retained = dominators->retained[node];
        if (!hs_bits_get(passage, node) && 63 - __builtin_clzll(retained | 1) >= least)
            entry[chosen++] = (struct entry){retained, node};
    }
    free(passage);
    if (!entry)
        return &hs_error_memory;
    if (chosen)
        qsort(entry, chosen, sizeof(*entry), compare_entries);
    *ret = entry;
    *ret_count = chosen;
    *ret_all = all;
    return NULL;
}

static struct hs_error *put_path(const struct state *state, const struct hs_tree *tree, uint32_t node,
                                 struct hs_output *output)
{
    struct hs_chain chain = {0};
    char *path = NULL;
    struct hs_error *error = hs_chain_from_tree(state->graph, &state->roots, tree, node, &chain);
    if (!error && chain.count)
        error = hs_path_format(&chain, &path);
    if (!error)
        hs_output_string(output, path);
    free(path);
    hs_chain_deinit(&chain);
    return error;
}

static struct hs_error *write_entries(const struct state *state, const struct hs_tree *tree,
                                      const uint64_t *kept, bool tasks, const struct entry *entry,
                                      uint64_t entries, struct hs_output *output)
{
    struct hs_error *error = NULL;
    for (uint64_t i = 0; !error && i < entries; i++) {
        uint32_t node = entry[i].node;
        hs_output_int(output, (int64_t)entry[i].retained);
        hs_output_int(output, (int64_t)kept[node]);
        char *code = NULL;
        if (tasks)
            error = coroutine_text(state, task_coroutine(state, node), &code);
        hs_output_string(output, tasks ? code : type_name(state, node));
        free(code);
        hs_output_int(output, node);
        if (!error)
            error = put_path(state, tree, node, output);
        if (!error && !hs_output_row(output))
            break;
    }
    return error;
}

static struct hs_error *by_objects(const struct hs_options *options, const struct hs_subject *subject,
                                   struct state *state, bool tasks)
{
    const struct hs_column columns[] = {{"retained", HS_COLUMN_BYTES},
                                        {"keeps", HS_COLUMN_COUNT},
                                        {tasks ? "coroutine" : "type", HS_COLUMN_TEXT},
                                        {"id", HS_COLUMN_ID},
                                        {"path", HS_COLUMN_VALUE}};
    struct hs_dominators *dominators = NULL;
    struct hs_costs *costs = NULL;
    struct hs_tree *tree = NULL;
    struct hs_output *output = NULL;
    struct entry *entry = NULL;
    uint64_t *kept = NULL, limit = hs_options_limit(options, ROWS_FOR_PEOPLE), all = 0;
    uint32_t entries = 0;
    struct hs_error *error = hs_dominators_create(state->graph, &state->roots, &dominators);
    if (!error)
        error = choose(state, dominators, tasks, limit, &entry, &entries, &all);
    if (!error && !(kept = count_kept(state, dominators)))
        error = &hs_error_memory;
    hs_dominators_destroy(dominators);
    if (!error)
        error = hs_costs_create(subject->db, state->reader, &costs);
    if (!error)
        error = hs_tree_create(state->graph, &state->roots, costs, &tree);
    if (!error)
        error = hs_options_output(options, columns, 5, &output);
    if (!error)
        error = write_entries(state, tree, kept, tasks, entry, entries < limit ? entries : limit, output);
    if (!error)
        error = hs_output_finish(output);
    if (!error)
        print_left_out(options, all, limit, tasks ? "tasks" : "objects");
    hs_output_destroy(output);
    hs_tree_destroy(tree);
    hs_costs_destroy(costs);
    free(entry);
    free(kept);
    return error;
}

/* ---- one object, or all of a type ---- */

struct part {
    const char *type;
    uint64_t objects, bytes;
};

static int compare_parts(const void *left, const void *right)
{
    const struct part *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return strcmp(a->type, b->type);
}

/* What is freed with the set, by type. */
static struct hs_error *write_parts(const struct hs_options *options, const struct state *state,
                                    const uint64_t *freed, const char *what)
{
    static const struct hs_column columns[] = {
        {"bytes", HS_COLUMN_BYTES}, {"objects", HS_COLUMN_COUNT}, {"type", HS_COLUMN_TEXT}};
    uint32_t types = hs_reader_types(state->reader), parts = 0;
    struct part all = {0}, *part = calloc((size_t)types + 1, sizeof(*part));
    struct hs_output *output = NULL;
    if (!part)
        return &hs_error_memory;
    for (uint32_t node = 0; node < state->graph->nodes; node++) {
        if (!hs_bits_get(freed, node))
            continue;
        part[state->graph->type[node]].objects++;
        part[state->graph->type[node]].bytes += state->graph->size[node];
        all.objects++;
        all.bytes += state->graph->size[node];
    }
    for (uint32_t type = 0; type < types; type++) {
        part[type].type = hs_reader_type(state->reader, type)->name;
        if (part[type].objects)
            part[parts++] = part[type];
    }
    qsort(part, parts, sizeof(*part), compare_parts);
    if (hs_options_for_people(options)) {
        char bytes[HS_QUANTITY_MAX], objects[HS_QUANTITY_MAX];
        struct hs_text line = {0};
        hs_text_clip(&line, what, strlen(what), 200);
        printf("%s %s alive: %s %s\n", hs_text_string(&line), hs_bytes_format(bytes, all.bytes),
               hs_count_format(objects, all.objects), all.objects == 1 ? "object" : "objects");
        hs_text_deinit(&line);
    }
    uint64_t limit = hs_options_limit(options, ROWS_FOR_PEOPLE);
    struct hs_error *error = hs_options_output(options, columns, 3, &output);
    for (uint32_t i = 0; !error && i < parts && i < limit; i++) {
        hs_output_int(output, (int64_t)part[i].bytes);
        hs_output_int(output, (int64_t)part[i].objects);
        hs_output_string(output, part[i].type);
        hs_output_row(output);
    }
    if (!error)
        error = hs_output_finish(output);
    hs_output_destroy(output);
    free(part);
    if (!error)
        print_left_out(options, parts, limit, "types");
    return error;
}

/* The nodes that the user names: one object, or, by the name of a type, all instances. */
static struct hs_error *find_named(const struct hs_subject *subject, const struct state *state, uint64_t *set,
                                   struct hs_text *ret_what)
{
    uint32_t object, number;
    bool type = !strpbrk(subject->name, "[#") && strncmp(subject->name, "0x", 2);
    struct hs_error *error = type ? hs_subject_type(subject, subject->name, &number) : NULL;
    if (!error && !type)
        error = hs_object_find(subject->reader, subject->name, &object);
    if (error)
        return error;
    if (!type) {
        hs_bits_set(set, object);
        hs_text_printf(ret_what, "%s keeps", subject->name);
        return NULL;
    }
    const char *name = hs_reader_type(state->reader, number)->name;
    uint64_t count = 0;
    for (uint32_t node = 0; node < state->graph->nodes; node++) {
        if (strcmp(type_name(state, node), name))
            continue;
        hs_bits_set(set, node);
        count++;
    }
    char objects[HS_QUANTITY_MAX];
    hs_text_printf(ret_what, count == 1 ? "the one %s%s keeps" : "%s %s together keep",
                   count == 1 ? "" : hs_count_format(objects, count), name);
    return hs_text_error(ret_what);
}

static struct hs_error *of_named(const struct hs_options *options, const struct hs_subject *subject,
                                 struct state *state)
{
    uint64_t *set = hs_bits_create(state->graph->nodes), *freed = NULL;
    struct hs_text what = {0};
    struct hs_error *error = set ? find_named(subject, state, set, &what) : &hs_error_memory;
    if (!error)
        error = hs_retained_nodes(state->graph, &state->roots, set, &freed);
    if (!error)
        error = write_parts(options, state, freed, hs_text_string(&what));
    hs_text_deinit(&what);
    free(set);
    free(freed);
    return error;
}

static struct hs_error *run_retained(const struct hs_options *options)
{
    static const char *const kinds[] = {"objects", "types", "modules", "threads", "tasks"};
    unsigned kind = 0;
    while (options->by && kind < 5 && strcmp(options->by, kinds[kind]))
        kind++;
    if (kind == 5)
        return hs_error_create(
            HS_ERROR_USAGE, "--by %s: expected one of objects, types, modules, threads, tasks", options->by);
    struct hs_subject subject;
    struct hs_error *error = hs_subject_open(options, false, &subject);
    if (error)
        return error;
    struct state state = {0};
    if (subject.name && options->by)
        error = hs_error_create(HS_ERROR_USAGE, "--by %s: lists all of the snapshot; leave out %s",
                                options->by, subject.name);
    if (!error)
        error = state_init(subject.reader, &state);
    if (!error && subject.name)
        error = of_named(options, &subject, &state);
    else if (!error && kind == 1)
        error = by_types(options, &state);
    else if (!error && kind == 2)
        error = by_modules(options, &subject, &state);
    else if (!error && kind == 3)
        error = by_threads(options, &subject, &state);
    else if (!error)
        error = by_objects(options, &subject, &state, kind == 4);
    state_deinit(&state);
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_retained = {
    .name = "retained",
    .aliases = (const char *const[]){"retain", "dominators", NULL},
    .arguments = "SNAPSHOT.db [OBJECT | TYPE]",
    .summary = "what objects, types, modules, threads and tasks keep alive",
    .details =
        "Lists what would be freed if an object went away: all that only it leads to, in bytes and\n"
        "objects, the largest first, with a path to it. Where one object makes up nine tenths of what\n"
        "its holder keeps, it alone is listed. --by types counts all instances together: what two of\n"
        "them hold between them is freed when both go. --by modules is about what is in a module's\n"
        "namespace, --by threads about variables of running functions, thread-locals and context,\n"
        "--by tasks about tasks of event loops. With an OBJECT or a TYPE: of which types is what it\n"
        "keeps. All figures are exact, but that they know of no memory beyond shallow_bytes.",
    .examples = "  heapquery retained after.db\n"
                "  heapquery retained after.db --by types\n"
                "  heapquery retained after.db 'webapp.DB[-1]'\n"
                "  heapquery retained after.db webapp.DB --json\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT | HS_TAKES_BY,
    .least = 1,
    .most = 2,
    .run = run_retained,
};
