"""Runs inside the programs of the oracle test: takes a snapshot, and forks a twin that writes down what CPython itself says.

A program builds its state, then calls take() once. The twin is forked right after the snapshot, with a bare fork() that
runs no Python hooks, and with the GIL held throughout, so that both see the same heap. It uses gc.get_objects (after
gc.unfreeze), gc.get_referents, sys.getsizeof, and f_locals.

Descriptors and the build come by the environment: ORACLE_STREAM and ORACLE_TRUTH (write ends), HEAPSNAP_BUILD.
"""
import array
import ctypes
import gc
import json
import os
import sys
import threading
import time
import traceback
import types

import agent_driver

C_METHOD = (type(object.__sizeof__), types.MethodDescriptorType)
HOLDERS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType)
TRACKED, MEASURED, IS_TYPE, IS_STATIC_TYPE = 1, 2, 4, 8
TYPE_SUBCLASS, HEAP_TYPE = 1 << 31, 1 << 9  # of tp_flags
FUNCTION, GENERATOR = 3, 0x20 | 0x80 | 0x200  # of co_flags: OPTIMIZED and NEWLOCALS; generators of all sorts
flags_of = type.__dict__["__flags__"].__get__
HEADER = 5  # numbers before an object's referents: id, type, flags, size, count


def measured(kind):
    """Whether sys.getsizeof runs no Python code for instances of a type: the first __sizeof__ is one in C."""
    bases = type.__dict__["__mro__"].__get__(kind) or ()  # None where a static type has never been used
    namespaces = (type.__dict__["__dict__"].__get__(base) for base in bases)
    return next((type(space["__sizeof__"]) in C_METHOD for space in namespaces if "__sizeof__" in space), False)


def flags_for(item, kind):
    """What kind of type the item is, if it is one."""
    if not flags_of(kind) & TYPE_SUBCLASS:
        return 0
    return IS_TYPE if flags_of(item) & HEAP_TYPE else IS_TYPE | IS_STATIC_TYPE


def write_heap(file, objects, hidden):
    """Every object that is tracked, or that a tracked one leads to, but for the oracle's own (`hidden` ids)."""
    tracked = set(map(id, objects))
    seen, waiting = set(hidden), objects
    hidden.update((id(tracked), id(seen), id(waiting)))
    seen |= hidden
    numbers = array.array("Q")
    known = {}
    seen.update((id(numbers), id(known)))
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        kind = type(item)
        if id(kind) not in known:
            known[id(kind)] = MEASURED if measured(kind) else 0
        flags = (TRACKED if id(item) in tracked else 0) | known[id(kind)] | flags_for(item, kind)
        size = sys.getsizeof(item) if flags & MEASURED else 0  # before a list refers to what it refers to
        referents = gc.get_referents(item)
        numbers.extend((id(item), id(kind), flags, size, len(referents)))
        numbers.extend(map(id, referents))
        waiting.extend(referents)
        waiting.append(kind)
        if kind is dict:
            waiting.extend(item)  # str keys are no referents
        elif kind is types.CodeType:
            waiting.extend((item.co_consts, item.co_names, item.co_filename, qualname(item)))
    file.write(len(numbers).to_bytes(8, "little"))
    file.write(numbers.tobytes())


def qualname(code):
    """What frames are named by: before 3.11 a code object has its bare name only."""
    return getattr(code, "co_qualname", code.co_name)


def variables(frame):
    """{name: id} of a frame of a function; none for a module or class body, whose names are in a dict."""
    if frame.f_code.co_flags & FUNCTION != FUNCTION:
        return {}
    return {name: id(value) for name, value in dict(frame.f_locals).items()}


def frames_of(frame, running):
    found = []
    while frame is not None:
        running.add(id(frame))
        code = frame.f_code
        found.append([qualname(code), code.co_filename, frame.f_lineno, bool(code.co_flags & GENERATOR),
                      variables(frame)])
        frame = frame.f_back
    return found


def describe(holders, threads):
    """What the program runs, and what its generators and left frames hold, by name.

    `threads` is {ident: [native id, Thread's id, name]}, `holders` the generators and frame objects of the heap.
    """
    chains, running = [], set()
    for ident, frame in sys._current_frames().items():
        frames = frames_of(frame, running)
        if frame is sys._getframe():
            frames = frames[3:]  # describe, oracle, take
        chains.append(threads.get(ident, [0, 0, ""]) + [frames])
    held, left = {}, {}
    for item in holders:
        if type(item) is types.FrameType:
            if id(item) not in running and not item.f_code.co_flags & GENERATOR:
                left[str(id(item))] = [qualname(item.f_code), variables(item)]
            continue
        frame = next(getattr(item, name) for name in ("gi_frame", "cr_frame", "ag_frame") if hasattr(item, name))
        if frame is not None:
            held[str(id(item))] = [qualname(frame.f_code), variables(frame)]
    return {"threads": chains, "generators": held, "frames": left}


def oracle(descriptor, threads):
    """In the twin. Frames and their dicts are made only after the heap has been written down."""
    if gc.get_freeze_count():
        gc.unfreeze()
    objects = gc.get_objects()
    holders = [item for item in objects if type(item) in HOLDERS]
    hidden = {id(objects), id(holders)}
    hidden.add(id(hidden))
    with open(descriptor, "wb", closefd=False) as file:
        hidden.update((id(file), id(file.raw)))
        write_heap(file, objects, hidden)
        file.write(json.dumps(describe(holders, threads)).encode())


def take():
    """The snapshot and its twin. Everything that both need exists before; little is made in between."""
    agent = agent_driver.Agent(os.path.join(os.environ["HEAPSNAP_BUILD"], "lib", "heapdump-agent.so"))
    stream, truth = int(os.environ["ORACLE_STREAM"]), int(os.environ["ORACLE_TRUTH"])
    agent.request.stream_fd = stream
    request = ctypes.byref(agent.request)
    snap, fork = agent.library.hs_agent_snap, ctypes.PyDLL(None).fork
    threads = {thread.ident: [thread.native_id, id(thread), thread.name] for thread in threading.enumerate()}
    json.dumps({"a": [1]})  # what is made at first use is there before
    for _ in range(1100):  # until 3.10 code that has run 1024 times gets a cache, which counts in its size
        measured(flags_for(None, int) or type)
        qualname(take.__code__)
    sys.setswitchinterval(1000)
    time.sleep(0.05)
    gc.disable()
    error = snap(request)
    child = fork()
    if child == 0:
        status = 1
        try:
            oracle(truth, threads)
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(stream)
    os.close(truth)
    status = os.waitpid(child, 0)[1]
    if error or status:
        sys.exit("snapshot: %d %s, twin: %d" % (error, agent.request.detail.decode(), status))
