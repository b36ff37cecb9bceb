"""heapdump run --every, --above, --signal, --on-memory-error: snapshots while the program runs, which goes on as if nothing were."""
import functools
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest

import support

SLOW = True

# What the programs here begin with: they wait until as many snapshots are there.
WAIT = """
import glob, os, signal, sys, time
def wait(pattern, count=1):
    end = time.monotonic() + 60
    while len(glob.glob(pattern)) < count:
        if time.monotonic() > end: sys.exit("no snapshot came")
        time.sleep(0.01)
class Leak: pass
kept = [Leak() for _ in range(7)]
"""


def version_of(text):
    return tuple(int(part) for part in text.split(".")[:2])


def each(test):
    """Runs a test on every CPython here."""
    @functools.wraps(test)
    def run(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                self.empty()
                test(self, version, python)
    return run


class TriggerTest(unittest.TestCase):
    python = "/usr/bin/python3"

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def run_program(self, triggers, program, python=None, options=(), wait=WAIT, **more):
        """`heapdump run` of a program given as text."""
        path = os.path.join(self.folder, "program.py")
        with open(path, "w") as file:
            file.write(wait + program)
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "HEAPDUMP"))}
        return support.run([support.HEAPDUMP, "run", *triggers, "--", python or self.python, *options, path],
                           cwd=self.folder, env=dict(env, TMPDIR=self.folder), **more)

    def empty(self):
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))

    def taken(self):
        """{file: label} of the snapshots."""
        found = {}
        for name in sorted(name for name in os.listdir(self.folder) if name.endswith(".db")):
            path = os.path.join(self.folder, name)
            rows = support.query(path, "SELECT value FROM snapshot WHERE name = 'label'")
            found[name] = rows[0]["value"] if rows else None
        return found

    def good(self, done, status=0, output=""):
        self.assertEqual((done.returncode, done.stdout), (status, output), done.stderr)
        for line in done.stderr.splitlines():
            self.assertRegex(line, r"^heapdump: .*\.db: [\d,]+ objects, [\d.]+ MB, target paused [\d.]+ ms$")


class EveryInterpreter(TriggerTest):
    """What a trigger does, on each CPython here."""

    @each
    def test_every(self, _, python):
        done = self.run_program(["--every", "0.2", "--at-exit", "-o", "h.{n}.db", "--label", "x"],
                                "wait('h.*.db', 3); print('said'); sys.exit(5)", python)
        self.good(done, 5, "said\n")
        labels = list(self.taken().values())
        self.assertGreaterEqual(len(labels), 4)
        self.assertEqual(labels.count("x (every 0.2 s)"), len(labels) - 1)
        self.assertEqual(labels.count("x (at exit)"), 1)

    @each
    def test_above(self, _, python):
        program = """
kept.append(bytearray(100 << 20)); wait("h.1.db")
kept.append(bytearray(20 << 20)); time.sleep(0.3)
kept.append(bytearray(100 << 20)); wait("h.2.db")
"""
        self.good(self.run_program(["--above", "100MiB", "-o", "h.{n}.db"], program, python))
        taken = self.taken()
        self.assertEqual(list(taken), ["h.1.db", "h.2.db"])
        sizes = [float(re.match(r"([\d.]+) MB in memory$", label).group(1)) for label in taken.values()]
        self.assertGreater(sizes[0], 104)
        self.assertGreater(sizes[1], sizes[0] * 1.5 - 0.1)

    @each
    def test_signal(self, _, python):
        program = """
for n in 1, 2:
    os.kill(os.getpid(), signal.SIGUSR2)
    wait("h.%d.db" % n)
os.kill(os.getppid(), signal.SIGUSR2)  # heapdump run hands it on
wait("h.3.db")
sys.exit(3)
"""
        self.good(self.run_program(["--signal", "SIGUSR2", "-o", "h.{n}.db"], program, python), 3)
        self.assertEqual(self.taken(), {"h.%d.db" % n: "SIGUSR2" for n in (1, 2, 3)})

    MEMORY = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, resource.getrlimit(resource.RLIMIT_AS)[1]))
def grow():
    mine = []
    while True:
        mine.append([Leak(), bytes(2000)])
"""

    def leaks(self, name="h.db"):
        return support.query(os.path.join(self.folder, name), "SELECT count(*) AS n FROM objects WHERE type = '__main__.Leak'")[0]["n"]

    def limited(self, program, python, triggers=("--on-memory-error", "-qo", "h.db")):
        """With a limit of memory from the start, and a program that reaches it."""
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (600 << 20, resource.getrlimit(resource.RLIMIT_AS)[1]))
        return self.run_program(triggers, self.MEMORY + program, python, preexec_fn=limit)

    @each
    def test_memory_error_that_nobody_catches(self, _, python):
        done = self.limited("grow()", python)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"\ATraceback(.*\n)+MemoryError\n\Z")
        self.assertGreater(self.leaks(), 10000)
        self.assertEqual(self.taken(), {"h.db": "MemoryError"})

    @each
    def test_memory_error_in_a_thread(self, _, python):
        done = self.limited("import threading; t = threading.Thread(target=grow); t.start(); t.join(); print('on')", python)
        self.assertEqual((done.returncode, done.stdout), (0, "on\n"))
        self.assertIn("Exception in thread", done.stderr)
        self.assertGreater(self.leaks(), 10000)
        self.assertEqual(self.taken(), {"h.db": "MemoryError"})

    @each
    def test_memory_error_that_is_caught(self, version, python):
        program = """
for _ in range(2):
    try: grow()
    except MemoryError: print("caught")
"""
        done = self.limited(program, python)
        self.assertEqual((done.returncode, done.stdout), (0, "caught\ncaught\n"))
        if version_of(version) >= (3, 12):
            self.assertGreater(self.leaks(), 10000)
            self.assertEqual(self.taken(), {"h.db": "MemoryError"})
        else:
            self.assertEqual(self.taken(), {})

    @each
    def test_workers_of_a_prefork_server(self, _, python):
        """Forks, their forks, and programs that they start: each process writes its own."""
        program = """
import subprocess
def worker():
    wait("h.%d.1.db" % os.getpid())
if len(sys.argv) > 1:
    worker()
    sys.exit()
workers = []
for n in range(2):
    pid = os.fork()
    if pid == 0:
        if n:
            child = os.fork()
            worker()
            if child: assert os.waitpid(child, 0)[1] == 0
        else:
            worker()
            subprocess.check_call([sys.executable, __file__, "worker"])
        os._exit(0)
    workers.append(pid)
worker()
assert all(os.waitpid(pid, 0)[1] == 0 for pid in workers)
"""
        self.good(self.run_program(["--every", "0.3", "--limit", "1", "-qo", "h.{pid}.{n}.db"], program, python,
                                   ["-W", "ignore::DeprecationWarning"]))  # from 3.12 on: of a fork with threads
        taken = self.taken()
        self.assertEqual(len(taken), 5)
        self.assertEqual({re.fullmatch(r"h\.\d+\.1\.db", name) is not None for name in taken}, {True})

    @each
    def test_the_program_notices_nothing(self, _, python):
        """Neither variables nor handlers nor threads nor zombies, with every trigger armed and warnings as errors."""
        program = """
import threading
def descriptors():
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try: found[number] = os.readlink("/proc/self/fd/" + number)
        except FileNotFoundError: pass  # that of the list itself
    # libffi 3.5 keeps a descriptor of itself for callbacks; ctypes makes one when it is imported.
    return sorted(number for number in found if "/libffi.so" not in found[number])
if len(sys.argv) == 1:
    os.kill(os.getpid(), signal.SIGUSR2)
    wait("h.1.db")
while len(descriptors()) > 3:  # it still hears how that went
    time.sleep(0.01)
print([k for k in os.environ if "HEAPDUMP" in k or k == "PYTHONPATH"], [p for p in sys.path if "heapdump" in p],
      threading.enumerate() == [threading.main_thread()], signal.getsignal(signal.SIGUSR1), descriptors())
try: os.waitpid(-1, os.WNOHANG)
except ChildProcessError: print("no child")
"""
        triggers = ["--every", "100", "--above", "1GB", "--signal", "USR2", "-qo", "h.{n}.db"]
        done = self.run_program(triggers, program, python, ["-W", "error"])
        bare = support.run([python, "-W", "error", os.path.join(self.folder, "program.py"), "bare"], cwd=self.folder,
                           env={"PATH": os.environ["PATH"]})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, bare.stdout, ""))
        self.assertIn("no child", done.stdout)


class Signal(TriggerTest):
    def test_one_that_is_ignored_is_left_so(self):
        done = self.run_program(["--signal", "USR2", "--at-exit", "-o", "h.{n}.db"],
                                "print(signal.getsignal(signal.SIGUSR2) == signal.SIG_IGN)",
                                preexec_fn=lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN))
        self.assertEqual((done.returncode, done.stdout), (0, "True\n"))
        self.assertIn("heapdump: no snapshot: SIGUSR2 is handled or ignored already: choose another with --signal\n", done.stderr)
        self.assertEqual(list(self.taken()), ["h.1.db"])

    def test_a_handler_of_the_program_takes_its_place(self):
        program = """
signal.signal(signal.SIGUSR2, lambda *_: print("mine"))
os.kill(os.getpid(), signal.SIGUSR2)
"""
        done = self.run_program(["--signal", "USR2", "-o", "h.{n}.db"], program)
        self.assertEqual((done.returncode, done.stdout), (0, "mine\n"))
        self.assertIn("SIGUSR2 did nothing from when the program handled it itself", done.stderr)
        self.assertEqual(self.taken(), {})

    def test_a_real_time_one(self):
        self.good(self.run_program(["--signal", "RTMIN+3", "-o", "h.{n}.db"],
                                   "os.kill(os.getpid(), signal.SIGRTMIN + 3); wait('h.1.db')"))
        self.assertEqual(self.taken(), {"h.1.db": "signal %d" % (signal.SIGRTMIN + 3)})

    def test_a_fork_that_writes_nothing_has_the_signal_as_it_was(self):
        program = """
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGUSR2)
    os._exit(0)
print(os.waitpid(pid, 0)[1])
"""
        done = self.run_program(["--signal", "USR2", "-qo", "h.{n}.db"], program)
        self.assertEqual((done.returncode, done.stdout), (0, "%d\n" % signal.SIGUSR2))


class Trouble(TriggerTest):
    def test_a_place_that_goes_away(self):
        program = """
os.mkdir("out"); os.kill(os.getpid(), signal.SIGUSR2); wait("out/h.1.db")
os.rename("out", "gone"); os.kill(os.getpid(), signal.SIGUSR2)
time.sleep(0.2)
print("on"); sys.exit(4)
"""
        os.mkdir(os.path.join(self.folder, "out"))
        done = self.run_program(["--signal", "USR2", "--at-exit", "-o", "out/h.{n}.db"], program.replace('os.mkdir("out"); ', ""))
        self.assertEqual((done.returncode, done.stdout), (4, "on\n"))
        self.assertRegex(done.stderr, r"heapdump: no snapshot: [^\n]*out/h\.1\.db: no directory that can be written[^\n]*\n\Z")

    def test_it_is_told_while_the_program_runs(self):
        path = os.path.join(self.folder, "program.py")
        with open(path, "w") as file:
            file.write("import sys; sys.stdin.read()")
        run = subprocess.Popen([support.HEAPDUMP, "run", "--every", "0.1", "--limit", "1", "-o", "h.{n}.db", "--", self.python, path],
                               cwd=self.folder, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self.assertRegex(run.stderr.readline(), "h.1.db: .* objects")
            self.assertIn("no more than 1 snapshots", run.stderr.readline())
            run.stdin.close()
            self.assertEqual(run.wait(30), 0)
        finally:
            run.kill()
            run.wait()
            run.stderr.close()
            run.stdin.close()

    def test_no_reason_for_one(self):
        done = self.run_program(["--above", "10GB", "-o", "h.{n}.db"], "sys.exit(6)")
        self.assertEqual(done.returncode, 6)
        self.assertRegex(done.stderr, r"^heapdump: no snapshot: .* ended before there was reason for one\n$")

    def test_refused(self):
        for said, arguments in (("--every x: seconds", ("--every", "x")), ("--every 0", ("--every", "0")),
                                ("--above 5", ("--above", "5")), ("--above 5XB", ("--above", "5XB")), ("--above", ("--above", "nan")),
                                ("--limit 0", ("--limit", "0", "--every", "1")), ("spare", ("--signal", "TERM")),
                                ("spare", ("--signal", "9")), ("spare", ("--signal", "RTMIN+99")),
                                ("put {n} into it", ("-o", "x.{pid}.db", "--every", "5")),
                                ("put {n} into it", ("-o", "x.db", "--on-memory-error", "--at-exit"))):
            done = support.run([support.HEAPDUMP, "run", *arguments, "--", "python3", "-c", "pass"], cwd=self.folder)
            self.assertIn(said, done.stderr)
            support.suggested(self, "heapdump", done, self.folder)


if __name__ == "__main__":
    unittest.main()
