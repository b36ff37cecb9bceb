"""A thread that waits for `heapdump snap -p PID`, for processes that nobody may trace.

It blocks in accept() on an abstract Unix socket, which costs nothing, and hands the stream of a snapshot to whoever of the same
user, or root, connects. dump/listener.h describes the conversation. A fork gets a thread of its own.
"""

import _socket
import os
import struct
import sys

from heapdump import Error, _snap, _threads

_PREFIX = "heapdump-listen"
_PEER = struct.Struct("=iII")  # struct ucred: pid, uid, gid
_FD = struct.Struct("=i")
_PATIENCE_S = 5  # with somebody who connects and says nothing

_listener = None


def start():
    """Listens from now on; a second call does nothing."""
    global _listener
    if _listener is None:
        _snap.prepare()
        _listen()
        os.register_at_fork(after_in_child=_after_fork)


def start_or_say_why_not():
    """start() for programs that did not ask for it themselves and must go on in any case."""
    try:
        start()
    except (Error, OSError, RuntimeError) as error:
        sys.stderr.write("heapdump: process {} does not listen: {}\n".format(os.getpid(), error))


def _listen():
    global _listener
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    listener.settimeout(None)  # whatever the program's default is
    listener.bind("\0{}.{}.{}".format(_PREFIX, os.getpid(), os.urandom(8).hex()))
    listener.listen(8)
    _threads.start(_serve, listener, _threads.pauser())
    _listener = listener


def _after_fork():
    _listener.close()  # the parent's
    try:
        _listen()
    except (OSError, RuntimeError):
        pass  # a fork near some limit; it can still be traced


def _serve(listener, pause):
    while True:
        try:
            fd, _ = listener._accept()
        except OSError:
            if listener is not _listener:
                return
            pause(1)  # out of descriptors, perhaps
            continue
        try:
            connection = _socket.socket(fileno=fd)
            try:
                _answer(connection)
            finally:
                connection.close()
        except OSError:
            pass  # whoever it was has gone


def _answer(connection):
    _, uid, _ = _PEER.unpack(connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _PEER.size))
    if uid not in (0, os.geteuid()):
        return
    connection.settimeout(_PATIENCE_S)
    text, control, _, _ = connection.recvmsg(256, _socket.CMSG_SPACE(_FD.size), _socket.MSG_CMSG_CLOEXEC)
    fds = [_FD.unpack(data[:_FD.size])[0] for level, kind, data in control
           if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS and len(data) >= _FD.size]
    finish = None
    try:
        if len(fds) == 1 and not _is_gone(connection):
            reply, finish = _snapshot(text, fds[0])
            connection.settimeout(_PATIENCE_S)
            connection.sendall(reply.replace("\n", " ").encode("utf-8", "replace") + b"\n")
    finally:
        for fd in fds:
            os.close(fd)
        if finish:
            finish()


def _is_gone(connection):
    """The GIL may have come late: whoever has given up meanwhile gets nothing."""
    connection.setblocking(False)
    try:
        return connection.recv(1, _socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def _snapshot(text, fd):
    """The reply, and what is to be done afterwards."""
    words = text.decode("ascii", "replace").split()
    if words[:3] != ["heapdump", "1", "snap"] or len(words) < 4:
        return "error it runs another version of heapdump, which this one does not understand: use that one", None
    try:
        pause_ns, finish = _snap.stream(fd, words[3], "gc" in words[4:])
    except (Error, OSError) as error:
        return "error {}".format(error), None
    return "ok {}".format(pause_ns), finish
