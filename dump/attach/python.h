/* Finding CPython in another process: which mapped file it is, which version, where its symbols are. */
#ifndef HS_DUMP_ATTACH_PYTHON_H
#define HS_DUMP_ATTACH_PYTHON_H

#include "dump/attach/elf.h"

struct hs_python {
    struct hs_elf elf;      /* the executable or libpython */
    uint32_t hex;           /* PY_VERSION_HEX; its lower half is 0 if the build does not tell (before 3.11) */
    unsigned minor;         /* 11 for 3.11 */
    bool debug;             /* Py_DEBUG */
    uint64_t runtime;       /* _PyRuntime */
    uint64_t runtime_bytes; /* its size by the symbol table */
};

/* Looks for the module that defines CPython's interface among `maps`. Refuses what is not Python,
 * free-threaded, not yet or no longer running, or of an unsupported version, each by name. `maps` must
 * outlive `ret`. */
struct hs_error *hs_python_find(pid_t pid, const struct hs_maps *maps, struct hs_python *ret) HS_MUST_CHECK;

/* May the memory be read? The mappings of a process may be listed where that is not allowed. */
bool hs_python_may_look(pid_t pid, const struct hs_maps *maps);

/* Is there CPython among the mappings at all? For lists of processes. */
bool hs_python_present(pid_t pid, const struct hs_maps *maps);

#endif
