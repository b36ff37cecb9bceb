/* heapdump: makes heap snapshots of Python programs. */
#include "dump/command.h"

#include "format/trouble.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: heapdump snap FILE [-p PID] [OPTION...]\n"
    "       heapdump list [--json]\n"
    "       heapdump run [-o FILE] [OPTION...] -- PROGRAM [ARGUMENT...]\n"
    "       heapdump record -o FILE.csv [-p PID] [OPTION...]\n"
    "       heapdump mark LABEL [-p PID]\n"
    "       heapdump --help | --version\n"
    "\n"
    "Writes a snapshot of the heap of a Python program: every object, and what refers to it.\n"
    "\n"
    "  snap   write a snapshot of a running process, which needs no preparation\n"
    "  list   list the Python processes that can be snapped, and why others cannot\n"
    "  run    start a program and write a snapshot when it ends\n"
    "  record write the memory of a process into a table, now and then; mark adds a label to it\n"
    "\n"
    "Each has --help. From Python, at any moment and at a pdb prompt too:\n"
    "\n"
    "  import heapdump\n"
    "  heapdump.snap(\"before.db\")\n"
    "\n"
    "Then: heapdiff before.db after.db     what grows, and what holds it\n"
    "      heapquery after.db              SQL over the objects and references\n"
    "\n"
    "Exit status: 2 on trouble, which is said in one line; `run` exits as the program did.\n";

struct command {
    const char *name;
    struct hs_error *(*run)(int argc, char **argv, int *ret_status);
};

static const struct command commands[] = {
    {"snap", hs_command_snap}, {"list", hs_command_list}, {"record", hs_command_record},
    {"mark", hs_command_mark}, {"run", hs_command_run},   {"collect", hs_command_collect},
};

static struct hs_error *unknown_command(const char *name)
{
    return hs_error_create(HS_ERROR_USAGE,
                           "%s: no such command; there are: heapdump snap FILE.db -p PID; heapdump run -o "
                           "FILE.db -- python3 app.py",
                           name);
}

static struct hs_error *dispatch(int argc, char **argv, int *ret_status)
{
    if (argc < 2)
        return hs_error_create(
            HS_ERROR_USAGE,
            "what shall be done? heapdump snap FILE.db -p PID, or heapdump run -o FILE.db -- python3 app.py; "
            "heapdump --help says more");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        fputs(help, stdout);
        return NULL;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
        puts("heapdump " HS_VERSION);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1, ret_status);
    }
    return unknown_command(argv[1]);
}

/* The word of the command line that the error is about: its message starts with it. NULL if there is none. */
static const char *word_in_error(const struct hs_command_line *line, const struct hs_error *error)
{
    for (int i = 0; i < line->words; i++) {
        size_t bytes = strlen(line->word[i]);
        if (bytes && !strncmp(error->message, line->word[i], bytes) && error->message[bytes] == ':')
            return line->word[i];
    }
    return NULL;
}

/* Says what went wrong, and what works. */
static int report_trouble(struct hs_error *error, int argc, char **argv)
{
    struct hs_command_line line = {"heapdump", argv + 1, argc - 1};
    struct hs_text hint = {0}, command = {0};
    const char *word = word_in_error(&line, error);
    if (error->code == HS_ERROR_EXISTS && argc > 1) {
        /* The option goes right behind the subcommand: what stands at the end may be another program's. */
        hs_text_printf(&command, "heapdump %s -f", argv[1]);
        line = (struct hs_command_line){hs_text_string(&command), argv + 2, argc - 2};
        hs_trouble_again(&hint, &line, NULL, NULL, "");
    } else if (error->code == HS_ERROR_SYSTEM && word) {
        hs_trouble_elsewhere(&hint, &line, word);
    } else if (error->code != HS_ERROR_TARGET) { /* what is wrong with a process, its own error says best */
        hs_text_puts(&hint, "heapdump --help");
    }
    int status = hs_trouble_report("heapdump", error, hint.data ? hs_text_string(&hint) : NULL);
    hs_text_deinit(&command);
    hs_text_deinit(&hint);
    return status;
}

int main(int argc, char **argv)
{
    int status = 0;
    struct hs_error *error = dispatch(argc, argv, &status);
    if (error)
        return report_trouble(error, argc, argv);
    if (fflush(stdout) || ferror(stdout)) {
        fputs("heapdump: cannot write to standard output\n", stderr);
        return HS_EXIT_TROUBLE;
    }
    return status;
}
