#include "dump/trigger.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_MIN_S 0.1
#define EVERY_MAX_S (30 * 86400.0)
#define LIMIT_MAX   1000000
#define ABOVE_MIN   (1 << 20) /* any Python is larger */

struct hs_error *hs_trigger_parse_every(const char *text, double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    if (end == text || *end || !(*ret >= EVERY_MIN_S && *ret <= EVERY_MAX_S))
        return hs_error_create(HS_ERROR_USAGE,
                               "--every %s: seconds are wanted, %g to %g; try: heapdump run --every 60 -- "
                               "python3 app.py",
                               text, EVERY_MIN_S, EVERY_MAX_S);
    return NULL;
}

struct hs_error *hs_trigger_parse_above(const char *text, uint64_t *ret)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"k", 1e3},
        {"kB", 1e3},
        {"KB", 1e3},
        {"K", 1e3},
        {"M", 1e6},
        {"MB", 1e6},
        {"G", 1e9},
        {"GB", 1e9},
        {"KiB", 1024},
        {"MiB", 1024.0 * 1024},
        {"GiB", 1024.0 * 1024 * 1024},
    };
    char *end;
    double number = strtod(text, &end);
    double unit = 0;
    for (size_t i = 0; end != text && i < sizeof(units) / sizeof(units[0]); i++) {
        if (!strcmp(end, units[i].name))
            unit = units[i].bytes;
    }
    double bytes = number * unit;
    if (!(bytes >= ABOVE_MIN && bytes <= (double)(UINT64_C(1) << 50)))
        return hs_error_create(HS_ERROR_USAGE,
                               "--above %s: a size of at least 1 MB is wanted, as 500MB or 1.5GiB; try: "
                               "heapdump run --above 500MB -- python3 app.py",
                               text);
    *ret = (uint64_t)bytes;
    return NULL;
}

struct hs_error *hs_trigger_parse_limit(const char *text, unsigned *ret)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 1 || number > LIMIT_MAX)
        return hs_error_create(HS_ERROR_USAGE,
                               "--limit %s: a number of snapshots is wanted, 1 to %d; try: heapdump run "
                               "--every 60 --limit 10 -- python3 app.py",
                               text, LIMIT_MAX);
    *ret = (unsigned)number;
    return NULL;
}

static int signal_number(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"USR1", SIGUSR1},   {"USR2", SIGUSR2}, {"ALRM", SIGALRM}, {"VTALRM", SIGVTALRM},
                   {"PROF", SIGPROF},   {"IO", SIGIO},     {"POLL", SIGPOLL}, {"PWR", SIGPWR},
                   {"WINCH", SIGWINCH}, {"URG", SIGURG}};
    if (!strncmp(name, "SIG", 3))
        name += 3;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (!strcmp(name, signals[i].name))
            return signals[i].number;
    }
    if (!strcmp(name, "RTMIN"))
        return SIGRTMIN;
    if (!strncmp(name, "RTMIN+", 6) && name[6] >= '0' && name[6] <= '9') {
        char *end;
        long above = strtol(name + 6, &end, 10);
        if (!*end && above <= SIGRTMAX - SIGRTMIN)
            return SIGRTMIN + (int)above;
    }
    return 0;
}

struct hs_error *hs_trigger_parse_signal(const char *text, int *ret)
{
    *ret = signal_number(text);
    if (*ret)
        return NULL;
    return hs_error_create(
        HS_ERROR_USAGE,
        "--signal %s: not a signal that a program can spare: USR1, USR2, ALRM, VTALRM, PROF, IO, PWR, WINCH, "
        "URG or RTMIN to RTMIN+%d; try: heapdump run --signal USR2 -- python3 app.py",
        text, SIGRTMAX - SIGRTMIN);
}

bool hs_triggers_early(const struct hs_triggers *triggers)
{
    return triggers->every_s > 0 || triggers->above_bytes || triggers->signal || triggers->memory_error;
}

bool hs_triggers_several(const struct hs_triggers *triggers)
{
    return triggers->every_s > 0 || triggers->above_bytes || triggers->signal ||
           (triggers->memory_error && triggers->at_exit);
}

static bool export_number(const char *name, double number)
{
    char text[32];
    snprintf(text, sizeof(text), "%.17g", number);
    return !setenv(name, text, 1);
}

bool hs_triggers_export(const struct hs_triggers *triggers)
{
    return (!triggers->at_exit || !setenv("HEAPDUMP_RUN_AT_EXIT", "1", 1)) &&
           (!triggers->memory_error || !setenv("HEAPDUMP_RUN_MEMORY_ERROR", "1", 1)) &&
           (triggers->every_s <= 0 || export_number("HEAPDUMP_RUN_EVERY", triggers->every_s)) &&
           (!triggers->above_bytes || export_number("HEAPDUMP_RUN_ABOVE", (double)triggers->above_bytes)) &&
           (!triggers->signal || export_number("HEAPDUMP_RUN_SIGNAL", triggers->signal)) &&
           (!triggers->limit || export_number("HEAPDUMP_RUN_LIMIT", triggers->limit));
}
