/* The stream from the agent in the snapshot child to the collector outside.
 *
 * Both sides are built together, so there is one version of it and no compatibility to keep; the collector
 * still treats it as foreign bytes. Integers are LEB128 varints of up to 64 bits unless said otherwise; `zz`
 * is a zigzag varint; text is a varint byte count and that many bytes.
 *
 *   stream  = magic record* end
 *   magic   = HS_STREAM_MAGIC (8 bytes)
 *   record  = tag byte, then by tag:
 *
 *   LABEL   byte (ref kind | HS_STREAM_BORROWED), text
 *                       numbered 1, 2, 3 ... in order of appearance; empty text: no name
 *   TYPE    address >> 3, byte flags (1 heap type, 2 instances are GC objects), text name, text module,
 *           text qualname
 *                       numbered 0, 1, 2 ... ; name is the display name (webapp.DB, dict)
 *   SHAPE   type, byte tail (enum hs_tail), fields, field labels...   numbered 0, 1, 2 ...
 *   OBJECT  zz((address - address of the previous OBJECT) >> 3), shape, refcount, size, byte gc,
 *           [length if gc & HS_STREAM_LENGTH], [ident: 2 bytes little endian if gc & HS_STREAM_IDENT],
 *           a dst for each field of the shape, then the tail if the shape has one:
 *             tail  = run* ; run = (entries << 1 | more), entries ; the last run has more = 0
 *             entry = dst, or for HS_TAIL_PAIR: dst dst, or for HS_TAIL_LABELLED: label dst, where label 0 is
 *                     followed by a LABEL's body (byte, text) that gets no number;
 *             where a traversal crashed the tail just ends, and OPAQUE says so for the type
 *   dst     0 for NULL, else 1 + zz((address >> 4) - (address of this OBJECT >> 4))
 *           (no two objects start within the same 16 bytes)
 *   ROOT    byte root kind (| HS_STREAM_BORROWED: something else owns the reference), address >> 3, text name
 *   MODULE  address >> 3, text name, text file
 *   THREAD  native thread id, address >> 3 of the threading.Thread object (0 unknown), text name
 *                       numbered 0, 1, ...
 *           The ROOTs of the kinds frame, thread and context that follow are this thread's.
 *   FRAME   thread number, depth (0 is the innermost), address >> 3 of code,
 *           address >> 3 of the frame object (0: none), line, text function (qualname), text file
 *   SITE    line, text file                                  numbered 0, 1, ...: where the program allocates
 *   ALLOCATED  site                                         of the OBJECT before
 *   VALUE   address >> 3, text                                see "values" below
 *   FACT    text name, zz value          (a number: pid, rss, pause_ns, gc_enabled, ...)
 *   TEXT    text name, text value        (python_version, layout, ...)
 *   OPAQUE  type number                  its traversal crashed or did not end
 *   END     objects, dsts that are not NULL                   nothing may follow
 *
 * An address appears in at most one OBJECT. Every dst, root, code and frame address should have its OBJECT
 * somewhere in the stream; the collector drops and counts what has none. The implied reference to the type is
 * not sent: the collector adds it for types with flag 1.
 *
 * Values: names of modules, functions, classes and code objects always; previews of str, bytes, int, float,
 * bool by request. Text is UTF-8 (lone surrogates as CPython's surrogatepass writes them; the writer replaces
 * them).
 */
#ifndef HS_DUMP_AGENT_STREAM_H
#define HS_DUMP_AGENT_STREAM_H

#define HS_STREAM_MAGIC "HSTRM\0\1\n"

enum hs_stream_tag {
    HS_STREAM_END = 1,
    HS_STREAM_LABEL,
    HS_STREAM_TYPE,
    HS_STREAM_SHAPE,
    HS_STREAM_OBJECT,
    HS_STREAM_ROOT,
    HS_STREAM_MODULE,
    HS_STREAM_THREAD,
    HS_STREAM_FRAME,
    HS_STREAM_VALUE,
    HS_STREAM_FACT,
    HS_STREAM_TEXT,
    HS_STREAM_OPAQUE,
    HS_STREAM_SITE,
    HS_STREAM_ALLOCATED,
    HS_STREAM_TAGS,
};

#define HS_STREAM_BORROWED \
    0x80 /* in a LABEL: the reference keeps nothing alive; in a ROOT: it is not counted */

/* The byte gc of OBJECT: bits 0-2 the generation (0, 1, 2, 3 permanent, 7 untracked). */
#define HS_STREAM_GENERATION 0x07
#define HS_STREAM_LENGTH     0x08
#define HS_STREAM_IDENT      0x10

#define HS_STREAM_TYPE_HEAP 1
#define HS_STREAM_TYPE_GC   2

#endif
