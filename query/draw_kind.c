#include "query/draw_kind.h"

#include <string.h>

static const struct known {
    const char *type;
    enum hs_draw_kind kind;
    enum hs_plumbing plumbing;
} known[] = {
    {"module", HS_DRAW_MODULE, 0},
    {"type", HS_DRAW_CLASS, 0},
    {"abc.ABCMeta", HS_DRAW_CLASS, 0},
    {"enum.EnumType", HS_DRAW_CLASS, 0},
    {"enum.EnumMeta", HS_DRAW_CLASS, 0},
    {"frame", HS_DRAW_FRAME, 0},
    {"generator", HS_DRAW_FRAME, 0},
    {"coroutine", HS_DRAW_FRAME, 0},
    {"async_generator", HS_DRAW_FRAME, 0},
    {"_thread._local", HS_DRAW_THREAD, 0},
    {"_thread._localdummy", HS_DRAW_THREAD, 0},
    {"threading.Thread", HS_DRAW_THREAD, 0},
    {"threading._MainThread", HS_DRAW_THREAD, 0},
    {"threading.Timer", HS_DRAW_THREAD, 0},
    {"function", HS_DRAW_FUNCTION, 0},
    {"builtin_function_or_method", HS_DRAW_FUNCTION, 0},
    {"method", HS_DRAW_FUNCTION, 0},
    {"code", HS_DRAW_FUNCTION, 0},
    {"cell", HS_DRAW_FUNCTION, HS_PLUMBING_ALWAYS},
    {"classmethod", HS_DRAW_FUNCTION, 0},
    {"staticmethod", HS_DRAW_FUNCTION, 0},
    {"property", HS_DRAW_FUNCTION, 0},
    {"functools.partial", HS_DRAW_FUNCTION, 0},
    {"functools._lru_cache_wrapper", HS_DRAW_FUNCTION, 0},
    {"dict", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"list", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"tuple", HS_DRAW_CONTAINER, HS_PLUMBING_ALWAYS},
    {"set", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"frozenset", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"mappingproxy", HS_DRAW_CONTAINER, HS_PLUMBING_ALWAYS},
    {"collections.deque", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"collections.OrderedDict", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"collections.defaultdict", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"collections.Counter", HS_DRAW_CONTAINER, HS_PLUMBING_TIGHT},
    {"weakref.WeakKeyDictionary", HS_DRAW_CONTAINER, 0},
    {"weakref.WeakValueDictionary", HS_DRAW_CONTAINER, 0},
    {"str", HS_DRAW_VALUE, 0},
    {"bytes", HS_DRAW_VALUE, 0},
    {"bytearray", HS_DRAW_VALUE, 0},
    {"int", HS_DRAW_VALUE, 0},
    {"float", HS_DRAW_VALUE, 0},
    {"complex", HS_DRAW_VALUE, 0},
    {"bool", HS_DRAW_VALUE, 0},
    {"NoneType", HS_DRAW_VALUE, 0},
};

static const struct known *find(const char *type)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(known[i].type, type))
            return &known[i];
    return NULL;
}

enum hs_draw_kind hs_draw_kind_of(const char *type)
{
    const struct known *found = find(type);
    return found ? found->kind : HS_DRAW_INSTANCE;
}

enum hs_plumbing hs_draw_plumbing_of(const char *type)
{
    const struct known *found = find(type);
    return found ? found->plumbing : HS_PLUMBING_NONE;
}

const char *hs_draw_kind_name(enum hs_draw_kind kind)
{
    static const char *const name[HS_DRAW_KINDS] = {
        [HS_DRAW_INSTANCE] = "instance",   [HS_DRAW_MODULE] = "module", [HS_DRAW_CLASS] = "class",
        [HS_DRAW_FUNCTION] = "function",   [HS_DRAW_FRAME] = "frame",   [HS_DRAW_THREAD] = "thread",
        [HS_DRAW_CONTAINER] = "container", [HS_DRAW_VALUE] = "value",
    };
    return name[kind];
}

/* The hues of Okabe and Ito's palette ("Color Universal Design", 2008), which people with any form of colour
 * blindness can tell apart: bluish green, yellow, reddish purple, orange, vermillion, sky blue. Some are
 * lightened or darkened, so that text on them has a contrast of 4.5 : 1 at least (a test computes it) and
 * fills differ in lightness too. No box is known by its colour alone: its first line says what it is. */
const struct hs_shade *hs_draw_shade(enum hs_draw_kind kind)
{
    static const struct hs_shade shade[HS_DRAW_KINDS] = {
        [HS_DRAW_INSTANCE] = {"#ffffff", "#333333", "#111111"},
        [HS_DRAW_MODULE] = {"#00704f", "#00402d", "#ffffff"},
        [HS_DRAW_CLASS] = {"#f0e442", "#7d7600", "#111111"},
        [HS_DRAW_FUNCTION] = {"#e0b3cd", "#8a3d6b", "#111111"},
        [HS_DRAW_FRAME] = {"#f2b134", "#8a5a00", "#111111"},
        [HS_DRAW_THREAD] = {"#e8743b", "#7d2f00", "#111111"},
        [HS_DRAW_CONTAINER] = {"#b5dff7", "#1f6f9f", "#111111"},
        [HS_DRAW_VALUE] = {"#e6e6e6", "#777777", "#111111"},
    };
    return &shade[kind];
}
