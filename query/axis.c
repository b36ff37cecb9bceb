#include "query/axis.h"

#include "query/quantity.h"

#include <math.h>
#include <stdio.h>

/* 1, 2 or 5 times a power of ten, not below `step`. */
static double round_step(double step)
{
    double power = pow(10, floor(log10(step)));
    double digit = step / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static int decimals_of(double step)
{
    double digits = ceil(-log10(step) - 1e-9);
    return digits > 0 ? (int)fmin(digits, 9) : 0;
}

/* What lies within a third of its own size does not need the zero; but noise is not to look like a
 * mountain. */
static void fit(double least, double most, double finest, unsigned ticks, struct hs_axis *ret)
{
    if (least > 0 && most - least > least / 3)
        least = 0;
    double span = fmax(most - least, fmax(fabs(most) / 50, finest));
    ret->step = fmax(round_step(span / ticks), finest);
    ret->least = floor(least / ret->step) * ret->step;
    ret->most = ceil(fmax(most, least + span / 2) / ret->step) * ret->step;
    if (ret->most <= ret->least)
        ret->most = ret->least + ret->step;
}

void hs_axis_bytes(double least, double most, unsigned ticks, struct hs_axis *ret)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    fit(least, most, 1, ticks, ret);
    size_t power = 0;
    for (ret->unit = 1; ret->most >= 1000 * ret->unit && power + 1 < sizeof(names) / sizeof(*names); power++)
        ret->unit *= 1000;
    ret->unit_name = names[power];
    ret->decimals = decimals_of(ret->step / ret->unit);
}

void hs_axis_count(double least, double most, unsigned ticks, struct hs_axis *ret)
{
    fit(least, most, 1, ticks, ret);
    ret->unit = 1;
    ret->unit_name = NULL;
    ret->decimals = 0;
}

void hs_axis_time(double seconds, unsigned ticks, struct hs_axis *ret)
{
    static const double minutes[] = {1, 2, 5, 10, 15, 30, 60}, hours[] = {1, 2, 3, 6, 12, 24, 48};
    static const struct {
        double unit, most; /* seconds; counted in that unit up to that length */
        const char *name;
        const double *steps; /* NULL: 1, 2, 5, 10 ... */
    } units[] = {{1, 180, "s", NULL},
                 {60, 3 * 3600, "min", minutes},
                 {3600, 3 * 86400, "h", hours},
                 {86400, INFINITY, "d", NULL}};
    *ret = (struct hs_axis){.most = seconds > 0 ? seconds : 1};
    size_t i = 0;
    while (ret->most > units[i].most)
        i++;
    ret->unit = units[i].unit;
    ret->unit_name = units[i].name;
    double step = ret->most / ret->unit / ticks;
    const double *round = units[i].steps;
    while (round && *round < step && *round < 48)
        round++;
    ret->step = ret->unit * (round ? *round : round_step(step));
    ret->decimals = decimals_of(ret->step / ret->unit);
}

size_t hs_axis_ticks(const struct hs_axis *axis)
{
    /* A part of a step to spare for what division loses. */
    return (size_t)((axis->most - axis->least) / axis->step + 1e-6) + 1;
}

double hs_axis_tick(const struct hs_axis *axis, size_t tick)
{
    return axis->least + (double)tick * axis->step;
}

const char *hs_axis_label(const struct hs_axis *axis, double value, char ret[HS_AXIS_LABEL])
{
    if (axis->unit_name)
        snprintf(ret, HS_AXIS_LABEL, "%.*f %s", axis->decimals, value / axis->unit, axis->unit_name);
    else
        hs_count_format(ret, (uint64_t)(value > 0 ? value + 0.5 : 0));
    return ret;
}

double hs_axis_along(const struct hs_axis *axis, double value)
{
    return (value - axis->least) / (axis->most - axis->least);
}
