"""Targets for the tests of the attach: started, snapped, looked at from outside."""
import concurrent.futures
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
import traceback
import unittest

import support

START_S = 120  # for a target to begin; a machine that is busy takes seconds
LOAD = os.path.join(support.HERE, "attach_load.py")


class Case(unittest.TestCase):
    """A test with a directory of its own and targets that end with it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def start(self, argv, **options):
        """Starts a target that prints a line "ready" once it is in the state to be snapped in."""
        process = subprocess.Popen([str(arg) for arg in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   env=support.environment(), text=True, **options)
        self.addCleanup(self.end, process)
        self.assertTrue(select.select([process.stdout], [], [], START_S)[0], "%s: not ready in %d s" % (argv, START_S))
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def end(self, process):
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()

    def each(self, run):
        """run(version, python) for every interpreter here, two at a time; all that went wrong fails the test at its end."""
        def one(item):
            try:
                run(*item)
                return ""
            except Exception:
                return "%s: %s" % (item[0], traceback.format_exc())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            failed = list(filter(None, pool.map(one, support.interpreters().items())))
        self.assertFalse(failed, "\n".join(failed))

    def snap(self, pid, *more, prefix=(), name=None, **options):
        path = os.path.join(self.directory, name or "snap.%d.db" % int(pid))
        return path, support.run([*prefix, support.HEAPDUMP, "snap", "-f", path, "-p", pid, *more], **options)

    def check_snap(self, pid, *more, **options):
        path, done = self.snap(pid, *more, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return path

    def report(self, process):
        """Ends a target that runs attach_load.py; gives its counts when it found nothing wrong."""
        out, _ = process.communicate("\n", timeout=60)
        report = json.loads(out)
        self.assertEqual(report["bad"], [])
        self.assertEqual(process.returncode, 0)
        return report["counts"]

    def refused(self, pid, said, *more, **options):
        """Refused in one line that holds `said` (or one of several), and no file."""
        path, done = self.snap(pid, *more, name="refused.db", **options)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        wanted = (said,) if isinstance(said, str) else said
        self.assertTrue(any(one in done.stderr for one in wanted), "%r not in %r" % (said, done.stderr))
        self.assertFalse(os.path.exists(path))


def status(pid, key, task=None):
    """A value of /proc/PID/status."""
    with open("/proc/%d/status" % pid if task is None else "/proc/%d/task/%d/status" % (pid, task)) as lines:
        for line in lines:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
    return None


def runs(pid):
    """Is no thread of the process stopped or traced, and the process no zombie?"""
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            if status(pid, "State", int(task))[0] in "tTZX" or status(pid, "TracerPid", int(task)) != "0":
                return False
        except (FileNotFoundError, ProcessLookupError, TypeError):
            continue  # a thread that ended meanwhile
    return True


def wait_until_waiting(pid):
    """Waits until the main thread of a process sleeps."""
    until = time.monotonic() + START_S
    while status(pid, "State", pid)[0] != "S":
        if time.monotonic() > until:
            raise AssertionError("process %d does not get to its wait" % pid)
        time.sleep(0.001)


def only_child(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
        return int(children.read())


def start_tool(pid, path):
    """heapdump snap in the background."""
    return subprocess.Popen([support.HEAPDUMP, "snap", "-q", "-f", path, "-p", str(pid)], stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, env=support.environment(), text=True)


def kill_after(tool, pid, seconds):
    """SIGKILL to the tool after so long; gives how long it then took until the target ran."""
    time.sleep(seconds)
    tool.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    tool.communicate()
    while not runs(pid) and time.monotonic() < killed + START_S:
        time.sleep(0.001)
    return time.monotonic() - killed
