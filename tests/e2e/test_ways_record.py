"""heapdump record, heapdump mark and heapdump.mark(): the memory of a process as a table."""
import csv
import datetime
import os
import signal
import subprocess
import time

import support
from ways import WaysTest

SLEEPER = "import time\nprint('ready', flush=True)\ntime.sleep(600)"
GROWS = """
import sys, time, heapdump
print("ready", flush=True)
sys.stdin.readline()
kept = []
for n in range(3):
    kept.append(bytearray(20_000_000))
    assert heapdump.mark("=repetition %d, of \\"3\\"\\n" % n)
"""
COUNTS = """
import gc, sys
gc.disable()
gc.freeze()
frozen = gc.get_freeze_count()
kept = [[] for _ in range(1234)]
print("ready", flush=True)
sys.stdin.readline()
print(len(gc.get_objects()) + frozen, flush=True)
"""
LABELS = ["nothing special", "with, comma", 'with "quotes"', "two\nlines", "=1+1", "+1", "-1", "@x", "\ttab", "ä", ""]


class Record(WaysTest):
    def setUp(self):
        super().setUp()
        self.runtime = self.path("runtime")
        os.mkdir(self.runtime, 0o700)
        self.env = support.environment(XDG_RUNTIME_DIR=self.runtime)
        self.csv = self.path("memory.csv")

    def record(self, process, *more):
        if os.path.exists(self.csv):
            open(self.csv, "w").close()  # its rows are those of the new one, then
        recorder = subprocess.Popen([support.HEAPDUMP, "record", "-o", self.csv, "-p", str(process.pid), *more],
                                    env=self.env, stderr=subprocess.PIPE, text=True)
        self.addCleanup(recorder.stderr.close)
        self.addCleanup(recorder.wait)
        self.addCleanup(recorder.kill)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and recorder.poll() is None:
            if os.path.exists(self.csv) and len(self.rows()) > 0 and self.announced():
                break
            time.sleep(0.02)
        return recorder

    def announced(self):
        folder = os.path.join(self.runtime, "heapdump")
        return os.listdir(folder) if os.path.isdir(folder) else []

    def rows(self):
        with open(self.csv, newline="") as file:
            return list(csv.DictReader(file))

    def mark(self, *arguments):
        return self.heapdump("mark", *arguments, env=self.env)

    def test_rows(self):
        process = self.start(SLEEPER)
        recorder = self.record(process, "--every", "0.1", "--pss")
        deadline = time.monotonic() + 60
        while len(self.rows()) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        recorder.send_signal(signal.SIGINT)
        self.assertEqual((recorder.wait(10), recorder.stderr.read()), (-signal.SIGINT, ""))
        rows = self.rows()
        self.assertGreaterEqual(len(rows), 5)
        for row in rows:
            self.assertEqual(list(row), ["timestamp", "vm_size", "rss", "pss", "threads", "objects", "label"])
            self.assertGreaterEqual(int(row["vm_size"]), int(row["rss"]))
            self.assertGreaterEqual(int(row["rss"]) * 1.5, int(row["pss"]))
            self.assertEqual((row["threads"], row["objects"], row["label"]), ("1", "", ""))
        taken = datetime.datetime.strptime(rows[-1]["timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ")
        self.assertLess(abs((datetime.datetime.utcnow() - taken).total_seconds()), 60)
        self.assertEqual(os.stat(self.csv).st_mode & 0o777, 0o600)
        self.assertEqual(self.announced(), [])

    def counted(self, process):
        """The count in the first row of a record."""
        recorder = self.record(process, "--every", "100", "--objects-every", "100", "-f")
        recorder.send_signal(signal.SIGINT)
        self.assertEqual((recorder.wait(10), recorder.stderr.read()), (-signal.SIGINT, ""))
        return int(self.rows()[0]["objects"])

    def test_objects(self):
        """As many as a snapshot has and as the program says itself, attached to and listening, on each CPython."""
        for version, python in support.interpreters().items():
            for listen in "0", "1":
                with self.subTest(version, listen=listen):
                    process = self.start(COUNTS, python=python, env=dict(self.env, HEAPDUMP_LISTEN=listen), stdin=subprocess.PIPE)
                    self.good("snap", "-f", "s.db", "-p", process.pid)
                    rows = support.query(self.path("s.db"), "SELECT value FROM snapshot WHERE name = 'tracked_objects'")
                    counted = self.counted(process)
                    process.stdin.close()
                    # Within what calls that run at one moment and not at the other need.
                    self.assertLess(abs(int(process.stdout.readline()) - counted), 20)
                    self.assertLess(abs(int(rows[0]["value"]) - counted), 20)
                    self.assertEqual(process.wait(10), 0)

    def test_objects_of_a_process_that_stands_still(self):
        process = self.start(SLEEPER)
        recorder = self.record(process, "--every", "0.05", "--objects-every", "0.1")
        self.assertIsNone(recorder.poll())
        os.kill(process.pid, signal.SIGSTOP)
        try:
            self.assertIn("no count of objects: process %d is stopped" % process.pid, recorder.stderr.readline())
        finally:
            os.kill(process.pid, signal.SIGCONT)
        before = len(self.rows())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not any(row["objects"] for row in self.rows()[before:]):
            time.sleep(0.05)
        self.assertTrue(any(row["objects"] for row in self.rows()[before:]))

    def test_until_the_process_ends(self):
        process = self.start(SLEEPER)
        recorder = self.record(process, "--every", "0.05")
        process.kill()  # and stays as a zombie
        self.assertEqual((recorder.wait(10), recorder.stderr.read()), (0, ""))
        self.assertEqual({row["pss"] for row in self.rows()}, {""})

    def test_marks(self):
        process = self.start(SLEEPER)
        recorder = self.record(process, "--every", "100")
        for label in LABELS:
            self.assertEqual(self.mark("--", label).stderr, "")
        self.assertEqual(self.mark("by pid", "-p", process.pid).returncode, 0)
        guarded = [("'" if label[:1] in tuple("=+-@\t") and label else "") + label.replace("\n", " ").replace("\t", " ")
                   for label in LABELS]
        rows = self.rows()
        self.assertEqual([row["label"] for row in rows[1:]], guarded + ["by pid"])
        self.assertTrue(all(int(row["rss"]) > 1 << 20 for row in rows))
        recorder.terminate()
        recorder.wait()
        self.assertIn("nothing is being recorded", self.mark("x").stderr)

    def test_marks_from_python(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start(GROWS, python=python, env=self.env, stdin=subprocess.PIPE)
                recorder = self.record(process, "--every", "100", "-f")
                process.stdin.write(b"\n")
                process.stdin.close()
                self.assertEqual(process.wait(20), 0)
                recorder.terminate()
                recorder.wait()
                marks = self.rows()[1:]
                self.assertEqual([row["label"] for row in marks], ["'=repetition %d, of \"3\" " % n for n in range(3)])
                self.assertGreater(int(marks[2]["vm_size"]) - int(marks[0]["vm_size"]), 39_000_000)

    def test_no_recorder_no_harm(self):
        said = support.check(["/usr/bin/python3", "-c", "import heapdump; print(heapdump.mark('x'))"], env=self.env)
        self.assertEqual(said, "False\n")

    def test_a_killed_recorder_leaves_nothing_that_counts(self):
        process = self.start(SLEEPER)
        recorder = self.record(process)
        recorder.kill()
        recorder.wait()
        self.assertIn("nothing is being recorded", self.mark("x").stderr)
        again = self.record(process, "-f")
        self.assertEqual(self.mark("x").returncode, 0)
        self.assertIsNone(again.poll())

    def test_which_one(self):
        first, second = self.start(SLEEPER), self.start(SLEEPER)
        self.record(first)
        self.csv = self.path("second.csv")
        self.record(second)
        self.assertRegex(self.mark("x").stderr, r"^heapdump: processes \d+ and \d+ are being recorded; try: heapdump mark LABEL -p \d+\n$")
        self.assertEqual(self.mark("x", "-p", first.pid).returncode, 0)

    def test_refused(self):
        process = self.start(SLEEPER)
        self.record(process)
        for said, arguments in (("already", ("-o", self.path("x.csv"), "-p", process.pid)),
                                ("exists", ("-o", self.csv, "-p", os.getpid())),
                                ("no process", ("-o", self.path("y.csv"), "-p", 1 << 23)),
                                ("not a file", ("-o", "/dev/null", "-f", "-p", os.getpid())),
                                ("into which file", ("-p", process.pid)),
                                ("from 0.01", ("-o", self.csv, "--every", "0"))):
            self.assertIn(said, self.refused("record", *arguments, env=self.env))
        self.assertEqual(self.files(), ["memory.csv", "runtime"])
        os.chmod(os.path.join(self.runtime, "heapdump"), 0o755)
        self.assertIn("closed to others", self.mark("x").stderr)
        self.assertIn("not being recorded", self.refused("mark", "x", "-p", 1, env=dict(self.env, XDG_RUNTIME_DIR=self.folder)))
        self.assertIn("which label", self.refused("mark", env=self.env))


if __name__ == "__main__":
    import unittest
    unittest.main()
