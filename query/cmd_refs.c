/* heapquery refs and backrefs: what an object refers to, and what refers to it, as a table or as a picture.
 */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"
#include "query/inspect.h"
#include "query/picture.h"
#include "query/quantity.h"
#include "query/scene.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One reference of the object that was asked about, with the object at its other end. */
struct fan_ref {
    uint8_t kind;
    bool owning;
    bool named;
    uint32_t slot; /* HS_NO_LABEL if it has none */
    uint32_t object;
    struct hs_text name;
};

static uint8_t find_kind(const char *name)
{
    for (unsigned i = 0; i < HS_REF_KINDS; i++)
        if (name && !strcmp(name, hs_ref_kind_name(i)))
            return (uint8_t)i;
    return HS_REF_INTERNAL;
}

/* Lists references of object ?1, at most ?2: kind, name, slot, owning, other, and of the other one type,
 * bytes, value. CROSS JOIN keeps SQLite from starting with all objects. */
#define LIST_REFS \
    "SELECT r.kind, r.name, r.slot, r.owning, o.id, o.type, o.shallow_bytes, o.value FROM \"%w\".refs r "
#define OF_REFS     "CROSS JOIN \"%w\".objects o ON o.id = r.dst WHERE r.src = ?1 "
#define OF_BACKREFS "CROSS JOIN \"%w\".objects o ON o.id = r.src WHERE r.dst = ?1 "
/* Holders near a root explain more than those that the object itself keeps alive. */
#define NEAREST_FIRST "ORDER BY o.distance IS NULL, o.distance, o.id "
static const struct statements {
    const char *list, *count;
} forward =
    {
        .list = LIST_REFS OF_REFS "LIMIT ?2",
        .count = "SELECT count(*) FROM \"%w\".refs WHERE src = ?1",
},
  backward = {
      .list = LIST_REFS OF_BACKREFS NEAREST_FIRST "LIMIT ?2",
      .count = "SELECT count(*) FROM \"%w\".refs WHERE dst = ?1",
};

static struct hs_error *read_ref(sqlite3_stmt *statement, struct fan_ref *ret)
{
    ret->kind = find_kind((const char *)sqlite3_column_text(statement, 0));
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    ret->named = name;
    hs_text_clear(&ret->name);
    hs_text_put(&ret->name, name ? name : "", name ? (size_t)sqlite3_column_bytes(statement, 1) : 0);
    bool slot = sqlite3_column_type(statement, 2) != SQLITE_NULL;
    ret->slot = slot ? (uint32_t)sqlite3_column_int64(statement, 2) : HS_NO_LABEL;
    ret->owning = sqlite3_column_int(statement, 3);
    ret->object = (uint32_t)sqlite3_column_int64(statement, 4);
    return hs_text_error(&ret->name);
}

static struct hs_error *format_ref(const struct fan_ref *ref, const char *holder, char **ret)
{
    return hs_ref_format(ref->kind, ref->named ? hs_text_string(&ref->name) : NULL, ref->name.bytes,
                         ref->slot, holder, ret);
}

/* The table. */

static struct hs_error *put_for_people(sqlite3_stmt *statement, const struct fan_ref *ref, const char *holder,
                                       struct hs_output *output)
{
    char *reference;
    struct hs_error *error = format_ref(ref, holder, &reference);
    if (error)
        return error;
    struct hs_text text = {0};
    hs_text_clip(&text, reference, strlen(reference), 60);
    hs_text_puts(&text, ref->owning ? "" : " (weak)");
    free(reference);
    hs_output_text(output, hs_text_string(&text), text.bytes);
    for (int i = 5; i < 7; i++)
        hs_output_column(output, statement, i);
    hs_output_int(output, ref->object);
    hs_output_column(output, statement, 7);
    error = hs_text_error(&text);
    hs_text_deinit(&text);
    return error;
}

static struct hs_error *write_rows(const struct hs_options *options, const char *type, bool back,
                                   sqlite3_stmt *statement, struct hs_output *output)
{
    struct hs_error *error = NULL;
    struct fan_ref ref = {0};
    bool row = true;
    while (!error && row) {
        error = hs_statement_step(statement, &row);
        if (error || !row)
            break;
        error = read_ref(statement, &ref);
        if (!error && hs_options_for_people(options)) {
            error = put_for_people(statement, &ref,
                                   back ? (const char *)sqlite3_column_text(statement, 5) : type, output);
        } else if (!error) {
            for (int i = 0; i < 8; i++)
                hs_output_column(output, statement, i);
        }
        if (!error && !hs_output_row(output))
            break;
    }
    hs_text_deinit(&ref.name);
    return error;
}

static struct hs_error *count(const struct hs_subject *subject, const char *sql, uint32_t object,
                              uint64_t *ret)
{
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(subject, sql, &statement);
    bool row = false;
    if (!error) {
        sqlite3_bind_int64(statement, 1, object);
        error = hs_statement_step(statement, &row);
    }
    *ret = row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return error;
}

/* Says what the limit left out, or that there is nothing. */
static struct hs_error *print_footer(const struct hs_options *options, const struct hs_subject *subject,
                                     bool back, uint64_t rows)
{
    uint64_t all = 0;
    char more[HS_QUANTITY_MAX];
    struct hs_text roots = {0};
    struct hs_error *error = back ? hs_subject_roots(subject, subject->object, &roots) : NULL;
    bool held = roots.bytes;
    if (!error && held) {
        struct hs_text line = {0};
        hs_text_puts(&line, "held by roots: ");
        hs_text_terminal(&line, hs_text_string(&roots), roots.bytes);
        hs_text_puts(&line, "\n");
        error = hs_text_print(&line, stdout);
    }
    hs_text_deinit(&roots);
    if (error)
        return error;
    if (rows == 0 && !held)
        printf("%s #%" PRIu32 "\n", back ? "nothing in this snapshot refers to" : "no references from",
               subject->object);
    if (rows == 0 || rows < hs_options_limit(options, 20))
        return NULL;
    error = count(subject, back ? backward.count : forward.count, subject->object, &all);
    if (!error && all > rows)
        printf("... and %s more (-n 0 shows all)\n", hs_count_format(more, all - rows));
    return error;
}

static struct hs_error *print_table(const struct hs_options *options, const struct hs_subject *subject,
                                    bool back)
{
    static const struct hs_column people[] = {{"reference", HS_COLUMN_TEXT},
                                              {"type", HS_COLUMN_TEXT},
                                              {"bytes", HS_COLUMN_BYTES},
                                              {"id", HS_COLUMN_ID},
                                              {"value", HS_COLUMN_VALUE}};
    static const struct hs_column programs[] = {{"kind", HS_COLUMN_TEXT},   {"name", HS_COLUMN_TEXT},
                                                {"slot", HS_COLUMN_COUNT},  {"owning", HS_COLUMN_COUNT},
                                                {"id", HS_COLUMN_ID},       {"type", HS_COLUMN_TEXT},
                                                {"bytes", HS_COLUMN_BYTES}, {"value", HS_COLUMN_VALUE}};
    bool for_people = hs_options_for_people(options);
    uint64_t limit = hs_options_limit(options, 20);
    sqlite3_stmt *statement = NULL;
    struct hs_output *output = NULL;
    struct hs_inspected object = {0};
    struct hs_error *error = hs_inspect(subject->reader, subject->object, &object);
    if (!error)
        error = hs_subject_prepare(subject, back ? backward.list : forward.list, &statement);
    if (!error)
        error = hs_options_output(options, for_people ? people : programs, for_people ? 5 : 8, &output);
    if (!error) {
        sqlite3_bind_int64(statement, 1, subject->object);
        sqlite3_bind_int64(statement, 2, limit > INT64_MAX ? -1 : (sqlite3_int64)limit);
        error = write_rows(options, object.type_name, back, statement, output);
    }
    if (!error)
        error = hs_output_finish(output);
    if (!error && for_people)
        error = print_footer(options, subject, back, hs_output_rows(output));
    hs_output_destroy(output);
    sqlite3_finalize(statement);
    hs_inspected_deinit(&object);
    return error;
}

/* The picture. */

/* Boxes that are looked at before the picture is made as small as its budget. */
#define GATHERED 200

/* The way from a module goes into the picture of what refers to an object, however far that module is. */
static struct hs_error *gather(const struct hs_options *options, const struct hs_subject *subject, bool back,
                               const struct hs_scene *scene, struct hs_gather *into,
                               struct hs_chain *ret_chain)
{
    struct hs_gather_limits limits = {.depth = options->max_depth,
                                      .fan = options->too_many,
                                      .boxes = options->budget.everything ? HS_PICTURE_MOST
                                               : options->budget.boxes > GATHERED / 2
                                                   ? 2 * options->budget.boxes
                                                   : GATHERED};
    struct hs_error *error = NULL;
    if (back)
        error = hs_chain_from_tree(scene->graph, &scene->roots, scene->tree, subject->object, ret_chain);
    if (!error)
        error = hs_gather_chain(into, ret_chain);
    return error ? error : hs_gather_fan(into, subject->object, &limits);
}

static struct hs_error *write_picture(const struct hs_options *options, const struct hs_picture *picture)
{
    size_t boxes = 0;
    struct hs_error *error = hs_picture_write(picture, options->output, options->overwrite, &boxes);
    if (!error && !options->quiet) {
        struct hs_text line = {0};
        hs_text_terminal(&line, options->output, strlen(options->output));
        printf("%s: %zu boxes\n", hs_text_string(&line), boxes);
        hs_text_deinit(&line);
    }
    return error;
}

static struct hs_error *draw(const struct hs_options *options, const struct hs_subject *subject, bool back)
{
    struct hs_text title = {0};
    hs_text_printf(&title, "%s %s", back ? "what refers to" : "what is referred to by", subject->name);
    struct hs_scene scene = {0};
    struct hs_sketch sketch = {.forward = !back};
    struct hs_gather *gathered = NULL;
    struct hs_chain chain = {0};
    struct hs_error *error = hs_scene_init(&scene, subject->db, subject->reader);
    if (!error)
        error = hs_gather_create(scene.graph, scene.tree, options->budget.everything, &sketch, &gathered);
    if (!error)
        error = gather(options, subject, back, &scene, gathered, &chain);
    if (!error)
        error = write_picture(
            options,
            &(struct hs_picture){.reader = subject->reader,
                                 .sketch = &sketch,
                                 .gather = gathered,
                                 .roots = &scene.roots,
                                 .dominators = scene.dominators,
                                 .chain = &chain,
                                 .title = hs_text_string(&title),
                                 .direction = options->budget.everything ? HS_DRAW_DOWN : HS_DRAW_RIGHT,
                                 .budget = options->budget});
    hs_chain_deinit(&chain);
    hs_gather_destroy(gathered);
    hs_sketch_deinit(&sketch);
    hs_scene_deinit(&scene);
    hs_text_deinit(&title);
    return error;
}

static struct hs_error *run(const struct hs_options *options, bool back)
{
    enum hs_draw_format format;
    struct hs_error *error = options->output ? hs_draw_format_find(options->output, &format) : NULL;
    struct hs_subject subject;
    if (error || (error = hs_subject_open(options, true, &subject)))
        return error;
    error = options->output ? draw(options, &subject, back) : print_table(options, &subject, back);
    hs_subject_close(&subject);
    return error;
}

static struct hs_error *run_refs(const struct hs_options *options)
{
    return run(options, false);
}

static struct hs_error *run_backrefs(const struct hs_options *options)
{
    return run(options, true);
}

const struct hs_command hs_command_refs = {
    .name = "refs",
    .aliases = (const char *const[]){"referents", NULL},
    .arguments = "SNAPSHOT.db OBJECT",
    .summary = "what an object refers to",
    .details = "Lists the references from an object, with their names. With -o it draws them, and\n"
               "theirs, up to --max-depth; references to types are left out of the picture, where each\n"
               "box names its type.",
    .examples = "  heapquery refs after.db 'webapp.DB[-1]'\n"
                "  heapquery refs after.db '#81234' --csv\n"
                "  heapquery refs after.db 'webapp.DB[-1]' -o refs.png --max-depth 2\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT | HS_TAKES_OUTPUT | HS_TAKES_FAN | HS_TAKES_QUIET,
    .least = 2,
    .most = 2,
    .run = run_refs,
};

const struct hs_command hs_command_backrefs = {
    .name = "backrefs",
    .aliases = (const char *const[]){"referrers", NULL},
    .arguments = "SNAPSHOT.db OBJECT",
    .summary = "what refers to an object",
    .details = "Lists the references to an object, with their names and holders, those nearest to a\n"
               "root first. With -o it draws them, and what refers to the holders, up to --max-depth,\n"
               "ending at modules; the chain from a module that explains most is in it in any case.",
    .examples = "  heapquery backrefs after.db 'webapp.DB[-1]'\n"
                "  heapquery backrefs after.db 'webapp.DB[-1]' -o backrefs.svg --too-many 5\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT | HS_TAKES_OUTPUT | HS_TAKES_FAN | HS_TAKES_QUIET,
    .least = 2,
    .most = 2,
    .run = run_backrefs,
};
