/* heapquery SNAPSHOT.db ... ["SQL"]: statements from the command line, from a pipe, or from the prompt of the
 * sqlite3 shell. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"
#include "query/cmd_shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "a.db" or "a.db, b.db": errors in SQL say which snapshots they are about. */
static void put_files(struct hs_text *text, struct hs_session *session)
{
    for (size_t i = 0; i < hs_session_count(session); i++)
        hs_text_printf(text, "%s%s", i ? ", " : "", hs_reader_path(hs_session_reader(session, i)));
}

/* Whether a message comes from the reader of a snapshot, which names its file. */
static bool names_file(struct hs_session *session, const char *message)
{
    for (size_t i = 0; i < hs_session_count(session); i++) {
        const char *path = hs_reader_path(hs_session_reader(session, i));
        if (!strncmp(message, path, strlen(path)) && message[strlen(path)] == ':')
            return true;
    }
    return false;
}

/* SQLite's message and the place in the statement, if it knows. */
static struct hs_error *sql_error(struct hs_session *session, const char *sql, int rc)
{
    enum { EXCERPT = 24 };
    sqlite3 *db = hs_session_db(session);
    int offset = sqlite3_error_offset(db);
    if (rc == SQLITE_NOMEM)
        return &hs_error_memory;
    if (names_file(session, sqlite3_errmsg(db)))
        return hs_error_create(HS_ERROR_CORRUPT, "%s", sqlite3_errmsg(db));
    struct hs_text text = {0};
    put_files(&text, session);
    /* SQLite says no more than "not authorized" about what format/lockdown.h refuses. */
    if ((rc & 0xff) == SQLITE_AUTH)
        hs_text_puts(&text,
                     ": snapshots are only read here; keep results in CREATE TEMP TABLE name AS SELECT ...");
    else
        hs_text_printf(&text, ": %s", sqlite3_errmsg(db));
    if (offset >= 0 && (size_t)offset <= strlen(sql)) {
        hs_text_printf(&text, " (at character %d", offset + 1);
        if (sql[offset]) {
            hs_text_puts(&text, ": ");
            hs_text_clip(&text, sql + offset, strlen(sql + offset), EXCERPT);
        }
        hs_text_puts(&text, ")");
    }
    struct hs_error *error = hs_text_error(&text);
    if (!error)
        error = hs_error_create(HS_ERROR_SQL, "%s", hs_text_string(&text));
    hs_text_deinit(&text);
    return error;
}

/* Result columns called address are addresses: people write these in hexadecimal, and SQL takes 0x.. back. */
static enum hs_column_kind column_kind(const struct hs_options *options, const char *name)
{
    bool address = hs_options_for_people(options) && !sqlite3_stricmp(name, "address");
    return address ? HS_COLUMN_ADDRESS : HS_COLUMN_ANY;
}

static struct hs_error *create_output(const struct hs_options *options, sqlite3_stmt *statement,
                                      struct hs_output **ret)
{
    int count = sqlite3_column_count(statement);
    struct hs_column *columns = calloc((size_t)count, sizeof(*columns));
    if (!columns)
        return &hs_error_memory;
    for (int i = 0; i < count; i++) {
        columns[i].name = sqlite3_column_name(statement, i);
        columns[i].kind = column_kind(options, columns[i].name);
    }
    struct hs_error *error = hs_options_output(options, columns, (size_t)count, ret);
    free(columns);
    return error;
}

/* Runs a compiled statement to its end and writes what it gives. */
static struct hs_error *run_statement(const struct hs_options *options, struct hs_session *session,
                                      sqlite3_stmt *statement, const char *sql)
{
    int count = sqlite3_column_count(statement);
    struct hs_output *output = NULL;
    struct hs_error *error = count ? create_output(options, statement, &output) : NULL;
    int rc = SQLITE_DONE;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < count; i++)
            hs_output_column(output, statement, i);
        if (count && !hs_output_row(output))
            break;
    }
    /* What came before the error is shown, as far as it goes. */
    if (!error && output)
        error = hs_output_finish(output);
    if (!error && rc != SQLITE_DONE && rc != SQLITE_ROW)
        error = sql_error(session, sql, rc);
    hs_output_destroy(output);
    return error;
}

static struct hs_error *run_statements(const struct hs_options *options, struct hs_session *session,
                                       const char *sql)
{
    const char *rest = sql;
    while (*rest) {
        const char *start = rest;
        sqlite3_stmt *statement;
        int rc = sqlite3_prepare_v2(hs_session_db(session), start, -1, &statement, &rest);
        if (rc != SQLITE_OK)
            return sql_error(session, start, rc);
        if (!statement) /* a comment, or nothing */
            continue;
        struct hs_error *error = run_statement(options, session, statement, start);
        sqlite3_finalize(statement);
        if (error)
            return error;
    }
    return NULL;
}

/* Reads statements from a pipe or a file, and runs each as soon as it is complete. */
static struct hs_error *run_input(const struct hs_options *options, struct hs_session *session, FILE *file)
{
    struct hs_text sql = {0};
    char *line = NULL;
    size_t room = 0;
    ssize_t got;
    struct hs_error *error = NULL;
    while (!error && (got = getline(&line, &room, file)) > 0) {
        hs_text_put(&sql, line, (size_t)got);
        error = hs_text_error(&sql);
        if (error || !sqlite3_complete(hs_text_string(&sql)))
            continue;
        error = run_statements(options, session, hs_text_string(&sql));
        hs_text_clear(&sql);
    }
    if (!error && ferror(file))
        error = hs_error_system(errno, "standard input", "read");
    if (!error)
        error = run_statements(options, session, hs_text_string(&sql));
    free(line);
    hs_text_deinit(&sql);
    return error;
}

/* The last argument is a statement if it cannot be a file: it is empty, or it has blanks in it and no file is
 * called that. */
static bool is_statement(const char *argument)
{
    return !*argument || (strpbrk(argument, " \t\n;(") && access(argument, F_OK));
}

static struct hs_error *run_sql(const struct hs_options *options)
{
    size_t files = options->arguments;
    const char *sql = NULL;
    if (files > 1 && is_statement(options->argument[files - 1]))
        sql = options->argument[--files];
    struct hs_session *session;
    struct hs_error *error = hs_cmd_open(options->argument, files, &session);
    if (error)
        return error;
    if (sql)
        error = run_statements(options, session, sql);
    else if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        error = hs_shell_run(session);
    else
        error = run_input(options, session, stdin);
    hs_session_close(session);
    return error;
}

const struct hs_command hs_command_sql = {
    .name = "sql",
    .arguments = "SNAPSHOT.db [MORE.db ...] [\"SQL\"]",
    .summary = "run SQL, or open a prompt",
    .details = "Runs SQL over one or several snapshots. The tables are objects, refs, types, roots,\n"
               "modules, threads, frames, memory and snapshot (heapquery tables SNAPSHOT.db lists their\n"
               "columns). With several snapshots each is a schema with the name of its file. Functions:\n"
               "obj('webapp.DB[-1]'), path(id), retaining_chain(id). Without SQL, statements come from\n"
               "the pipe, or from the prompt of the sqlite3 shell. Only tables in temp can be written.",
    .examples =
        "  heapquery after.db \"SELECT type, count(*) FROM objects GROUP BY type ORDER BY 2 DESC LIMIT 5\"\n"
        "  heapquery before.db after.db \"SELECT a.type, count(*) FROM after.objects a LEFT JOIN "
        "before.objects b\n"
        "      USING (address) WHERE b.id IS NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 5\"\n"
        "  heapquery after.db --csv \"SELECT * FROM memory\" > memory.csv\n"
        "  echo 'SELECT * FROM snapshot;' | heapquery after.db --json\n"
        "  heapquery after.db\n",
    .takes = HS_TAKES_FORMAT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run_sql,
};
