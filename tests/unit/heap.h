/* A fixture written, opened, and ready for the algorithms of query/: reader, session, graph, roots. */
#ifndef HS_TESTS_UNIT_HEAP_H
#define HS_TESTS_UNIT_HEAP_H

#include "format/session.h"
#include "query/chain.h"
#include "query/explain.h"
#include "tests/unit/fixture.h"

struct heap {
    char *directory;
    struct fixture *fixture; /* owned */
    struct hs_session *session;
    struct sqlite3 *db; /* the session's */
    struct hs_reader *reader;
    struct hs_graph *graph;
    struct hs_roots roots;
};

/* Takes the fixture over. Failures end the test. */
void heap_open(struct heap *heap, struct fixture *fixture);
void heap_close(struct heap *heap);

/* A random heap with roots of several kinds and random changes to edge_cost: many ties, some references never
 * followed. The same seed gives the same heap. */
void heap_open_random(struct heap *heap, uint32_t seed, uint32_t objects);

/* Random numbers, xorshift32; the state must not be 0. */
uint32_t heap_random(uint32_t *state);

/* Fails the test, with the message, if there is an error. */
void heap_check(struct hs_error *error);

#endif
