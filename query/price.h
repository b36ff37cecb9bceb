/* What each edge of a graph costs: edge_cost applied to all references at once. */
#ifndef HS_QUERY_PRICE_H
#define HS_QUERY_PRICE_H

#include "query/cost.h"

/* [edges] HS_COST_NEVER for borrowed references and for those that are never followed or avoided. malloc'ed,
 * 2 B an edge. */
struct hs_error *hs_prices_create(const struct hs_graph *graph, const struct hs_costs *costs,
                                  uint16_t **ret) HS_MUST_CHECK;

#endif
