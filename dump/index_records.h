/* The part of dump/index.h that reads records; for index.c alone. */
#ifndef HS_DUMP_INDEX_RECORDS_H
#define HS_DUMP_INDEX_RECORDS_H

#include "dump/index.h"

/* Indexes all the records that are complete, from index->next on. An error unless all bytes there are were
 * used; whether more bytes could help says index->invalid. */
struct hs_error *hs_index_records(struct hs_index *index) HS_MUST_CHECK;

#endif
