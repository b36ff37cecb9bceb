/* Writes what a snapshot holds beside objects: roots, modules, threads, frames, memory and facts. */
#ifndef HS_DUMP_TABLES_H
#define HS_DUMP_TABLES_H

#include "dump/index.h"
#include "dump/reckoning.h"
#include "format/writer.h"

/* All small tables from the stream, and the roots that `reckoning` is left with when all others are added.
 * Adds to *dangling the roots and modules whose object is unknown: they are left out. */
struct hs_error *hs_tables_write(const struct hs_index *index, struct hs_reckoning *reckoning,
                                 struct hs_writer *writer, uint64_t *dangling) HS_MUST_CHECK;

/* A number from the stream's facts; `otherwise` if it has none of that name. */
int64_t hs_tables_fact(const struct hs_index *index, const char *name, int64_t otherwise);

#endif
