"""Programs that are snapped by test_agent.py: `agent_target.py AGENT STREAM CASE`.

Each case prints one JSON document about the process and leaves the stream in the file STREAM. What crashes does so only inside the
agent's child: the process itself never runs its own collector once a traversal has been broken.
"""
import ctypes
import gc
import json
import mmap
import os
import signal
import sys
import threading
import time
import unittest.mock

from agent_driver import Agent

TP_NAME, TP_TRAVERSE = 24, 184  # of PyTypeObject, in all versions so far: dump/agent/layout_fields.h

# Machine code of traversals that fail (x86-64).
FAULTS = {
    "segmentation": b"\x48\x8b\x04\x25\x08\x00\x00\x00\xc3",  # mov rax, [8]
    "illegal": b"\x0f\x0b",                                   # ud2
    "division": b"\x31\xc9\x31\xd2\x31\xc0\xf7\xf1\xc3",      # xor; div ecx
    "breakpoint": b"\xcc\xc3",                                # int3
    "stack": b"\x50\xeb\xfd",                                 # push rax for ever
    "loop": b"\xeb\xfe",                                      # jmp to itself
}


class Victim:
    """Its traversal is replaced."""

    def __init__(self, kept):
        self.kept = kept


class Bystander:
    """What a victim refers to, and nothing else does, would be lost; this is held elsewhere too."""


def runs(pid):
    """Whether a process has not ended; an orphan may stay a zombie until init comes round to it."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait(agent):
    """Waits for the end of the snapshot child, which is no child of ours."""
    deadline = time.monotonic() + 60
    while runs(agent.request.child_pid):
        if time.monotonic() > deadline:
            raise AssertionError("the snapshot child does not end")
        time.sleep(0.005)


def snap(agent, path):
    with open(path, "wb") as file:
        agent.snap_to(file.fileno())
    wait(agent)


def replace_traversal(function):
    gc.disable()
    ctypes.c_uint64.from_address(id(Victim) + TP_TRAVERSE).value = function


def case_fault(agent, path, fault):
    bystander = Bystander()
    victims = [Victim(bystander) for _ in range(3)]
    if fault == "abort":
        function = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    else:
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(FAULTS[fault])
        function = ctypes.addressof(ctypes.c_char.from_buffer(code))
    replace_traversal(function)
    snap(agent, path)
    return {"victims": [id(victim) for victim in victims], "bystander": id(bystander), "type": id(Victim)}


def case_damage(agent, path):
    """A type whose name leads nowhere: its instances cannot be described."""
    victims = [Victim(Bystander()) for _ in range(3)]
    others = [Bystander() for _ in range(3)]
    gc.disable()
    name = ctypes.c_uint64.from_address(id(Victim) + TP_NAME)
    before, name.value = name.value, 8
    try:
        snap(agent, path)
    finally:
        name.value = before
    return {"victims": [id(victim) for victim in victims], "others": [id(other) for other in others]}


def case_hostile(agent, path):
    """Classes all of whose special methods would tell that they were entered."""
    entered = []

    def entry(name):
        def method(self, *args, **kwargs):
            entered.append(name)
            raise RuntimeError(name)
        return method

    names = """__repr__ __str__ __bytes__ __format__ __lt__ __le__ __eq__ __ne__ __gt__ __ge__ __hash__ __bool__ __getattr__
        __getattribute__ __setattr__ __delattr__ __dir__ __get__ __set__ __delete__ __len__ __length_hint__ __getitem__
        __setitem__ __delitem__ __missing__ __iter__ __reversed__ __contains__ __call__ __index__ __int__ __float__
        __enter__ __exit__ __await__ __aiter__ __anext__ __sizeof__ __reduce__ __reduce_ex__ __getstate__ __copy__
        __deepcopy__ __instancecheck__ __subclasscheck__ __prepare__ __del__""".split()
    body = {name: entry(name) for name in names}
    meta = type("HostileMeta", (type,), {name: body[name] for name in names if name not in ("__prepare__", "__del__")})
    body["__class__"] = property(entry("__class__"))
    body["__dict__"] = property(entry("__dict__"))
    plain = meta("Hostile", (), dict(body))
    bases = [meta("Hostile" + base.__name__.title(), (base,), dict(body)) for base in (dict, list, str, int, Exception)]
    held = [object.__new__(plain), dict.__new__(bases[0]), list.__new__(bases[1]), str.__new__(bases[2], "text"),
            int.__new__(bases[3], 7), Exception.__new__(bases[4])]
    dict.__setitem__(held[1], "key", held[0])
    list.append(held[1 + 1], held[0])
    del entered[:]
    gc.disable()
    snap(agent, path)
    return {"entered": list(entered), "objects": [id(item) for item in held]}


def case_mock(agent, path):
    mock = unittest.mock.MagicMock()
    mock.child.method(1)
    before = (len(mock.mock_calls), sorted(vars(mock)), sorted(vars(mock.child)))
    snap(agent, path)
    after = (len(mock.mock_calls), sorted(vars(mock)), sorted(vars(mock.child)))
    return {"before": before, "after": after, "mock": id(mock)}


def case_child(agent, path):
    """What a program sees that waits for its children and counts their signals."""
    seen = []
    signal.signal(signal.SIGCHLD, lambda *_: seen.append("SIGCHLD"))
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for _ in range(5):
        snap(agent, path)
        try:
            seen.append(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            pass
        with open("/proc/self/task/%d/children" % threading.get_native_id()) as children:
            seen += children.read().split()
    os.set_blocking(reader, False)
    try:
        seen.append(os.read(reader, 100).hex())
    except BlockingIOError:
        pass
    return {"seen": seen}


def case_reaper(agent, path):
    """A target that inherits orphans, as the first process of a container does."""
    import heapdump
    seen = []
    signal.signal(signal.SIGCHLD, lambda *_: seen.append("SIGCHLD"))
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    for number in range(3):
        heapdump.snap("%s.%d.db" % (path, number), force=True)
        try:
            seen.append(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            pass
    time.sleep(0.1)
    with open("/proc/self/task/%d/children" % threading.get_native_id()) as children:
        seen += children.read().split()
    return {"seen": seen}


def state_of_process(sample):
    with open("/proc/self/status") as status:
        # Not SigQ: it counts the queued signals of all processes of the user.
        lines = [line for line in status if line.startswith(("SigPnd", "SigBlk", "SigIgn", "SigCgt", "ShdPnd", "Threads"))]
    handlers = [str(signal.getsignal(number)) for number in range(1, 65) if number not in (32, 33)]
    return {"refcounts": [sys.getrefcount(item) for item in sample], "gc_count": gc.get_count()[1:],
            "gc_enabled": gc.isenabled(), "frozen": gc.get_freeze_count(), "fds": sorted(os.listdir("/proc/self/fd")),
            "status": lines, "handlers": handlers, "modules": sorted(sys.modules), "nice": os.nice(0),
            "oom": open("/proc/self/oom_score_adj").read()}


def count_mappings():
    with open("/proc/self/maps") as maps:
        return len(maps.readlines())


def case_state(agent, path):
    gc.disable()
    sample = gc.get_objects()[::7]
    snap(agent, path)
    state_of_process(sample)
    with open(path, "wb") as file:
        before = state_of_process(sample)
        first = sys.getallocatedblocks()
        agent.snap_to(file.fileno())
        last = sys.getallocatedblocks()
        after = state_of_process(sample)
    wait(agent)
    mappings = count_mappings()
    for _ in range(8):
        snap(agent, path)
    return {"before": before, "after": after, "blocks": last - first, "mappings": count_mappings() - mappings}


def case_threads(agent, path):
    """Threads that build and drop structures while snapshots are taken."""
    stop = threading.Event()
    errors = []

    def work(seed):
        held = {}
        step = seed
        try:
            while not stop.is_set():
                step = (step * 1103515245 + 12345) % (1 << 31)
                held[step % 512] = [Bystander() for _ in range(step % 40)] + [{"x%d" % step: (step, [step])}]
                if step % 97 == 0:
                    held.clear()
                vars(held.setdefault("o", Bystander()))["a%d" % (step % 9)] = step
        except Exception as error:  # what a thread meets must reach the test
            errors.append(repr(error))
    threads = [threading.Thread(target=work, args=(seed,), name="worker-%d" % seed) for seed in range(8)]
    for thread in threads:
        thread.start()
    streams = []
    for number in range(3):
        streams.append("%s.%d" % (path, number))
        snap(agent, streams[-1])
    stop.set()
    for thread in threads:
        thread.join()
    return {"streams": streams, "errors": errors}


def case_values(agent, path):
    """Contents of scalars: each made here, so that no cache shares it."""
    numbers = [0.1, 1e16, 123456789.125, 5e-324, -2.5e-5, 1e22, 623203260495222.75, float("inf"), 10 ** 40 + 7, -5, 1 << 62,
               -(10 ** 300), 1 << 4000]
    texts = ["plain \u00e9 \u4e16 " * 9, "a" * 300000, "\U0001f600" * 5000]
    held = numbers + texts + [b"a\x00\\b" * 3]
    expected = [repr(number) for number in numbers[:-1]] + ["an int of about 4020 bits"] + texts + [r"a\x00\x5cb" * 3]
    documents = []
    for policy in (0, 1, 2):
        agent.request.values = policy
        snap(agent, "%s.%d" % (path, policy))
    for item, text in zip(held, expected):
        documents.append((id(item), text))
    return {"values": documents}


class Link:
    __slots__ = ("next",)


def case_deep(agent, path):
    head = None
    for _ in range(100000):
        link = Link()
        link.next, head = head, link
    nested = ()
    for _ in range(100000):
        nested = (nested,)
    wide = [number + (1 << 40) for number in range(50000)]
    snap(agent, path)
    return {"head": id(head), "nested": id(nested), "wide": id(wide)}


def case_killed(agent, path):
    """The reader goes away, and the child is killed: the target must not notice."""
    seen = []
    signal.signal(signal.SIGPIPE, lambda *_: seen.append("SIGPIPE"))
    signal.signal(signal.SIGCHLD, lambda *_: seen.append("SIGCHLD"))
    reader, writer = os.pipe()
    agent.snap_to(writer)
    os.close(reader)
    os.close(writer)
    wait(agent)
    reader, writer = os.pipe()
    agent.snap_to(writer)
    os.kill(agent.request.child_pid, signal.SIGKILL)
    os.close(writer)
    while os.read(reader, 1 << 16):
        pass
    wait(agent)
    return {"seen": seen}


def main():
    agent_path, stream_path, case = sys.argv[1:4]
    agent = Agent(agent_path)
    document = globals()["case_" + case](agent, stream_path, *sys.argv[4:])
    sys.stdout.write(json.dumps(document))
    sys.stdout.flush()
    os._exit(0)  # no collection, no finalizer: traversals may be broken


if __name__ == "__main__":
    main()
