#include "dump/take.h"

#include "dump/listener.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The agent lies beside this program: in a build tree, or as make install puts it. Both are ../lib. */
static struct hs_error *find_agent(char *ret, size_t room)
{
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (bytes < 0)
        return hs_error_create(HS_ERROR_USAGE,
                               "/proc is not mounted here, and without it no process is found");
    self[bytes] = 0;
    *strrchr(self, '/') = 0;
    if ((size_t)snprintf(ret, room, "%s/../lib/heapdump-agent.so", self) >= room || access(ret, R_OK) != 0)
        return hs_error_create(HS_ERROR_USAGE, "%s: cannot be read; install heapdump whole: make install",
                               ret);
    return NULL;
}

struct hs_error *hs_take(const struct hs_attach_options *options, struct hs_attach_result *ret)
{
    char agent[PATH_MAX + 32];
    struct hs_error *error;
    int connection = hs_listener_connect(options->pid);
    if (connection >= 0) {
        error = hs_listener_snap(connection, options, ret);
        close(connection);
        return error;
    }
    error = find_agent(agent, sizeof(agent));
    if (error)
        return error;
    struct hs_attach_options with_agent = *options;
    with_agent.agent = agent;
    return hs_attach(&with_agent, ret);
}
