"""How snap() works: hands the interpreter's addresses to the agent, which forks, and waits for the collector.

The agent (heapdump-agent.so) is called with the GIL held. It forks a copy of this process that is nobody's child. The copy
starts `heapdump collect`, which makes the file and reports one line, and writes what it finds into a pipe for it.
"""

import ctypes
import os
import struct
import sys
from select import POLLIN, poll

from heapdump import Error, Snapshot

# struct hs_agent_request and struct hs_agent_symbols of dump/agent/agent.h, whose size and protocol the agent compares.
_PROTOCOL = 2
_WALL = 0x40000000  # a child without an exit signal is waited for as well (Linux)
_REQUEST = struct.Struct("=2I48Q3Ii3Q4iQ2i128sI60x")
_SYMBOLS = (
    "_PyRuntime Py_Version PyType_Type PyBaseObject_Type PyDict_Type PyList_Type PyTuple_Type PySet_Type "
    "PyFrozenSet_Type PyUnicode_Type PyBytes_Type PyByteArray_Type PyLong_Type PyBool_Type PyFloat_Type "
    "PyComplex_Type PyFunction_Type PyMethod_Type PyCFunction_Type PyCell_Type PyCode_Type PyModule_Type "
    "PyFrame_Type PyGen_Type PyCoro_Type PyAsyncGen_Type PySlice_Type PyRange_Type PyMemoryView_Type "
    "PyProperty_Type _Py_NoneStruct PyFrozenDict_Type PyODict_Type")
_SYMBOL_SLOTS = 48
_POLICIES = ("names", "short", "full")
_COUNT = 3  # HS_AGENT_COUNT of dump/agent/agent.h
_OLDEST, _NEWEST = (3, 8), (3, 15)


def _check_place(path, force):
    """Refuses what cannot be written, before anything is done, with a call that works."""
    name = os.fsdecode(path)
    if not force and os.path.lexists(path):
        raise Error("{}: exists already; choose another name, or: heapdump.snap({!r}, force=True)".format(name, name))
    if not os.access(os.path.dirname(path) or b".", os.W_OK | os.X_OK):
        elsewhere = os.path.join("/tmp", os.path.basename(name))
        raise Error("{}: no directory that can be written; choose another, as in: heapdump.snap({!r})".format(name, elsewhere))


def snap(path, label, values, gc, force, progress=False):
    _check_interpreter()
    policy = _policy(values)
    agent, collector = _installation()
    path = _expand(path)
    _check_place(path, force)
    if gc:
        import gc as collector_of_garbage
        collector_of_garbage.collect()
    arguments = [b"heapdump", b"collect", b"--output", path, b"--values", _POLICIES[policy].encode(),
                 b"--pid", str(os.getpid()).encode()]
    if label is not None:
        arguments += [b"--label", str(label).encode("utf-8", "replace").replace(b"\0", b"?")]
    if force:
        arguments.append(b"--force")
    if progress:
        arguments.append(b"--progress")
    try:
        return _run(path, policy, _load(agent), collector, arguments)
    except OSError as error:
        raise Error("{}: no snapshot: {}".format(os.fsdecode(path), error)) from error


def prepare():
    """Loads all that stream() needs, so that this changes nothing later."""
    _check_interpreter()
    _load(_installation()[0])


def stream(fd, values, gc):
    """Has a copy of this process write the stream of a snapshot to `fd`, a pipe, for somebody else to collect. With "count" for values it
    says only how many objects there are. Gives the pause in nanoseconds, and a function to call when the conversation is over."""
    policy = _COUNT if values == "count" else _policy(values)
    function, symbols = _load(_installation()[0])
    if gc:
        import gc as collector_of_garbage
        collector_of_garbage.collect()
    code, os_errno, pause_ns, child_pid, _, detail, reap = _call(function, symbols, policy, fd)
    if code:
        raise _agent_error("process {}".format(os.getpid()), code, os_errno, detail)
    return pause_ns, (lambda: os.waitpid(child_pid, _WALL)) if reap else (lambda: None)


def _check_interpreter():
    name = sys.implementation.name
    version = "{} {}.{}.{}".format(name, *sys.version_info[:3])
    if name != "cpython":
        raise Error(version + ": only CPython can be snapped")
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        raise Error(version + ": CPython {}.{} to {}.{} can be snapped".format(*(_OLDEST + _NEWEST)))
    if "t" in getattr(sys, "abiflags", ""):
        raise Error(version + ": free-threaded builds cannot be snapped: use the build with the GIL")
    if sys.platform != "linux" or os.uname().machine != "x86_64" or sys.maxsize < 2 ** 32:
        raise Error(version + ": only 64-bit x86 Linux processes can be snapped")


def _policy(values):
    if values is None:
        values = os.environ.get("HEAPDUMP_VALUES") or "names"
    if values not in _POLICIES:
        raise Error("values={!r}: use 'names', 'short' or 'full'".format(values))
    return _POLICIES.index(values)


def _installation():
    """The agent and the program beside this package: in a build tree, or as installed."""
    root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # the package may be a link to where it is installed
    up = os.path.dirname
    places = (
        (up(root) + "/lib/heapdump-agent.so", up(root) + "/bin/heapdump"),  # build/python
        (up(up(root)) + "/heapdump-agent.so", up(up(up(root))) + "/bin/heapdump"),  # PREFIX/lib/heapdump/python
    )
    for agent, program in places:
        if os.path.isfile(agent) and os.path.isfile(program):
            return os.fsencode(agent), os.fsencode(program)
    raise Error("{}: heapdump-agent.so and heapdump are not installed beside it (looked for {}): run make install".format(
        root, " and ".join(agent for agent, _ in places)))


def _expand(path):
    path = os.fsencode(path)
    if b"\0" in path or not path:
        raise Error("{!r}: not a file name".format(os.fsdecode(path)))
    path = path.replace(b"{pid}", str(os.getpid()).encode())
    if b"{n}" in path:
        n = 1
        while os.path.lexists(path.replace(b"{n}", str(n).encode())):
            n += 1
        path = path.replace(b"{n}", str(n).encode())
    return path


def _load(agent, loaded={}):
    if agent not in loaded:
        loaded[agent] = ctypes.PyDLL(os.fsdecode(agent)).hs_agent_snap, _symbol_addresses()
    return loaded[agent]


def _symbol_addresses():
    addresses = [0] * _SYMBOL_SLOTS
    for i, name in enumerate(_SYMBOLS.split()):
        try:
            addresses[i] = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, name))
        except ValueError:
            pass  # this version has none
    if not addresses[0] or not addresses[2]:
        raise Error("the interpreter's symbols are not visible: its libpython was loaded privately by a host program")
    return addresses


def _pipe():
    """Both ends not inheritable, and beyond the standard three even where those are closed."""
    import fcntl
    ends = os.pipe()
    if min(ends) > 2:
        return ends
    moved = tuple(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in ends)
    for fd in ends:
        os.close(fd)
    return moved


def _call(function, symbols, policy, stream, program=0, argv=0, envp=0, collector_stdin=0, collector_stdout=0):
    """Calls the agent. Gives its code, os_errno, pause_ns, child_pid, collector_pid, detail and reap."""
    request = ctypes.create_string_buffer(_REQUEST.size)
    _REQUEST.pack_into(
        request, 0, _REQUEST.size, _PROTOCOL, *symbols,
        sys.hexversion, hasattr(sys, "gettotalrefcount"), policy, stream,
        program, argv, envp, collector_stdin, collector_stdout, 0, 0, 0, 0, 0, b"", 0)
    code = function(request)
    return (code,) + _REQUEST.unpack_from(request)[-6:]


def _run(path, policy, agent, collector, arguments):
    function, symbols = agent
    fds = []
    try:
        fds += _pipe()
        fds += _pipe()
        stream_read, stream_write, report_read, report_write = fds
        argv = (ctypes.c_char_p * (len(arguments) + 1))(*arguments)
        envp = (ctypes.c_char_p * 2)(b"LC_ALL=C.UTF-8")
        program = ctypes.c_char_p(collector)
        code, os_errno, pause_ns, child_pid, _, detail, reap = _call(
            function, symbols, policy, stream_write, ctypes.cast(program, ctypes.c_void_p).value,
            ctypes.addressof(argv), ctypes.addressof(envp), stream_read, report_write)
        for fd in (stream_read, stream_write, report_write):
            os.close(fd)
            fds.remove(fd)
        if code:
            raise _agent_error(os.fsdecode(path), code, os_errno, detail)
        report = _read_report(report_read, child_pid)
        if reap:
            os.waitpid(child_pid, _WALL)
        return _result(os.fsdecode(path), pause_ns, report)
    finally:
        for fd in fds:
            os.close(fd)


def _agent_error(path, code, os_errno, detail):
    text = detail.split(b"\0")[0].decode("utf-8", "replace") or "the agent failed ({})".format(code)
    if os_errno:
        text += ": " + os.strerror(os_errno)
    return Error("{}: no snapshot of this CPython {}.{}.{}: {}".format(path, *sys.version_info[:3], text))


def _read_report(fd, writer):
    """The collector's line, after the one in which the snapshot child (`writer`, at first) tells its number. Another process
    may hold the pipe open (a fork in a thread of ours), so its end is not waited for, and while nothing comes it is looked
    whether who should write lives."""
    poller = poll()
    poller.register(fd, POLLIN)
    text = b""
    while True:
        if not poller.poll(1000):
            if _is_alive(writer) or poller.poll(0):
                continue
            break
        part = os.read(fd, 65536)
        if not part:
            break
        text += part
        if text.startswith(b"collector ") and b"\n" in text:
            number, text = text.split(b"\n", 1)
            writer = int(number.split()[1])
        if text.endswith(b"\n"):
            break
    return text.decode("utf-8", "replace").rstrip("\n")


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _result(path, pause_ns, report):
    """`report`: "ok objects=N refs=N file_bytes=N", "error TEXT" or, of the agent, "failed ERRNO"."""
    kind, _, text = report.partition(" ")
    if kind == "error":
        raise Error(text)
    if kind == "failed":
        raise Error("{}: no snapshot: the collector cannot be started: {}".format(path, os.strerror(int(text))))
    if kind != "ok":
        raise Error("{}: no snapshot: the collector ended without a word (killed, or out of memory?)".format(path))
    numbers = dict(part.split("=") for part in text.split())
    return Snapshot(path, int(numbers["objects"]), int(numbers["refs"]), int(numbers["file_bytes"]), pause_ns)
