"""What every end-to-end test needs: the build, the interpreters, and running things with a limit."""
import functools
import glob
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("HEAPSNAP_BUILD", os.path.join(ROOT, "build")))
BIN = os.path.join(BUILD, "bin")
LIB = os.path.join(BUILD, "lib")
HEAPDUMP, HEAPQUERY, HEAPDIFF = (os.path.join(BIN, name) for name in ("heapdump", "heapquery", "heapdiff"))

SUPPORTED = tuple((3, minor) for minor in range(8, 16))
PROBE = "import sys; print('%d.%d.%d' % sys.version_info[:3], hasattr(sys, 'gettotalrefcount'))"


def unknown():
    """The versions of CPythons that `make pythons` has fetched and that are newer than the agent's tables."""
    try:
        with open(os.path.join(BUILD, "layouts", "unknown")) as file:
            return file.read().split()
    except FileNotFoundError:
        return []


@functools.lru_cache(maxsize=None)
def interpreters():
    """{version: path} of the CPythons here that are supported, the system's own among them; one per version."""
    candidates = ["/usr/bin/python3", "/usr/local/bin/python3", sys.executable]
    candidates += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3")))
    candidates += sorted(glob.glob(os.path.join(ROOT, "pythons", "bin", "python3.*")))
    found = {}
    for path in candidates:
        if not os.access(path, os.X_OK):
            continue
        probe = subprocess.run([path, "-I", "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if probe.returncode:
            continue
        version = probe.stdout.split()[0]
        if tuple(int(part) for part in version.split(".")[:2]) in SUPPORTED and version not in unknown():
            found.setdefault(version, path)
    return found


def absent():
    """The supported minor versions that this machine does not have, for tests to print as skipped."""
    here = {version.rsplit(".", 1)[0] for version in interpreters()}
    return ["CPython %d.%d" % minor for minor in SUPPORTED if "%d.%d" % minor not in here]


def environment(**more):
    """The environment for a Python that can import heapdump from the build."""
    env = dict(os.environ, PYTHONPATH=os.path.join(BUILD, "python"), PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
    env.pop("HEAPDUMP_VALUES", None)
    env.update(more)
    return env


def run(argv, timeout=120, **options):
    """subprocess.run() with text output captured, no standard input, and a limit."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("env", environment())
    return subprocess.run([str(arg) for arg in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, **options)


def check(argv, **options):
    """run(), and an error that shows what the program said if it did not end with 0. Gives standard output."""
    done = run(argv, **options)
    if done.returncode != 0:
        raise AssertionError("%s ended with %d:\n%s%s" % (argv, done.returncode, done.stdout, done.stderr))
    return done.stdout


def suggested(case, program, done, directory):
    """The command that a program's one line of trouble suggests ("...; try: COMMAND"), after it was run with success. The
    names that it uses for any file and any program, FILE.db and app.py, are made to fit."""
    case.assertEqual(done.returncode, 2, done.stdout + done.stderr)
    case.assertEqual(done.stdout, "")
    case.assertRegex(done.stderr, r"\A%s: [^\n]*; try: [^\n]+\n\Z" % program)
    command = done.stderr.rstrip("\n").split("; try: ")[1]
    with open(os.path.join(directory, "app.py"), "w") as file:
        file.write("pass\n")
    made = os.path.join(directory, "FILE.db")
    if os.path.exists(made):
        os.unlink(made)
    works = run(["/bin/sh", "-c", command], cwd=directory, env=environment(PATH=BIN + os.pathsep + os.environ["PATH"]))
    case.assertEqual(works.returncode, 0, "%s\n%s" % (command, works.stderr))
    return command


def wait_until_busy(pid, seconds=0.1):
    """Waits until a process that said it is about to compute has done so for `seconds` of processor time: on a busy
    machine the line that says so can be read long before."""
    def used():
        with open("/proc/%d/stat" % pid) as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc_pid_stat(5)
    start, until = used(), time.monotonic() + 60
    while used() < start + seconds:
        if time.monotonic() > until:
            raise AssertionError("process %d is not busy" % pid)
        time.sleep(0.01)


def query(snapshots, sql):
    """The rows of one SQL statement over one snapshot or several, as dicts."""
    paths = [snapshots] if isinstance(snapshots, (str, os.PathLike)) else list(snapshots)
    return json.loads(check([HEAPQUERY, *paths, "--json", sql]) or "[]")
