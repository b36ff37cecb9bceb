"""Threads that a program does not see: not in threading.enumerate(), not traced, real ones under gevent and eventlet as well."""

import sys


def _original(name):
    """A function of _thread as the interpreter has it."""
    import _thread
    function = getattr(_thread, name)
    if type(function) is type(len):
        return function
    if "gevent.monkey" in sys.modules:
        return sys.modules["gevent.monkey"].get_original("_thread", name)
    if "eventlet.patcher" in sys.modules:
        return getattr(sys.modules["eventlet.patcher"].original("_thread"), name)
    raise RuntimeError("the program has replaced _thread.{}: import heapdump before that".format(name))


def start(function, *arguments):
    """Runs the function in a thread that does not keep the program from ending."""
    _original("start_new_thread")(function, arguments)


def pauser():
    """A function that sleeps for some seconds without being woken by anything."""
    lock = _original("allocate_lock")()
    lock.acquire()
    return lambda seconds: lock.acquire(True, seconds)
