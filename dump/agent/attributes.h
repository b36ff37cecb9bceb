/* Where the attributes of an instance stand: in values beside it, in a __dict__, or both. */
#ifndef HS_DUMP_AGENT_ATTRIBUTES_H
#define HS_DUMP_AGENT_ATTRIBUTES_H

#include "dump/agent/types.h"

/* Where the attributes of one instance are. */
struct hs_instance {
    unsigned state;  /* enum hs_attribute_state */
    uint64_t values; /* address of the first */
    uint32_t count;
    uint64_t dict;
};

/* Reads where the attributes of `object`, an instance of `type`, are: `count` of values, 0 where there is
 * none. */
void hs_attributes_find(const struct hs_layout *layout, const struct hs_type_info *type, uint64_t object,
                        struct hs_instance *ret);

/* The __dict__ of an instance if it has been made, else 0. */
uint64_t hs_object_dict(const struct hs_layout *layout, const struct hs_type_info *type, uint64_t object);

/* The value of an instance's attribute that stands in its __dict__ or its values, 0 if it has none such.
 * Nothing is called. */
uint64_t hs_object_attribute(struct hs_types *types, uint64_t object, const char *name);

#endif
