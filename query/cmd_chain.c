/* heapquery chain: which references, from a module to the object, keep it alive. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"
#include "query/avoid.h"
#include "query/compute.h"
#include "query/inspect.h"
#include "query/json.h"
#include "query/object.h"
#include "query/picture.h"
#include "query/quantity.h"
#include "query/scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a chain should start with. */
struct start {
    enum hs_chain_to to;
    const char *type;
};

static struct start parse_start(const char *to)
{
    if (!to || !strcmp(to, "module"))
        return (struct start){.to = HS_TO_MODULE};
    if (!strcmp(to, "root"))
        return (struct start){.to = HS_TO_ROOT};
    return (struct start){.to = HS_TO_TYPE, .type = to};
}

/* The reference that leads to the step, as the first column shows it. */
static struct hs_error *put_arrow(const struct hs_chain *chain, size_t index, struct hs_output *output)
{
    struct hs_text arrow = {0};
    struct hs_error *error = NULL;
    if (index) {
        char *reference = NULL;
        error = hs_step_format(&chain->step[index], &reference);
        hs_text_printf(&arrow, "--%s-->", reference ? reference : "");
        free(reference);
    } else if (chain->root_kind < HS_ROOT_KINDS && chain->root_kind != HS_ROOT_MODULE) {
        hs_root_format(&arrow, chain->root_kind, chain->step[0].name, chain->thread);
    }
    hs_output_text(output, hs_text_string(&arrow), arrow.bytes);
    if (!error)
        error = hs_text_error(&arrow);
    hs_text_deinit(&arrow);
    return error;
}

static struct hs_error *put_step(struct hs_reader *reader, const struct hs_chain *chain, size_t index,
                                 struct hs_output *output)
{
    const struct hs_step *step = &chain->step[index];
    struct hs_inspected object;
    struct hs_error *error = hs_inspect(reader, step->object, &object);
    if (error)
        return error;
    error = put_arrow(chain, index, output);
    if (!error) {
        struct hs_text what = {0};
        hs_text_puts(&what, step->type);
        if (step->value) {
            hs_text_puts(&what, " ");
            hs_text_clip(&what, step->value, strlen(step->value), 60);
        }
        hs_output_text(output, hs_text_string(&what), what.bytes);
        error = hs_text_error(&what);
        hs_text_deinit(&what);
        char length[HS_QUANTITY_MAX + 8] = "";
        if (object.length != HS_NO_LENGTH)
            snprintf(length, sizeof(length), "%" PRIu64 " %s", object.length,
                     object.length == 1 ? "item" : "items");
        hs_output_string(output, length);
        hs_output_int(output, (int64_t)object.size);
        hs_output_int(output, step->object);
        hs_output_row(output);
    }
    hs_inspected_deinit(&object);
    return error;
}

/* Steps `from` to before `to`. */
static struct hs_error *print_range(const struct hs_subject *subject, const struct hs_chain *chain,
                                    size_t from, size_t to)
{
    static const struct hs_column columns[] = {{"reference", HS_COLUMN_TEXT},
                                               {"object", HS_COLUMN_TEXT},
                                               {"length", HS_COLUMN_TEXT},
                                               {"bytes", HS_COLUMN_BYTES},
                                               {"id", HS_COLUMN_ID}};
    static const struct hs_output_options form = {.no_header = true, .indent = "  "};
    struct hs_output *output;
    struct hs_error *error = hs_output_create(stdout, &form, columns, 5, &output);
    if (error)
        return error;
    for (size_t i = from; i < to && !error; i++)
        error = put_step(subject->reader, chain, i, output);
    if (!error)
        error = hs_output_finish(output);
    hs_output_destroy(output);
    return error;
}

/* Of a very long chain (a linked list) the middle is left out. */
static struct hs_error *print_steps(const struct hs_options *options, const struct hs_subject *subject,
                                    const struct hs_chain *chain)
{
    uint64_t limit = hs_options_limit(options, 60);
    if (chain->count <= limit)
        return print_range(subject, chain, 0, chain->count);
    size_t head = (size_t)(limit + 1) / 2, tail = (size_t)limit / 2;
    struct hs_error *error = print_range(subject, chain, 0, head);
    if (error)
        return error;
    char skipped[HS_QUANTITY_MAX];
    printf("  ... %s more steps (-n 0 shows all)\n", hs_count_format(skipped, chain->count - head - tail));
    return print_range(subject, chain, chain->count - tail, chain->count);
}

/* Whether a step of the chain could not be named because the snapshot has no keys. */
static bool lacks_keys(const struct hs_subject *subject, const struct hs_chain *chain)
{
    const char *policy = hs_reader_fact(subject->reader, "values_policy");
    bool lacks = false;
    for (size_t i = 1; i < chain->count; i++)
        lacks |= chain->step[i].kind == HS_REF_VALUE && !chain->step[i].key;
    return lacks && (!policy || !strcmp(policy, "names"));
}

/* What is longer than this nobody reads or pastes; --json has all of it. */
#define LINE_COLUMNS 1000

static struct hs_error *print_line(const char *before, const char *data)
{
    struct hs_text text = {0};
    hs_text_puts(&text, before);
    hs_text_clip(&text, data, strlen(data), LINE_COLUMNS);
    hs_text_puts(&text, "\n");
    return hs_text_print(&text, stdout);
}

static struct hs_error *print_for_people(const struct hs_options *options, const struct hs_subject *subject,
                                         const struct hs_chain *chain, const char *path)
{
    struct hs_text line = {0};
    if (!chain->count)
        hs_text_printf(&line, "%s (#%" PRIu32 "): no %s leads to it%s", subject->name, subject->object,
                       options->to ? options->to : "root",
                       options->avoids ? " but through what is avoided"
                       : options->to   ? ""
                                       : "; it is garbage that waits for the collector, or held by C code");
    else if (chain->count == 1)
        hs_text_printf(&line, "%s is held by a root itself", subject->name);
    else
        hs_text_printf(&line, "%zu %s to %s", chain->count - 1,
                       chain->count == 2 ? "reference" : "references", subject->name);
    struct hs_error *error = hs_text_error(&line);
    if (!error)
        error = print_line("", hs_text_string(&line));
    hs_text_deinit(&line);
    if (error || !chain->count)
        return error;
    error = print_steps(options, subject, chain);
    if (error)
        return error;
    if (lacks_keys(subject, chain) && !options->quiet)
        puts("(keys of dicts are not in this snapshot: --values short when it is taken shows them)");
    return print_line("path: ", path); /* last, for `| tail -1` */
}

static struct hs_error *put_json_step(struct hs_reader *reader, const struct hs_chain *chain, size_t index,
                                      struct hs_json *json)
{
    const struct hs_step *step = &chain->step[index];
    struct hs_inspected object;
    char *reference = NULL;
    struct hs_error *error = hs_inspect(reader, step->object, &object);
    if (error)
        return error;
    if (index)
        error = hs_step_format(&chain->step[index], &reference);
    hs_json_object_inline(json);
    hs_json_key_uint(json, "step", index);
    hs_json_key_uint(json, "id", step->object);
    hs_json_key(json, "address");
    hs_json_address(json, object.address);
    hs_json_key_string(json, "type", step->type);
    hs_json_key_string(json, "value", step->value);
    hs_json_key_uint(json, "bytes", object.size);
    hs_json_key_string(json, "reference", reference);
    hs_json_key_string(json, "kind", index ? hs_ref_kind_name(step->kind) : NULL);
    hs_json_key_string(json, "name", step->name);
    hs_json_key_string(json, "key", index ? step->key : NULL);
    hs_json_key(json, "slot");
    if (index && step->slot != HS_NO_LABEL)
        hs_json_uint(json, step->slot);
    else
        hs_json_null(json);
    hs_json_object_end(json);
    free(reference);
    hs_inspected_deinit(&object);
    return error;
}

/* Root, path and steps, as members of the object that is open. */
static struct hs_error *put_json_chain(const struct hs_subject *subject, const struct hs_chain *chain,
                                       const char *path, struct hs_json *json)
{
    struct hs_error *error = NULL;
    hs_json_key_string(json, "root", chain->count ? hs_root_kind_name(chain->root_kind) : NULL);
    hs_json_key_string(json, "path", path);
    hs_json_key(json, "chain");
    hs_json_array(json);
    for (size_t i = 0; i < chain->count && !error; i++)
        error = put_json_step(subject->reader, chain, i, json);
    hs_json_array_end(json);
    return error;
}

static struct hs_error *print_json(const struct hs_options *options, const struct hs_subject *subject,
                                   const struct hs_chain *chain, char *const *path, size_t chains)
{
    struct hs_json json = {.file = stdout};
    hs_json_object(&json);
    hs_json_key_uint(&json, "id", subject->object);
    struct hs_error *error = put_json_chain(subject, &chain[0], path[0], &json);
    if (options->alternatives) {
        hs_json_key(&json, "alternatives");
        hs_json_array(&json);
        for (size_t i = 1; i < chains && !error; i++) {
            hs_json_object(&json);
            error = put_json_chain(subject, &chain[i], path[i], &json);
            hs_json_object_end(&json);
        }
        hs_json_array_end(&json);
    }
    hs_json_object_end(&json);
    return error ? error : hs_json_finish(&json);
}

/* What a picture of chains is made from. */
struct drawing {
    struct hs_scene scene;
    struct hs_sketch sketch;
    struct hs_gather *gather;
};

/* To be deinited also after an error. */
static struct hs_error *drawing_init(struct drawing *drawing, const struct hs_subject *subject,
                                     bool everything)
{
    *drawing = (struct drawing){0};
    struct hs_error *error = hs_scene_init(&drawing->scene, subject->db, subject->reader);
    return error ? error
                 : hs_gather_create(drawing->scene.graph, drawing->scene.tree, everything, &drawing->sketch,
                                    &drawing->gather);
}

static void drawing_deinit(struct drawing *drawing)
{
    hs_gather_destroy(drawing->gather);
    hs_sketch_deinit(&drawing->sketch);
    hs_scene_deinit(&drawing->scene);
}

/* `chain` is the main way, NULL if there is none. */
static struct hs_error *drawing_write(const struct drawing *drawing, const struct hs_options *options,
                                      const struct hs_subject *subject, const struct hs_chain *chain,
                                      const char *title)
{
    return hs_picture_write(&(struct hs_picture){.reader = subject->reader,
                                                 .sketch = &drawing->sketch,
                                                 .gather = drawing->gather,
                                                 .roots = &drawing->scene.roots,
                                                 .dominators = drawing->scene.dominators,
                                                 .chain = chain,
                                                 .title = title,
                                                 .direction = HS_DRAW_DOWN,
                                                 .budget = options->budget},
                            options->output, options->overwrite, NULL);
}

static struct hs_error *draw(const struct hs_options *options, const struct hs_subject *subject,
                             const struct hs_chain *chain, const char *path, size_t chains)
{
    if (!chain->count)
        return hs_error_create(HS_ERROR_USAGE, "%s: nothing to draw: no chain leads to %s", options->output,
                               subject->name);
    struct drawing drawing;
    struct hs_error *error = drawing_init(&drawing, subject, options->budget.everything);
    for (size_t i = 0; i < chains && !error; i++)
        error = hs_gather_chain(drawing.gather, &chain[i]);
    if (!error)
        error = drawing_write(&drawing, options, subject, chain, path);
    drawing_deinit(&drawing);
    return error;
}

static struct hs_error *print_all(const struct hs_options *options, const struct hs_subject *subject,
                                  const struct hs_chain *chain, char *const *path, size_t chains)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; i < chains && !error; i++) {
        if (options->alternatives)
            printf("%s%zu. ", i ? "\n" : "", i + 1);
        error = print_for_people(options, subject, &chain[i], path[i]);
    }
    if (!error && chain[0].count && chains < options->alternatives)
        printf("\nno other way: %s\n",
               chains == 1 ? "it is held in this one alone" : "it is held in these alone");
    return error;
}

/* "webapp.DB[:]" names all objects of a type. */
static const char all_of_them[] = "[:]";

static bool names_all(const char *name)
{
    size_t bytes = strlen(name), end = sizeof(all_of_them) - 1;
    return bytes > end && !strcmp(name + bytes - end, all_of_them);
}

/* The ways to all objects of a type, merged, into `gather`. */
static struct hs_error *gather_all(const struct hs_subject *subject, const struct hs_scene *scene,
                                   uint32_t type, struct hs_gather *gather)
{
    const struct hs_graph *graph = scene->graph;
    const char *name = hs_reader_type(subject->reader, type)->name;
    uint32_t *object = malloc(((size_t)graph->nodes + 1) * sizeof(*object));
    if (!object)
        return &hs_error_memory;
    size_t count = 0;
    for (uint32_t i = 0; i < graph->nodes; i++)
        if (!strcmp(hs_reader_type(subject->reader, graph->type[i])->name, name))
            object[count++] = i;
    struct hs_error *error = hs_gather_ways(gather, object, count, NULL, true);
    free(object);
    return error;
}

static struct hs_error *draw_all(const struct hs_options *options, const struct hs_subject *subject)
{
    struct drawing drawing = {0};
    uint32_t type = 0;
    char *name = strndup(subject->name, strlen(subject->name) - (sizeof(all_of_them) - 1));
    struct hs_error *error = name ? hs_subject_type(subject, name, &type) : &hs_error_memory;
    free(name);
    if (!error)
        error = drawing_init(&drawing, subject, false);
    if (!error)
        error = gather_all(subject, &drawing.scene, type, drawing.gather);
    if (!error && !drawing.sketch.boxes)
        error = hs_error_create(HS_ERROR_USAGE, "%s: nothing to draw: no chain leads to any of %s",
                                options->output, subject->name);
    if (!error)
        error = drawing_write(&drawing, options, subject, NULL, subject->name);
    drawing_deinit(&drawing);
    return error;
}

/* All objects of a type: a picture is the only form that such an answer has. */
static struct hs_error *run_all(const struct hs_options *options)
{
    struct hs_subject subject;
    struct hs_error *error = hs_subject_open(options, false, &subject);
    if (error)
        return error;
    if (!options->output || options->to || options->show_sql || options->format == HS_OUTPUT_JSON)
        error = hs_error_create(HS_ERROR_USAGE,
                                "%s: the chains to all objects of a type are a picture: -o FILE.svg "
                                "alone",
                                subject.name);
    else
        error = draw_all(options, &subject);
    hs_subject_close(&subject);
    return error;
}

static struct hs_error *answer(const struct hs_options *options, const struct hs_subject *subject,
                               const struct hs_chain *chain, size_t chains)
{
    char *path[HS_ALTERNATIVES_MAX] = {NULL};
    struct hs_error *error = NULL;
    for (size_t i = 0; i < chains && !error && chain[i].count; i++)
        error = hs_path_format(&chain[i], &path[i]);
    if (!error && options->output)
        error = draw(options, subject, chain, path[0], chains);
    if (!error && options->format == HS_OUTPUT_JSON)
        error = print_json(options, subject, chain, path, chains);
    else if (!error && !(options->quiet && options->output))
        error = print_all(options, subject, chain, path, chains);
    for (size_t i = 0; i < chains; i++)
        free(path[i]);
    return error;
}

/* Is it an object, as opposed to a pattern with a set of letters? */
static bool names_object(const char *word)
{
    const char *bracket = strrchr(word, '[');
    if (word[0] == '#' || !strncmp(word, "0x", 2))
        return true;
    if (!bracket || bracket == word)
        return false;
    const char *digits = bracket + 1 + (bracket[1] == '-');
    return *digits && *digits != ']' && !strcmp(digits + strspn(digits, "0123456789"), "]");
}

static bool any_reference(const struct hs_reader *reader, const char *pattern)
{
    for (uint32_t i = 0; i < hs_reader_labels(reader); i++) {
        const char *name = hs_reader_label(reader, i)->name;
        if (name && !sqlite3_strglob(pattern, name))
            return true;
    }
    return false;
}

static struct hs_error *any_holder(const struct hs_subject *subject, const char *pattern, bool *ret)
{
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(subject,
                                                "SELECT 1 FROM \"%w\".types WHERE name GLOB ?1 UNION ALL"
                                                " SELECT 1 FROM \"%w\".roots WHERE name GLOB ?1 LIMIT 1",
                                                &statement);
    if (!error)
        sqlite3_bind_text(statement, 1, pattern, -1, SQLITE_STATIC);
    if (!error)
        error = hs_statement_step(statement, ret);
    sqlite3_finalize(statement);
    return error;
}

/* The statements that have a search avoid `word`: an object; .NAME, references of a name; or a type or
 * root. */
static struct hs_error *avoid_statement(const struct hs_subject *subject, const char *word, sqlite3_str *sql)
{
    static const char references[] =
        "INSERT INTO temp.edge_cost (kind, name, holder, cost)\n  SELECT DISTINCT kind, %Q, %Q,"
        " NULL FROM temp.edge_cost WHERE kind NOT GLOB 'root:*';\n";
    static const char namespaces[] = /* of modules: functions lead to them, too */
        HS_AVOID_SQL
        "INSERT INTO temp.chain_avoid\n  SELECT r.dst, NULL FROM \"%w\".roots AS m CROSS JOIN \"%w\".refs AS "
        "r"
        " ON r.src = m.object_id\n  WHERE m.kind = 'module' AND m.name GLOB %Q AND r.name = '__dict__';\n";
    static const char roots[] =
        "INSERT INTO temp.edge_cost (kind, name, holder, cost)\n  SELECT DISTINCT kind, %Q, '*',"
        " NULL FROM temp.edge_cost WHERE kind GLOB 'root:*';\n";
    struct hs_error *error = NULL;
    if (names_object(word)) {
        uint32_t object;
        error = hs_object_find(subject->reader, word, &object);
        if (!error)
            sqlite3_str_appendf(sql, HS_AVOID_SQL "INSERT INTO temp.chain_avoid VALUES (%u, NULL);\n",
                                object);
        return error;
    }
    bool any = *word == '.' && any_reference(subject->reader, word + 1);
    if (*word != '.')
        error = any_holder(subject, word, &any);
    if (!error && !any)
        error = hs_error_create(HS_ERROR_USAGE, "--avoid %s: no %s of the snapshot is called so", word,
                                *word == '.' ? "reference" : "type or root");
    if (error)
        return error;
    if (*word == '.') {
        sqlite3_str_appendf(sql, references, word + 1, "*");
    } else {
        sqlite3_str_appendf(sql, references, "*", word);
        sqlite3_str_appendf(sql, roots, word);
        sqlite3_str_appendf(sql, namespaces, subject->schema, subject->schema, word);
    }
    return NULL;
}

/* Has searches on this connection avoid what the user said; with --show-sql, says how. */
static struct hs_error *avoid(const struct hs_options *options, const struct hs_subject *subject)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    struct hs_error *error = NULL;
    for (size_t i = 0; i < options->avoids && !error; i++)
        error = avoid_statement(subject, options->avoid[i], text);
    char *sql = sqlite3_str_finish(text);
    if (!error && sql && sqlite3_exec(subject->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        error = hs_error_create(HS_ERROR_SQL, "--avoid: %s", sqlite3_errmsg(subject->db));
    if (!error && sql && options->show_sql)
        printf("-- What is avoided.\n%s\n", sql);
    sqlite3_free(sql);
    return error;
}

static struct hs_error *show_sql(const struct hs_subject *subject, struct start start)
{
    char *sql;
    struct hs_error *error = hs_chain_show_sql(subject->schema, subject->object, start.to, start.type, &sql);
    if (error)
        return error;
    fputs(sql, stdout);
    free(sql);
    return NULL;
}

/* Unless the user said where to start, any root will do where no module leads to the object. `ret`:
 * [HS_ALTERNATIVES_MAX]; there is at least one, which may be without steps. */
static struct hs_error *find_chains(const struct hs_options *options, const struct hs_subject *subject,
                                    struct start start, struct hs_chain *ret, size_t *ret_count)
{
    *ret_count = 1;
    if (options->alternatives) {
        struct hs_error *error =
            hs_chain_alternatives(subject->db, subject->reader, subject->object, start.to, start.type,
                                  !options->to, options->alternatives, ret, ret_count);
        if (!*ret_count)
            ret[(*ret_count)++] = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
        return error;
    }
    if (!options->to)
        return hs_subject_chain(subject, ret);
    return hs_chain_find(subject->db, subject->schema, subject->reader, subject->object, start.to, start.type,
                         ret);
}

static struct hs_error *run_chain(const struct hs_options *options)
{
    enum hs_draw_format format;
    struct hs_error *error = options->output ? hs_draw_format_find(options->output, &format) : NULL;
    struct hs_subject subject;
    if (!error && names_all(options->argument[1]))
        return run_all(options);
    if (error || (error = hs_subject_open(options, true, &subject)))
        return error;
    struct start start = parse_start(options->to);
    uint32_t type;
    if (start.type)
        error = hs_subject_type(&subject, start.type, &type);
    if (!error && start.type)
        start.type = hs_reader_type(subject.reader, type)->name;
    if (!error)
        error = avoid(options, &subject);
    if (!error && options->show_sql) {
        error = show_sql(&subject, start);
    } else if (!error) {
        struct hs_chain chain[HS_ALTERNATIVES_MAX] = {0};
        size_t chains;
        error = find_chains(options, &subject, start, chain, &chains);
        if (!error)
            error = answer(options, &subject, chain, chains);
        for (size_t i = 0; i < chains; i++)
            hs_chain_deinit(&chain[i]);
    }
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_chain = {
    .name = "chain",
    .aliases = (const char *const[]){"path", "why", NULL},
    .arguments = "SNAPSHOT.db OBJECT",
    .summary = "what keeps an object alive, from a module to it",
    .details =
        "Finds the chain of references that best explains why the object is alive, one step a\n"
        "line, and writes it as a Python expression. It prefers the names that the program's own\n"
        "modules give over the shortest way; the costs are in the table edge_cost, the search is\n"
        "SQL (--show-sql). -k shows other ways in which it is held: each leaves out, of the one before, the\n"
        "reference nearest to the object that is not needed to hold it. --avoid WHAT looks for ways\n"
        "around an object (#123), around all objects of a type or a root that is called so\n"
        "(webapp.cache, 'logging.*'), or around references of a name (.parent).",
    .examples =
        "  heapquery chain after.db 'webapp.DB[-1]'\n"
        "  heapquery chain after.db 'webapp.DB[-1]' -o chain.svg\n"
        "  heapquery chain after.db '#81234' --to root\n"
        "  heapquery chain after.db '#81234' --to webapp.Session --json\n"
        "  heapquery chain after.db 'webapp.DB[-1]' -k 3\n"
        "  heapquery chain after.db 'webapp.DB[-1]' --avoid 'webapp.Session' --avoid ._open_databases\n",
    .takes = HS_TAKES_JSON | HS_TAKES_LIMIT | HS_TAKES_TO | HS_TAKES_OUTPUT | HS_TAKES_QUIET | HS_TAKES_WAYS,
    .least = 2,
    .most = 2,
    .run = run_chain,
};
