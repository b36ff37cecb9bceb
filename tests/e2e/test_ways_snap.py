"""heapdump snap: which process, into what, and being interrupted; heapdump list."""
import json
import os
import pty
import signal
import sqlite3
import subprocess
import time
import unittest

import support
from ways import WaysTest, a_user

SLOW = True

SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(600)"
CYCLES = "import gc\n{}\nclass Knot: pass\nfor _ in range(300):\n    knot = Knot(); knot.me = knot\n" + SLEEPER
MASTER = "import os\nfor _ in range(2):\n    if os.fork() == 0: break\nelse: print('ready', flush=True)\nimport time\ntime.sleep(600)"


@unittest.skipIf(os.geteuid(), "processes of another user need root")
class WhichProcess(WaysTest):
    def setUp(self):
        super().setUp()
        self.uid = a_user()
        self.env = support.environment(SUDO_UID=str(self.uid), SUDO_GID=str(self.uid))

    def test_the_only_one(self):
        process = self.start(SLEEPER, uid=self.uid)
        done = self.heapdump("snap", "a.db", env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^heapdump: process %d \(/usr/bin/python3 -c\)\n$" % process.pid)
        self.assertRegex(done.stdout, r"^a\.db: [\d,]+ objects")
        status = os.stat(self.path("a.db"))
        self.assertEqual((status.st_uid, status.st_gid, status.st_mode & 0o777), (self.uid, self.uid, 0o600))

    def test_none(self):
        self.assertIn("no Python process of user %d" % self.uid, self.refused("snap", "a.db", env=self.env))

    def test_several_are_listed(self):
        pids = [self.start(SLEEPER, uid=self.uid).pid for _ in range(2)]
        done = self.heapdump("snap", "a.db", env=self.env)
        self.assertEqual(done.returncode, 2)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 4, done.stderr)
        self.assertEqual(sorted(int(line.split()[0]) for line in lines[1:3]), sorted(pids))
        self.assertRegex(lines[3], r"^heapdump: which of these 2\? Name one; try: heapdump snap FILE\.db -p \d+$")
        self.assertEqual(self.files(), [])

    def test_a_master_and_its_workers(self):
        process = self.start(MASTER, uid=self.uid)
        self.assertIn("which of these 3", self.refused("snap", "a.db", env=self.env))
        self.good("snap", "{pid}.db", "--children", env=self.env)
        self.assertEqual(len(self.files()), 3)
        self.assertIn("%d.db" % process.pid, self.files())

    def test_not_ones_own_ancestor(self):
        """A Python program that calls heapdump does not get itself."""
        program = "import subprocess, sys\nsys.exit(subprocess.call(sys.argv[1:]))"
        done = support.run(["/usr/bin/python3", "-c", program, support.HEAPDUMP, "snap", self.path("a.db")], env=self.env,
                           user=self.uid, cwd="/")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("no Python process", done.stderr)

    def test_wait_for_one(self):
        waiting = subprocess.Popen([support.HEAPDUMP, "snap", "a.db", "--wait"], cwd=self.folder, env=self.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        self.assertIsNone(waiting.poll())
        self.start(SLEEPER, uid=self.uid)
        self.assertIn("objects", waiting.communicate(timeout=30)[0])


class IntoWhat(WaysTest):
    def test_json(self):
        process = self.start(SLEEPER)
        said = json.loads(self.good("snap", "a.db", "--json", "-p", process.pid))
        self.assertEqual((said["file"], said["pid"]), ("a.db", process.pid))
        self.assertEqual(said["bytes"], os.path.getsize(self.path("a.db")))
        rows = support.query(self.path("a.db"), "SELECT value AS objects FROM snapshot WHERE name = 'objects'")
        self.assertEqual(rows, [{"objects": said["objects"]}])
        self.assertGreater(said["refs"], said["objects"])
        rows = support.query(self.path("a.db"), "SELECT sum(value) / 1e6 AS ms FROM snapshot"
                                                " WHERE name IN ('stopped_ns', 'pause_ns') AND value > 0")
        self.assertAlmostEqual(rows[0]["ms"], said["paused_ms"], places=2)

    def test_numbered(self):
        process = self.start(SLEEPER)
        for _ in range(2):
            self.good("snap", "{pid}.{n}.db", "-p", process.pid)
        self.assertEqual(self.files(), ["%d.%d.db" % (process.pid, n) for n in (1, 2)])
        self.assertIn("exists already", self.refused("snap", self.files()[0], "-p", process.pid))

    def test_standard_output(self):
        process = self.start(SLEEPER)
        with open(self.path("a.db"), "wb") as file:
            done = subprocess.run([support.HEAPDUMP, "snap", "-", "-p", str(process.pid)], stdout=file,
                                  stderr=subprocess.PIPE, env=support.environment(TMPDIR=self.folder), timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, rb"^standard output: [\d,]+ objects")
        support.check([support.HEAPQUERY, "verify", self.path("a.db")])
        self.assertEqual(self.files(), ["a.db"])

    def test_not_to_a_terminal(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        done = subprocess.run([support.HEAPDUMP, "snap", "-", "-p", str(self.start(SLEEPER).pid)], stdout=terminal,
                              stderr=subprocess.PIPE, timeout=60)
        os.close(terminal)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"terminal", done.stderr)

    def test_plain(self):
        process = self.start(SLEEPER)
        said = json.loads(self.good("snap", "a.db", "--plain", "--json", "-p", process.pid))
        with sqlite3.connect(self.path("a.db")) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM objects").fetchone(), (said["objects"],))
        database.close()
        self.assertEqual(self.files(), ["a.db"])
        self.assertEqual(os.stat(self.path("a.db")).st_mode & 0o777, 0o600)

    def test_collector_of_garbage_first(self):
        for version, python in support.interpreters().items():
            old = version.startswith(("3.8.", "3.9."))  # no way from outside to have a disabled collector work
            for switch in ("gc.set_threshold(0)", *(() if old else ("gc.disable()",))):
                with self.subTest(version, switch=switch):
                    process = self.start(CYCLES.format(switch), python=python)
                    counts = []
                    for more in ([], ["--gc"], []):
                        self.good("snap", "-fq", "a.db", "-p", process.pid, *more)
                        rows = support.query(self.path("a.db"), "SELECT objects FROM types WHERE name = '__main__.Knot'")
                        counts.append(rows[0]["objects"])
                    self.assertEqual(counts, [300, 1, 1])  # the last one has a name

    def test_usage(self):
        process = self.start(SLEEPER)
        self.assertIn("--children writes several", self.refused("snap", "a.db", "--children", "-p", process.pid))
        self.assertIn("into which file", self.refused("snap"))
        self.assertIn("one file at a time", self.refused("snap", "a.db", "b.db"))


class Interrupted(WaysTest):
    def interrupted(self, process, *arguments, number=signal.SIGINT):
        tool = subprocess.Popen([support.HEAPDUMP, "snap", *arguments, "-p", str(process.pid)], cwd=self.folder,
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        time.sleep(0.3)
        began = time.monotonic()
        tool.send_signal(number)
        said = tool.communicate(timeout=30)[1]
        self.assertEqual((tool.returncode, said), (-number, b""))
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.files(), [])
        self.assertIsNone(process.poll(), "the target ended")

    def test_while_it_does_not_answer(self):
        process = self.start("print('ready', flush=True)\nsum(range(10 ** 13))")
        support.wait_until_busy(process.pid)
        for number in (signal.SIGINT, signal.SIGTERM):
            self.interrupted(process, "a.db", number=number)

    def test_while_waiting(self):
        process = self.start(None, argv=["sh", "-c", "echo ready; sleep 600"])
        self.interrupted(process, "a.db", "--wait")

    def test_while_it_is_written(self):
        process = self.start("x = [[n] for n in range(2_000_000)]\n" + SLEEPER)
        self.interrupted(process, "a.db")


class List(WaysTest):
    def listed(self, pid):
        rows = [json.loads(line) for line in self.good("list", "--json").splitlines()]
        return next((row for row in rows if row["pid"] == pid), None)

    def test_python_and_others(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start(SLEEPER, python=python)
                row = self.listed(process.pid)
                self.assertTrue(version.startswith(row["python"]) and row["python"].count(".") > 0, row)
                self.assertEqual((row["parent"], row["threads"], row["can_snap"], row["reason"], row["listening"]),
                                 (os.getpid(), 1, True, None, False))
                self.assertEqual(row["command"], python + " -c")
                self.assertGreater(row["rss_bytes"], 1 << 20)
                self.assertLess(row["age_s"], 60)
        self.assertIsNone(self.listed(self.start(None, argv=["sh", "-c", "echo ready; sleep 600"]).pid))

    def test_why_not(self):
        process = self.start(SLEEPER)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        row = self.listed(process.pid)
        self.assertFalse(row["can_snap"])
        self.assertIn("kill -CONT", row["reason"])
        self.assertRegex(self.good("list"), r"\n *%d [^\n]+\n +no: process %d is stopped" % (process.pid, process.pid))

    def test_no_arguments(self):
        self.assertIn("takes no argument", self.refused("list", "x"))


if __name__ == "__main__":
    unittest.main()
