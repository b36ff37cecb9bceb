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


def lock():
    """A lock that blocks a thread, as threading.Lock() does where nobody replaced it."""
    return _original("allocate_lock")()


def pauser():
    """A function that sleeps for some seconds without being woken by anything."""
    never = lock()
    never.acquire()
    return lambda seconds: never.acquire(True, seconds)
