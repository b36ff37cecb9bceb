"""Found first on the path of a program that `heapdump run` started: has it write a snapshot at its end.

Registers a function that the interpreter calls at exit, takes itself off the path again, and loads the sitecustomize that the
program would have had.
"""


def _report(folder, text):
    import os
    try:
        fd = os.open(folder + "/log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return  # `heapdump run` has ended
    try:
        os.write(fd, text.replace("\n", " ").encode("utf-8", "replace") + b"\n")
    finally:
        os.close(fd)


def _is_first(folder):
    """Whether this is the first Python process under `heapdump run`."""
    import os
    try:
        os.close(os.open(folder + "/claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError:
        return False
    return True


def _hide():
    """The program and its children see the environment as it was before."""
    import os
    before = os.environ.pop("HEAPDUMP_RUN_PYTHONPATH", None)
    for name in [name for name in os.environ if name.startswith("HEAPDUMP_RUN_")]:
        del os.environ[name]
    if before is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = before


def _install(here):
    import atexit
    import os
    folder = os.environ.get("HEAPDUMP_RUN_REPORT")
    output = os.environ.get("HEAPDUMP_RUN_OUTPUT")
    if not folder or not output:
        return
    label = os.environ.get("HEAPDUMP_RUN_LABEL")
    values = os.environ.get("HEAPDUMP_RUN_VALUES")
    force = "HEAPDUMP_RUN_FORCE" in os.environ
    every_process = "{pid}" in output
    pid = os.getpid()
    if not every_process:
        if not _is_first(folder):
            return
        _hide()
    _report(folder, "start {}".format(pid))

    def snap_at_exit():
        import os
        if os.getpid() != pid and not every_process:
            return  # a fork that ended like a program of its own
        try:
            text = "done {} {}".format(os.getpid(), _mechanism(here).snap(output, label, values, False, force, True))
        except Exception as error:
            text = "fail {} {}".format(os.getpid(), error)
        _report(folder, text)

    atexit.register(snap_at_exit)


def _mechanism(here):
    """heapdump._snap of the package that this file belongs to, whatever the program did to sys.path."""
    import os
    import sys
    sys.path.insert(0, os.path.dirname(os.path.dirname(here)))
    try:
        from heapdump import _snap
    finally:
        del sys.path[0]
    return _snap


def _load_next(here):
    """Imports the sitecustomize behind this one. Where there is none, this module stays in its place."""
    import os
    import sys
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    this = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", this)


def _main():
    import os
    here = os.path.dirname(os.path.abspath(__file__))
    _install(here)
    _load_next(here)


_main()
