/* What a loader (the Python package by ctypes, the attach code, a run wrapper) hands to the agent.
 *
 * The agent is one freestanding shared object: no libc, no Python.h, no undefined symbol. Loaders find the
 * addresses it needs by whatever way they have, fill in a request, and call hs_agent_snap() with the GIL
 * held. It forks, and returns; the snapshot child walks the heap and writes the stream of stream.h into
 * stream_fd. Structures here have a fixed layout (natural alignment, 64 bit), which the Python package
 * mirrors with ctypes.
 */
#ifndef HS_DUMP_AGENT_AGENT_H
#define HS_DUMP_AGENT_AGENT_H

#include <stdint.h>

#define HS_AGENT_PROTOCOL 2

/* Addresses in the target's libpython, by symbol name; 0 where the symbol does not exist. */
struct hs_agent_symbols {
    uint64_t py_runtime;           /* _PyRuntime */
    uint64_t py_version;           /* Py_Version (a variable, 3.11+), 0 before */
    uint64_t type_type;            /* PyType_Type */
    uint64_t object_type;          /* PyBaseObject_Type */
    uint64_t dict_type;            /* PyDict_Type */
    uint64_t list_type;            /* PyList_Type */
    uint64_t tuple_type;           /* PyTuple_Type */
    uint64_t set_type;             /* PySet_Type */
    uint64_t frozenset_type;       /* PyFrozenSet_Type */
    uint64_t unicode_type;         /* PyUnicode_Type */
    uint64_t bytes_type;           /* PyBytes_Type */
    uint64_t bytearray_type;       /* PyByteArray_Type */
    uint64_t long_type;            /* PyLong_Type */
    uint64_t bool_type;            /* PyBool_Type */
    uint64_t float_type;           /* PyFloat_Type */
    uint64_t complex_type;         /* PyComplex_Type */
    uint64_t function_type;        /* PyFunction_Type */
    uint64_t method_type;          /* PyMethod_Type */
    uint64_t cfunction_type;       /* PyCFunction_Type */
    uint64_t cell_type;            /* PyCell_Type */
    uint64_t code_type;            /* PyCode_Type */
    uint64_t module_type;          /* PyModule_Type */
    uint64_t frame_type;           /* PyFrame_Type */
    uint64_t generator_type;       /* PyGen_Type */
    uint64_t coroutine_type;       /* PyCoro_Type */
    uint64_t async_generator_type; /* PyAsyncGen_Type */
    uint64_t slice_type;           /* PySlice_Type */
    uint64_t range_type;           /* PyRange_Type */
    uint64_t memoryview_type;      /* PyMemoryView_Type */
    uint64_t property_type;        /* PyProperty_Type */
    uint64_t none;                 /* _Py_NoneStruct */
    uint64_t frozendict_type;      /* PyFrozenDict_Type, 3.15 */
    uint64_t ordered_dict_type;    /* PyODict_Type */
    uint64_t reserved[15];
};

enum hs_agent_values {
    HS_AGENT_VALUES_NAMES = 0,
    HS_AGENT_VALUES_SHORT = 1,
    HS_AGENT_VALUES_FULL = 2,
    HS_AGENT_COUNT =
        3, /* no objects at all: the stream has facts only, of which tracked_objects is how many there are */
};

enum hs_agent_error {
    HS_AGENT_OK = 0,
    HS_AGENT_BAD_REQUEST = -1,     /* protocol or size differs: loader and agent are of different builds */
    HS_AGENT_UNSUPPORTED = -2,     /* no layout fits this CPython: version in py_hex */
    HS_AGENT_LAYOUT_MISMATCH = -3, /* the layout for this version does not fit what is in memory */
    HS_AGENT_NO_MEMORY = -4,
    HS_AGENT_FORK_FAILED = -5, /* os_errno says why */
    HS_AGENT_FREE_THREADED = -7,
    HS_AGENT_FINALIZING = -8,
};

struct hs_agent_request {
    uint32_t size;     /* sizeof(struct hs_agent_request) */
    uint32_t protocol; /* HS_AGENT_PROTOCOL */
    struct hs_agent_symbols symbols;
    uint32_t py_hex;           /* PY_VERSION_HEX of the target */
    uint32_t py_debug;         /* 1 for a debug build (hasattr(sys, "gettotalrefcount")) */
    uint32_t values;           /* enum hs_agent_values */
    int32_t stream_fd;         /* the snapshot child writes here and closes every other descriptor */
#define HS_AGENT_OWN_PIPE (-1) /* or: it makes a pipe of its own for somebody to find; see order.h */

    /* A collector for the snapshot child to start: path, NULL-terminated argv and envp, and the descriptors
     * that become its 0 (the stream) and 1 (its report). The report begins with a line "collector PID", or is
     * "failed ERRNO" if it could not be started. Path 0: none is started. */
    uint64_t collector_path; /* const char * */
    uint64_t collector_argv; /* const char *const * */
    uint64_t collector_envp; /* const char *const * */
    int32_t collector_stdin;
    int32_t collector_stdout;

    /* Out. */
    int32_t error;     /* enum hs_agent_error, as returned */
    int32_t os_errno;  /* positive, if a system call failed */
    uint64_t pause_ns; /* how long the caller was kept: the fork and what surrounds it */
    int32_t child_pid; /* the snapshot child, in the target's pid namespace */
    uint32_t reserved_pid;
    char detail[128]; /* one line for people: which check failed, which version */
    /* 1: the target is init of its pid namespace or a subreaper, so both processes are its children, without
     * an exit signal: the caller waits for them with __WALL once their work is done */
    uint32_t reap;
    uint32_t reserved_word;
    uint64_t reserved[7];
};

/* Takes a snapshot. Call with the GIL held, from any thread. Returns request->error. Async signals are
 * blocked meanwhile; no memory of the target's allocator is touched, no SIGCHLD is raised and no zombie is
 * left (but see `reap`), and waitpid(-1) of the target sees nothing. */
int32_t hs_agent_snap(struct hs_agent_request *request);

#endif
