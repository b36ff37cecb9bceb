"""Every reason not to attach that can be made here: named with its remedy, and nothing touched."""
import glob
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

import attach
import support

SLOW = True
IDLE = "import time; print('ready', flush=True); time.sleep(600)"
THREADED = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start();" + IDLE
FINALIZING = """
import ctypes, os, sys
class Late:
    def __del__(self, write=os.write, sleep=ctypes.PyDLL(None).sleep):
        write(1, b"ready\\n")
        sleep(600)
sys.late = Late()
"""
STRICT = """
import ctypes, os
os.write(1, b"ready\\n")
ctypes.CDLL(None).prctl(22, 1, 0, 0, 0)
while True: pass
"""
NATIVE = {
    "holds the GIL": "print('ready', flush=True); sum(range(10 ** 13))",
    "native code": "import hashlib; print('ready', flush=True)\nwhile True: hashlib.pbkdf2_hmac('sha256', b'', b'', 10 ** 8)",
    "is writing": "import os; print('ready', flush=True); r, w = os.pipe(); os.write(w, b'x' * 10 ** 7)",
    "another of its threads holds the GIL":
        "import threading, time; t = threading.Thread(target=lambda: (time.sleep(0.3), sum(range(10 ** 13))), daemon=True);"
        "t.start(); print('ready', flush=True); time.sleep(600)",
}


class Refused(attach.Case):
    def setUp(self):
        super().setUp()
        self.python = next(iter(support.interpreters().values()))

    def test_not_python(self):
        process = self.start(["sh", "-c", "echo ready; exec sleep 600"])
        self.refused(process.pid, "is not a Python process")

    def test_unsupported_version(self):
        olds = glob.glob(os.path.expanduser("~/.pyenv/versions/3.[67].*/bin/python3"))
        if not olds:
            self.skipTest("no Python older than 3.8 here")
        for old in olds:
            process = self.start([old, "-c", IDLE])
            self.refused(process.pid, "Python 3.")
            self.assertTrue(attach.runs(process.pid))

    def test_thread(self):
        process = self.start([self.python, "-c", THREADED])
        thread = max(map(int, os.listdir("/proc/%d/task" % process.pid)))
        self.refused(thread, "is a thread of process %d" % process.pid)

    def test_zombie(self):
        process = subprocess.Popen([self.python, "-c", "pass"])
        self.addCleanup(process.wait)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        self.refused(process.pid, "has ended")

    def test_kernel_thread(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if attach.status(int(pid), "Kthread") == "1":
                    return self.refused(pid, "thread of the kernel")
            except (FileNotFoundError, ProcessLookupError):
                continue
        self.skipTest("no kernel thread to be seen here")

    def test_stopped(self):
        process = self.start([self.python, "-c", IDLE])
        os.kill(process.pid, signal.SIGSTOP)
        while attach.status(process.pid, "State")[0] != "T":
            time.sleep(0.01)
        self.refused(process.pid, "kill -CONT %d" % process.pid)
        self.assertEqual(attach.status(process.pid, "State")[0], "T")
        os.kill(process.pid, signal.SIGCONT)
        self.check_snap(process.pid)

    def test_traced(self):
        tracer = shutil.which("strace") or self.skipTest("no strace here")
        process = self.start([self.python, "-c", IDLE])
        strace = subprocess.Popen([tracer, "-q", "-o", os.devnull, "-p", str(process.pid)])
        while attach.status(process.pid, "TracerPid") == "0":
            time.sleep(0.01)
        self.refused(process.pid, "traced by process %d" % strace.pid)
        strace.terminate()
        strace.wait()
        self.check_snap(process.pid)

    def test_finalizing(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start([python, "-c", FINALIZING])
                self.refused(process.pid, ("no answer in 0.5 s", "is being finalized"), "--timeout", "0.5")
                self.assertTrue(attach.runs(process.pid))

    def test_strict_seccomp(self):
        process = self.start([self.python, "-c", STRICT])
        until = time.monotonic() + 10
        while attach.status(process.pid, "Seccomp") != "1" and time.monotonic() < until:
            time.sleep(0.01)
        self.refused(process.pid, "seccomp's strict mode")
        self.assertTrue(attach.runs(process.pid))

    def test_no_answer(self):
        for said, program in NATIVE.items():
            with self.subTest(said):
                process = self.start([self.python, "-c", program])
                time.sleep(0.5)
                self.refused(process.pid, said, "--timeout", "0.6")
                self.assertTrue(attach.runs(process.pid))

    def test_subinterpreters(self):
        """With them a thread that waits cannot be borrowed; one that runs Python code answers, and the main interpreter is walked."""
        program = ("import time\ntry: import _interpreters as interpreters\nexcept ImportError: import _xxsubinterpreters as interpreters\n"
                   "kept = interpreters.create()\nprint('ready', flush=True)\n")
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start([python, "-c", program + "time.sleep(600)"])
                attach.wait_until_waiting(process.pid)
                self.refused(process.pid, "it has made subinterpreters", "--timeout", "0.3")
                self.assertTrue(attach.runs(process.pid))
                process = self.start([python, "-c", program + "while True: pass"])
                path = self.check_snap(process.pid)
                rows = support.query(path, "SELECT value FROM snapshot WHERE name = 'interpreters'")
                self.assertEqual(rows, [{"value": 2}])
                self.end(process)

    def test_cancelled_call_never_runs(self):
        """The call is queued, cancelled, and its turn comes: it does nothing, neither there nor in a child of the target."""
        late = ("import os, sys, time; print('ready', flush=True); sum(range(3 * 10 ** 8))\n"
                "child = os.fork()\nfor _ in range(100): pass\ntime.sleep(0.3)\n"
                "if not child: os._exit(0)\n"
                "print(os.waitpid(-1, 0) == (child, 0), open('/proc/self/maps').read().count('heapdump'), flush=True)\n"
                "sys.stdin.readline()")
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start([python, "-c", late])
                support.wait_until_busy(process.pid)
                self.refused(process.pid, "nothing of ours will run later", "--timeout", "0.1")
                self.assertEqual(process.stdout.readline(), "True 0\n")
                self.check_snap(process.pid)

    def test_signal_during_the_attach_is_heard(self):
        """A signal that comes while the main thread is borrowed from a wait without end still ends that wait."""
        heard = ("import signal, threading, sys\nsignal.signal(signal.SIGUSR1, lambda *_: print('heard', flush=True))\n"
                 "held = [[n] for n in range(300000)]\nprint('ready', flush=True)\nwhile True: signal.pause()")
        process = self.start([self.python, "-c", heard])
        stop = threading.Event()

        def attach_all_the_time():
            while not stop.is_set():
                self.snap(process.pid, "-q")
        attaching = threading.Thread(target=attach_all_the_time)
        attaching.start()
        try:
            alarm = threading.Timer(40, process.kill)
            alarm.start()
            for _ in range(300):
                process.send_signal(signal.SIGUSR1)
                self.assertEqual(process.stdout.readline(), "heard\n", "a signal was lost")
                time.sleep(0.003)
        finally:
            alarm.cancel()
            stop.set()
            attaching.join()


if __name__ == "__main__":
    unittest.main()
