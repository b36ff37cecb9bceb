#include "dump/agent/greenlets.h"

/* greenlet.h, PyGreenlet since greenlet 2.0: the object's header, weakreflist, dict, pimpl. What pimpl points
 * to is a class of C++ that changes from version to version, and so did PyGreenlet before. So its state is
 * looked for: a frame object, and the three words of the stack of frames. */
enum {
    IMPLEMENTATION = 32,
    STATE_WORDS = 21,     /* UserGreenlet up to the end of its PythonState, greenlet 2.0 to 3.1 */
    OBJECT_WORDS = 40,    /* PyGreenlet of 1.1 was 264 bytes and more */
    CHUNKS_MAX = 1 << 12, /* of a stack of frames */
};

/* Include/cpython/pystate.h, struct _stack_chunk, 3.11 and later: previous, size, top, data. */
enum { CHUNK_PREVIOUS = 0, CHUNK_SIZE = 8, CHUNK_DATA = 24 };

static bool may_be_address(uint64_t word)
{
    return word >= 4096 && !(word & 7) && word < UINT64_C(1) << 47;
}

/* The state may hold leavings, so that words in it are followed by a probe. */
static bool is_frame_object(const struct hs_layout *l, const struct hs_agent_symbols *symbols,
                            struct hs_probe *probe, uint64_t word)
{
    return may_be_address(word) && hs_probe_word(probe, word, l->ob_type) == symbols->frame_type;
}

/* Are three words PyThreadState's datastack_chunk, datastack_top and datastack_limit? */
static bool is_stack(struct hs_probe *probe, const uint64_t *word)
{
    uint64_t chunk = word[0], top = word[1], limit = word[2];
    return may_be_address(chunk) && may_be_address(top) && may_be_address(limit) &&
           top >= chunk + CHUNK_DATA && top <= limit &&
           limit == chunk + hs_probe_word(probe, chunk, CHUNK_SIZE);
}

/* Whether a frame lies in the greenlet's own stack. The first of its frames still points to the one that
 * switched to it, which is another's and may be gone. */
static bool is_own(const struct hs_greenlet *greenlet, uint64_t frame)
{
    uint64_t chunk = greenlet->stack, top = greenlet->top;
    for (int i = 0; chunk && i < CHUNKS_MAX; i++) {
        if (frame >= chunk + CHUNK_DATA && frame < top)
            return true;
        chunk = hs_probe_word(greenlet->probe, chunk, CHUNK_PREVIOUS);
        top = chunk ? chunk + hs_probe_word(greenlet->probe, chunk, CHUNK_SIZE) : 0;
    }
    return false;
}

/* The greenlet's innermost frame, from `words` words of its state, the first of which is not looked at. */
static bool find_frame(const struct hs_layout *l, const struct hs_agent_symbols *symbols, uint64_t address,
                       unsigned words, struct hs_greenlet *ret)
{
    uint64_t state[OBJECT_WORDS], object = 0;
    if (!hs_probe_read(ret->probe, address, words * sizeof *state, state))
        return false;
    for (unsigned i = 1; i < words && !object; i++)
        if (is_frame_object(l, symbols, ret->probe, state[i]))
            object = state[i];
    if (!object || !hs_frame_of_object(l, symbols, object, &ret->frame))
        return false;
    if (l->frame_owner == HS_LAYOUT_NONE)
        return true;
    for (unsigned i = 1; i + 2 < words && !ret->stack; i++) {
        if (is_stack(ret->probe, &state[i])) {
            ret->stack = state[i];
            ret->top = state[i + 1];
        }
    }
    return ret->frame.generator || is_own(ret, ret->frame.address);
}

bool hs_greenlet_innermost(const struct hs_layout *layout, const struct hs_agent_symbols *symbols,
                           struct hs_probe *probe, uint64_t object, struct hs_greenlet *ret)
{
    uint64_t words = hs_word(hs_word(object, layout->ob_type), layout->tp_basicsize) / 8;
    *ret = (struct hs_greenlet){.probe = probe};
    return find_frame(layout, symbols, hs_word(object, IMPLEMENTATION), STATE_WORDS, ret) ||
           find_frame(layout, symbols, object, words < OBJECT_WORDS ? (unsigned)words : OBJECT_WORDS, ret);
}

bool hs_greenlet_outer(struct hs_greenlet *greenlet)
{
    /* Until 3.10 frame objects hold the outer ones, by f_back. */
    return greenlet->frame.layout->frame_owner != HS_LAYOUT_NONE && hs_frame_outer(&greenlet->frame) &&
           (greenlet->frame.generator || is_own(greenlet, greenlet->frame.address));
}
