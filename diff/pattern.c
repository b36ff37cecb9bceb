#include "diff/pattern.h"

#include <fnmatch.h>
#include <string.h>

/* Longest alternative of a condition. */
#define GLOB_MAX 128

/* From the particular to the general: the first that matches counts. */
const struct hs_pattern hs_patterns[] = {
    {.name = "cycles with the collector off",
     .advice = "call gc.enable(), run gc.collect() now and then, or break the cycles",
     .kind = "garbage"},
    {.name = "references that C code does not give back",
     .advice = "look for a missing Py_DECREF in the extension that makes or is given these objects",
     .kind = "external"},
    {.name = "memory outside of Python",
     .advice = "look for a C library's close, free or release call that is never made",
     .kind = "native"},
    {.name = "timers never cancelled",
     .advice = "cancel() a timer whose work is done otherwise",
     .step = "threading.Timer|asyncio.events.TimerHandle|asyncio.TimerHandle"},
    {.name = "executor backlog",
     .advice = "more is submitted than gets done: wait for results, or bound what is outstanding",
     .step = "concurrent.futures.*_WorkItem"},
    {.name = "queue backlog",
     .advice = "more is put than taken: give the queue a maxsize, or look at its consumer",
     .step =
         "queue.*Queue|_queue.SimpleQueue|asyncio.queues.*Queue|asyncio.Queue|multiprocessing.queues.*Queue"},
    {.name = "weakref.finalize that keeps what it is given",
     .advice = "give the callback neither the object nor a bound method of it, or call it when done",
     .holder = "weakref.finalize._registry*"},
    {.name = "atexit callbacks never unregistered",
     .advice = "register once, or atexit.unregister() when done",
     .holder = "<atexit *"},
    {.name = "threads that never end",
     .advice = "let them see a stop event, and join() them",
     .kind = "thread"},
    {.name = "threads that never end",
     .advice = "let them see a stop event, and join() them",
     .holder = "threading._active*|threading._limbo*"},
    {.name = "tasks that never end",
     .advice = "cancel() or await them; give what they wait for a timeout",
     .type = "_asyncio.Task|asyncio.*Task|Task"},
    {.name = "generators never finished",
     .advice = "exhaust or close() them",
     .type = "generator|coroutine|async_generator"},
    {.name = "patches not stopped",
     .advice = "use patch() as a context manager or decorator, or addCleanup(patcher.stop)",
     .step = "unittest.mock._patch*"},
    {.name = "mocks remember every call",
     .advice = "call reset_mock() between uses, or put a plain stub in its place",
     .step = "unittest.mock._CallList|unittest.mock.*Mock"},
    {.name = "loggers by name",
     .advice = "loggers are kept for good: use few names, and put what varies into the message",
     .type = "logging.Logger|logging.PlaceHolder"},
    {.name = "log handlers added again and again",
     .advice = "add a handler once, or removeHandler() it",
     .type = "logging.*Handler"},
    {.name = "modules made at run time",
     .advice = "delete them from sys.modules, or run the code in a dict of its own",
     .holder = "sys.modules"},
    {.name = "modules made at run time",
     .advice = "delete them from sys.modules, or run the code in a dict of its own",
     .type = "module"},
    {.name = "classes made at run time",
     .advice = "make a class once for the same parameters, and keep it by them",
     .type = "type|abc.ABCMeta|*Meta|*Type"},
    {.name = "exceptions kept with their tracebacks",
     .advice = "keep str(error), or drop its frames: error.with_traceback(None)",
     .type = "*Error|*Exception|traceback|frame"},
    {.name = "exceptions kept with their tracebacks",
     .advice = "keep str(error), or drop its frames: error.with_traceback(None)",
     .step = "traceback"},
    {.name = "lru_cache that keeps its arguments",
     .advice =
         "on a method it keeps every self: cache on the instance (functools.cached_property), or give it a "
         "maxsize",
     .holder = "<cache of *"},
    {.name = "lru_cache that keeps its arguments",
     .advice =
         "on a method it keeps every self: cache on the instance (functools.cached_property), or give it a "
         "maxsize",
     .by = "functools._lru_cache_wrapper"},
    {.name = "receivers never disconnected",
     .advice = "disconnect when done, or hold receivers weakly (weakref.WeakMethod)",
     .holder = "*receivers*|*handlers*|*listeners*|*subscribers*|*observers*|*callbacks*|*signals*"},
    {.name = "receivers never disconnected",
     .advice = "disconnect when done, or hold receivers weakly (weakref.WeakMethod)",
     .inner = "*.__self__*|*.__func__*"},
    {.name = "views that keep their buffers",
     .advice = "keep a copy of the part: bytes(view), or array.copy()",
     .type = "memoryview|numpy.ndarray",
     .step = "memoryview|numpy.ndarray"},
    {.name = "context variable that piles up",
     .advice = "reset() it with its token, or run the work in a copy of the context",
     .holder = "<context*"},
    {.name = "default argument that remembers",
     .advice = "use None as the default, and make the object in the function",
     .holder = "*.__defaults__*|*.__kwdefaults__*"},
    {.name = "cache without a bound",
     .advice = "give it a bound: functools.lru_cache(maxsize=...), or drop the oldest entry",
     .kind = "container",
     .type = "str|bytes|int|float|tuple",
     .by = "dict|collections.OrderedDict|collections.defaultdict|collections.Counter"},
    {.name = "registry never cleared",
     .advice = "take entries out when they are done with, or hold them weakly (weakref.WeakValueDictionary)",
     .kind = "container",
     .by = "dict|set|list|collections.*|weakref.*"},
    {.name = "buffer never emptied",
     .advice = "write out or drop what is done with",
     .kind = "size",
     .type = "bytearray|str|bytes|_io.*|array.array"},
};
const size_t hs_patterns_count = sizeof(hs_patterns) / sizeof(hs_patterns[0]);

/* Does one of the globs, separated by '|', match? */
static bool matches(const char *globs, const char *text)
{
    while (globs && *globs) {
        size_t length = strcspn(globs, "|");
        char glob[GLOB_MAX];
        if (text && length < sizeof(glob)) {
            memcpy(glob, globs, length);
            glob[length] = '\0';
            if (!fnmatch(glob, text, FNM_NOESCAPE))
                return true;
        }
        globs += length + (globs[length] == '|');
    }
    return false;
}

static bool has_step(const struct hs_chain *chain, const char *globs)
{
    for (size_t i = 0; i < chain->count; i++)
        if (matches(globs, chain->step[i].type))
            return true;
    return false;
}

static bool fits(const struct hs_pattern *pattern, const struct hs_suspect *suspect)
{
    const struct hs_place *place = &suspect->place;
    const char *holder = place->path ? place->path : place->example_path;
    return (!pattern->kind || matches(pattern->kind, hs_suspect_kind_name(suspect->kind))) &&
           (!pattern->type || matches(pattern->type, suspect->type)) &&
           (!pattern->holder || matches(pattern->holder, holder)) &&
           (!pattern->by || matches(pattern->by, place->type)) &&
           (!pattern->inner || matches(pattern->inner, place->inner)) &&
           (!pattern->step || has_step(&place->chain, pattern->step));
}

const struct hs_pattern *hs_pattern_find(const struct hs_pattern *pattern, size_t count,
                                         const struct hs_suspect *suspect)
{
    for (size_t i = 0; i < count; i++)
        if (fits(&pattern[i], suspect))
            return &pattern[i];
    return NULL;
}
