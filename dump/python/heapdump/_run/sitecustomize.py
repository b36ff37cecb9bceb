"""Found first on the path of a program that `heapdump run` started: has it write snapshots, at its end and before.

Registers a function that the interpreter calls at exit, starts the triggers that were asked for, takes itself off the path
again, and loads the sitecustomize that the program would have had.
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


class _Run:
    """What `heapdump run` asked for, in its variables of the environment."""

    def __init__(self, environment, here):
        self.here = here
        self.folder = environment.get("HEAPDUMP_RUN_REPORT")
        self.output = environment.get("HEAPDUMP_RUN_OUTPUT")
        self.label = environment.get("HEAPDUMP_RUN_LABEL")
        self.values = environment.get("HEAPDUMP_RUN_VALUES")
        self.force = "HEAPDUMP_RUN_FORCE" in environment
        self.at_exit = "HEAPDUMP_RUN_AT_EXIT" in environment
        self.triggers = {}
        for argument, name, kind in (("every", "EVERY", float), ("above", "ABOVE", int), ("number", "SIGNAL", int),
                                     ("memory_error", "MEMORY_ERROR", bool), ("limit", "LIMIT", int)):
            if "HEAPDUMP_RUN_" + name in environment:
                self.triggers[argument] = kind(environment["HEAPDUMP_RUN_" + name])
        self.every_process = "{pid}" in (self.output or "")
        self.mechanism = None  # heapdump._snap
        self.running = None

    def report(self, kind, text=""):
        import os
        _report(self.folder, "{} {} {}".format(kind, os.getpid(), text))

    def load(self):
        """Once, and before there is a thread of ours: it changes sys.path for a moment."""
        self.mechanism = self.mechanism or _package_module(self.here, "_snap")

    def start_triggers(self):
        import os
        try:
            self.load()
            self.mechanism.prepare()
            running = _package_module(self.here, "_triggers").Triggers(self.take, lambda text: self.report("note", text), **self.triggers)
            running.start()
        except Exception as error:  # the program goes on in any case
            self.report("fail", error)
            return
        self.running = running
        os.register_at_fork(after_in_child=running.after_fork if self.every_process else running.abandon)

    def take(self, reason, progress=False):
        """A snapshot now. The program never hears of what goes wrong."""
        label = "{} ({})".format(self.label, reason) if self.label and reason else self.label or reason
        try:
            self.load()
            self.report("done", self.mechanism.snap(self.output, label, self.values, False, self.force, progress))
        except Exception as error:
            self.report("fail", error)

    def end(self, pid):
        import os
        if os.getpid() != pid and not self.every_process:
            return  # a fork that ended like a program of its own
        if self.running:
            self.running.stop()
        if self.at_exit:
            self.take("at exit" if self.triggers else None, progress=True)


def _install(here):
    import atexit
    import os
    run = _Run(os.environ, here)
    if not run.folder or not run.output:
        return
    if not run.every_process:
        if not _is_first(run.folder):
            return
        _hide()
    run.report("start")
    if run.triggers:
        run.start_triggers()
    if run.triggers or run.at_exit:
        atexit.register(run.end, os.getpid())


def _package_module(here, name):
    """A module of the package that this file belongs to, whatever the program did to sys.path."""
    import importlib
    import os
    import sys
    sys.path.insert(0, os.path.dirname(os.path.dirname(here)))
    try:
        return importlib.import_module("heapdump." + name)
    finally:
        del sys.path[0]


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
