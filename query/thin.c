#include "query/thin.h"

#include <math.h>

struct stretch {
    struct hs_moment first, low, high, last;
    bool any;
};

static bool same(const struct hs_moment *a, const struct hs_moment *b)
{
    return a->time == b->time && a->value == b->value;
}

static size_t put(const struct stretch *stretch, struct hs_moment *ret, size_t count)
{
    if (!stretch->any)
        return count;
    bool low_first = stretch->low.time <= stretch->high.time;
    const struct hs_moment order[] = {stretch->first, low_first ? stretch->low : stretch->high,
                                      low_first ? stretch->high : stretch->low, stretch->last};
    for (size_t i = 0; i < 4; i++)
        if (!i || !same(&order[i], &ret[count - 1]))
            ret[count++] = order[i];
    return count;
}

static void add(struct stretch *stretch, struct hs_moment moment)
{
    if (!stretch->any)
        *stretch = (struct stretch){moment, moment, moment, moment, true};
    if (moment.value < stretch->low.value)
        stretch->low = moment;
    if (moment.value > stretch->high.value)
        stretch->high = moment;
    stretch->last = moment;
}

size_t hs_series_thin(const struct hs_series *series, enum hs_series_column column, size_t at,
                      size_t stretches, struct hs_moment *ret, size_t *ret_count)
{
    uint32_t process = series->sample[at].process;
    double seconds = series->seconds > 0 ? series->seconds : 1;
    struct stretch stretch = {.any = false};
    size_t count = 0, number = 0;
    for (; at < series->count && series->sample[at].process == process; at++) {
        const struct hs_sample *sample = &series->sample[at];
        if (isnan(sample->value[column]))
            continue;
        size_t here = (size_t)(sample->time / seconds * (double)stretches);
        if (here != number) {
            count = put(&stretch, ret, count);
            stretch.any = false;
            number = here;
        }
        add(&stretch, (struct hs_moment){sample->time, sample->value[column]});
    }
    *ret_count = put(&stretch, ret, count);
    return at;
}
