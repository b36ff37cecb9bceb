"""What the pytest plugin and `python -m heapdump.unittest` share: is there more after N runs than after one?

A Meter snaps after the first run, the middle one and the last, and asks heapdiff what grew. The first run pays for what is
made once (imports, caches), so it is the base and not a step.
"""

import fnmatch
import hashlib
import json
import os
import re
import shlex
import subprocess
import time

import heapdump
from heapdump import _snap

FEWEST_RUNS = 3  # two snapshots show a difference, and only a third one tells a leak from a warm-up
# Memory that no object explains moves with every run and is no finding about a test.
_NO_FINDING = ("native",)


class Leak(Exception):
    """A test that grows; str() is the reason and how to look further."""


def add_options(add, prefix, each_help):
    """Declares the options that both runners have, by the add_argument() or addoption() of their parsers."""
    add("--" + prefix + "repeat", type=int, default=0, metavar="N", dest="heapdump_repeat",
        help="run each test N times (3 or more), snap after the first run, the middle one and the last, and fail "
             "a test that leaks")
    add("--" + prefix + "each", choices=("test", "session"), default="test", dest="heapdump_each", help=each_help)
    add("--" + prefix + "dir", default="heapdump-snapshots", metavar="DIR", dest="heapdump_dir",
        help="where the snapshots of tests that leak are kept (heapdump-snapshots)")
    add("--" + prefix + "record", metavar="FILE.csv", dest="heapdump_record",
        help="write time, memory and number of objects after every test")


def check_runs(runs):
    """The number of runs, or ValueError with the remedy."""
    if runs and runs < FEWEST_RUNS:
        raise ValueError("repeat {}: {} runs or more tell a leak from a warm-up".format(runs, FEWEST_RUNS))
    return runs


class Meter:
    """Snapshots of one test, or of a whole run, and the verdict on them."""

    def __init__(self, name, runs, directory):
        self.name = name
        self.runs = runs
        self._directory = directory
        self._points = (1, (runs + 1) // 2, runs)
        self.files = []

    def after(self, run):
        """Call after the run number `run`, from 1."""
        if run not in self._points:
            return
        os.makedirs(self._directory, exist_ok=True)
        path = os.path.join(self._directory, "{}.{}.db".format(_file_name(self.name), run))
        heapdump.snap(path, label="{} run {}".format(self.name, run), gc=True, force=True)
        self.files.append(path)

    def verdict(self, name_place=str, types=None, objects=None, bytes=None):
        """The Verdict, or None if there is nothing to say; without one the snapshots are removed.

        name_place
                 gives what people call a place, from its path
        types    patterns of type names of which there must not be more at the end, whoever holds them
        objects, bytes
                 growth that is allowed a run; they take the place of the search for suspects
        """
        document = _diff(self.files)
        found = _more_of_types(document, types or (), self.runs)
        if objects is not None or bytes is not None:
            found += _beyond(document, objects, bytes, self.runs)
        if found or (objects is None and bytes is None):
            found += _suspects(document, self.runs, name_place)
        if found:
            return Verdict(self.name, found, self.files)
        self.remove()
        return None

    def remove(self):
        for path in self.files:
            os.unlink(path)
        self.files = []
        try:
            os.rmdir(self._directory)
        except OSError:
            pass  # other tests' snapshots are in it, or it is gone already


class Verdict:
    """Why a test fails: `reason` is one line, `text` all that a person needs."""

    def __init__(self, name, found, files):
        self.name = name
        self.found = found
        self.files = files
        self.reason = "LEAKS " + found[0]
        self.command = " ".join(["heapdiff"] + [shlex.quote(path) for path in files])
        lines = ["{} {}".format(name, self.reason)]
        lines += ["  also " + other for other in found[1:]]
        lines.append("  to look further: " + self.command)
        self.text = "\n".join(lines)


def _file_name(name):
    """A file name that people recognise; unequal names stay unequal."""
    plain = re.sub(r"[^\w.\[\]-]+", "-", name, flags=re.ASCII)
    if len(plain) > 100 or plain.replace("-", "") != re.sub(r"::|/", "", name).replace("-", ""):
        plain = "{}-{}".format(plain[:90], hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8])
    return plain


def _diff(files):
    """What heapdiff says of the snapshots. The heap of this program is not to grow by it, hence a process."""
    program = os.path.join(os.path.dirname(os.fsdecode(_snap._installation()[1])), "heapdiff")
    done = subprocess.run([program, "--json"] + files, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode:
        raise heapdump.Error(done.stderr.decode("utf-8", "replace").strip() or program + " failed")
    return json.loads(done.stdout.decode("utf-8", "replace"))


def _suspects(document, runs, name_place):
    """A line for each place that grew in every step."""
    lines = []
    for suspect in document["suspects"]:
        if suspect["kind"] in _NO_FINDING or suspect["trend"] != "every step":
            continue
        holder = suspect["holder"] or {}
        place = holder.get("path") or suspect["path"] or "held by " + suspect["kind"]
        lines.append("{} a run: {}".format(_growth(suspect, runs), name_place(place)))
    return lines


def _growth(suspect, runs):
    if suspect["kind"] == "size" or suspect["objects"] <= 0:
        return "+{} bytes of {}".format(_per_run(suspect["bytes"], runs), _bare(suspect["type"]))
    return "+{} {}".format(_per_run(suspect["objects"], runs), _bare(suspect["type"]))


def _bare(type_name):
    return type_name.rpartition(".")[2]


def _per_run(growth, runs):
    """Growth since the first run, for each later one: 4, or 2.5."""
    each = growth / (runs - 1)
    return "{:,}".format(int(each)) if each == int(each) else "{:,.1f}".format(each)


def _more_of_types(document, patterns, runs):
    """Lines for types that match and of which there are more after the last run than after the first one."""
    lines = []
    for row in document["types"]:
        more = row["count"][-1] - row["count"][0]
        if more > 0 and any(_matches(row["type"], pattern) for pattern in patterns):
            lines.append("+{} {} a run".format(_per_run(more, runs), row["type"]))
    return lines


def _matches(name, pattern):
    if isinstance(pattern, type):
        if pattern.__module__ != "builtins":
            return name == "{}.{}".format(pattern.__module__, pattern.__qualname__)
        pattern = pattern.__qualname__
    return fnmatch.fnmatchcase(name, pattern) or _bare(name) == pattern


def _beyond(document, objects, bytes, runs):
    """Lines for growth of the whole heap beyond what is allowed."""
    lines = []
    for key, limit in (("objects", objects), ("bytes", bytes)):
        values = [snapshot[key] for snapshot in document["snapshots"]]
        if limit is not None and values[-1] - values[0] > limit * (runs - 1):
            lines.append("+{} {} a run, {:,} are allowed".format(
                _per_run(values[-1] - values[0], runs), key, limit))
    return lines


class Record:
    """The story's table: a line after every test, for a plot. Several processes may append to one file."""

    COLUMNS = "timestamp,pid,test,run,vm_size,rss,objects"

    def __init__(self, path):
        self._path = os.path.abspath(path)

    def start(self):
        """Begins a new file."""
        with open(self._path, "w") as file:
            file.write(self.COLUMNS + "\n")

    def add(self, test, run):
        import gc
        with open("/proc/self/statm") as file:
            vm_pages, rss_pages = file.read().split()[:2]
        page = os.sysconf("SC_PAGE_SIZE")
        name = test.replace('"', '""')
        # A spreadsheet takes what begins like this for a formula.
        if name[:1] in "=+-@\t\r":
            name = "'" + name
        row = '{:.3f},{},"{}",{},{},{},{}\n'.format(
            time.time(), os.getpid(), name, run, int(vm_pages) * page, int(rss_pages) * page, len(gc.get_objects()))
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(fd, row.encode("utf-8", "replace"))
        finally:
            os.close(fd)
