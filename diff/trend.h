/* How a count or a size develops over the snapshots: a leak, a warm-up, or noise. */
#ifndef HS_DIFF_TREND_H
#define HS_DIFF_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hs_trend {
    HS_TREND_STILL = 0, /* no net growth worth the name: constant, shrinking, or up and down */
    HS_TREND_PLATEAU,   /* grew and stopped: a warm-up, a cache that is full */
    HS_TREND_NOISY,     /* grows on the whole, not in every step */
    HS_TREND_EVERY_STEP,
    HS_TREND_UNKNOWN, /* grew, in the only step there is */
};

/* A step of less than this part of the average step counts as none. */
#define HS_TREND_FLAT 8

/* `value`: [count], one per snapshot in the order of time; count >= 2. */
enum hs_trend hs_trend_of(const uint64_t *value, size_t count);

/* Is this what a leak looks like? */
static inline bool hs_trend_grows(enum hs_trend trend)
{
    return trend >= HS_TREND_NOISY;
}

/* "every step", "plateau", "noisy", "unknown". */
const char *hs_trend_name(enum hs_trend trend);

#endif
