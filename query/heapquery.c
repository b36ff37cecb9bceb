/* heapquery: questions to heap snapshots. This file knows the command line and prints what went wrong; each
 * command has a file of its own (cmd_*.c). */
#include "format/text.h"
#include "format/trouble.h"
#include "query/cmd.h"
#include "query/cmd_options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct hs_command *const commands[] = {
    &hs_command_types,  &hs_command_objects,  &hs_command_show,  &hs_command_refs,   &hs_command_backrefs,
    &hs_command_chain,  &hs_command_retained, &hs_command_paths, &hs_command_tables, &hs_command_unpack,
    &hs_command_verify, &hs_command_plot,     &hs_command_sql,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static bool has_alias(const struct hs_command *command, const char *name)
{
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        if (!strcmp(*alias, name))
            return true;
    return false;
}

static const struct hs_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(commands[i]->name, name) || has_alias(commands[i], name))
            return commands[i];
    return NULL;
}

static void print_usage(FILE *file)
{
    fputs("usage: heapquery SNAPSHOT.db [MORE.db ...] [\"SQL\"]\n"
          "       heapquery COMMAND SNAPSHOT.db [OBJECT] [OPTIONS]\n\n"
          "Answers questions about heap snapshots: what is in there, and what keeps it alive.\n"
          "With SQL it runs the statement; without, it opens a prompt, or reads statements from a pipe.\n\n"
          "Commands:\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  %-10s%s", commands[i]->name, commands[i]->summary);
        for (const char *const *alias = commands[i]->aliases; alias && *alias; alias++)
            fprintf(file, "%s%s", alias == commands[i]->aliases ? " (also: " : ", ", *alias);
        fputs(commands[i]->aliases ? ")\n" : "\n", file);
    }
    fputs("\nAn OBJECT is webapp.DB[-1] (a type and an index over its instances, by address), DB[0] (where "
          "the bare\n"
          "name is unique), #123 (an id) or 0x7f0123456780 (an address).\n\n"
          "Examples:\n"
          "  heapquery types after.db\n"
          "  heapquery chain after.db 'webapp.DB[-1]'\n"
          "  heapquery after.db \"SELECT type, count(*) FROM objects GROUP BY type ORDER BY 2 DESC LIMIT "
          "5\"\n\n"
          "heapquery COMMAND --help tells more. Exit status: 0 done, 2 trouble.\n",
          file);
}

static int report(struct hs_error *error, const char *hint)
{
    return hs_trouble_report("heapquery", error, hint);
}

static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 32 };
    size_t row[LONGEST + 1], length = strlen(b);
    if (length > LONGEST || strlen(a) > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = (row[j - 1] < row[j] ? row[j - 1] : row[j]) + 1;
            diagonal = row[j];
            row[j] = replace < insert ? replace : insert;
        }
    }
    return row[length];
}

/* A word that is neither a command nor a file. */
static int report_unknown(const char *word)
{
    const struct hs_command *near = NULL;
    size_t best = 3; /* farther words are no misspelling */
    for (size_t i = 0; i < COMMANDS; i++) {
        size_t distance = edit_distance(word, commands[i]->name);
        if (distance < best) {
            best = distance;
            near = commands[i];
        }
    }
    struct hs_error *error =
        near ? hs_error_create(HS_ERROR_USAGE, "%s: no such command or snapshot file (%s?)", word, near->name)
             : hs_error_create(HS_ERROR_USAGE, "%s: no such command or snapshot file", word);
    struct hs_text hint = {0};
    hs_text_puts(&hint, "heapquery ");
    if (near)
        hs_text_printf(&hint, "%s ", near->name);
    hs_text_puts(&hint, "--help");
    int status = report(error, hs_text_string(&hint));
    hs_text_deinit(&hint);
    return status;
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    struct hs_options options;
    bool help = false;
    struct hs_text hint = {0};
    struct hs_error *error = hs_options_parse(command, argc, argv, &options, &help);
    if (!error && help) {
        hs_command_help(command, stdout);
        hs_text_deinit(&hint);
        return 0;
    }
    if (!error)
        error = command->run(&options);
    if (!error && (fflush(stdout) || ferror(stdout)))
        error = hs_error_system(errno, NULL, "write the result");
    int status = 0;
    if (error) {
        hs_options_hint(&options, error, argc, argv, &hint);
        status = report(error, hint.bytes ? hs_text_string(&hint) : NULL);
    }
    hs_text_deinit(&hint);
    return status;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_DFL); /* `| head` ends us quietly, whatever the parent ignores */
    if (argc < 2)
        return report(hs_error_create(HS_ERROR_USAGE, "nothing to do: name a snapshot"), "heapquery --help");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        const struct hs_command *about = argc > 2 ? find_command(argv[2]) : NULL;
        if (about)
            hs_command_help(about, stdout);
        else
            print_usage(stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        puts("heapquery " HS_VERSION);
        return 0;
    }
    const struct hs_command *command = find_command(argv[1]);
    /* heapquery after.db types: plain enough. */
    if (!command && argc > 2 && find_command(argv[2]) && access(argv[2], F_OK)) {
        char *snapshot = argv[1];
        command = find_command(argv[2]);
        argv[1] = argv[2];
        argv[2] = snapshot;
    }
    if (command)
        return run(command, argc - 1, argv + 1);
    bool file = argv[1][0] == '-' || strpbrk(argv[1], "./") || access(argv[1], F_OK) == 0;
    return file ? run(&hs_command_sql, argc, argv) : report_unknown(argv[1]);
}
