"""heapdump run: gets in without a change to the program, changes nothing that the program or its parent sees."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import support
from support import HEAPDUMP

SLOW = True

LEAK = "class Leak: pass\nkept = [Leak() for _ in range(7)]\n"


def plain(**more):
    """An environment in which nothing leads to the package."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "HEAPDUMP"))}
    env.update(more)
    return env


class RunTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.db = os.path.join(self.folder, "out.db")

    def heapdump(self, *arguments, **options):
        options.setdefault("env", plain(TMPDIR=self.folder))
        options.setdefault("cwd", self.folder)
        return support.run([HEAPDUMP, *arguments], **options)

    def script(self, text, name="program.py"):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def files(self):
        return sorted(name for name in os.listdir(self.folder) if name.endswith(".db"))

    def leaks(self, path):
        return support.query(path, "SELECT count(*) AS n FROM objects WHERE type = '__main__.Leak'")[0]["n"]


class EveryInterpreter(RunTest):
    def test_snapshot_at_exit(self):
        program = self.script(LEAK + "import sys; print('said'); sys.exit(5)")
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.heapdump("run", "-f", "-o", "out.db", "--label", "rep 1", "--", python, program)
                self.assertEqual(done.returncode, 5, done.stderr)
                self.assertEqual(done.stdout, "said\n")
                self.assertRegex(done.stderr, r"^heapdump: .*/out\.db: [\d,]+ objects, [\d.]+ MB, target paused [\d.]+ ms\n$")
                self.assertEqual(self.leaks(self.db), 7)
                facts = {row["name"]: row["value"] for row in support.query(self.db, "SELECT name, value FROM snapshot")}
                self.assertEqual(facts["label"], "rep 1")
                self.assertEqual(facts["python_version"], version)

    def test_chain_loads_the_next_sitecustomize(self):
        self.script("import builtins; builtins.NEXT = __file__\n", "site/sitecustomize.py")
        site = os.path.join(self.folder, "site")
        program = "import os, sys; print(NEXT, os.environ['PYTHONPATH'], sys.modules['sitecustomize'].__file__)"
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.heapdump("run", "-fqo", "out.db", "--", python, "-c", program, env=plain(PYTHONPATH=site))
                expected = os.path.join(site, "sitecustomize.py")
                self.assertEqual((done.stdout, done.stderr), ("%s %s %s\n" % (expected, site, expected), ""))
                self.assertEqual(self.files(), ["out.db"])

    def test_program_sees_its_own_environment(self):
        program = ("import os, sys; print([k for k in os.environ if 'HEAPDUMP' in k or k == 'PYTHONPATH'],"
                   "[p for p in sys.path if 'heapdump' in p])")
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.heapdump("run", "-fqo", "out.db", "--", python, "-c", program)
                self.assertEqual((done.stdout, done.stderr), ("[] []\n", ""))

    def test_uncaught_exception(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.heapdump("run", "-fqo", "out.db", "--", python, "-c", LEAK + "1/0")
                self.assertEqual(done.returncode, 1)
                self.assertIn("ZeroDivisionError", done.stderr)
                self.assertEqual(self.leaks(self.db), 7)


    def test_full_values_are_warned_of(self):
        done = self.heapdump("run", "-qo", "out.db", "--values", "full", "--", "python3", "-c", "pass")
        self.assertRegex(done.stderr, r"^heapdump: --values full [^\n]+secrets\n$")


class Status(RunTest):
    python = "python3"

    def test_signal_of_the_program_is_ours(self):
        done = self.heapdump("run", "-o", "out.db", "--", self.python, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        self.assertEqual(done.returncode, -signal.SIGKILL)
        self.assertIn("no snapshot", done.stderr)
        self.assertIn("signal 9", done.stderr)
        self.assertEqual(self.files(), [])

    def test_signals_are_forwarded(self):
        program = self.script(LEAK + "import signal, sys, time\n"
                              "def end(*_): sys.exit(9)\n"
                              "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\ntime.sleep(60)")
        child = subprocess.Popen([HEAPDUMP, "run", "-o", self.db, "--", self.python, program], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=plain())
        self.assertEqual(child.stdout.readline(), "ready\n")
        child.terminate()
        child.communicate(timeout=30)
        self.assertEqual(child.returncode, 9)
        self.assertEqual(self.leaks(self.db), 7)

    def test_os_exit_is_said(self):
        done = self.heapdump("run", "-o", "out.db", "--", self.python, "-c", "import os; os._exit(3)")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"^heapdump: no snapshot: .*os\._exit.*\n$")

    def test_bypassing_options_are_named(self):
        for option in ("-I", "-S", "-E", "-Bs"):
            with self.subTest(option):
                done = self.heapdump("run", "-fo", "out.db", "--", self.python, option, "-c", "pass")
                self.assertEqual(done.returncode, 0)
                if option == "-Bs":
                    self.assertEqual(self.files(), ["out.db"])
                else:
                    self.assertRegex(done.stderr, r"^heapdump: no snapshot: python3 %s .*heapdump\.snap.*\n$" % option)

    def test_not_python(self):
        done = self.heapdump("run", "-o", "out.db", "--", "true")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^heapdump: no snapshot: .*is true Python.*\n$")

    def test_nothing_is_left_behind(self):
        self.heapdump("run", "-qo", "out.db", "--", self.python, "-c", "pass")
        self.assertEqual(os.listdir(self.folder), ["out.db"])


class SeveralProcesses(RunTest):
    def test_only_the_first_writes(self):
        program = self.script("import subprocess, sys\n" + LEAK + "print(subprocess.call([sys.executable, '-c', 'pass']))")
        done = self.heapdump("run", "-o", "out.db", "--", "python3", program)
        self.assertEqual(done.stderr.count("objects"), 1, done.stderr)
        self.assertEqual(self.leaks(self.db), 7)

    def test_with_pid_every_one_writes(self):
        program = self.script("import subprocess, sys\nsubprocess.call([sys.executable, '-c', 'pass'])")
        done = self.heapdump("run", "-o", "{pid}.db", "--", "python3", program)
        self.assertEqual(len(self.files()), 2, done.stderr)

    def test_a_fork_that_exits_writes_nothing(self):
        program = self.script(LEAK + "import os, sys\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: kept.clear()\n")
        done = self.heapdump("run", "-o", "out.db", "--", "python3", program)
        self.assertEqual(done.stderr.count("objects"), 1, done.stderr)
        self.assertEqual(self.leaks(self.db), 7)

    def test_through_a_shell(self):
        done = self.heapdump("run", "-o", "out.db", "--", "sh", "-c", "python3 -c pass; exit 4")
        self.assertEqual(done.returncode, 4)
        self.assertEqual(self.files(), ["out.db"])

    def test_n_counts(self):
        for expected in (["h.1.db"], ["h.1.db", "h.2.db"]):
            self.heapdump("run", "-o", "h.{n}.db", "--", "python3", "-c", "pass")
            self.assertEqual(self.files(), expected)


class Refused(RunTest):
    def refused(self, *arguments, **options):
        """Ends with 2 and one line, whose command works; gives that line."""
        done = self.heapdump(*arguments, **options)
        before = set(os.listdir(self.folder))
        self.assertNotIn("mark", before, "the program was started")
        command = support.suggested(self, "heapdump", done, self.folder)
        for name in set(os.listdir(self.folder)) - before:
            os.unlink(os.path.join(self.folder, name))
        for path in re.findall(r"(?<= )/tmp/\S+\.db", command):
            os.unlink(path)
        return done.stderr

    def test_existing_output(self):
        with open(self.db, "w") as file:
            file.write("precious")
        mark = os.path.join(self.folder, "mark")
        program = self.script(LEAK + "open('mark', 'w').close()")
        done = self.heapdump("run", "-o", "out.db", "--", "python3", program)
        self.assertIn("out.db: exists already", done.stderr)
        self.assertFalse(os.path.exists(mark), "the program was started")
        with open(self.db) as file:
            self.assertEqual(file.read(), "precious")
        support.suggested(self, "heapdump", done, self.folder)
        self.assertEqual(self.leaks(self.db), 7)

    def test_no_such_program(self):
        self.assertIn("nosuch", self.refused("run", "-o", "out.db", "--", "nosuch"))
        self.assertEqual(os.listdir(self.folder), [])

    def test_unwritable_directory(self):
        for place in ("nodir", "/proc"):
            self.assertIn(place + "/out.db", self.refused("run", "-o", place + "/out.db", "--", "python3", "-c",
                                                          "open('mark', 'w').close()"))

    def test_usage(self):
        self.assertIn("no such command", self.refused("snapp", "x.db"))
        self.assertIn("--nonsense", self.refused("run", "--nonsense"))
        self.assertIn("needs a value", self.refused("run", "-o"))
        self.assertIn("which program", self.refused("run", "-o", "out.db"))
        self.assertIn("names, short or full", self.refused("run", "--values", "some", "--", "true"))
        self.refused()

    def test_help(self):
        for arguments in (("--help",), ("run", "--help"), ("--version",)):
            done = self.heapdump(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout)


class Interrupted(RunTest):
    def test_interrupt_from_the_terminal_reaches_the_program_once(self):
        """Ctrl-C goes to the whole process group: not forwarded again."""
        program = self.script("import signal, time\ncount = [0]\n"
                              "def note(*_): count[0] += 1\n"
                              "signal.signal(signal.SIGINT, note)\nprint('ready', flush=True)\n"
                              "end = time.time() + 1\n"
                              "while time.time() < end: time.sleep(0.05)\nprint(count[0])")
        import pty
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(HEAPDUMP, [HEAPDUMP, "run", "-qo", self.db, "--", "python3", program], plain())
        output = b""
        try:
            while b"ready" not in output:
                output += os.read(terminal, 1000)
            time.sleep(0.1)
            os.write(terminal, b"\x03")
            while True:
                part = os.read(terminal, 1000)
                if not part:
                    break
                output += part
        except OSError:
            pass  # the other side of the terminal is closed
        os.close(terminal)
        self.assertEqual(os.waitpid(pid, 0)[1], 0, output)
        self.assertIn(b"1\r\n", output)


if __name__ == "__main__":
    unittest.main()
