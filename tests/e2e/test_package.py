"""import heapdump; heapdump.snap(): from where programs stand, without a trace in what they see, without their secrets."""
import os
import re
import shutil
import sqlite3
import stat
import tempfile
import unittest
import zlib

import support

SLOW = True

PRELUDE = "import heapdump, os, sys\nclass Leak: pass\nkept = [Leak() for _ in range(7)]\n"


class PackageTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.db = os.path.join(self.folder, "out.db")

    def python(self, text, python="python3", **options):
        """Runs a program; gives what it printed. It must end with 0."""
        path = os.path.join(self.folder, "program.py")
        with open(path, "w") as file:
            file.write(PRELUDE + text)
        options.setdefault("cwd", self.folder)
        done = support.run([python, path], **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def leaks(self, path=None):
        return support.query(path or self.db, "SELECT count(*) AS n FROM objects WHERE type = '__main__.Leak'")[0]["n"]

    def facts(self):
        return {row["name"]: row["value"] for row in support.query(self.db, "SELECT name, value FROM snapshot")}


class EveryInterpreter(PackageTest):
    def each(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                if os.path.exists(self.db):
                    os.unlink(self.db)
                yield python

    def test_result(self):
        for python in self.each():
            out = self.python("r = heapdump.snap('out.db', label='rep 1', gc=True)\n"
                              "print(r); print(r.path, r.objects, r.refs, r.file_bytes, r.pause_ns)", python)
            line, numbers = out.splitlines()
            self.assertRegex(line, r"^out\.db: [\d,]+ objects, [\d.]+ MB, target paused [\d.]+ ms$")
            path, objects, refs, file_bytes, pause_ns = numbers.split()
            facts = self.facts()
            self.assertEqual((path, int(objects)), ("out.db", int(facts["objects"])))
            self.assertEqual(int(file_bytes), os.path.getsize(self.db))
            self.assertGreater(int(refs), int(objects))
            self.assertGreater(int(pause_ns), 0)
            self.assertEqual(int(facts["dangling_refs"]), 0)
            self.assertEqual(facts["label"], "rep 1")
            self.assertTrue(0 < int(facts["child_private_bytes"]) < 64 << 20, facts["child_private_bytes"])
            self.assertTrue(0 < int(facts["collector_peak_bytes"]) < 256 << 20, facts["collector_peak_bytes"])
            self.assertEqual(self.leaks(), 7)

    def test_parent_sees_no_child(self):
        """No SIGCHLD, nothing to wait for, no zombie, no open file, the same signal mask."""
        for python in self.each():
            out = self.python(
                "import signal, time\nseen = []\nsignal.signal(signal.SIGCHLD, lambda *_: seen.append(1))\n"
                "heapdump.snap('out.db')\n"
                "before = sorted(os.listdir('/proc/self/fd')), signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
                "heapdump.snap('out.db', force=True)\n"
                "after = sorted(os.listdir('/proc/self/fd')), signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
                "time.sleep(0.2)\n"
                "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: print('no child', seen, before == after)\n"
                "print(open('/proc/self/task/%d/children' % os.getpid()).read())", python)
            self.assertEqual(out, "no child [] True\n\n")

    def test_from_a_thread_and_from_asyncio(self):
        for python in self.each():
            self.python("import threading, asyncio\n"
                        "t = threading.Thread(target=heapdump.snap, args=('out.db',)); t.start(); t.join()\n"
                        "async def main(): return heapdump.snap('async.db', force=True)\n"
                        "asyncio.run(main())", python)
            self.assertEqual((self.leaks(), self.leaks(os.path.join(self.folder, "async.db"))), (7, 7))

    def test_from_a_debugger(self):
        for python in self.each():
            program = os.path.join(self.folder, "program.py")
            with open(program, "w") as file:
                file.write(PRELUDE + "def stop():\n    mine = kept\n    breakpoint()\n    return mine\nstop()\n")
            done = support.run([python, program], stdin=None, cwd=self.folder, input="heapdump.snap('out.db')\nc\n")
            self.assertIn("out.db: ", done.stdout, done.stderr)
            self.assertEqual(self.leaks(), 7)
            self.assertIn("stop", [row["function"] for row in support.query(self.db, "SELECT function FROM frames")])

    def test_standard_descriptors_missing(self):
        for python in self.each():
            for closed in ((0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)):
                with self.subTest(closed=closed):
                    self.python("for fd in %r: os.close(fd)\ntry: heapdump.snap('out.db', force=True)\n"
                                "except BaseException as error: open('error', 'w').write(repr(error))\nos._exit(0)" % (closed,),
                                python)
                    self.assertFalse(os.path.exists(self.folder + "/error"))
                    self.assertEqual(self.leaks(), 7)

    def test_a_fork_can_snap_too(self):
        for python in self.each():
            self.python("heapdump.snap('first.db', force=True)\npid = os.fork()\n"
                        "if pid == 0:\n    heapdump.snap('out.db'); os._exit(0)\n"
                        "print(os.waitpid(pid, 0)[1])", python)
            self.assertEqual(self.leaks(), 7)

    def test_objects_of_ours_are_few(self):
        """What a second snapshot adds to the heap of the program."""
        for python in self.each():
            self.python("import gc\nheapdump.snap('out.db')\ndel gc\nheapdump.snap('second.db', gc=True, force=True)\n"
                        "heapdump.snap('third.db', gc=True, force=True)", python)
            counts = [support.query(os.path.join(self.folder, name + ".db"), "SELECT count(*) AS n FROM objects")[0]["n"]
                      for name in ("second", "third")]
            self.assertLessEqual(abs(counts[1] - counts[0]), 20)


class Surroundings(PackageTest):
    def test_file_is_private_whatever_the_umask(self):
        for umask in (0o000, 0o777):
            self.python("os.umask(%d)\nheapdump.snap('out.db', force=True)" % umask)
            self.assertEqual(stat.S_IMODE(os.stat(self.db).st_mode), 0o600)

    def test_relative_path_is_the_callers(self):
        os.mkdir(os.path.join(self.folder, "sub"))
        self.python("os.chdir('sub')\nheapdump.snap('../out.db')")
        self.assertEqual(self.leaks(), 7)

    def test_pid_and_n(self):
        out = self.python("from pathlib import Path\n"
                          "for _ in range(3): print(heapdump.snap(Path('h.{pid}.{n}.db')).path.replace(str(os.getpid()), 'P'))")
        self.assertEqual(out.split(), ["h.P.1.db", "h.P.2.db", "h.P.3.db"])

    def test_few_descriptors(self):
        self.python("import resource\nheapdump.snap('out.db')\n"
                    "resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))\nheapdump.snap('out.db', force=True)")
        self.assertEqual(self.leaks(), 7)

    def test_other_threads_fork_and_exec_meanwhile(self):
        self.python("import subprocess, threading\nstop = []\n"
                    "def work():\n    while not stop: subprocess.call(['true'])\n"
                    "threads = [threading.Thread(target=work) for _ in range(3)]\n"
                    "for t in threads: t.start()\n"
                    "for i in range(10): heapdump.snap('out.db', force=True)\n"
                    "stop.append(1)\nfor t in threads: t.join()")
        self.assertEqual(self.leaks(), 7)

    def test_import_alone_does_nothing(self):
        out = self.python("print([m for m in ('ctypes', 'heapdump._snap') if m in sys.modules])")
        self.assertEqual(out, "[]\n")


class Refused(PackageTest):
    def refused(self, text, *patterns, **options):
        out = self.python("try:\n    %s\nexcept heapdump.Error as error:\n    print('Error:', error)" % text, **options)
        self.assertRegex(out, r"^Error: [^\n]+\n$")
        for pattern in patterns:
            self.assertRegex(out, pattern)
        self.assertFalse([name for name in os.listdir(self.folder) if "tmp" in name or ".db-" in name])

    def suggested(self, text, *patterns):
        """The call that the refusal of a call suggests."""
        self.refused(text, *patterns)
        out = self.python("try:\n    %s\nexcept heapdump.Error as error:\n    print(error)" % text)
        return re.search(r": (heapdump\.snap\(.*\))$", out, re.M).group(1)

    def test_existing(self):
        with open(self.db, "w") as file:
            file.write("precious")
        call = self.suggested("heapdump.snap('out.db')", "out.db: exists")
        with open(self.db) as file:
            self.assertEqual(file.read(), "precious")
        self.python(call)
        self.assertEqual(self.leaks(), 7)

    def test_no_directory(self):
        elsewhere = "elsewhere-%d.db" % os.getpid()
        call = self.suggested("heapdump.snap('nodir/%s')" % elsewhere, "nodir/" + elsewhere)
        self.python(call)
        os.unlink(os.path.join("/tmp", elsewhere))

    def test_values(self):
        self.refused("heapdump.snap('out.db', values='all')", "'all'", "'names', 'short' or 'full'")
        self.refused("heapdump.snap('out.db')", "'most'", env=support.environment(HEAPDUMP_VALUES="most"))

    def test_other_interpreters(self):
        self.refused("sys.abiflags = 't'; heapdump.snap('out.db')", "free-threaded")
        self.refused("sys.implementation.name = 'pypy'; heapdump.snap('out.db')", "only CPython")
        self.refused("sys.version_info = (3, 99, 0); heapdump.snap('out.db')", "3.99.0")

    def test_no_space_for_the_file(self):
        self.refused("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); heapdump.snap('out.db')",
                     "out.db: cannot write")
        self.assertFalse(os.path.exists(self.db))

    def test_collector_that_dies_or_is_missing(self):
        for program, pattern in (("/bin/true", "ended without a word"), ("/nonexistent", "No such file")):
            self.refused("import heapdump._snap as s; agent, _ = s._installation();"
                         "s._installation = lambda: (agent, %r); heapdump.snap('out.db')" % program.encode(), pattern)
            self.assertFalse(os.path.exists(self.db))

    def test_no_descriptors(self):
        self.refused("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)); heapdump.snap('out.db')",
                     "Too many open files")


class Secrets(PackageTest):
    PLANTED = """
SECRET = 'zq' + 'xj-%s-%04d'
class Account:
    def __init__(self, n):
        self.password = SECRET % ('attr', n)
        self.blob = (SECRET % ('bytes', n)).encode()
        self.number = 0x7a71786a00000000 + n
        self.ratio = float.fromhex('0x1.7a71786a%04xp+3' % n)
        self.bag = bytearray((SECRET % ('bytearray', n)).encode())
accounts = [Account(n) for n in range(100)]
entries = {SECRET % ('entry', n): SECRET % ('value', n) for n in range(100)}
in_set = {SECRET % ('set', n) for n in range(100)}
os.environ['DB_PASSWORD'] = SECRET % ('env', 1)
sys.argv.append(SECRET % ('argv', 1))
def serve(argument):
    local = SECRET % ('local', 1)
    options = dict(token=SECRET % ('kwarg', 1))
    return heapdump.snap('out.db', **OPTIONS)
"""

    def everything_in(self, path):
        """All bytes of the file, and its compressed parts inflated."""
        with open(path, "rb") as file:
            parts = [file.read()]
        connection = sqlite3.connect(path)
        tables = [name for name, in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute('SELECT * FROM "%s"' % table):
                for value in row:
                    if isinstance(value, bytes):
                        parts.append(zlib.decompress(value))
        connection.close()
        return b"\n".join(parts)

    def plant(self, options):
        self.python("OPTIONS = %r\n" % options + self.PLANTED + "serve(SECRET % ('argument', 1))",
                    env=support.environment(SECRET_TOKEN="zqxj-env-0002"))
        return self.everything_in(self.db)

    def test_default_snapshot_holds_none(self):
        content = self.plant({})
        self.assertNotIn(b"zqxj", content)
        for n in range(100):
            self.assertNotIn((0x7a71786a00000000 + n).to_bytes(8, "little"), content)
            self.assertNotIn(str(0x7a71786a00000000 + n).encode(), content)
        self.assertIn(b"Account", content)
        self.assertIn(b"password", content)

    def test_short_leaves_out_what_looks_secret(self):
        content = self.plant({"values": "short"})
        found = set(re.findall(rb"zqxj-([a-z]+)-", content))
        self.assertLessEqual({b"value", b"set", b"bytes"}, found)
        self.assertFalse(found & {b"attr", b"kwarg"}, found)

    def test_full_says_so(self):
        content = self.plant({"values": "full"})
        self.assertIn(b"zqxj-attr-", content)
        self.assertEqual(self.facts()["values_policy"], "full")


if __name__ == "__main__":
    unittest.main()
