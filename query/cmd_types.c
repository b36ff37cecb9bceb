/* heapquery types: how many objects of each type, from the small table alone, so it is instant on any
 * snapshot. heapquery objects: the instances of one type. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "query/quantity.h"

#include <stdio.h>
#include <string.h>

struct order {
    const char *key, *sql;
};

/* The ORDER BY terms that `key` stands for; the first one if it is NULL. */
static struct hs_error *find_order(const struct order *orders, const char *key, const char **ret)
{
    for (const struct order *order = orders; order->key; order++) {
        if (!key || !strcmp(order->key, key)) {
            *ret = order->sql;
            return NULL;
        }
    }
    char keys[128] = "";
    for (const struct order *order = orders; order->key; order++)
        snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s%s", order == orders ? "" : ", ",
                 order->key);
    return hs_error_create(HS_ERROR_USAGE, "--sort %s: expected one of %s", key, keys);
}

static uint64_t minimum(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What a limit left out, so that nobody takes a part for the whole. */
struct left_out {
    uint64_t rows, objects, bytes;
};

static struct hs_error *write_types(const struct hs_options *options, sqlite3_stmt *statement,
                                    struct hs_output *output, struct left_out *left)
{
    uint64_t limit = hs_options_limit(options, 20);
    for (;;) {
        bool row;
        struct hs_error *error = hs_statement_step(statement, &row);
        if (error || !row)
            return error;
        sqlite3_int64 objects = sqlite3_column_int64(statement, 1),
                      bytes = sqlite3_column_int64(statement, 2);
        if (hs_output_rows(output) == limit) {
            left->rows++;
            left->objects += (uint64_t)objects;
            left->bytes += (uint64_t)bytes;
            continue;
        }
        hs_output_column(output, statement, 0);
        hs_output_int(output, objects);
        hs_output_int(output, bytes);
        hs_output_int(output, objects ? bytes / objects : 0);
        if (!hs_output_row(output))
            return NULL;
    }
}

static void print_left_out(const struct left_out *left, const char *what)
{
    char rows[HS_QUANTITY_MAX], objects[HS_QUANTITY_MAX], bytes[HS_QUANTITY_MAX];
    if (left->rows)
        printf("... and %s more %s: %s objects, %s (-n 0 shows all)\n", hs_count_format(rows, left->rows),
               what, hs_count_format(objects, left->objects), hs_bytes_format(bytes, left->bytes));
}

static struct hs_error *run_types(const struct hs_options *options)
{
    static const struct order orders[] = {
        {"size", "bytes DESC, name"},
        {"count", "count DESC, name"},
        {"mean", "bytes / count DESC, name"},
        {"name", "name"},
        {"bytes", "bytes DESC, name"},
        {"objects", "count DESC, name"},
        {NULL, NULL},
    };
    static const struct hs_column columns[] = {{"type", HS_COLUMN_TEXT},
                                               {"objects", HS_COLUMN_COUNT},
                                               {"bytes", HS_COLUMN_BYTES},
                                               {"mean", HS_COLUMN_BYTES}};
    const char *order;
    struct hs_error *error = find_order(orders, options->sort, &order);
    struct hs_subject subject;
    if (error || (error = hs_subject_open(options, false, &subject)))
        return error;
    char sql[256];
    snprintf(sql, sizeof(sql),
             "SELECT name, sum(objects) AS count, sum(shallow_bytes) AS bytes FROM \"%%w\".types "
             "WHERE objects > 0 AND (?1 IS NULL OR name GLOB ?1) GROUP BY name ORDER BY %s",
             order);
    sqlite3_stmt *statement = NULL;
    struct hs_output *output = NULL;
    struct left_out left = {0};
    error = hs_subject_prepare(&subject, sql, &statement);
    if (!error && options->like)
        sqlite3_bind_text(statement, 1, options->like, -1, SQLITE_STATIC);
    if (!error)
        error = hs_options_output(options, columns, 4, &output);
    if (!error)
        error = write_types(options, statement, output, &left);
    if (!error)
        error = hs_output_finish(output);
    if (!error && hs_options_for_people(options))
        print_left_out(&left, "types");
    hs_output_destroy(output);
    sqlite3_finalize(statement);
    hs_subject_close(&subject);
    return error;
}

static struct hs_error *write_objects(sqlite3_stmt *statement, struct hs_output *output)
{
    for (;;) {
        bool row;
        struct hs_error *error = hs_statement_step(statement, &row);
        if (error || !row)
            return error;
        for (int i = 0; i < 6; i++)
            hs_output_column(output, statement, i);
        if (!hs_output_row(output))
            return NULL;
    }
}

static struct hs_error *query_objects(const struct hs_options *options, const struct hs_subject *subject,
                                      const char *type, const char *order, struct hs_output *output)
{
    char sql[256];
    snprintf(
        sql, sizeof(sql),
        "SELECT id, address, shallow_bytes, refcount, length, value FROM \"%%w\".objects WHERE type = ?1 "
        "ORDER BY %s LIMIT ?2",
        order);
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(subject, sql, &statement);
    if (!error) {
        sqlite3_bind_text(statement, 1, type, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, (sqlite3_int64)minimum(hs_options_limit(options, 20), INT64_MAX));
        error = write_objects(statement, output);
    }
    sqlite3_finalize(statement);
    return error;
}

static uint64_t count_instances(const struct hs_reader *reader, const char *type)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < hs_reader_types(reader); i++)
        if (!strcmp(hs_reader_type(reader, i)->name, type))
            all += hs_reader_type(reader, i)->objects;
    return all;
}

static struct hs_error *run_objects(const struct hs_options *options)
{
    static const struct order orders[] = {
        {"id", "id"},
        {"size", "shallow_bytes DESC, id"},
        {"refcount", "refcount DESC, id"},
        {"length", "length DESC, id"},
        {"bytes", "shallow_bytes DESC, id"},
        {NULL, NULL},
    };
    static const struct hs_column columns[] = {{"id", HS_COLUMN_ID},        {"address", HS_COLUMN_ADDRESS},
                                               {"bytes", HS_COLUMN_BYTES},  {"refcount", HS_COLUMN_COUNT},
                                               {"length", HS_COLUMN_COUNT}, {"value", HS_COLUMN_VALUE}};
    const char *order;
    struct hs_error *error = find_order(orders, options->sort, &order);
    struct hs_subject subject;
    if (error || (error = hs_subject_open(options, false, &subject)))
        return error;
    uint32_t type = 0;
    struct hs_output *output = NULL;
    error = hs_subject_type(&subject, subject.name, &type);
    if (!error)
        error = hs_options_output(options, columns, 6, &output);
    if (!error)
        error = query_objects(options, &subject, hs_reader_type(subject.reader, type)->name, order, output);
    if (!error)
        error = hs_output_finish(output);
    if (!error && hs_options_for_people(options)) {
        char more[HS_QUANTITY_MAX];
        uint64_t all = count_instances(subject.reader, hs_reader_type(subject.reader, type)->name);
        if (all > hs_output_rows(output))
            printf("... and %s more objects (-n 0 shows all)\n",
                   hs_count_format(more, all - hs_output_rows(output)));
    }
    hs_output_destroy(output);
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_types = {
    .name = "types",
    .aliases = (const char *const[]){"count", "by-type", NULL},
    .arguments = "SNAPSHOT.db",
    .summary = "objects and bytes by type",
    .details = "Lists the types with the number of their instances and the bytes that these take\n"
               "themselves (what sys.getsizeof says; not what they keep alive). --sort: size (default),\n"
               "count, mean or name.",
    .examples = "  heapquery types after.db\n"
                "  heapquery types after.db --like 'webapp.*' --sort count\n"
                "  heapquery types after.db --json\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT | HS_TAKES_SORT | HS_TAKES_LIKE,
    .least = 1,
    .most = 1,
    .run = run_types,
};

const struct hs_command hs_command_objects = {
    .name = "objects",
    .arguments = "SNAPSHOT.db TYPE",
    .summary = "the instances of a type",
    .details = "Lists the instances of a type by address, so that the first line is TYPE[0]. --sort: id\n"
               "(default), size, refcount or length.",
    .examples = "  heapquery objects after.db webapp.DB\n"
                "  heapquery objects after.db dict --sort size -n 5\n",
    .takes = HS_TAKES_FORMAT | HS_TAKES_LIMIT | HS_TAKES_SORT,
    .least = 2,
    .most = 2,
    .run = run_objects,
};
