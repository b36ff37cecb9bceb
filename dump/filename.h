/* Names of files with places to fill in: {pid}, the process; {n}, the first of 1, 2, 3 ... whose file does
 * not exist yet. */
#ifndef HS_DUMP_FILENAME_H
#define HS_DUMP_FILENAME_H

#include "format/error.h"

#include <stdbool.h>
#include <sys/types.h>

/* Can several snapshots be written under this name? */
bool hs_filename_is_pattern(const char *name);

/* *ret is malloc'ed. */
struct hs_error *hs_filename_expand(const char *name, pid_t pid, char **ret) HS_MUST_CHECK;

#endif
