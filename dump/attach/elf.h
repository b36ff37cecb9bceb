/* Symbols of the ELF files that a process has loaded, read from its memory.
 *
 * No file of the target is opened: its root, its mount namespace and deleted files do not matter, and the
 * dynamic symbol table is always loaded. Everything read is foreign: counts are bounded by named ceilings,
 * tables by the mappings.
 */
#ifndef HS_DUMP_ATTACH_ELF_H
#define HS_DUMP_ATTACH_ELF_H

#include "dump/attach/maps.h"

#include <elf.h>

#define HS_ELF_SEGMENTS 64   /* program headers looked at; real files have about a dozen */
#define HS_ELF_DYNAMIC  256  /* entries of the dynamic section; real files have about thirty */
#define HS_ELF_CHAIN    4096 /* symbols in one chain of a hash table; real ones have a few */

struct hs_elf {
    pid_t pid;
    uint64_t base;    /* where its first page lies */
    uint64_t bias;    /* what is added to addresses in the file */
    const char *path; /* the mapping's; not owned */
    size_t segments;
    Elf64_Phdr segment[HS_ELF_SEGMENTS];
    uint64_t symbols, strings, gnu_hash, hash; /* addresses of tables, 0 if absent */
};

/* Looks at what is mapped at `mapping` (offset 0). HS_ERROR_NOT_SNAPSHOT stands for "no ELF file of this
 * machine". */
struct hs_error *hs_elf_open(pid_t pid, const struct hs_mapping *mapping, struct hs_elf *ret) HS_MUST_CHECK;

/* Address of a defined dynamic symbol, 0 if there is none of that name (or it is an indirect function).
 * `ret_size` may be NULL. */
struct hs_error *hs_elf_symbol(const struct hs_elf *elf, const char *name, uint64_t *ret,
                               uint64_t *ret_size) HS_MUST_CHECK;

#endif
