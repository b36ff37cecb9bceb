"""Files that cannot be written: each open, write, sync, cut, rename by which the tools make a file goes wrong once.

The disk is full, broken, interrupts, takes half of what it is given, or the process is killed. Then the new file is
complete, or there is none and what stood there before is as it was; the tool ends with status 0 or with 2 and one line
that names the file, and leaves nothing beside it.
"""
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import oracle_run
import support
from support import HEAPDIFF, HEAPDUMP, HEAPQUERY

sys.path.insert(0, os.path.join(support.ROOT, "tests", "fuzz"))
import seeds_stream

SLOW = True
TRAPS = os.path.join(support.BUILD, "fault", "traps.so")
TIMEOUT_S = 60
OLD = b"what stood here before"
# "new" is the file made; "stream" what an agent sent; {force} is -f where there is an old file.
COMMANDS = {
    "collect": [HEAPDUMP, "collect", "-o", "new.db", "{force}"],
    "unpack": [HEAPQUERY, "unpack", "{force}", "after.db", "new.db"],
    "picture": [HEAPQUERY, "chain", "{force}", "after.db", "webapp.DB[-1]", "-o", "new.dot"],
    "graph": [HEAPDIFF, "{force}", "before.db", "after.db", "--graph", "new.dot"],
}
EVERY = 10  # of the hundreds of calls that write the snapshot of a real program, one in so many fails
# Failure, and whether it stays.
FAILURES = [("ENOSPC", True), ("EIO", False), ("EINTR", False), ("SHORT", False), ("SHORT", True), ("KILL", False)]


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


class Trapped:
    """A command, run again and again; `old` is what stands at the file's name before."""

    def __init__(self, name, old, files):
        self.name, self.old, self.files = name, old, files
        self.argv = [word for word in COMMANDS[name] if old or word != "{force}"]
        self.argv = ["-f" if word == "{force}" else word for word in self.argv]
        self.new = next(word for word in self.argv if word.startswith("new."))

    def run(self, place, **faults):
        for name in self.files:
            os.symlink(os.path.join(self.files[name]), os.path.join(place, name))
        if self.old:
            with open(os.path.join(place, self.new), "wb") as file:
                file.write(self.old)
        env = dict(os.environ, LD_PRELOAD=TRAPS, ASAN_OPTIONS="verify_asan_link_order=0", **faults)
        with open(os.path.join(place, "stream"), "rb") as stream:
            return subprocess.run(self.argv, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=place,
                                  env=env, timeout=TIMEOUT_S, text=True)

    def calls(self):
        with tempfile.TemporaryDirectory(prefix="heapdump-fault-") as place:
            log = os.path.join(place, "calls")
            done = self.run(place, FAULT_LOG=log)
            assert done.returncode == 0, done
            self.size = os.path.getsize(os.path.join(place, self.new))
            return int(read(log))

    def is_complete(self, path):
        if self.new.endswith(".db"):
            return subprocess.run([HEAPQUERY, "verify", path], stdout=subprocess.DEVNULL).returncode == 0
        return os.path.getsize(path) == self.size

    def complaint(self, failure, stays, at):
        """What is wrong with what came of it, None if nothing is."""
        with tempfile.TemporaryDirectory(prefix="heapdump-fault-") as place:
            stays = {"FAULT_STAYS": "1"} if stays else {}
            done = self.run(place, FAULT_ERROR=failure, FAULT_AT=str(at), **stays)
            path = os.path.join(place, self.new)
            data = read(path)
            said = done.stderr or (done.stdout if done.stdout.startswith("error ") else "")
            killed = failure == "KILL" and done.returncode == -signal.SIGKILL
            wrong = None
            if data != self.old and not self.is_complete(path):
                wrong = "a file that is neither old nor complete"
            elif done.returncode == 0 and data == self.old:
                wrong = "no new file, and no error"
            elif not killed and done.returncode not in (0, 2):
                wrong = "no such status"
            elif done.returncode == 2 and (len(said.splitlines()) != 1 or self.new not in said):
                wrong = "no line that names the file"
            elif not killed and set(os.listdir(place)) - {*self.files, self.new}:
                wrong = "files left behind: %s" % os.listdir(place)
            return wrong and "%s%s, %s at %d: %s\nstatus %d\n%s" % (
                self.name, " -f" if self.old else "", failure, at, wrong, done.returncode, said)


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="heapdump-fault-")
        cls.files = {name: os.path.join(cls.place, name) for name in ("before.db", "after.db", "stream")}
        support.check([os.path.join(support.BUILD, "fault", "snapshots"), cls.files["before.db"], cls.files["after.db"]])
        captured = oracle_run.capture(next(iter(support.interpreters().values())), "frames")
        cls.large = dict(cls.files, stream=os.path.join(cls.place, "large"))
        with open(cls.large["stream"], "wb") as file:
            file.write(captured["ORACLE_STREAM"])
        with open(cls.files["stream"], "wb") as file:
            file.write(seeds_stream.stream(seeds_stream.PAIR, 30, True))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.place)

    def check(self, jobs):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            complaints = [found for found in pool.map(lambda job: job[0].complaint(*job[1:]), jobs) if found]
        self.assertTrue(not complaints, "%d of %d\n%s" % (len(complaints), len(jobs), "\n".join(complaints[:20])))

    def test_every_call_fails(self):
        jobs = []
        for name in COMMANDS:
            for old in (None, OLD):
                trapped = Trapped(name, old, self.files)
                calls = trapped.calls()
                self.assertGreater(calls, 4, name)
                jobs += [(trapped, failure, stays, at) for failure, stays in FAILURES for at in range(1, calls + 1)]
        self.check(jobs)

    def test_a_large_snapshot(self):
        trapped = Trapped("collect", OLD, self.large)
        calls = trapped.calls()
        self.assertGreater(calls, 10 * EVERY)
        self.check([(trapped, failure, stays, at) for index, (failure, stays) in enumerate(FAILURES)
                    for at in range(1 + index, calls + 1, EVERY)])


if __name__ == "__main__":
    unittest.main()
