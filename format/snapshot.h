/* The words that everybody who touches a snapshot shares: references, labels, shapes, chunks.
 *
 * A snapshot numbers its objects 0 .. objects-1 in the order of their addresses; that number is the object's
 * id, in C and in SQL. Objects are stored in chunks of consecutive ids. Each object has a shape: its type and
 * how its references are labelled, shared by all the objects that look alike, so that names, indexes and
 * the references to types are stored once and not per object.
 */
#ifndef HS_FORMAT_SNAPSHOT_H
#define HS_FORMAT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_APPLICATION_ID 0x48444D50 /* "HDMP" */
#define HS_FORMAT_VERSION 1          /* PRAGMA user_version of what is written */

/* Objects per chunk. Ids are address ranks, so a chunk is a stretch of the address space. */
#define HS_CHUNK_OBJECTS 16384

#define HS_NO_OBJECT UINT32_MAX
#define HS_NO_LABEL  UINT32_MAX
#define HS_NO_LENGTH UINT64_MAX
#define HS_NO_THREAD UINT32_MAX

/* How one object refers to another. The numbers are part of the file format and of the agent's stream. */
enum hs_ref_kind {
    HS_REF_ATTRIBUTE = 0, /* obj.NAME, held by the instance or by a namespace dict */
    HS_REF_ITEM,          /* obj[SLOT] of a list, tuple or another sequence */
    HS_REF_KEY,           /* the SLOTth key of a dict, or an element of a set */
    HS_REF_VALUE,         /* the value of the SLOTth key of a dict */
    HS_REF_SLOT,          /* a __slots__ member: obj.NAME */
    HS_REF_LOCAL,         /* a local variable NAME of a frame, generator or coroutine */
    HS_REF_CELL,          /* the contents of a closure cell, or the closure variable NAME of a function */
    HS_REF_GLOBAL,        /* NAME in a module's namespace dict */
    HS_REF_TYPE,          /* an instance to its (heap) type */
    HS_REF_MEMBER,   /* a field of a C structure that Python calls NAME: f.__code__, m.__self__, o.__dict__ */
    HS_REF_INTERNAL, /* a reference without a better name: reported by tp_traverse */
    HS_REF_KINDS,
};

/* Where the program itself starts to hold objects. Part of the file format and of the agent's stream. */
enum hs_root_kind {
    HS_ROOT_MODULE = 0, /* an entry of sys.modules; name: the module's name there */
    HS_ROOT_FRAME,      /* held by a running frame; name: "FUNCTION.VARIABLE" */
    HS_ROOT_THREAD,     /* held by a thread's state: its context, its thread-locals, a current exception */
    HS_ROOT_INTERPRETER,
    HS_ROOT_ATEXIT,
    HS_ROOT_SIGNAL,
    HS_ROOT_CONTEXT,
    HS_ROOT_STATIC, /* static types, and static data of extensions */
    HS_ROOT_EXTERNAL,
    HS_ROOT_KINDS,
};

/* "attribute", "item", ...; "module", "frame", ...; NULL for a number that is none. */
const char *hs_ref_kind_name(unsigned kind);
const char *hs_root_kind_name(unsigned kind);

/* Reference counts from here on say that an object is never freed. 3.12 and 3.13 use 2^32 - 1
 * (Include/object.h, _Py_IMMORTAL_REFCNT), 3.14 3 * 2^30; 3.11's deep-frozen objects start at 999999999 and
 * lose some (Tools/build/deepfreeze.py). */
#define HS_REFCOUNT_IMMORTAL 900000000

/* Generation of an object, as stored: 0, 1, 2 are CPython's; 3 is the permanent one (gc.freeze). */
#define HS_GENERATION_PERMANENT 3
#define HS_GENERATION_UNTRACKED 7 /* the collector does not track the object: SQL shows NULL */

/* A label says what one reference is called. Shapes and labelled tails name labels by their number. */
struct hs_label {
    uint8_t kind;   /* enum hs_ref_kind */
    bool owning;    /* false for a weak or borrowed reference: it keeps nothing alive */
    char *name;     /* UTF-8, NULL if it has none; owned by whoever owns the table of labels */
    uint32_t bytes; /* length of name; names may hold NUL */
};

/* What follows an object's named fields. */
enum hs_tail {
    HS_TAIL_NONE = 0,
    HS_TAIL_ITEM,     /* ITEM references, slot 0, 1, 2 ... */
    HS_TAIL_PAIR,     /* KEY, VALUE, KEY, VALUE ...; a key and its value share their slot */
    HS_TAIL_KEY,      /* KEY references, slot 0, 1, 2 ... */
    HS_TAIL_INTERNAL, /* INTERNAL references, slot 0, 1, 2 ... */
    HS_TAIL_LABELLED, /* each reference has a label of its own, in hs_chunk.label; slot 0, 1, 2 ..., but none
                         where the label has a name */
    HS_TAILS,
};
#define HS_TAIL_VARIABLE UINT32_MAX

/* Objects of one shape have the same type and the same number and labels of references (but for a variable
 * tail). References of an object come in this order: fields, tail, then (type_ref) the one to its type. */
struct hs_shape {
    uint32_t type; /* number of the type: types.id */
    bool type_ref; /* instances of heap types own a reference to their type; it is implied, and not in dst */
    uint8_t tail;  /* enum hs_tail */
    uint32_t tail_refs; /* references in the tail (a pair counts 2), or HS_TAIL_VARIABLE */
    uint32_t fields;
    const uint32_t *labels; /* [fields], label numbers; owned by the table of shapes */
};

struct hs_type {
    char *name;   /* what people write: webapp.DB; bare for builtins: dict */
    char *module; /* NULL if unknown */
    char *qualname;
    uint32_t object;  /* id of the type object, HS_NO_OBJECT if it is not in the snapshot */
    uint64_t objects; /* instances in the snapshot */
    uint64_t shallow_bytes;
    bool opaque; /* its traversal crashed: its instances are here without their references */
};

/* Columns of `count` consecutive objects from id `first`. The writer takes one, the reader gives one.
 * Arrays are [count] unless said otherwise; the references of object i (an index into the chunk) are
 * dst[ref_start[i]] .. dst[ref_start[i + 1] - 1], without the implied one to its type. */
struct hs_chunk {
    uint32_t first;
    uint32_t count;
    uint32_t *shape;
    uint64_t *address;
    uint64_t *size;     /* shallow bytes: what sys.getsizeof says */
    uint64_t *refcount; /* as stored in the object */
    uint64_t *length;   /* ob_size in items, or HS_NO_LENGTH */
    uint16_t *ident;    /* hash of out-of-line storage pointers, 0 if none */
    uint8_t *generation;
    uint64_t *site; /* where each was allocated: sites.id + 1, 0 if that is not known; NULL if of none. For
                       the writer; the reader answers hs_reader_allocated_at() instead */
    uint32_t *ref_start; /* [count + 1] */
    uint32_t *dst;       /* [ref_start[count]] ids */
    uint32_t *label;     /* [ref_start[count]] label numbers where the shape has a labelled tail (HS_NO_LABEL
                            elsewhere); NULL if no object of the chunk has one */
};

#endif
