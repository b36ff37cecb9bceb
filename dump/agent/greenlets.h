/* Greenlets (the package greenlet, and gevent, eventlet and SQLAlchemy's asyncio upon it): stacks that are
 * switched out.
 *
 * A greenlet that waits has taken its frames out of its thread's chain, and its traversal visits none of them
 * (greenlet 2.0, greenlet_greenlet.hpp, PythonState: "currently we don't tp_traverse into it"): what its
 * functions hold in local variables is found here. A greenlet that runs has its frames on its thread, one
 * that has not begun or has ended has none.
 *
 *   struct hs_greenlet greenlet;
 *   for (bool more = hs_greenlet_innermost(layout, symbols, probe, object, &greenlet); more;
 *        more = hs_greenlet_outer(&greenlet))
 *       use(&greenlet.frame);
 */
#ifndef HS_DUMP_AGENT_GREENLETS_H
#define HS_DUMP_AGENT_GREENLETS_H

#include "dump/agent/frames.h"
#include "dump/agent/probe.h"

struct hs_greenlet {
    struct hs_frame frame;
    struct hs_probe *probe;
    uint64_t stack, top; /* since 3.11: the stack of frames that is the greenlet's own */
};

/* The innermost frame of `object`, an instance of greenlet.greenlet or of a subtype, which waits; false if
 * there is none. Until 3.10 it is a frame object that holds all the outer ones. `probe` must live as long as
 * `ret`. */
bool hs_greenlet_innermost(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                           struct hs_probe *probe, uint64_t object, struct hs_greenlet *ret);

/* Makes the frame the one that called it, of the same greenlet; false if there is none. */
bool hs_greenlet_outer(struct hs_greenlet *greenlet);

#endif
