/* Proves the agent's layout tables against CPython's own headers.
 *
 * Compiled once per installed CPython (`make layouts`), with its headers; compares every field of struct
 * hs_layout with what the compiler says, and fails as well when a field was forgotten here. Private headers
 * are what is wanted: hence Py_BUILD_CORE. Compiled a second time with -DPy_DEBUG, since a debug build's
 * structures may differ.
 */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <datetime.h>
#include <frameobject.h>
#include <structmember.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SINCE(minor) (PY_VERSION_HEX >= 0x03000000 + ((minor) << 16))

#include "internal/pycore_code.h"
#include "internal/pycore_object.h"
#include "internal/pycore_pystate.h"
#if SINCE(9)
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#endif
#if SINCE(10)
#include "internal/pycore_moduleobject.h"
#endif
#if SINCE(11)
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#else
#include <longintrepr.h>
#endif
#if SINCE(14)
#include "internal/pycore_genobject.h"
#include "internal/pycore_interpframe.h"
#include "internal/pycore_interpframe_structs.h"
#include "internal/pycore_stackref.h"
#endif

#include "dump/agent/layout.h"

/* Structures that no installed header declares: Objects/dict-common.h (until 3.10) and Objects/moduleobject.c
 * (until 3.9) do, and the agent's own checks and the end-to-end tests show that they are so. */
#if !SINCE(11)
struct _dictkeysobject {
    Py_ssize_t dk_refcnt;
    Py_ssize_t dk_size;
    void *dk_lookup;
    Py_ssize_t dk_usable;
    Py_ssize_t dk_nentries;
    char dk_indices[];
};
typedef struct {
    Py_hash_t me_hash;
    PyObject *me_key;
    PyObject *me_value;
} PyDictKeyEntry;
#endif
#if !SINCE(10)
typedef struct {
    PyObject_HEAD PyObject *md_dict;
    struct PyModuleDef *md_def;
    void *md_state;
    PyObject *md_weaklist;
    PyObject *md_name;
} PyModuleObject;
#endif

enum field {
#define HS_FIELD(name, ...) FIELD_##name,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
    FIELDS,
};

static const char *const names[] = {
#define HS_FIELD(name, ...) #name,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
};

/* struct hs_layout begins with its fields, in the order of layout_fields.h. */
struct proof {
    int32_t table[FIELDS];
    _Bool proven[FIELDS];
    int failures;
    _Bool quiet;
    _Bool print; /* the column as the headers have it, to begin a table with */
};

static void prove(struct proof *p, enum field field, long header)
{
    p->proven[field] = 1;
    if (p->print)
        printf("%s %ld\n", names[field], header);
    else if (p->table[field] != header) {
        p->failures++;
        if (!p->quiet)
            printf("  %s: the table says %d, the header %ld\n", names[field], p->table[field], header);
    }
}

#define VALUE(field, value)         prove(p, FIELD_##field, (long)(value))
#define OFFSET(field, type, member) VALUE(field, offsetof(type, member))
#define ABSENT(field)               VALUE(field, HS_LAYOUT_NONE)

/* The lowest bit of a bit field within the 32-bit word at `state` of PyASCIIObject. */
#define STATE_BIT(field, member)                    \
    do {                                            \
        PyASCIIObject object;                       \
        unsigned word;                              \
        memset(&object, 0, sizeof(object));         \
        object.state.member = 1;                    \
        memcpy(&word, &object.state, sizeof(word)); \
        VALUE(field, __builtin_ctz(word));          \
    } while (0)

static void prove_objects(struct proof *p)
{
    OFFSET(ob_refcnt, PyObject, ob_refcnt);
    OFFSET(ob_type, PyObject, ob_type);
    OFFSET(ob_size, PyVarObject, ob_size);
    VALUE(refcnt_bytes, SINCE(12) ? 4 : 8);
    VALUE(gc_head_bytes, sizeof(PyGC_Head));
    OFFSET(gc_next, PyGC_Head, _gc_next);
    OFFSET(gc_prev, PyGC_Head, _gc_prev);
}

static void prove_types(struct proof *p)
{
#define TP(member) OFFSET(member, PyTypeObject, member)
#define HT(member) OFFSET(member, PyHeapTypeObject, member)
    VALUE(type_bytes, sizeof(PyTypeObject));
    VALUE(heap_type_bytes, sizeof(PyHeapTypeObject));
    TP(tp_name);
    TP(tp_basicsize);
    TP(tp_itemsize);
    TP(tp_dealloc);
    TP(tp_flags);
    TP(tp_doc);
    TP(tp_traverse);
    TP(tp_weaklistoffset);
    TP(tp_members);
    TP(tp_getset);
    TP(tp_base);
    TP(tp_dict);
    TP(tp_dictoffset);
    TP(tp_is_gc);
    TP(tp_bases);
    TP(tp_mro);
    TP(tp_cache);
    TP(tp_subclasses);
    TP(tp_weaklist);
    HT(ht_name);
    HT(ht_slots);
    HT(ht_qualname);
    HT(ht_cached_keys);
#if SINCE(9)
    HT(ht_module);
#else
    ABSENT(ht_module);
#endif
#if SINCE(11)
    VALUE(flag_managed_dict, Py_TPFLAGS_MANAGED_DICT);
#else
    VALUE(flag_managed_dict, 0);
#endif
#if SINCE(12)
    VALUE(flag_managed_weakref, Py_TPFLAGS_MANAGED_WEAKREF);
    VALUE(flag_static_builtin, _Py_TPFLAGS_STATIC_BUILTIN);
#else
    VALUE(flag_managed_weakref, 0);
    VALUE(flag_static_builtin, 0);
#endif
#if SINCE(13)
    VALUE(flag_inline_values, Py_TPFLAGS_INLINE_VALUES);
#else
    VALUE(flag_inline_values, 0);
#endif
    OFFSET(memb_name, PyMemberDef, name);
    OFFSET(memb_type, PyMemberDef, type);
    OFFSET(memb_offset, PyMemberDef, offset);
    OFFSET(memb_flags, PyMemberDef, flags);
#ifdef _Py_AFTER_ITEMS
    VALUE(flag_after_items, _Py_AFTER_ITEMS);
#else
    VALUE(flag_after_items, 0);
#endif
    VALUE(memb_bytes, sizeof(PyMemberDef));
    VALUE(memb_object, T_OBJECT);
    VALUE(memb_object_ex, T_OBJECT_EX);
}

static void prove_instance_values(struct proof *p)
{
#if SINCE(13)
    VALUE(managed_dict, MANAGED_DICT_OFFSET);
    ABSENT(values_pointer);
    ABSENT(values_tag);
    OFFSET(values_capacity, struct _dictvalues, capacity);
    OFFSET(values_embedded, struct _dictvalues, embedded);
    OFFSET(values_valid, struct _dictvalues, valid);
#elif SINCE(12)
    static PyHeapTypeObject type = {.ht_type.tp_flags = Py_TPFLAGS_MANAGED_DICT};
    static PyObject object[2] = {{.ob_type = &type.ht_type}, {.ob_type = &type.ht_type}};
    PyDictOrValues word;
    _PyDictOrValues_SetValues(&word, (PyDictValues *)object);
    VALUE(managed_dict, (char *)_PyObject_DictOrValuesPointer(object) - (char *)object);
    VALUE(values_pointer, (char *)_PyObject_DictOrValuesPointer(object) - (char *)object);
    VALUE(values_tag, (char *)object - (char *)word.values);
    ABSENT(values_capacity);
    ABSENT(values_embedded);
    ABSENT(values_valid);
#elif SINCE(11)
    static PyHeapTypeObject type = {.ht_type.tp_flags = Py_TPFLAGS_MANAGED_DICT};
    static PyObject object = {.ob_type = &type.ht_type};
    VALUE(managed_dict, MANAGED_DICT_OFFSET);
    VALUE(values_pointer, (char *)_PyObject_ValuesPointer(&object) - (char *)&object);
    ABSENT(values_tag);
    ABSENT(values_capacity);
    ABSENT(values_embedded);
    ABSENT(values_valid);
#else
    ABSENT(managed_dict);
    ABSENT(values_pointer);
    ABSENT(values_tag);
    ABSENT(values_capacity);
    ABSENT(values_embedded);
    ABSENT(values_valid);
#endif
#if SINCE(11)
    OFFSET(values_items, struct _dictvalues, values);
#else
    VALUE(values_items, 0); /* ma_values points to the first one */
#endif
#if !SINCE(11)
    VALUE(pre_header_bytes, 0);
#elif SINCE(12)
    VALUE(pre_header_bytes, -MANAGED_WEAKREF_OFFSET - (long)sizeof(PyGC_Head));
#else
    VALUE(pre_header_bytes,
          -((char *)_PyObject_ValuesPointer(&object) - (char *)&object) - (long)sizeof(PyGC_Head));
#endif
}

static void prove_dicts(struct proof *p)
{
#define DK(member) OFFSET(member, struct _dictkeysobject, member)
    VALUE(dict_bytes, sizeof(PyDictObject));
    OFFSET(ma_used, PyDictObject, ma_used);
    OFFSET(ma_keys, PyDictObject, ma_keys);
    OFFSET(ma_values, PyDictObject, ma_values);
    DK(dk_refcnt);
#if SINCE(11)
    ABSENT(dk_size);
    DK(dk_log2_size);
    DK(dk_log2_index_bytes);
    DK(dk_kind);
#else
    DK(dk_size);
    ABSENT(dk_log2_size);
    ABSENT(dk_log2_index_bytes);
    ABSENT(dk_kind);
#endif
    DK(dk_usable);
    DK(dk_nentries);
    DK(dk_indices);
    VALUE(entry_bytes, sizeof(PyDictKeyEntry));
    OFFSET(entry_key, PyDictKeyEntry, me_key);
    OFFSET(entry_value, PyDictKeyEntry, me_value);
#if SINCE(11)
    VALUE(dk_kind_general, DICT_KEYS_GENERAL);
    VALUE(unicode_entry_bytes, sizeof(PyDictUnicodeEntry));
    OFFSET(unicode_entry_key, PyDictUnicodeEntry, me_key);
    OFFSET(unicode_entry_value, PyDictUnicodeEntry, me_value);
#else
    ABSENT(dk_kind_general);
    ABSENT(unicode_entry_bytes);
    ABSENT(unicode_entry_key);
    ABSENT(unicode_entry_value);
#endif
}

static void prove_containers(struct proof *p)
{
    OFFSET(list_items, PyListObject, ob_item);
    OFFSET(list_allocated, PyListObject, allocated);
    OFFSET(tuple_items, PyTupleObject, ob_item);
    VALUE(set_bytes, sizeof(PySetObject));
    OFFSET(set_fill, PySetObject, fill);
    OFFSET(set_used, PySetObject, used);
    OFFSET(set_mask, PySetObject, mask);
    OFFSET(set_table, PySetObject, table);
    OFFSET(set_smalltable, PySetObject, smalltable);
    VALUE(set_entry_bytes, sizeof(setentry));
    OFFSET(set_entry_key, setentry, key);
    OFFSET(set_entry_hash, setentry, hash);
}

static void prove_scalars(struct proof *p)
{
    OFFSET(str_length, PyASCIIObject, length);
    OFFSET(str_state, PyASCIIObject, state);
    STATE_BIT(str_bit_interned, interned);
    STATE_BIT(str_bit_kind, kind);
    STATE_BIT(str_bit_compact, compact);
    STATE_BIT(str_bit_ascii, ascii);
    VALUE(str_ascii_bytes, sizeof(PyASCIIObject));
    VALUE(str_compact_bytes, sizeof(PyCompactUnicodeObject));
    VALUE(str_bytes, sizeof(PyUnicodeObject));
    OFFSET(str_utf8_length, PyCompactUnicodeObject, utf8_length);
    OFFSET(str_utf8, PyCompactUnicodeObject, utf8);
    OFFSET(str_data, PyUnicodeObject, data);
#if SINCE(12)
    ABSENT(str_wstr);
    ABSENT(str_wstr_length);
    OFFSET(long_tag, PyLongObject, long_value.lv_tag);
    OFFSET(long_digits, PyLongObject, long_value.ob_digit);
#else
    OFFSET(str_wstr, PyASCIIObject, wstr);
    OFFSET(str_wstr_length, PyCompactUnicodeObject, wstr_length);
    ABSENT(long_tag);
    OFFSET(long_digits, PyLongObject, ob_digit);
#endif
    VALUE(long_digits_least, SINCE(11) ? 1 : 0);
    OFFSET(bytes_data, PyBytesObject, ob_sval);
    OFFSET(bytearray_alloc, PyByteArrayObject, ob_alloc);
    OFFSET(bytearray_start, PyByteArrayObject, ob_start);
    OFFSET(float_value, PyFloatObject, ob_fval);
    OFFSET(complex_value, PyComplexObject, cval);
}

static void prove_functions(struct proof *p)
{
#define FUNC(member) OFFSET(member, PyFunctionObject, member)
    VALUE(function_bytes, sizeof(PyFunctionObject));
    FUNC(func_globals);
#if SINCE(10)
    FUNC(func_builtins);
#else
    ABSENT(func_builtins);
#endif
    FUNC(func_name);
    FUNC(func_qualname);
    FUNC(func_code);
    FUNC(func_defaults);
    FUNC(func_kwdefaults);
    FUNC(func_closure);
    FUNC(func_doc);
    FUNC(func_dict);
    FUNC(func_module);
    FUNC(func_annotations);
#if SINCE(12)
    FUNC(func_typeparams);
#else
    ABSENT(func_typeparams);
#endif
#if SINCE(14)
    FUNC(func_annotate);
#else
    ABSENT(func_annotate);
#endif
    OFFSET(method_func, PyMethodObject, im_func);
    OFFSET(method_self, PyMethodObject, im_self);
    OFFSET(cell_contents, PyCellObject, ob_ref);
    OFFSET(cfunction_ml, PyCFunctionObject, m_ml);
    OFFSET(cfunction_self, PyCFunctionObject, m_self);
    OFFSET(cfunction_module, PyCFunctionObject, m_module);
#if SINCE(9)
    OFFSET(cmethod_class, PyCMethodObject, mm_class);
#else
    ABSENT(cmethod_class);
#endif
    OFFSET(method_def_name, PyMethodDef, ml_name);
    OFFSET(method_def_flags, PyMethodDef, ml_flags);
    OFFSET(descr_type, PyDescrObject, d_type);
    OFFSET(descr_name, PyDescrObject, d_name);
    OFFSET(descr_qualname, PyDescrObject, d_qualname);
    OFFSET(descr_member, PyMemberDescrObject, d_member);
    OFFSET(slice_start, PySliceObject, start);
    OFFSET(slice_stop, PySliceObject, stop);
    OFFSET(slice_step, PySliceObject, step);
    OFFSET(module_dict, PyModuleObject, md_dict);
#if SINCE(15)
    ABSENT(module_def);
#else
    OFFSET(module_def, PyModuleObject, md_def);
#endif
    OFFSET(module_state, PyModuleObject, md_state);
    OFFSET(module_name, PyModuleObject, md_name);
    OFFSET(weakref_object, PyWeakReference, wr_object);
    OFFSET(exception_args, PyBaseExceptionObject, args);
#if SINCE(11)
    OFFSET(exception_notes, PyBaseExceptionObject, notes);
#else
    ABSENT(exception_notes);
#endif
    OFFSET(exception_traceback, PyBaseExceptionObject, traceback);
    OFFSET(exception_context, PyBaseExceptionObject, context);
    OFFSET(exception_cause, PyBaseExceptionObject, cause);
    OFFSET(traceback_next, PyTracebackObject, tb_next);
    OFFSET(traceback_frame, PyTracebackObject, tb_frame);
    OFFSET(datetime_has_tzinfo, PyDateTime_DateTime, hastzinfo);
    OFFSET(datetime_tzinfo, PyDateTime_DateTime, tzinfo);
    OFFSET(time_tzinfo, PyDateTime_Time, tzinfo);
    OFFSET(weakref_callback, PyWeakReference, wr_callback);
}

static void prove_code(struct proof *p)
{
#define CO(member) OFFSET(member, PyCodeObject, member)
    VALUE(code_bytes, sizeof(PyCodeObject));
    CO(co_consts);
    CO(co_names);
    CO(co_flags);
    CO(co_stacksize);
    CO(co_firstlineno);
    CO(co_nlocals);
    CO(co_filename);
    CO(co_name);
    CO(co_extra);
    VALUE(code_unit_bytes, sizeof(_Py_CODEUNIT));
#if SINCE(11)
    CO(co_exceptiontable);
    CO(co_nlocalsplus);
    CO(co_localsplusnames);
    CO(co_localspluskinds);
    CO(co_qualname);
    CO(co_linetable);
    CO(_co_firsttraceable);
    CO(co_code_adaptive);
    VALUE(kind_local, CO_FAST_LOCAL);
    VALUE(kind_cell, CO_FAST_CELL);
    VALUE(kind_free, CO_FAST_FREE);
    ABSENT(co_code);
    ABSENT(co_varnames);
    ABSENT(co_cellvars);
    ABSENT(co_freevars);
    ABSENT(co_cell2arg);
    ABSENT(co_opcache);
    ABSENT(co_opcache_size);
    ABSENT(opcache_bytes);
#else
    ABSENT(co_exceptiontable);
    ABSENT(co_nlocalsplus);
    ABSENT(co_localsplusnames);
    ABSENT(co_localspluskinds);
    ABSENT(co_qualname);
    ABSENT(co_linetable);
    ABSENT(_co_firsttraceable);
    ABSENT(co_code_adaptive);
    ABSENT(kind_local);
    ABSENT(kind_cell);
    ABSENT(kind_free);
    CO(co_code);
    CO(co_varnames);
    CO(co_cellvars);
    CO(co_freevars);
    CO(co_cell2arg);
    CO(co_opcache);
    CO(co_opcache_size);
    VALUE(opcache_bytes, sizeof(_PyOpcache));
#endif
#if SINCE(11)
    ABSENT(co_lnotab);
    ABSENT(co_line_ranges);
#elif SINCE(10)
    ABSENT(co_lnotab);
    OFFSET(co_line_ranges, PyCodeObject, co_linetable);
#else
    CO(co_lnotab);
    ABSENT(co_line_ranges);
#endif
#if SINCE(12)
    CO(_co_cached);
    VALUE(code_cached_bytes, sizeof(_PyCoCached));
    CO(_co_monitoring);
#else
    ABSENT(_co_cached);
    ABSENT(code_cached_bytes);
    ABSENT(_co_monitoring);
#endif
#if SINCE(12)
    ABSENT(_co_code);
    OFFSET(co_cached_code, _PyCoCached, _co_code);
    OFFSET(co_cached_varnames, _PyCoCached, _co_varnames);
    OFFSET(co_cached_cellvars, _PyCoCached, _co_cellvars);
    OFFSET(co_cached_freevars, _PyCoCached, _co_freevars);
#else
#if SINCE(11)
    CO(_co_code);
#else
    ABSENT(_co_code);
#endif
    ABSENT(co_cached_code);
    ABSENT(co_cached_varnames);
    ABSENT(co_cached_cellvars);
    ABSENT(co_cached_freevars);
#endif
#if SINCE(13)
    CO(co_executors);
#else
    ABSENT(co_executors);
#endif
}

#if SINCE(11)
static void prove_frames(struct proof *p)
{
#define FRAME(field, member) OFFSET(field, _PyInterpreterFrame, member)
    VALUE(frame_bytes, sizeof(_PyInterpreterFrame));
    FRAME(frame_previous, previous);
    FRAME(frame_globals, f_globals);
    FRAME(frame_builtins, f_builtins);
    FRAME(frame_locals, f_locals);
    FRAME(frame_object, frame_obj);
    FRAME(frame_owner, owner);
    FRAME(frame_localsplus, localsplus);
#if SINCE(14)
    ABSENT(frame_stacktop);
    FRAME(frame_stackpointer, stackpointer);
    VALUE(stackref_tags, Py_TAG_BITS);
    VALUE(stackref_borrowed, Py_TAG_REFCNT);
#else
    FRAME(frame_stacktop, stacktop);
    ABSENT(frame_stackpointer);
    VALUE(stackref_tags, 0);
    VALUE(stackref_borrowed, 0);
#endif
#if SINCE(13)
    FRAME(frame_code, f_executable);
    FRAME(frame_function, f_funcobj);
    FRAME(frame_instruction, instr_ptr);
#elif SINCE(12)
    FRAME(frame_code, f_code);
    FRAME(frame_function, f_funcobj);
    FRAME(frame_instruction, prev_instr);
#else
    FRAME(frame_code, f_code);
    FRAME(frame_function, f_func);
    FRAME(frame_instruction, prev_instr);
#endif
    VALUE(frame_owner_generator, FRAME_OWNED_BY_GENERATOR);
    VALUE(frame_owner_object, FRAME_OWNED_BY_FRAME_OBJECT);
#if SINCE(14)
    VALUE(frame_owner_shim, FRAME_OWNED_BY_INTERPRETER);
#elif SINCE(12)
    VALUE(frame_owner_shim, FRAME_OWNED_BY_CSTACK);
#else
    ABSENT(frame_owner_shim);
#endif
    ABSENT(frame_stackdepth);
    ABSENT(frame_lasti);
    ABSENT(lasti_bytes);
    ABSENT(frame_generator);
    OFFSET(frame_object_back, struct _frame, f_back);
    OFFSET(frame_object_frame, struct _frame, f_frame);
    OFFSET(frame_object_trace, struct _frame, f_trace);
    OFFSET(frame_object_data, struct _frame, _f_frame_data);
}

static void prove_generators(struct proof *p)
{
    OFFSET(gen_exc_state, PyGenObject, gi_exc_state);
    OFFSET(gen_origin_or_finalizer, PyGenObject, gi_origin_or_finalizer);
    OFFSET(gen_frame_state, PyGenObject, gi_frame_state);
    OFFSET(gen_frame, PyGenObject, gi_iframe);
    ABSENT(gen_frame_object);
#if SINCE(12)
    ABSENT(gen_code);
#else
    OFFSET(gen_code, PyGenObject, gi_code);
#endif
    VALUE(gen_state_created, FRAME_CREATED);
    VALUE(gen_state_executing, FRAME_EXECUTING);
#if SINCE(15)
    VALUE(gen_state_completed, FRAME_CLEARED);
#else
    VALUE(gen_state_completed, FRAME_COMPLETED);
#endif
    VALUE(gen_state_cleared, FRAME_CLEARED);
    VALUE(gen_bytes, sizeof(PyGenObject));
    OFFSET(gen_name, PyGenObject, gi_name);
    OFFSET(gen_qualname, PyGenObject, gi_qualname);
}
#else
/* Until 3.10 the frames that run are frame objects. */
static void prove_frames(struct proof *p)
{
#define FRAME(field, member) OFFSET(field, struct _frame, member)
    VALUE(frame_bytes, sizeof(struct _frame));
    FRAME(frame_previous, f_back);
    FRAME(frame_globals, f_globals);
    FRAME(frame_builtins, f_builtins);
    FRAME(frame_locals, f_locals);
    FRAME(frame_localsplus, f_localsplus);
    FRAME(frame_code, f_code);
    FRAME(frame_lasti, f_lasti);
    VALUE(lasti_bytes, SINCE(10) ? sizeof(_Py_CODEUNIT) : 1);
    FRAME(frame_generator, f_gen);
#if SINCE(10)
    ABSENT(frame_stackpointer);
    FRAME(frame_stackdepth, f_stackdepth);
#else
    FRAME(frame_stackpointer, f_stacktop);
    ABSENT(frame_stackdepth);
#endif
    VALUE(stackref_tags, 0);
    VALUE(stackref_borrowed, 0);
    ABSENT(frame_object);
    ABSENT(frame_stacktop);
    ABSENT(frame_owner);
    ABSENT(frame_function);
    ABSENT(frame_instruction);
    ABSENT(frame_owner_generator);
    ABSENT(frame_owner_object);
    ABSENT(frame_owner_shim);
    FRAME(frame_object_back, f_back);
    ABSENT(frame_object_frame);
    FRAME(frame_object_trace, f_trace);
    ABSENT(frame_object_data);
}

static void prove_generators(struct proof *p)
{
    OFFSET(gen_exc_state, PyGenObject, gi_exc_state);
    ABSENT(gen_origin_or_finalizer);
    ABSENT(gen_frame_state);
    ABSENT(gen_frame);
    OFFSET(gen_frame_object, PyGenObject, gi_frame);
    OFFSET(gen_code, PyGenObject, gi_code);
    ABSENT(gen_state_created);
    ABSENT(gen_state_executing);
    ABSENT(gen_state_completed);
    ABSENT(gen_state_cleared);
    VALUE(gen_bytes, sizeof(PyGenObject));
    OFFSET(gen_name, PyGenObject, gi_name);
    OFFSET(gen_qualname, PyGenObject, gi_qualname);
}
#endif

/* What no installed header declares, and CPython's sources say: the end-to-end tests show that it is so. */
static void prove_modules(struct proof *p)
{
#if SINCE(15)
    VALUE(simple_queue_capacity, 48);
    VALUE(bytearray_overhead, offsetof(PyBytesObject, ob_sval) + 1);
#else
    ABSENT(simple_queue_capacity);
    VALUE(bytearray_overhead, 0);
#endif
#if SINCE(14)
    VALUE(ctypes_info_format, 144);
#elif SINCE(13)
    VALUE(ctypes_info_format, 136);
#else
    ABSENT(ctypes_info_format);
#endif
}

static void prove_runtime(struct proof *p)
{
#define IS(field, member) OFFSET(field, PyInterpreterState, member)
    OFFSET(runtime_interpreters_head, _PyRuntimeState, interpreters.head);
    OFFSET(runtime_interpreters_main, _PyRuntimeState, interpreters.main);
#if SINCE(9)
    OFFSET(runtime_finalizing, _PyRuntimeState, _finalizing);
    ABSENT(runtime_gc);
    IS(interpreter_gc, gc);
    IS(interpreter_ceval, ceval);
#else
    OFFSET(runtime_finalizing, _PyRuntimeState, finalizing);
    OFFSET(runtime_gc, _PyRuntimeState, gc);
    ABSENT(interpreter_gc);
    ABSENT(interpreter_ceval);
#endif
#if SINCE(13)
    OFFSET(runtime_debug_offsets, _PyRuntimeState, debug_offsets);
#else
    ABSENT(runtime_debug_offsets);
#endif
    VALUE(interpreter_bytes, sizeof(PyInterpreterState));
    IS(interpreter_next, next);
    IS(interpreter_id, id);
#if SINCE(11)
    IS(interpreter_threads_head, threads.head);
#else
    IS(interpreter_threads_head, tstate_head);
#endif
    IS(interpreter_sysdict, sysdict);
    IS(interpreter_builtins, builtins);
    IS(interpreter_dict, dict);
#if SINCE(14)
    IS(interpreter_atexit, atexit.callbacks);
#else
    ABSENT(interpreter_atexit);
#endif
    IS(interpreter_builtins_copy, builtins_copy);
    IS(interpreter_before_forkers, before_forkers);
    IS(interpreter_after_forkers_parent, after_forkers_parent);
    IS(interpreter_after_forkers_child, after_forkers_child);
    IS(interpreter_audit_hooks, audit_hooks);
#if SINCE(12)
    IS(interpreter_modules, imports.modules);
    IS(interpreter_importlib, imports.importlib);
    IS(interpreter_import_func, imports.import_func);
    IS(interpreter_modules_by_index, imports.modules_by_index);
    IS(interpreter_sysdict_copy, sysdict_copy);
#else
    IS(interpreter_modules, modules);
    IS(interpreter_importlib, importlib);
    IS(interpreter_import_func, import_func);
    IS(interpreter_modules_by_index, modules_by_index);
    ABSENT(interpreter_sysdict_copy);
#endif
#if SINCE(13)
    IS(interpreter_codec_search_path, codecs.search_path);
    IS(interpreter_codec_search_cache, codecs.search_cache);
    IS(interpreter_codec_error_registry, codecs.error_registry);
    IS(interpreter_static_types, types.builtins.initialized);
    IS(interpreter_extension_types, types.for_extensions.initialized);
    VALUE(static_type_bytes, sizeof(managed_static_type_state));
    OFFSET(static_type_type, managed_static_type_state, type);
    OFFSET(static_type_dict, managed_static_type_state, tp_dict);
    OFFSET(static_type_subclasses, managed_static_type_state, tp_subclasses);
    OFFSET(static_type_weaklist, managed_static_type_state, tp_weaklist);
    VALUE(static_types_builtin_max, _Py_MAX_MANAGED_STATIC_BUILTIN_TYPES);
    VALUE(static_types_extension_max, _Py_MAX_MANAGED_STATIC_EXT_TYPES);
#else
    IS(interpreter_codec_search_path, codec_search_path);
    IS(interpreter_codec_search_cache, codec_search_cache);
    IS(interpreter_codec_error_registry, codec_error_registry);
    ABSENT(interpreter_extension_types);
    ABSENT(static_types_extension_max);
#if SINCE(12)
    IS(interpreter_static_types, types.builtins);
    VALUE(static_type_bytes, sizeof(static_builtin_state));
    OFFSET(static_type_type, static_builtin_state, type);
    OFFSET(static_type_dict, static_builtin_state, tp_dict);
    OFFSET(static_type_subclasses, static_builtin_state, tp_subclasses);
    OFFSET(static_type_weaklist, static_builtin_state, tp_weaklist);
    VALUE(static_types_builtin_max, _Py_MAX_STATIC_BUILTIN_TYPES);
#else
    ABSENT(interpreter_static_types);
    ABSENT(static_type_bytes);
    ABSENT(static_type_type);
    ABSENT(static_type_dict);
    ABSENT(static_type_subclasses);
    ABSENT(static_type_weaklist);
    ABSENT(static_types_builtin_max);
#endif
#endif
}

static void prove_gc(struct proof *p)
{
#define GC(member) OFFSET(gc_##member, struct _gc_runtime_state, member)
    GC(enabled);
    GC(generations);
#if SINCE(15) || !SINCE(14)
    GC(generation0);
#else
    ABSENT(gc_generation0);
#endif
    GC(permanent_generation);
    GC(collecting);
    GC(garbage);
    GC(callbacks);
    VALUE(gc_generation_bytes, sizeof(struct gc_generation));
    OFFSET(gc_generation_count, struct gc_generation, count);
    OFFSET(gc_generation_threshold, struct gc_generation, threshold);
    VALUE(gc_generations_count, NUM_GENERATIONS);
}

static void prove_threads(struct proof *p)
{
#define TS(member) OFFSET(thread_##member, PyThreadState, member)
    VALUE(thread_bytes, sizeof(PyThreadState));
    TS(next);
    TS(interp);
    TS(exc_info);
    TS(dict);
    TS(async_exc);
    TS(context);
    TS(async_gen_firstiter);
    TS(async_gen_finalizer);
    TS(c_profileobj);
    TS(c_traceobj);
    OFFSET(thread_ident, PyThreadState, thread_id);
#if SINCE(11)
    OFFSET(thread_native_id, PyThreadState, native_thread_id);
#else
    ABSENT(thread_native_id);
#endif
    OFFSET(exc_info_value, _PyErr_StackItem, exc_value);
    OFFSET(exc_info_previous, _PyErr_StackItem, previous_item);
#if SINCE(13)
    ABSENT(thread_cframe);
    ABSENT(cframe_current_frame);
    TS(current_frame);
#elif !SINCE(11)
    ABSENT(thread_cframe);
    ABSENT(cframe_current_frame);
    OFFSET(thread_current_frame, PyThreadState, frame);
#else
    TS(cframe);
    OFFSET(cframe_current_frame, _PyCFrame, current_frame);
    ABSENT(thread_current_frame);
#endif
#if SINCE(12)
    TS(current_exception);
    ABSENT(thread_curexc_type);
    ABSENT(thread_curexc_value);
    ABSENT(thread_curexc_traceback);
#else
    ABSENT(thread_current_exception);
    TS(curexc_type);
    TS(curexc_value);
    TS(curexc_traceback);
#endif
}

#if SINCE(13)
static void prove_debug_offset(struct proof *p, const char *member, long table, size_t header)
{
    if ((size_t)table * 8 != header) {
        p->failures++;
        if (!p->quiet)
            printf("  _Py_DebugOffsets.%s: at word %zu, not %ld\n", member, header / 8, table);
    }
}

static void prove_debug_offsets(struct proof *p)
{
#if SINCE(15)
#define HS_DEBUG_OFFSET(py313, py314, py315, member, field) \
    prove_debug_offset(p, #member, py315, offsetof(struct _Py_DebugOffsets, member));
#elif SINCE(14)
#define HS_DEBUG_OFFSET(py313, py314, py315, member, field) \
    prove_debug_offset(p, #member, py314, offsetof(struct _Py_DebugOffsets, member));
#else
#define HS_DEBUG_OFFSET(py313, py314, py315, member, field) \
    prove_debug_offset(p, #member, py313, offsetof(struct _Py_DebugOffsets, member));
#endif
#include "dump/agent/layout_debug_offsets.h"
#undef HS_DEBUG_OFFSET
}
#endif

/* Is there a row of runtime_facts.h for these headers? */
static int prove_runtime_facts(void)
{
    struct facts {
        long minor, finalizing, main_interpreter, signals, lock, in_interpreter, mutex, remote_debugging;
    };
    const struct facts wanted = {
        .minor = PY_MINOR_VERSION,
        .main_interpreter = offsetof(_PyRuntimeState, interpreters.main),
#if SINCE(9)
        .finalizing = offsetof(_PyRuntimeState, _finalizing),
#else
        .finalizing = offsetof(_PyRuntimeState, finalizing),
#endif
#if SINCE(12)
        .signals = offsetof(_PyRuntimeState, signals.is_tripped),
#else
        .signals = offsetof(_PyRuntimeState, ceval.signals_pending),
#endif
#if SINCE(13)
        .lock = offsetof(_PyRuntimeState, ceval.pending_mainthread.mutex),
        .mutex = true,
#elif SINCE(12)
        .lock = offsetof(_PyRuntimeState, ceval.pending_mainthread.lock),
#elif SINCE(9)
        .lock = offsetof(PyInterpreterState, ceval.pending.lock),
        .in_interpreter = true,
#else
        .lock = offsetof(_PyRuntimeState, ceval.pending.lock),
#endif
#if SINCE(14)
        .remote_debugging = offsetof(struct _Py_DebugOffsets, debugger_support.remote_debugging_enabled),
#endif
    };
#if SINCE(13)
    _Static_assert(offsetof(struct _pending_calls, max) == offsetof(struct _pending_calls, mutex) + 8 &&
                       offsetof(struct _pending_calls, maxloop) ==
                           offsetof(struct _pending_calls, mutex) + 12,
                   "struct pending_calls of runtime.c");
#endif
    _Static_assert(offsetof(_PyRuntimeState, interpreters.next_id) ==
                       offsetof(_PyRuntimeState, interpreters.main) + sizeof(void *),
                   "hs_runtime_had_subinterpreters()");
    static const struct facts table[] = {
#define HS_RUNTIME_FACTS(...) {__VA_ARGS__},
#include "dump/attach/runtime_facts.h"
#undef HS_RUNTIME_FACTS
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (memcmp(&table[i], &wanted, sizeof(wanted)) == 0)
            return 0;
    }
    printf("  runtime_facts.h has no row: %ld, %ld, %ld, %ld, %ld, %ld, %ld, %ld\n", wanted.minor,
           wanted.finalizing, wanted.main_interpreter, wanted.signals, wanted.lock, wanted.in_interpreter,
           wanted.mutex, wanted.remote_debugging);
    return 1;
}

static void prove_all(struct proof *p)
{
    prove_objects(p);
    prove_types(p);
    prove_instance_values(p);
    prove_dicts(p);
    prove_containers(p);
    prove_scalars(p);
    prove_functions(p);
    prove_code(p);
    prove_frames(p);
    prove_generators(p);
    prove_modules(p);
    prove_runtime(p);
    prove_gc(p);
    prove_threads(p);
}

/* How many fields of a table are wrong, or not compared with anything. */
static int prove_table(const struct hs_layout *layout, _Bool quiet)
{
    struct proof proof = {.quiet = quiet};
    _Static_assert(offsetof(struct hs_layout, fields_end) == sizeof(proof.table),
                   "hs_layout begins with its fields");
    memcpy(proof.table, layout, sizeof(proof.table));
    prove_all(&proof);
#if SINCE(13)
    prove_debug_offsets(&proof);
#endif
    for (int i = 0; i < FIELDS; i++) {
        if (proof.proven[i])
            continue;
        proof.failures++;
        if (!quiet)
            printf("  %s: not compared with any header\n", names[i]);
    }
    return proof.failures;
}

/* A minor version may have several tables, for ranges of its patch releases: one of them must be right in
 * every field. */
int main(int argc, char **argv)
{
#ifdef Py_DEBUG
    const bool debug = true;
#else
    const bool debug = false;
#endif
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct proof proof = {.print = 1};
        prove_all(&proof);
        return 0;
    }
    const struct hs_layout *layout, *best = NULL;
    int fewest = 0;
    for (unsigned i = 0; (layout = hs_layout_find(PY_VERSION_HEX, debug, i)); i++) {
        int failures = prove_table(layout, 1);
        if (!best || failures < fewest) {
            best = layout;
            fewest = failures;
        }
    }
    if (!best) {
        printf("no table for %s builds of %s: the agent refuses them\n", debug ? "debug" : "release",
               PY_VERSION);
        return !debug;
    }
    if (fewest)
        prove_table(best, 0);
    fewest += prove_runtime_facts();
    printf("%s against the headers of %s: %d fields, %d wrong\n", best->name, PY_VERSION, FIELDS, fewest);
    return fewest != 0;
}
