/* heapquery verify: reads everything in a snapshot and checks it against itself. */
#include "query/cmd.h"

#include "format/text.h"
#include "query/quantity.h"

#include <stdio.h>
#include <string.h>

static void print_fine(const struct hs_reader *reader, const char *path)
{
    char objects[HS_QUANTITY_MAX], refs[HS_QUANTITY_MAX], types[HS_QUANTITY_MAX];
    struct hs_text text = {0};
    hs_text_terminal(&text, path, strlen(path));
    printf("%s: all is well (%s objects, %s references, %s types)\n", hs_text_string(&text),
           hs_count_format(objects, hs_reader_objects(reader)), hs_count_format(refs, hs_reader_refs(reader)),
           hs_count_format(types, hs_reader_types(reader)));
    hs_text_deinit(&text);
}

static struct hs_error *verify(const char *path, bool quiet)
{
    struct hs_reader *reader;
    struct hs_error *error = hs_reader_open(path, &reader);
    if (error)
        return error;
    error = hs_reader_verify(reader);
    if (!error && !quiet)
        print_fine(reader, path);
    hs_reader_destroy(reader);
    return error;
}

static struct hs_error *run_verify(const struct hs_options *options)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; i < options->arguments && !error; i++)
        error = verify(options->argument[i], options->quiet);
    return error;
}

const struct hs_command hs_command_verify = {
    .name = "verify",
    .aliases = (const char *const[]){"check", NULL},
    .arguments = "SNAPSHOT.db [MORE.db ...]",
    .summary = "check a snapshot from end to end",
    .details = "Decodes all of a snapshot, checks every checksum, and that all references, types and\n"
               "counts fit together. Stops at the first file that is damaged, with exit status 2.",
    .examples = "  heapquery verify after.db\n"
                "  heapquery verify -q *.db && echo fine\n",
    .takes = HS_TAKES_QUIET,
    .least = 1,
    .most = SIZE_MAX,
    .run = run_verify,
};
