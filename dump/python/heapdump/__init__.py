"""Heap snapshots of this very process.

    import heapdump
    heapdump.snap("before.db")

The process forks once; its copy is walked, and the file is written by another program, while this one goes on
after a pause of a few milliseconds. Compare two snapshots with ``heapdiff before.db after.db``.

Importing this module does nothing else (but with HEAPDUMP_LISTEN=1 it calls listen()); what a snapshot needs is loaded by the
first snap().
"""

__all__ = ["Error", "Snapshot", "listen", "mark", "snap"]


class Error(Exception):
    """No snapshot was made; str() says why, in one line, and what would help."""


class Snapshot:
    """What snap() made: path, objects, refs (references between objects), file_bytes, pause_ns (how long the
    program stood still)."""

    __slots__ = ("path", "objects", "refs", "file_bytes", "pause_ns")

    def __init__(self, path, objects, refs, file_bytes, pause_ns):
        self.path = path
        self.objects = objects
        self.refs = refs
        self.file_bytes = file_bytes
        self.pause_ns = pause_ns

    def __repr__(self):
        return "{}: {:,} objects, {:.1f} MB, target paused {:.1f} ms".format(
            self.path, self.objects, self.file_bytes / 1e6, self.pause_ns / 1e6)


def snap(path, label=None, values=None, gc=False, force=False):
    """Writes a snapshot of this process to the file `path` and returns a Snapshot.

    path    may hold {pid}, and {n}: the first of 1, 2, 3 ... whose file does not exist yet
    label   a text of yours that the snapshot keeps: "after repetition 5"
    values  "names" (the default: names of modules, classes, functions, variables and attributes, no data),
            "short" (previews of strings and numbers, but for those under names that look secret) or "full";
            the environment variable HEAPDUMP_VALUES sets another default
    gc      run the garbage collector first
    force   replace an existing file

    Raises Error when there is no snapshot.
    """
    from heapdump import _snap
    return _snap.snap(path, label, values, gc, force)


def listen():
    """Has a thread of this process wait for ``heapdump snap -p PID`` of the same user or root, which then needs no right to
    trace it. HEAPDUMP_LISTEN=1 in the environment does the same when this module is imported."""
    from heapdump import _listen
    _listen.start()


def mark(label):
    """Adds a row with `label` to the table that a running ``heapdump record`` makes of this process. False if there is none."""
    from heapdump import _mark
    return _mark.mark(label)


def _listen_if_asked():
    import os
    if os.environ.get("HEAPDUMP_LISTEN") == "1":
        from heapdump import _listen
        _listen.start_or_say_why_not()


_listen_if_asked()
