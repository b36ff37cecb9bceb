/* heapquery tables: the tables that SQL can use, with their columns. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"

#include <stdio.h>

/* Columns of a table one after the other; those that are derived on demand apart. */
static struct hs_error *list_columns(const struct hs_subject *subject, const char *table,
                                     struct hs_text *plain, struct hs_text *hidden)
{
    sqlite3_stmt *statement;
    struct hs_error *error = hs_subject_prepare(
        subject, "SELECT name, hidden FROM pragma_table_xinfo(?1, '%q') WHERE hidden IN (0, 1) ORDER BY cid",
        &statement);
    if (error)
        return error;
    sqlite3_bind_text(statement, 1, table, -1, SQLITE_TRANSIENT);
    bool row = true;
    while (!error && row) {
        error = hs_statement_step(statement, &row);
        if (error || !row)
            break;
        struct hs_text *list = sqlite3_column_int(statement, 1) ? hidden : plain;
        if (list->bytes)
            hs_text_puts(list, ", ");
        hs_text_puts(list, (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *write_table(const struct hs_subject *subject, const char *table,
                                    struct hs_output *output)
{
    struct hs_text plain = {0}, hidden = {0};
    struct hs_error *error = list_columns(subject, table, &plain, &hidden);
    if (!error)
        error = hs_text_error(&plain);
    if (!error)
        error = hs_text_error(&hidden);
    if (!error) {
        hs_output_string(output, table);
        hs_output_string(output, hs_text_string(&plain));
        hs_output_text(output, hidden.data, hidden.bytes);
        hs_output_row(output);
    }
    hs_text_deinit(&plain);
    hs_text_deinit(&hidden);
    return error;
}

static struct hs_error *write_tables(const struct hs_subject *subject, struct hs_output *output)
{
    sqlite3_stmt *statement;
    struct hs_error *error =
        hs_subject_prepare(subject,
                           "SELECT name FROM \"%w\".sqlite_schema WHERE type IN ('table', 'view') AND name "
                           "NOT LIKE 'sqlite%%' ORDER BY name",
                           &statement);
    if (error)
        return error;
    bool row = true;
    while (!error && row) {
        error = hs_statement_step(statement, &row);
        if (!error && row)
            error = write_table(subject, (const char *)sqlite3_column_text(statement, 0), output);
    }
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *run_tables(const struct hs_options *options)
{
    static const struct hs_column columns[] = {
        {"table", HS_COLUMN_TEXT}, {"columns", HS_COLUMN_TEXT}, {"on_demand", HS_COLUMN_TEXT}};
    struct hs_subject subject;
    struct hs_error *error = hs_subject_open(options, false, &subject);
    if (error)
        return error;
    struct hs_output *output = NULL;
    error = hs_options_output(options, columns, 3, &output);
    if (!error)
        error = write_tables(&subject, output);
    if (!error)
        error = hs_output_finish(output);
    hs_output_destroy(output);
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_tables = {
    .name = "tables",
    .aliases = (const char *const[]){"schema", NULL},
    .arguments = "SNAPSHOT.db",
    .summary = "the tables and columns that SQL can use",
    .details = "Lists the tables of a snapshot with their columns. Those on demand are computed when a\n"
               "statement names them; SELECT * leaves them out.",
    .examples = "  heapquery tables after.db\n"
                "  heapquery after.db \"SELECT name, value FROM snapshot\"\n",
    .takes = HS_TAKES_FORMAT,
    .least = 1,
    .most = 1,
    .run = run_tables,
};
