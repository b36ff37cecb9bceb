/* Fans: many names that come up below one object, each once.
 *
 * What is kept as obj.a8f3, obj.c0d1 ... is as much a growing collection as a dict, but each name is a place
 * that came once and stayed. Where many of them came since the first snapshot, all with the same kind of
 * reference and the same type, they become one group, by the name "*".
 */
#ifndef HS_DIFF_FAN_H
#define HS_DIFF_FAN_H

#include "diff/group.h"

/* New names from which they are one. */
#define HS_FAN_NAMES 8

/* Numbers the groups anew if there are fans. `ret_map`: malloc'ed, [old count], the new number of each;
 * NULL if there are none. */
struct hs_error *hs_groups_fold_fans(struct hs_groups *groups, uint32_t **ret_map) HS_MUST_CHECK;

#endif
