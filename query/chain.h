/* Retaining chains: how a root reaches an object.
 *
 * hs_chain_find() searches in SQL over refs, backwards from the object, a trigger run per cost level, over
 * tables in temp: search.c holds the statements, which `heapquery chain --show-sql` prints and SPEC.md lists.
 * hs_chain_from_tree() gives the same chain from the tree of explain.h.
 */
#ifndef HS_QUERY_CHAIN_H
#define HS_QUERY_CHAIN_H

#include "query/explain.h"

struct hs_step {
    uint32_t object;
    char *type;  /* type name */
    char *value; /* stored value (names of modules, functions, classes; previews), NULL if none */
    uint8_t
        kind;   /* reference from the step before to this object (enum hs_ref_kind); first step: root kind */
    char *name; /* its name (first step: the root's name), NULL if it has none */
    uint32_t slot;   /* HS_NO_LABEL if it has none */
    uint32_t index;  /* for KEY and VALUE: the entry of the dict it is in; else equal to slot */
    bool descriptor; /* its class has a __get__ written in Python, which reading it from a class would run */
    char *key; /* for VALUE: the key as a Python literal, where the snapshot knows all of it; else NULL */
};
struct hs_chain {
    size_t count;         /* 0: nothing holds the object by a path from where was asked */
    struct hs_step *step; /* from the root (or nearest match of `to`) to the object */
    uint8_t root_kind;    /* of step[0], if it is a root; HS_ROOT_KINDS if it is not */
    bool importable;      /* step[0] is a module, and its dotted name evaluates to it where it is imported */
    char *function;       /* step[0] is held by a running frame: of which function; else NULL */
    char *thread;         /* which thread holds step[0], NULL if none does or it is not known */
    uint32_t cost;
};
void hs_chain_deinit(struct hs_chain *chain);

enum hs_chain_to {
    HS_TO_MODULE, /* module roots only */
    HS_TO_ROOT,   /* any root */
    HS_TO_TYPE,   /* the nearest other object of a type that holds it */
};

/* Searches in SQL. `db`: a connection on which the snapshot is attached as `schema` and temp.edge_cost
 * stands; `type`: for HS_TO_TYPE, a type name. Where the search would look at very many references (an object
 * that half of the heap refers to), it computes the tree instead. */
struct hs_error *hs_chain_find(struct sqlite3 *db, const char *schema, struct hs_reader *reader,
                               uint32_t object, enum hs_chain_to to, const char *type,
                               struct hs_chain *ret) HS_MUST_CHECK;
/* The statements of the search, with all that is asked filled in, for people to read and run: a script whose
 * last statement gives the chain. malloc'ed. */
struct hs_error *hs_chain_show_sql(const char *schema, uint32_t object, enum hs_chain_to to, const char *type,
                                   char **ret) HS_MUST_CHECK;

struct hs_error *hs_chain_from_tree(const struct hs_graph *graph, const struct hs_roots *roots,
                                    const struct hs_tree *tree, uint32_t object,
                                    struct hs_chain *ret) HS_MUST_CHECK;
/* Fills in what the objects of a chain say of themselves: type, value, index, key, importable, function and
 * thread. The rest stands. */
struct hs_error *hs_chain_describe(struct hs_reader *reader, struct hs_chain *chain) HS_MUST_CHECK;

/* The Python expression for a chain: webapp._open_databases, list(webapp._open_databases.values())[19],
 * a.b[3].c.__closure__[0].cell_contents. It evaluates to the object in the program, given its modules are
 * imported (and gc, sys where the text says so); where no expression can (a local of a running frame, a field
 * that Python cannot read), it says in angle brackets what is meant: <local job of serve() in thread
 * MainThread>.rows. A chain without steps gives "<unreachable>". malloc'ed. */
struct hs_error *hs_path_format(const struct hs_chain *chain, char **ret) HS_MUST_CHECK;

/* A Python string literal for `bytes` of UTF-8, in single quotes, with everything escaped that is not
 * plainly printable. malloc'ed, NULL when out of memory. */
char *hs_python_literal(const char *text, size_t bytes);

#endif
