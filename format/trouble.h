/* What a command says when something went wrong: one line that names the cause, and a command that works. */
#ifndef HS_FORMAT_TROUBLE_H
#define HS_FORMAT_TROUBLE_H

#include "format/error.h"
#include "format/text.h"

/* A command line as it was given: `word[0]` is the first one after the program's name. Borrowed. */
struct hs_command_line {
    const char *program;
    char *const *word;
    int words;
};

/* Prints "PROGRAM: MESSAGE; try: HINT" to standard error, made safe for a terminal, and destroys the error.
 * The hint (NULL: none) is left out where the message brings one. Returns the exit status. */
int hs_trouble_report(const char *program, struct hs_error *error, const char *hint);

/* The command that helps against a snapshot that is missing, damaged or none; NULL for other errors. Static.
 */
const char *hs_trouble_remedy(const struct hs_error *error);

/* Appends the command line again, with `replace` in place of `instead`, which is one of its words or the end
 * of one (NULL: none), and `more` behind it. */
void hs_trouble_again(struct hs_text *hint, const struct hs_command_line *line, const char *instead,
                      const char *replace, const char *more);

/* The same with `path`, that could not be written, in a directory where one may write. */
void hs_trouble_elsewhere(struct hs_text *hint, const struct hs_command_line *line, const char *path);

#endif
