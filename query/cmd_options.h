/* The command line of heapquery: parsing, help, and the command that helps when something went wrong. */
#ifndef HS_QUERY_CMD_OPTIONS_H
#define HS_QUERY_CMD_OPTIONS_H

#include "format/text.h"
#include "query/cmd.h"

#include <stdio.h>

/* Parses what follows the command's name in argv[0]. `ret` points into argv, and is usable (if empty) after
 * an error too. With --help nothing else is checked. */
struct hs_error *hs_options_parse(const struct hs_command *command, int argc, char **argv,
                                  struct hs_options *ret, bool *ret_help) HS_MUST_CHECK;
void hs_command_help(const struct hs_command *command, FILE *file);

/* Writes a shell command that works, given what failed; nothing if there is none. */
void hs_options_hint(const struct hs_options *options, const struct hs_error *error, int argc, char **argv,
                     struct hs_text *hint);

#endif
