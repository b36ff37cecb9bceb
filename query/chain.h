/* Retaining chains: how a root reaches an object. A breadth-first search by cost, expressed in SQL over refs.
 *
 * The search runs backwards from the object, a statement per cost level, over tables in temp; hs_chain_sql holds its
 * statements, which `heapquery chain --show-sql` prints and SPEC.md lists. hs_chain_from_tree() gives the same chain from the tree of explain.h.
 */
#ifndef HS_QUERY_CHAIN_H
#define HS_QUERY_CHAIN_H

#include "query/explain.h"

struct hs_step {
    uint32_t object;
    char *type;      /* type name */
    char *value;     /* stored value (names of modules, functions, classes; previews), NULL if none */
    uint8_t kind;    /* reference from the step before to this object (enum hs_ref_kind); first step: root kind */
    char *name;      /* its name (first step: the root's name), NULL if it has none */
    uint32_t slot;   /* HS_NO_LABEL if it has none */
};
struct hs_chain {
    size_t count;          /* 0: nothing holds the object by a path from a root */
    struct hs_step *step;  /* from the root (or nearest match of `to`) to the object */
    uint8_t root_kind;     /* of step[0], if it is a root; HS_ROOT_KINDS if it is not */
    uint32_t cost;
};
void hs_chain_deinit(struct hs_chain *chain);

enum hs_chain_to { HS_TO_MODULE, HS_TO_ROOT, HS_TO_TYPE };

/* Searches in SQL. `db`: the session's connection; `schema`: the snapshot. `type`: for HS_TO_TYPE, a type name. */
struct hs_error *hs_chain_find(struct sqlite3 *db, const char *schema, struct hs_reader *reader, uint32_t object,
                               enum hs_chain_to to, const char *type, struct hs_chain *ret) HS_MUST_CHECK;
struct hs_error *hs_chain_from_tree(const struct hs_graph *graph, const struct hs_roots *roots, const struct hs_tree *tree,
                                    uint32_t object, struct hs_chain *ret) HS_MUST_CHECK;
/* The statements of the search, with the schema filled in, for people to read and run. malloc'ed. */
struct hs_error *hs_chain_show_sql(const char *schema, uint32_t object, enum hs_chain_to to, const char *type,
                                   char **ret) HS_MUST_CHECK;

/* The Python expression for a chain: webapp._open_databases, list(webapp._open_databases.values())[19],
 * a.b[3].c.__closure__[0].cell_contents. It evaluates to the object in the program; where no expression can (a local of a running frame), it
 * says where: "<job in serve() of thread 3>.rows". malloc'ed. */
struct hs_error *hs_path_format(const struct hs_chain *chain, char **ret) HS_MUST_CHECK;

#endif
