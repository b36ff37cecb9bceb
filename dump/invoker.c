#include "dump/invoker.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* A user's or group's number in the environment; false if there is none that can be meant. */
static bool read_id(const char *name, unsigned *ret)
{
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    *ret = (unsigned)number;
    return !*end && number < UINT_MAX;
}

/* SUDO_UID is believed of root alone: whoever is root already gains nothing by lying about it. */
struct hs_invoker hs_invoker_get(void)
{
    struct hs_invoker self = {.uid = geteuid(), .gid = getegid()};
    unsigned uid, gid;
    if (self.uid != 0 || !read_id("SUDO_UID", &uid) || !read_id("SUDO_GID", &gid) || uid == 0)
        return self;
    return (struct hs_invoker){.uid = uid, .gid = gid, .by_sudo = true};
}
