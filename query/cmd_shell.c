#include "query/cmd_shell.h"

#include "format/sqlite.h"
#include "format/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* heapsnap.so beside this program: build/lib next to build/bin, or as installed. */
static struct hs_error *find_extension(char ret[PATH_MAX])
{
    static const char *const places[] = {"lib/heapsnap", "lib/heapdump/heapsnap", "lib64/heapdump/heapsnap"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0)
        return hs_error_system(errno, "/proc/self/exe", "read");
    self[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char file[PATH_MAX];
        if (snprintf(file, sizeof(file), "%s/%s.so", self, places[i]) >= (int)sizeof(file) ||
            access(file, R_OK))
            continue;
        file[strlen(file) - strlen(".so")] = '\0';
        strcpy(ret, file);
        return NULL;
    }
    return hs_error_create(HS_ERROR_USAGE,
                           "the prompt needs heapsnap.so, which is not in %s/lib; a statement on the "
                           "command line or on a pipe needs no prompt",
                           self);
}

/* A word of a dot-command, which the shell reads with C escapes between double quotes. */
static void put_dot_word(struct hs_text *text, const char *word)
{
    hs_text_puts(text, "\"");
    for (const char *at = word; *at; at++) {
        if (*at == '"' || *at == '\\')
            hs_text_puts(text, "\\");
        hs_text_put(text, at, 1);
    }
    hs_text_puts(text, "\"");
}

/* The -cmd arguments: load the extension, attach each snapshot, set the mode. */
struct commands {
    struct hs_text *text;
    const char **argument;
    size_t count;
};

static void add_command(struct commands *commands, struct hs_text text)
{
    commands->text[commands->count] = text;
    commands->argument[1 + 2 * commands->count] = "-cmd";
    commands->argument[2 + 2 * commands->count] = hs_text_string(&commands->text[commands->count]);
    commands->count++;
}

static void fill_commands(struct commands *commands, struct hs_session *session, const char *extension)
{
    struct hs_text load = {0};
    hs_text_puts(&load, ".load ");
    put_dot_word(&load, extension);
    add_command(commands, load);
    for (size_t i = 0; i < hs_session_count(session); i++) {
        /* In the shell `main` is its own empty database. */
        const char *schema = hs_session_count(session) == 1 ? "snapshot_file" : hs_session_schema(session, i);
        char *sql = sqlite3_mprintf("SELECT heapsnap_attach(%Q, %Q);",
                                    hs_reader_path(hs_session_reader(session, i)), schema);
        struct hs_text quiet = {0}, attach = {0};
        hs_text_puts(&quiet, ".once /dev/null");
        hs_text_puts(&attach, sql ? sql : "");
        attach.failed |= !sql;
        sqlite3_free(sql);
        add_command(commands, quiet);
        add_command(commands, attach);
    }
    struct hs_text mode = {0}, greeting = {0};
    hs_text_puts(&mode, ".mode box");
    add_command(commands, mode);
    hs_text_puts(&greeting,
                 ".print \"Tables: objects refs types roots modules threads frames memory snapshot. "
                 ".quit leaves.\"");
    add_command(commands, greeting);
}

struct hs_error *hs_shell_run(struct hs_session *session)
{
    char extension[PATH_MAX];
    struct hs_error *error = find_extension(extension);
    if (error)
        return error;
    size_t most = 2 * hs_session_count(session) + 3;
    struct commands commands = {.text = calloc(most, sizeof(*commands.text)),
                                .argument = calloc(2 * most + 3, sizeof(*commands.argument))};
    if (!commands.text || !commands.argument) {
        free(commands.text);
        free(commands.argument);
        return &hs_error_memory;
    }
    commands.argument[0] = "sqlite3";
    fill_commands(&commands, session, extension);
    commands.argument[1 + 2 * commands.count] = ":memory:";
    for (size_t i = 0; i < commands.count && !error; i++)
        error = hs_text_error(&commands.text[i]);
    if (!error) {
        fflush(stdout);
        execvp("sqlite3", (char *const *)commands.argument);
        error = errno == ENOENT
                    ? hs_error_create(HS_ERROR_USAGE, "the prompt needs the sqlite3 shell: apt-get install "
                                                      "sqlite3; a statement on the command line or on a pipe "
                                                      "does without")
                    : hs_error_system(errno, "sqlite3", "run");
    }
    for (size_t i = 0; i < commands.count; i++)
        hs_text_deinit(&commands.text[i]);
    free(commands.text);
    free(commands.argument);
    return error;
}
