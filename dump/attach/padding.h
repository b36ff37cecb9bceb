/* Room in the target that nobody uses: the zeroes between the end of a mapped segment and the end of its last
 * page. */
#ifndef HS_DUMP_ATTACH_PADDING_H
#define HS_DUMP_ATTACH_PADDING_H

#include "dump/attach/python.h"

struct hs_padding {
    uint64_t code; /* executable room for the trampoline */
    bool present;  /* a trampoline of an earlier attach is there already */
    uint64_t data; /* writable room for the mailbox; that of the trampoline if it is present */
};

/* Looks in the module of CPython, then in the other files that are never unloaded: the executable and the
 * parts of the C library. */
struct hs_error *hs_padding_find(const struct hs_python *python, const struct hs_maps *maps,
                                 struct hs_padding *ret) HS_MUST_CHECK;

/* Looks at what stands at padding->code now: another tool's trampoline is taken note of. False: neither that
 * nor empty. */
bool hs_padding_examine(const uint8_t *code, size_t bytes, struct hs_padding *padding);

size_t hs_trampoline_bytes(void);

#endif
