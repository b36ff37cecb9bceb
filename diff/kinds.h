/* What the types of CPython mean to somebody who hunts a leak. */
#ifndef HS_DIFF_KINDS_H
#define HS_DIFF_KINDS_H

#include <stdint.h>

enum hs_type_kind {
    HS_TYPE_NAMED = 0, /* what people say when asked what leaks: webapp.DB, generator, ValueError */
    HS_TYPE_CONTAINER, /* holds others by position or key: dict, list, deque */
    HS_TYPE_SCALAR,    /* holds nothing: str, int, bytes */
    HS_TYPE_WRAPPER,   /* stands between others: cell, bound method, partial */
    HS_TYPE_WEAK,      /* weakref.ref and its subclasses: keeps nothing but itself alive */
};

/* By the name as it stands in a snapshot's types (`dict`, `collections.deque`). */
enum hs_type_kind hs_type_kind(const char *name);

/* Caches of the standard library that empty themselves or stop growing: how many entries the one in that
 * variable of that module takes; 0 if it is none. Numbers in the names are a #, as in those of groups. */
uint64_t hs_cache_bound(const char *module, const char *variable);

#endif
