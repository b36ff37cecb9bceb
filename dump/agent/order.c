/* The entry for whoever attaches: finds CPython's addresses in this process and takes the snapshot. See
 * order.h. */
#include "dump/agent/order.h"

#include "dump/agent/agent.h"
#include "dump/agent/sys.h"

#include <asm/unistd.h>

enum {
    WAIT_ALL = 0x40000000, /* __WALL */
    WAIT_NOT = 1,          /* WNOHANG */
};

/* Elf64_Sym (System V ABI, chapter 4). */
struct symbol {
    uint32_t name;
    uint8_t info;
    uint8_t other;
    uint16_t section; /* 0: not defined here */
    uint64_t value;
    uint64_t size;
};

/* In the order of struct hs_agent_symbols. */
static const char names[][24] = {
    "_PyRuntime",      "Py_Version",        "PyType_Type",   "PyBaseObject_Type", "PyDict_Type",
    "PyList_Type",     "PyTuple_Type",      "PySet_Type",    "PyFrozenSet_Type",  "PyUnicode_Type",
    "PyBytes_Type",    "PyByteArray_Type",  "PyLong_Type",   "PyBool_Type",       "PyFloat_Type",
    "PyComplex_Type",  "PyFunction_Type",   "PyMethod_Type", "PyCFunction_Type",  "PyCell_Type",
    "PyCode_Type",     "PyModule_Type",     "PyFrame_Type",  "PyGen_Type",        "PyCoro_Type",
    "PyAsyncGen_Type", "PySlice_Type",      "PyRange_Type",  "PyMemoryView_Type", "PyProperty_Type",
    "_Py_NoneStruct",  "PyFrozenDict_Type", "PyODict_Type",
};
#define NAMES (sizeof(names) / sizeof(names[0]))
_Static_assert(NAMES * 8 <= sizeof(struct hs_agent_symbols), "more names than addresses");
_Static_assert(__builtin_offsetof(struct hs_agent_symbols, ordered_dict_type) == 8 * (NAMES - 1),
               "names and addresses are in the same order");

static bool is_definition(const struct hs_agent_order *order, uint32_t index, const char *name, uint64_t *ret)
{
    const struct symbol *symbol = (const struct symbol *)order->symbols + index;
    if (!symbol->section || !hs_text_equal((const char *)order->strings + symbol->name, name))
        return false;
    *ret = order->bias + symbol->value;
    return true;
}

/* DT_GNU_HASH: buckets, first symbol, words of the Bloom filter, its shift; filter; buckets; chains. */
static uint64_t find_gnu(const struct hs_agent_order *order, const char *name)
{
    const uint32_t *table = (const uint32_t *)order->gnu_hash;
    const uint32_t *buckets = table + 4 + 2 * (size_t)table[2];
    const uint32_t *chains = buckets + table[0];
    uint32_t hash = 5381;
    for (const char *at = name; *at; at++)
        hash = hash * 33 + (uint8_t)*at;
    uint64_t address = 0;
    uint32_t index = table[0] ? buckets[hash % table[0]] : 0;
    for (; index >= table[1] && index; index++) {
        uint32_t other = chains[index - table[1]];
        if ((other | 1) == (hash | 1) && is_definition(order, index, name, &address))
            break;
        if (other & 1)
            break;
    }
    return address;
}

/* DT_HASH: buckets, chains; walked as a list of all symbols, which is fast enough for a few names. */
static uint64_t find_sysv(const struct hs_agent_order *order, const char *name)
{
    const uint32_t *table = (const uint32_t *)order->hash;
    uint64_t address = 0;
    for (uint32_t index = 1; index < table[1]; index++) {
        if (is_definition(order, index, name, &address))
            break;
    }
    return address;
}

static uint64_t find(const struct hs_agent_order *order, const char *name)
{
    if (order->gnu_hash)
        return find_gnu(order, name);
    return order->hash ? find_sysv(order, name) : 0;
}

/* PyGC_Collect() does nothing while the collector is disabled (Modules/gcmodule.c), which only 3.10 and later
 * let us change for a moment. It keeps the exception that may be set. */
static void collect_garbage(const struct hs_agent_order *order)
{
    int (*enable)(void) = (int (*)(void))find(order, "PyGC_Enable");
    int (*disable)(void) = (int (*)(void))find(order, "PyGC_Disable");
    long (*collect)(void) = (long (*)(void))find(order, "PyGC_Collect");
    if (!collect)
        return;
    bool enabled = !enable || !disable || enable();
    collect();
    if (!enabled)
        disable();
}

/* PY_VERSION_HEX, where only 3.x is known yet: from "3.9.18 (default, ...", which Py_GetVersion() writes into
 * a static buffer (Python/getversion.c). Releases only: of a candidate the level is not told. */
static uint32_t whole_version(const struct hs_agent_order *order)
{
    uint64_t get_version = find(order, "Py_GetVersion");
    if ((order->py_hex & 0xffff) || !get_version)
        return order->py_hex;
    const char *at = ((const char *(*)(void))get_version)();
    uint32_t part[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        while (*at >= '0' && *at <= '9')
            part[i] = part[i] * 10 + (uint32_t)(*at++ - '0');
        at += *at == '.';
    }
    return order->py_hex | (part[2] & 0xff) << 8 | 0xf0;
}

__attribute__((visibility("default"))) int32_t hs_agent_attach(struct hs_agent_order *order)
{
    if (order->reap) {
        long reaped = hs_syscall4(__NR_wait4, order->reap, 0, WAIT_ALL | WAIT_NOT, 0);
        order->reap = reaped > 0 ? 0 : order->reap;
        return order->error = HS_AGENT_OK;
    }
    if (order->collect)
        collect_garbage(order);
    struct hs_agent_request request;
    memset(&request, 0, sizeof request);
    request.size = sizeof request;
    request.protocol = order->protocol;
    request.py_hex = whole_version(order);
    request.py_debug = order->py_debug;
    request.values = order->values;
    request.stream_fd = HS_AGENT_OWN_PIPE;
    uint64_t *address = &request.symbols.py_runtime;
    for (size_t i = 0; i < NAMES; i++)
        address[i] = find(order, names[i]);
    order->error = hs_agent_snap(&request);
    order->os_errno = request.os_errno;
    order->child_pid = request.child_pid;
    order->pause_ns = request.pause_ns;
    order->reap = request.reap ? request.child_pid : 0;
    order->detail[0] = 0;
    hs_text_append(order->detail, sizeof order->detail, request.detail);
    return order->error;
}
