#include "diff/kinds.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *name;
    enum hs_type_kind kind;
};

/* In the order of strcmp(). The names of weakref's types changed over time: `weakref` became
 * `weakref.ReferenceType` in 3.8 (Objects/weakrefobject.c), and `builtins.` or its absence is the snapshot
 * writer's choice. */
static const struct entry entries[] = {
    {"NoneType", HS_TYPE_SCALAR},
    {"OrderedDict", HS_TYPE_CONTAINER},
    {"ReferenceType", HS_TYPE_WEAK},
    {"_collections._tuplegetter", HS_TYPE_WRAPPER},
    {"_weakref.ref", HS_TYPE_WEAK},
    {"bool", HS_TYPE_SCALAR},
    {"bytearray", HS_TYPE_SCALAR},
    {"bytes", HS_TYPE_SCALAR},
    {"cell", HS_TYPE_WRAPPER},
    {"classmethod", HS_TYPE_WRAPPER},
    {"collections.ChainMap", HS_TYPE_CONTAINER},
    {"collections.Counter", HS_TYPE_CONTAINER},
    {"collections.OrderedDict", HS_TYPE_CONTAINER},
    {"collections.UserDict", HS_TYPE_CONTAINER},
    {"collections.UserList", HS_TYPE_CONTAINER},
    {"collections.defaultdict", HS_TYPE_CONTAINER},
    {"collections.deque", HS_TYPE_CONTAINER},
    {"complex", HS_TYPE_SCALAR},
    {"dict", HS_TYPE_CONTAINER},
    {"float", HS_TYPE_SCALAR},
    {"frozenset", HS_TYPE_CONTAINER},
    {"function", HS_TYPE_WRAPPER},
    {"functools._HashedSeq", HS_TYPE_WRAPPER},
    {"functools._lru_list_elem", HS_TYPE_WRAPPER},
    {"functools.partial", HS_TYPE_WRAPPER},
    {"int", HS_TYPE_SCALAR},
    {"list", HS_TYPE_CONTAINER},
    {"mappingproxy", HS_TYPE_WRAPPER},
    {"method", HS_TYPE_WRAPPER},
    {"property", HS_TYPE_WRAPPER},
    {"range", HS_TYPE_SCALAR},
    {"set", HS_TYPE_CONTAINER},
    {"staticmethod", HS_TYPE_WRAPPER},
    {"str", HS_TYPE_SCALAR},
    {"tuple", HS_TYPE_CONTAINER},
    {"types.MappingProxyType", HS_TYPE_WRAPPER},
    {"types.SimpleNamespace", HS_TYPE_NAMED},
    {"weakref.KeyedRef", HS_TYPE_WEAK},
    {"weakref.ReferenceType", HS_TYPE_WEAK},
    {"weakref.WeakMethod", HS_TYPE_WEAK},
    {"weakref.ref", HS_TYPE_WEAK},
};

static int compare(const void *name, const void *entry)
{
    return strcmp(name, ((const struct entry *)entry)->name);
}

enum hs_type_kind hs_type_kind(const char *name)
{
    const struct entry *found =
        bsearch(name, entries, sizeof(entries) / sizeof(*entries), sizeof(*entries), compare);
    return found ? found->kind : HS_TYPE_NAMED;
}

uint64_t hs_cache_bound(const char *module, const char *variable)
{
    /* Lib/re/__init__.py (_MAXCACHE, _MAXCACHE2 since 3.12), Lib/urllib/parse.py (an lru_cache of 128),
     * Lib/fnmatch.py (maxsize) and Lib/_strptime.py (_CACHE_MAX_SIZE, which it may exceed by one), 3.11 to
     * 3.13. */
    static const struct {
        const char *module, *variable;
        uint64_t entries;
    } caches[] = {
        {"re", "_cache", 512},
        {"re", "_cache#", 256},
        {"_strptime", "_regex_cache", 6},
        {"urllib.parse", "urlsplit", 128},
        {"fnmatch", "_compile_pattern", 32768},
    };
    for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++)
        if (!strcmp(module, caches[i].module) && !strcmp(variable, caches[i].variable))
            return caches[i].entries;
    return 0;
}
