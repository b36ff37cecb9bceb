/* Writes what a snapshot holds beside objects: roots, modules, threads, frames, memory and facts. */
#ifndef HS_DUMP_TABLES_H
#define HS_DUMP_TABLES_H

#include "dump/account.h"
#include "dump/index.h"
#include "format/writer.h"

/* All small tables from the stream, and the roots that `account` is left with when all others are added. Adds to *dangling the roots and modules whose object is unknown: they are
 * left out. */
struct hs_error *hs_tables_write(const struct hs_index *index, struct hs_account *account,
                                 struct hs_writer *writer, uint64_t *dangling) HS_MUST_CHECK;

/* A number from the stream's facts; `otherwise` if it has none of that name. */
int64_t hs_tables_fact(const struct hs_index *index, const char *name, int64_t otherwise);

#endif
