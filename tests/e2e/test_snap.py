"""heapdump snap: processes that nobody prepared, in whatever they do."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

import support

SLOW = True

TARGET = """
import os, select, sys, threading, time
class Held: pass
registry = {n: Held() for n in range(1000)}
def work(kind):
    if kind == "sleep": time.sleep(600)
    if kind == "loop":
        while True: sum(range(100))
    if kind == "select": select.select([], [], [], 600)
    if kind == "poll": select.poll().poll(600_000)
    if kind == "epoll": select.epoll().poll(600)
    if kind == "read": sys.stdin.read()
    if kind == "lock":
        lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=600)
    if kind == "join":
        thread = threading.Thread(target=time.sleep, args=(600,), daemon=True); thread.start(); thread.join()
    if kind == "native": sum(range(10 ** 13))
    if kind == "busy main, idle thread":
        import hashlib
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        while True: hashlib.pbkdf2_hmac("sha256", b"", b"", 3_000_000)
print("ready", flush=True)
work(sys.argv[1])
"""
KINDS = ("sleep", "loop", "select", "poll", "epoll", "read", "lock", "join", "busy main, idle thread")


class Snap(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def start(self, python, kind):
        process = subprocess.Popen([python, "-c", TARGET, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=support.environment())
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def end(self, process):
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def snap(self, process, *more):
        path = os.path.join(self.directory, "snap.db")
        return path, support.run([support.HEAPDUMP, "snap", "-f", path, "-p", process.pid, *more])

    def children(self, process):
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as children:
            return children.read().split()

    def test_whatever_it_does(self):
        for version, python in support.interpreters().items():
            for kind in KINDS:
                with self.subTest(version, kind=kind):
                    process = self.start(python, kind)
                    path, done = self.snap(process)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertRegex(done.stdout, r"^.*/snap\.db: [\d,]+ objects, [\d.]+ MB, target paused [\d.]+ ms\n$")
                    self.assertIsNone(process.poll(), "the target ended")
                    self.assertEqual(self.children(process), [])
                    support.check([support.HEAPQUERY, "verify", path])
                    rows = support.query(path, "SELECT objects FROM types WHERE name = '__main__.Held'")
                    self.assertEqual(rows, [{"objects": 1000}])
                    self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
                    self.end(process)  # else the busy ones pile up

    def test_again_and_again(self):
        process = self.start(next(iter(support.interpreters().values())), "loop")
        for _ in range(20):
            _, done = self.snap(process)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_native_code_that_holds_the_gil(self):
        process = self.start(next(iter(support.interpreters().values())), "native")
        support.wait_until_busy(process.pid)
        path, done = self.snap(process, "--timeout", "0.5")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("holds the GIL", done.stderr)
        self.assertFalse(os.path.exists(path))
        self.assertIsNone(process.poll(), "the target ended")

    def test_refused(self):
        process = self.start(next(iter(support.interpreters().values())), "sleep")
        sleeper = subprocess.Popen(["sleep", "600"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        zombie = subprocess.Popen(["true"])
        self.addCleanup(zombie.wait)
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        for pid, said in ((sleeper.pid, "not a Python process"), (2 ** 22 + 1, "no process"), (zombie.pid, "has ended"),
                          ("x", "not the number")):
            done = support.run([support.HEAPDUMP, "snap", os.path.join(self.directory, "no.db"), "-p", pid])
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(said, done.stderr)
        os.kill(process.pid, signal.SIGSTOP)
        _, done = self.snap(process)
        self.assertIn("kill -CONT", done.stderr)
        os.kill(process.pid, signal.SIGCONT)
        _, done = self.snap(process)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
