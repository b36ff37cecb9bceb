/* What a step of an explanation costs: the table edge_cost, in SQL and compiled for the C algorithms.
 *
 * temp.edge_cost(kind, name, holder, cost): kind is that of the reference ("attribute", "item", ...) or
 * "root:module" and so on; name and holder are GLOB patterns on the name of the reference or root ('' if it
 * has none) and on the type name of the holder (a root has no holder: its rows match whatever their holder
 * says). Of the rows that match, the last one (highest rowid) counts. A cost of NULL, or no row that matches:
 * never followed. Costs are whole numbers, 1 .. 10000 for references and 0 .. 10000 for roots; 100 is an
 * ordinary step. A value in a dict has no name here, whatever its key.
 *
 * For each module of a snapshot there is a row of its own, made from modules.file: application before
 * site-packages before the standard library before what is built in. Within these, rows differ by
 * less than a step, so that of two modules that hold an object alike one is preferred for a reason, not for
 * its address: one that others import before those that import it, then by name.
 */
#ifndef HS_QUERY_COST_H
#define HS_QUERY_COST_H

#include "query/avoid.h"
#include "query/graph.h"

struct sqlite3;

#define HS_COST_MAX   10000
#define HS_COST_NEVER UINT16_MAX

/* Text of the statements that create and fill temp.edge_cost but for the rows of modules. */
extern const char hs_edge_cost_sql[];

/* Makes temp.edge_cost unless it is there. */
struct hs_error *hs_edge_cost_install(struct sqlite3 *db) HS_MUST_CHECK;
/* Adds the rows of the modules of one snapshot; of a module that has one already, none. */
struct hs_error *hs_edge_cost_add_modules(struct sqlite3 *db, struct hs_reader *reader) HS_MUST_CHECK;

struct hs_costs; /* edge_cost compiled for one snapshot */

/* `db` holds temp.edge_cost; NULL takes the built-in defaults, with the rows of the reader's modules. The
 * reader must outlive the costs. */
struct hs_error *hs_costs_create(struct sqlite3 *db, struct hs_reader *reader,
                                 struct hs_costs **ret) HS_MUST_CHECK;
/* As with NULL, after statements of a user's, `sql`, have changed the table: INSERT, UPDATE and DELETE on
 * edge_cost, and SELECT; others are refused (HS_ERROR_USAGE). NULL: no statements. */
struct hs_error *hs_costs_create_changed(const char *sql, struct hs_reader *reader,
                                         struct hs_costs **ret) HS_MUST_CHECK;
void hs_costs_destroy(struct hs_costs *costs);

/* Leaves out what `avoid` says, which must outlive the costs. Nothing is left out to begin with. */
void hs_costs_set_avoid(struct hs_costs *costs, const struct hs_avoid *avoid);
const struct hs_avoid *hs_costs_avoid(const struct hs_costs *costs); /* never NULL */

/* HS_COST_NEVER, or the cost. Whether the reference is owning is not asked here. */
uint16_t hs_costs_ref(const struct hs_costs *costs, uint32_t holder_type, const struct hs_ref *ref);
uint16_t hs_costs_root(const struct hs_costs *costs, const struct hs_root *root);

/* Types fall into classes that no row tells apart, and few of them: a table by (class, label) serves all
 * references. */
uint32_t hs_costs_classes(const struct hs_costs *costs);
uint32_t hs_costs_class(const struct hs_costs *costs, uint32_t type);
uint16_t hs_costs_of_class(const struct hs_costs *costs, uint32_t class, unsigned kind, const char *name);

/* A number that differs when the contents of temp.edge_cost differ (64 bits of a hash): what was computed
 * with other costs is out of date. */
struct hs_error *hs_edge_cost_fingerprint(struct sqlite3 *db, uint64_t *ret) HS_MUST_CHECK;

#endif
