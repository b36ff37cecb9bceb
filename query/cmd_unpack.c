/* heapquery unpack: a packed snapshot as ordinary tables, for programs that know nothing of ours. */
#include "query/cmd.h"

#include "format/plain.h"
#include "format/text.h"
#include "query/quantity.h"

#include <stdio.h>
#include <string.h>

static void print_size(const char *path, uint64_t bytes)
{
    char size[HS_QUANTITY_MAX];
    struct hs_text text = {0};
    hs_text_terminal(&text, path, strlen(path));
    printf("%s: %s\n", hs_text_string(&text), hs_bytes_format(size, bytes));
    hs_text_deinit(&text);
}

static struct hs_error *run_unpack(const struct hs_options *options)
{
    const char *plain = options->argument[1];
    struct hs_session *session;
    struct hs_error *error = hs_cmd_open(options->argument, 1, &session);
    if (error)
        return error;
    const struct hs_writer_options writer = {
        .overwrite = options->overwrite, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    uint64_t bytes = 0;
    error = hs_plain_write(session, 0, plain, &writer, &bytes);
    if (!error && !options->quiet)
        print_size(plain, bytes);
    hs_session_close(session);
    return error;
}

const struct hs_command hs_command_unpack = {
    .name = "unpack",
    .arguments = "SNAPSHOT.db PLAIN.db",
    .summary = "write a snapshot as ordinary tables",
    .details = "Writes PLAIN.db with the same tables as ordinary ones, indexed, for the stock sqlite3\n"
               "shell, Python's sqlite3, DuckDB and others. It is several times as large. The columns\n"
               "that a packed file computes on demand are stored, all but path. The tools read it like\n"
               "the packed one.",
    .examples = "  heapquery unpack after.db plain.db\n"
                "  heapquery unpack after.db plain.db -f && sqlite3 plain.db 'SELECT count(*) FROM refs'\n",
    .takes = HS_TAKES_FORCE | HS_TAKES_QUIET,
    .least = 2,
    .most = 2,
    .run = run_unpack,
};
