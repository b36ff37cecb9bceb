/* Fewer samples that look the same: of each stretch of time what a line shows of it, where it comes in, its
 * lowest and its highest value, and where it leaves. No peak is lost.
 */
#ifndef HS_QUERY_THIN_H
#define HS_QUERY_THIN_H

#include "query/series.h"

struct hs_moment {
    double time, value;
};

/* Of one column the values of the process that sample number `at` belongs to, from there on, in `stretches`
 * of the whole time. `ret` has room for 4 * (stretches + 1); moments come by time. Gives the first sample of
 * the next process. */
size_t hs_series_thin(const struct hs_series *series, enum hs_series_column column, size_t at,
                      size_t stretches, struct hs_moment *ret, size_t *ret_count);

#endif
