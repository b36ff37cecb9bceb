/* Axes of plots: round ticks, and what is written beside them. */
#ifndef HS_QUERY_AXIS_H
#define HS_QUERY_AXIS_H

#include <stdbool.h>
#include <stddef.h>

struct hs_axis {
    double least, most; /* the ends; for a vertical one these are ticks */
    double step;        /* ticks are the multiples of it from least to most */
    double unit;        /* what labels are counted in */
    const char *unit_name;
    int decimals;
};
#define HS_AXIS_LABEL 40

/* Values from `least` to `most` with about `ticks` ticks; both ends become ticks. From zero on, unless the
 * values are all far from it. */
void hs_axis_bytes(double least, double most, unsigned ticks, struct hs_axis *ret);
void hs_axis_count(double least, double most, unsigned ticks, struct hs_axis *ret);
/* Seconds from 0 to `seconds`, in seconds, minutes, hours or days; the ends stay what they are. */
void hs_axis_time(double seconds, unsigned ticks, struct hs_axis *ret);

/* The number of ticks, and where tick number `tick` is. */
size_t hs_axis_ticks(const struct hs_axis *axis);
double hs_axis_tick(const struct hs_axis *axis, size_t tick);
/* "200 MB", "1,500", "10 min". */
const char *hs_axis_label(const struct hs_axis *axis, double value, char ret[HS_AXIS_LABEL]);
/* Where `value` is between the ends: 0 to 1. */
double hs_axis_along(const struct hs_axis *axis, double value);

#endif
