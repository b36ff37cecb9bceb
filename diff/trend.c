#include "diff/trend.h"

/* Ups may be interrupted by downs of a third of them in all before growth counts as mere noise; of a fifth
 * while there are few snapshots, since of a few random numbers the last is the highest often enough. */
#define UPS_PER_DOWN     3
#define FEW_UPS_PER_DOWN 5
#define FEW_SNAPSHOTS    6

/* Growth by less than a fourth is noise if the steps are uneven: the largest more than three times the
 * smallest. */
#define UNEVEN      3
#define MUCH_GROWTH 4

struct steps {
    size_t ups, downs;
    uint64_t up, down;    /* sums */
    size_t still;         /* steps at the end without growth */
    bool halving;         /* every step goes up by at most half of the one before */
    uint64_t highest;     /* value */
    uint64_t least, most; /* ups */
};

static struct steps measure(const uint64_t *value, size_t count)
{
    struct steps steps = {.halving = true, .highest = value[0], .least = UINT64_MAX};
    uint64_t flat = (value[count - 1] - value[0]) / ((count - 1) * HS_TREND_FLAT);
    for (size_t i = 1; i < count; i++) {
        uint64_t up = value[i] > value[i - 1] ? value[i] - value[i - 1] : 0;
        uint64_t down = value[i] < value[i - 1] ? value[i - 1] - value[i] : 0;
        steps.up += up;
        steps.least = up < steps.least ? up : steps.least;
        steps.most = up > steps.most ? up : steps.most;
        steps.down += down;
        steps.ups += up > flat;
        steps.downs += down > flat;
        steps.still = up > flat ? 0 : steps.still + 1;
        if (i > 1)
            steps.halving &= up > flat && up <= (value[i - 1] - value[i - 2]) / 2;
        if (value[i] > steps.highest)
            steps.highest = value[i];
    }
    return steps;
}

enum hs_trend hs_trend_of(const uint64_t *value, size_t count)
{
    if (value[count - 1] <= value[0])
        return HS_TREND_STILL;
    if (count == 2)
        return HS_TREND_UNKNOWN;
    struct steps steps = measure(value, count);
    uint64_t ups_per_down = count > FEW_SNAPSHOTS ? UPS_PER_DOWN : FEW_UPS_PER_DOWN;
    size_t tail = count > 8 ? (count - 1) / 4 : 1;
    if (steps.still >= tail || steps.ups == 1)
        return steps.downs && steps.down * ups_per_down > steps.up ? HS_TREND_STILL : HS_TREND_PLATEAU;
    if (steps.most > steps.least * UNEVEN && (value[count - 1] - value[0]) * MUCH_GROWTH < value[0])
        return HS_TREND_STILL;
    if (steps.ups == count - 1)
        return steps.halving && count > 3 ? HS_TREND_PLATEAU : HS_TREND_EVERY_STEP;
    if (steps.down * ups_per_down > steps.up || value[count - 1] < steps.highest)
        return HS_TREND_STILL;
    return HS_TREND_NOISY;
}

const char *hs_trend_name(enum hs_trend trend)
{
    static const char *const names[] = {
        [HS_TREND_STILL] = "still",           [HS_TREND_PLATEAU] = "plateau", [HS_TREND_NOISY] = "noisy",
        [HS_TREND_EVERY_STEP] = "every step", [HS_TREND_UNKNOWN] = "unknown",
    };
    return names[trend];
}
