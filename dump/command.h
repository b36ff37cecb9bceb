/* The subcommands of heapdump. Each gets its own argv (argv[0] is the subcommand's name). */
#ifndef HS_DUMP_COMMAND_H
#define HS_DUMP_COMMAND_H

#include "format/error.h"

#include <stdbool.h>

#define HS_EXIT_TROUBLE 2

/* `heapdump run`: *ret_status is the status to exit with: the program's. Does not return where the program
 * was killed by a signal and the same one ends this process. */
struct hs_error *hs_command_run(int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/* `heapdump snap`: a snapshot of a running process. */
struct hs_error *hs_command_snap(int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/* `heapdump list`: the Python processes that can be snapped, and why others cannot. */
struct hs_error *hs_command_list(int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/* `heapdump record` and `heapdump mark`: the memory of a process as a table, and a label in it. */
struct hs_error *hs_command_record(int argc, char **argv, int *ret_status) HS_MUST_CHECK;
struct hs_error *hs_command_mark(int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/* `heapdump collect`: what the Python package has started by the agent. Stream on standard input, report on
 * standard output: "ok objects=N refs=N file_bytes=N" or "error TEXT". */
struct hs_error *hs_command_collect(int argc, char **argv, int *ret_status) HS_MUST_CHECK;

/* The error for what getopt_long() did not accept; `option` is what it returned, '?' or ':'. */
struct hs_error *hs_command_bad_option(int option, char **argv, const char *command);

#endif
