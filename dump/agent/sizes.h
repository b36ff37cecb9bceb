/* Shallow sizes: what sys.getsizeof says of an object, without calling anything of it.
 *
 * sys.getsizeof asks the type's __sizeof__ and adds the headers before the object. Here each type is classed
 * once by the C
 * __sizeof__ that its instances inherit; a __sizeof__ written in Python is not run, the next one in C counts.
 */
#ifndef HS_DUMP_AGENT_SIZES_H
#define HS_DUMP_AGENT_SIZES_H

#include "dump/agent/layout.h"

/* How instances of one type are measured. */
struct hs_size_rule {
    uint8_t method;     /* enum of sizes.c */
    uint8_t pre_header; /* bytes between a GC header and the object */
    int64_t basicsize;
    int64_t itemsize;
};

/* The rule for instances of `type`, to be kept with what is known of the type. */
struct hs_size_rule hs_size_rule(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                                 uint64_t type);

/* Bytes of `object`, an instance of the rule's type; `gc`: it has a GC header. May fault if the object is
 * damaged. */
uint64_t hs_size_of(const struct hs_layout *layout, const struct hs_size_rule *rule, uint64_t object,
                    bool gc);

/* Bytes of the object's block that lie before its address. */
uint64_t hs_size_before(const struct hs_layout *layout, const struct hs_size_rule *rule, bool gc);

/* Bytes of a buffer that `object` owns and sys.getsizeof does not know of. */
uint64_t hs_size_beside(const struct hs_size_rule *rule, uint64_t object);

#endif
