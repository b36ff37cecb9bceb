/* Programs that listen for us: started with `heapdump run --listen` or with HEAPDUMP_LISTEN=1.
 *
 * A thread of theirs waits at an abstract Unix socket "heapdump-listen.PID.RANDOM". Which process that is
 * tells the kernel (SO_PEERCRED), not the name, so nobody can pose as another and numbers in other pid
 * namespaces do not matter. Over it goes one line,
 *
 *     heapdump 1 snap names|short|full [gc]
 *
 * and with it (SCM_RIGHTS) the pipe for the stream of the snapshot child; one line comes back, "ok PAUSE_NS"
 * or "error TEXT". The program does the same to us: it serves its own user and root alone. No right to trace
 * is needed.
 */
#ifndef HS_DUMP_LISTENER_H
#define HS_DUMP_LISTENER_H

#include "dump/attach/attach.h"

#include <stdbool.h>
#include <stddef.h>

#define HS_LISTENER_PREFIX "heapdump-listen."

/* More sockets of this name than this are not looked at. */
#define HS_LISTENERS_MAX 4096

struct hs_listeners {
    size_t count;
    pid_t pid[HS_LISTENERS_MAX];
};

/* The processes that listen, in no order. None if that cannot be found out. */
void hs_listeners_read(struct hs_listeners *ret);
bool hs_listeners_have(const struct hs_listeners *listeners, pid_t pid);

/* A connection to the process, -1 if it does not listen. */
int hs_listener_connect(pid_t pid);

/* As hs_attach(), over such a connection. */
struct hs_error *hs_listener_snap(int connection, const struct hs_attach_options *options,
                                  struct hs_attach_result *ret) HS_MUST_CHECK;

/* The next name of a listener in the text of /proc/net/unix behind *at, which moves on: true with the name,
 * without its "@", in `ret`. */
bool hs_listener_next_name(const char **at, char *ret, size_t room);

#endif
