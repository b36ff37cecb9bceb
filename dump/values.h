/* The values of a snapshot: names of classes and functions always, previews of data as the policy allows. */
#ifndef HS_DUMP_VALUES_H
#define HS_DUMP_VALUES_H

#include "dump/index.h"
#include "format/writer.h"

enum hs_values { HS_VALUES_NAMES = 0, HS_VALUES_SHORT, HS_VALUES_FULL, HS_VALUES_POLICIES };

/* "names", "short", "full"; NULL for a number that is none. */
const char *hs_values_name(unsigned values);
/* The policy of that name; an error that lists them if there is none. */
struct hs_error *hs_values_parse(const char *name, enum hs_values *ret) HS_MUST_CHECK;

/* On its way through the values, in the order of ids. */
struct hs_value_filter {
    const struct hs_index *index;
    enum hs_values policy;
    uint64_t *secret; /* bitmap over ids (dump/secret.h); NULL if the policy needs none */
    size_t next;      /* in index->value */
};

struct hs_error *hs_value_filter_init(struct hs_value_filter *filter, const struct hs_index *index,
                                      enum hs_values policy) HS_MUST_CHECK;
void hs_value_filter_deinit(struct hs_value_filter *filter);

/* Writes what is allowed of the values of the objects before id `end` that were not offered yet. */
struct hs_error *hs_value_filter_write(struct hs_value_filter *filter, uint64_t end,
                                       struct hs_writer *writer) HS_MUST_CHECK;

#endif
