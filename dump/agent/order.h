/* What the attach code leaves in the target for hs_agent_attach(): so little that it fits into the padding of
 * a file.
 *
 * The agent finds the addresses of CPython itself, through the dynamic symbol table of the module named here.
 */
#ifndef HS_DUMP_AGENT_ORDER_H
#define HS_DUMP_AGENT_ORDER_H

#include <stdint.h>

#define HS_ORDER_ENTRY "hs_agent_attach"

struct hs_agent_order {
    uint32_t protocol; /* HS_AGENT_PROTOCOL */
    uint16_t values;   /* enum hs_agent_values */
    uint16_t collect;  /* 1: run the garbage collector first, because the user asked for it */
    uint32_t py_hex;
    uint32_t py_debug;
    uint64_t bias; /* of the module that defines CPython: added to addresses in its file */
    uint64_t symbols, strings, gnu_hash, hash; /* addresses of its tables; one of the hashes may be 0 */
    /* Out, as in struct hs_agent_request. */
    int32_t error;
    int32_t os_errno;
    int32_t child_pid; /* in the target's pid namespace */
    int32_t
        reap; /* in: 0, or only reap this child of the target; out: child_pid if it must be reaped later */
    uint64_t pause_ns;
    char detail[48]; /* cut */
};
_Static_assert(sizeof(struct hs_agent_order) == 128, "the order is 128 bytes wherever it is built");

/* Called by the trampoline with the GIL held. The snapshot child writes its stream into a pipe of its own, of
 * which its descriptor 0 is the end to read; it is ready when its name (/proc/PID/comm) is HS_ORDER_CHILD. It
 * ends by itself when nobody comes to read for HS_EMIT_COME_MS, and at once when who read has gone. Returns
 * order->error. */
int32_t hs_agent_attach(struct hs_agent_order *order);

#define HS_ORDER_CHILD "heapdump-snap"

#endif
