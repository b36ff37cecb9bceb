/* Chains from the explaining tree: what the search in SQL (chain.h) finds, and several ways in which one
 * object is held. */
#ifndef HS_QUERY_COMPUTE_H
#define HS_QUERY_COMPUTE_H

#include "query/avoid.h"
#include "query/chain.h"

struct sqlite3;

/* As hs_chain_find(): computes the tree for what is asked. `db` as in hs_costs_create(); heeds
 * temp.chain_avoid. */
struct hs_error *hs_chain_compute(struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                                  enum hs_chain_to to, const char *type, struct hs_chain *ret) HS_MUST_CHECK;

/* Up to `most` chains to the object, the best first. Each differs from those before as near to the object as
 * it can: of the last one, the reference nearest to the object without which the object is still held is left
 * out from then on. With `or_root`, when no more modules hold it, other roots go on. `ret`: [most], the
 * caller's; deinit the first *ret_count of them, also after an error. */
struct hs_error *hs_chain_alternatives(struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                                       enum hs_chain_to to, const char *type, bool or_root, size_t most,
                                       struct hs_chain *ret, size_t *ret_count) HS_MUST_CHECK;

#endif
