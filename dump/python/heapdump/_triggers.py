"""What `heapdump run` has a program do while it runs: snapshots at intervals, above a size, on a signal, when memory runs out.

A thread that the program does not see sleeps until one is due; it blocks on a lock, and reads the process's size ten times a second
if a size was given. A fork gets a thread of its own.
"""

import os
import sys
import time

from heapdump import _threads

_LOOK_S = 0.1  # between two looks at the size
_END_S = 60  # the longest that the end of a program waits for a snapshot under way
_GROWTH = 1.5  # from the size at a snapshot to the size at the next
_BALLAST_BYTES = 64 << 20  # of address space: what a snapshot needs when there is no more


class Triggers:
    """`take(reason)` makes a snapshot or reports why there is none, and raises nothing. Units: seconds, bytes; None or 0 switches
    a trigger off. `limit`: snapshots of a process, those at its end not counted."""

    def __init__(self, take, note, every=None, above=None, number=None, memory_error=False, limit=None):
        self._take = take
        self._note = note
        self._every = every
        self._above = above
        self._number = number
        self._limit = limit
        self._memory = _OutOfMemory(self._on_memory_error) if memory_error else None
        self._count = 0

    def start(self):
        """In the main thread, before the program."""
        self._prepare()
        if self._memory:
            self._memory.start()
        if self._number:
            self._start_signal()
        self._start_thread()

    def after_fork(self):
        """The same in a child, which has this object but no thread."""
        self._prepare()
        self._count = 0
        self._start_thread()

    def abandon(self):
        """In a child that is to write nothing."""
        if self._memory:
            self._memory.stop()
        if self._number and self._signal_is_ours():
            import signal
            signal.signal(self._number, signal.SIG_DFL)

    def stop(self):
        """Before the snapshot at the end: nothing begins after this, and what has begun is waited for a while."""
        self._ended = True
        self._wake()
        if self._busy.acquire(True, _END_S):
            self._busy.release()
        if self._number and not self._signal_is_ours():
            self._note("{} did nothing from when the program handled it itself".format(self._name))

    def _prepare(self):
        self._ended = False
        self._asked = False  # by the signal
        self._alarm = _threads.lock()
        self._alarm.acquire()
        self._busy = _threads.lock()

    def _start_thread(self):
        if self._every or self._above or self._number:
            _threads.start(self._serve)

    def _serve(self):
        due = time.monotonic() + self._every if self._every else None
        while not self._ended:
            wait = self._wait_s(due)
            woken = self._alarm.acquire(True, wait) if wait is not None else self._alarm.acquire()
            if self._ended:
                return
            if woken and self._asked:
                self._asked = False
                self._snap(self._name)
            size = _rss() if self._above else 0
            if self._above and size >= self._above:
                self._snap("{:.1f} MB in memory".format(size / 1e6))
                self._above = max(size, self._above) * _GROWTH
            if due is not None and time.monotonic() >= due:
                self._snap("every {:g} s".format(self._every))
                due = max(due + self._every, time.monotonic())

    def _wait_s(self, due):
        wait = max(0, due - time.monotonic()) if due is not None else None
        if self._above:
            wait = _LOOK_S if wait is None else min(wait, _LOOK_S)
        return wait

    def _snap(self, reason):
        """False: one is being made at this moment. What goes wrong is told and has no other effect."""
        if not self._busy.acquire(False):
            return False
        try:
            if not self._ended:
                self._take(reason)
                self._count += 1
            if self._limit and self._count >= self._limit:
                self._ended = True
                self._note("no more than {} snapshots of this process, as --limit says".format(self._limit))
        finally:
            self._busy.release()
        return True

    def _on_memory_error(self):
        self._snap("MemoryError")

    def _start_signal(self):
        import signal
        try:
            self._name = signal.Signals(self._number).name
        except ValueError:
            self._name = "signal {}".format(self._number)  # a real-time one
        if signal.getsignal(self._number) is not signal.SIG_DFL:
            raise ValueError("{} is handled or ignored already: choose another with --signal".format(self._name))
        self._handler = self._on_signal  # one object, to be recognized
        signal.signal(self._number, self._handler)

    def _signal_is_ours(self):
        import signal
        return signal.getsignal(self._number) is self._handler

    def _on_signal(self, number, frame):
        """In the main thread, which goes on at once."""
        self._asked = True
        self._wake()

    def _wake(self):
        try:
            self._alarm.release()
        except RuntimeError:
            pass  # the thread is awake


def _rss():
    """Bytes of this process in memory; 0 if nobody can say."""
    try:
        fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return int(os.read(fd, 256).split()[1]) * os.sysconf("SC_PAGESIZE")
    finally:
        os.close(fd)


class _OutOfMemory:
    """Calls `found` at the first MemoryError, in the thread that raised it.

    From 3.12 on sys.monitoring tells of every exception that reaches Python code, caught or not; nothing slows down but the raise.
    Before, the hooks of exceptions that nobody catches are all there is.
    """

    def __init__(self, found):
        self._found = found
        self._tool = None
        self._ballast = None
        self._done = False

    def start(self):
        self._reserve()
        if not self._monitor():
            self._hook()

    def stop(self):
        self._done = True
        self._ballast = None
        if self._tool is not None:
            sys.monitoring.set_events(self._tool, 0)

    def _reserve(self):
        """Where the address space is limited (ulimit -v), a part of it that is given back in time."""
        import resource
        if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
            import mmap
            try:
                self._ballast = mmap.mmap(-1, _BALLAST_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
            except (OSError, MemoryError):
                pass  # a limit that is lower still

    def _monitor(self):
        monitoring = getattr(sys, "monitoring", None)
        for tool in (4, 3) if monitoring else ():  # those that are nobody's by convention (sys.monitoring)
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "heapdump")
                monitoring.register_callback(tool, monitoring.events.RAISE, self._on_raise)
                monitoring.set_events(tool, monitoring.events.RAISE)
                self._tool = tool
                return True
        return False

    def _hook(self):
        import threading
        previous, previous_in_thread = sys.excepthook, threading.excepthook

        def hook(kind, value, traceback):
            self._judge(kind)
            previous(kind, value, traceback)

        def hook_in_thread(arguments, /):
            self._judge(arguments.exc_type)
            previous_in_thread(arguments)
        sys.excepthook = hook
        threading.excepthook = hook_in_thread

    def _on_raise(self, code, offset, exception):
        self._judge(type(exception))

    def _judge(self, kind):
        if issubclass(kind, MemoryError) and not self._done:
            self.stop()
            self._found()
