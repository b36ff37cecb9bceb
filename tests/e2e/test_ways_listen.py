"""Programs that listen for heapdump snap, also where nobody may trace them."""
import json
import os
import shutil
import socket
import subprocess
import time
import unittest

import support
from ways import WaysTest, a_user

SLOW = True

# With an argument: a program that forbids tracing, as a hardened pod does.
PROGRAM = """
import ctypes, os, sys, threading, time
if "untraceable" in sys.argv: assert ctypes.CDLL(None).prctl(4, 0) == 0  # PR_SET_DUMPABLE
class Held: pass
held = [Held() for _ in range(50)]
if "import" in sys.argv: import heapdump; heapdump.listen(); heapdump.listen()
assert threading.active_count() == 1
if "fork" in sys.argv: os.fork()
if "fork" not in sys.argv or os.getpid() == os.getpgid(0): print("ready", flush=True)
if "native" in sys.argv: sum(range(10 ** 13))
time.sleep(600)
"""

LATE = """
import heapdump, time
from heapdump import _snap
calls, stream = [], _snap.stream
def count(*arguments):
    calls.append(1)
    return stream(*arguments)
_snap.stream = count
heapdump.listen()
print("ready", flush=True)
sum(range(10 ** 8))
time.sleep(0.5)
print(len(calls), flush=True)
time.sleep(600)
"""


class ListenTest(WaysTest):
    def start(self, program, *arguments, listen=True, **options):
        env = support.environment(**({"HEAPDUMP_LISTEN": "1"} if listen else {}))
        return super().start(program, *arguments, env=env, **options)

    def untracing(self, *arguments):
        """heapdump without the right to trace what forbids it. Gives the status and all that was said."""
        drop = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"] if os.geteuid() == 0 else []
        done = support.run([*drop, support.HEAPDUMP, *arguments], cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def check_snapshot(self, *arguments):
        self.assertEqual(self.untracing("snap", "-f", "a.db", *arguments)[0], 0)
        support.check([support.HEAPQUERY, "verify", self.path("a.db")])
        rows = support.query(self.path("a.db"), "SELECT objects FROM types WHERE name = '__main__.Held'")
        self.assertEqual(rows, [{"objects": 50}])


class Listen(ListenTest):
    def test_where_nobody_may_trace(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start(PROGRAM, "untraceable", python=python)
                fds = os.listdir("/proc/%d/fd" % process.pid) if os.geteuid() == 0 else None
                self.check_snapshot("-p", process.pid)
                rows = [json.loads(line) for line in self.untracing("list", "--json")[1].splitlines()]
                row = next(row for row in rows if row["pid"] == process.pid)
                self.assertEqual((row["listening"], row["can_snap"], row["threads"]), (True, True, 2))
                if fds is not None:
                    self.assertEqual(os.listdir("/proc/%d/fd" % process.pid), fds)
                self.assertIsNone(process.poll())

    def test_the_same_without_a_listener_is_refused(self):
        process = self.start(PROGRAM, "untraceable", listen=False)
        status, said = self.untracing("snap", "a.db", "-p", process.pid)
        self.assertEqual(status, 2)
        self.assertRegex(said, r"^heapdump: [^\n]* %d\b[^\n]*heapdump run --listen [^\n]*\n$" % process.pid)

    def test_a_fork_listens_as_well(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start(PROGRAM, "untraceable", "fork", python=python)
                with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as file:
                    child = file.read().split()[0]
                deadline = time.monotonic() + 10
                while time.monotonic() < deadline and self.untracing("snap", "-fq", "a.db", "-p", child)[0]:
                    time.sleep(0.05)
                self.check_snapshot("-p", child)
                self.check_snapshot("-p", process.pid)

    def test_by_import_and_by_call(self):
        process = self.start("import heapdump\n" + PROGRAM, "untraceable")
        self.check_snapshot("-p", process.pid)
        process = self.start(PROGRAM, "untraceable", "import", listen=False)
        self.check_snapshot("-p", process.pid)

    def test_the_program_has_its_own_sitecustomize(self):
        with open(self.path("sitecustomize.py"), "w") as file:
            file.write("import sys\nsys.mark = __file__\n")
        env = support.environment()
        for listen in ("0", "1"):
            env.update(HEAPDUMP_LISTEN=listen, PYTHONPATH=os.path.join(support.BUILD, "python") + ":" + self.folder)
            said = support.check(["/usr/bin/python3", "-c", "import sys, sitecustomize; print(sys.mark, sitecustomize.__file__)"],
                                 env=env)
            self.assertEqual(said.split(), 2 * [self.path("sitecustomize.py")])

    def test_collector_of_garbage_and_values(self):
        process = self.start("words = ['hunter' + str(2)]\n" + PROGRAM, "untraceable")
        self.check_snapshot("--gc", "--values", "short", "-p", process.pid)
        self.assertEqual(support.query(self.path("a.db"), "SELECT count(*) AS n FROM objects WHERE value = 'hunter2'"), [{"n": 1}])


class Run(WaysTest):
    def is_of(self, process, pid):
        try:
            return os.getpgid(pid) == process.pid
        except ProcessLookupError:
            return False

    def test_all_of_them_listen(self):
        """The program, and one that it starts; snapped by the tool that runs it, with nothing on its PYTHONPATH."""
        worker = "import time, threading; print('ready', flush=True); time.sleep(600)"
        program = "import subprocess, sys\nclass Mine: pass\nmine = Mine()\nsubprocess.call([sys.executable, '-c', sys.argv[1]])"
        env = support.environment()
        env.pop("PYTHONPATH")
        for python in support.interpreters().values():
            process = self.start(None, env=env, argv=[support.HEAPDUMP, "run", "--listen", "--", python, "-c", program, worker])
            rows = [json.loads(line) for line in self.good("list", "--json").splitlines()]
            rows = [row for row in rows if self.is_of(process, row["pid"])]
            self.assertEqual([row["listening"] for row in rows], [True, True])
            self.good("snap", "-fq", "a.db", "-p", min(row["pid"] for row in rows))
            self.assertEqual(len(support.query(self.path("a.db"), "SELECT 1 FROM types WHERE name = '__main__.Mine'")), 1)

    def test_and_a_snapshot_at_the_end(self):
        program = "import os, threading; print(os.environ.get('HEAPDUMP_RUN_OUTPUT'), len(os.listdir('/proc/self/task')))"
        said = self.good("run", "--listen", "--at-exit", "-qo", "a.db", "--", "/usr/bin/python3", "-c", program)
        self.assertEqual(said, "None 2\n")
        self.assertEqual(self.files(), ["a.db"])
        self.assertEqual(self.good("run", "--listen", "--", "/usr/bin/python3", "-c", program), "None 2\n")
        self.assertEqual(self.files(), ["a.db"])


class Peers(ListenTest):
    def connect(self, process):
        with open("/proc/net/unix") as table:
            name = next(line.split()[-1] for line in table if "@heapdump-listen.%d." % process.pid in line)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect("\0" + name[1:])
        self.addCleanup(connection.close)
        return connection

    @unittest.skipIf(os.geteuid(), "another user needs root")
    def test_another_user_is_not_served(self):
        process = self.start(PROGRAM)
        done = support.run([support.HEAPDUMP, "snap", self.path("a.db"), "-p", process.pid], user=a_user(), cwd="/")
        self.assertEqual(done.returncode, 2)
        self.assertIn("serves its own user and root", done.stderr)
        self.assertEqual(self.files(), [])

    def test_nonsense_does_not_disturb(self):
        process = self.start(PROGRAM)
        for text in (b"", b"\n", b"\xff" * 300, b"heapdump 2 snap names\n", b"heapdump 1 snap names\n", b"heapdump 1 snap\n"):
            connection = self.connect(process)
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            try:
                self.assertEqual(connection.recv(1000), b"")
            except ConnectionResetError:
                pass  # closed with bytes unread
        read, write = os.pipe()
        for text, said in ((b"heapdump 2 snap names\n", b"another version"), (b"heapdump 1 snap all\n", b"'names', 'short' or 'full'")):
            connection = self.connect(process)
            socket.send_fds(connection, [text], [write])
            reply = connection.recv(1000)
            self.assertTrue(reply.startswith(b"error ") and said in reply, reply)
        os.close(read)
        os.close(write)
        self.check_snapshot("-p", process.pid)

    def test_no_answer_in_time(self):
        process = self.start(PROGRAM, "native")
        support.wait_until_busy(process.pid)
        status, said = self.untracing("snap", "a.db", "--timeout", "0.5", "-p", process.pid)
        self.assertEqual(status, 2)
        self.assertIn("holds the GIL", said)
        self.assertEqual(self.files(), [])

    def test_nothing_runs_after_it_gave_up(self):
        process = self.start(LATE)
        self.assertEqual(self.untracing("snap", "a.db", "--timeout", "0.05", "-p", process.pid)[0], 2)
        self.assertEqual(process.stdout.readline(), b"0\n")
        self.untracing("snap", "a.db", "-p", process.pid)
        self.assertEqual(self.files(), ["a.db"])


if __name__ == "__main__":
    unittest.main()
