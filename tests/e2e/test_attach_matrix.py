"""Every situation on every interpreter, as a printed table. "no": a clean refusal in time, which is what is promised there."""
import concurrent.futures
import functools
import os
import shutil
import tempfile
import time

import attach
import support

SLOW = True
HEAD = "import os, select, signal, socket, sys, threading, time\nready = lambda: print('ready', flush=True)\n"
IDLE = HEAD + "ready(); time.sleep(600)"
SYSTEM_PYTHON = "/usr/bin/python3"  # what Debian's gevent and uvloop are for
JOBS = 2

# What the main thread does, or who is with it. All have to be snapped.
PROGRAMS = {
    "running": "ready()\nwhile True: sum(range(100))",
    "sleep": "ready(); time.sleep(600)",
    "select": "ready(); select.select([], [], [], 600)",
    "poll": "ready(); select.poll().poll(600_000)",
    "epoll": "ready(); select.epoll().poll(600)",
    "asyncio": "import asyncio\nasync def main():\n    ready(); await asyncio.sleep(600)\nasyncio.run(main())",
    "read": "ready(); sys.stdin.read()",
    "recv": "a, b = socket.socketpair(); ready(); a.recv(1)",
    "accept": "s = socket.create_server(('127.0.0.1', 0)); ready(); s.accept()",
    "connect": "s = socket.socket(socket.AF_UNIX); s.bind('\\0%d' % os.getpid()); s.listen(0)\n"
               "for _ in range(2):\n    c = socket.socket(socket.AF_UNIX)\n    if _: ready()\n    c.connect(s.getsockname())",
    "wait4": "p = os.fork()\nif not p: os.closerange(0, 3); time.sleep(600); os._exit(0)\nready(); os.waitpid(p, 0)",
    "lock": "l = threading.Lock(); l.acquire(); ready(); l.acquire()",
    "join": "t = threading.Thread(target=time.sleep, args=(600,), daemon=True); t.start(); ready(); t.join()",
    "Event": "ready(); threading.Event().wait(600)",
    "signal handler": "signal.signal(signal.SIGUSR1, lambda *_: (ready(), time.sleep(600)))\n"
                      "os.kill(os.getpid(), signal.SIGUSR1); time.sleep(600)",
    "sigwait": "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); ready(); signal.sigwait([signal.SIGUSR1])",
    "SIGCHLD handler": "signal.signal(signal.SIGCHLD, lambda *_: os.abort()); ready(); signal.pause()",
    "waitpid(-1) loop": "if not os.fork(): os.closerange(0, 3); time.sleep(600); os._exit(0)\nready()\n"
                        "while True: assert os.waitpid(-1, os.WNOHANG) == (0, 0); time.sleep(0.001)",
    "subreaper": "import ctypes; assert not ctypes.CDLL(None).prctl(36, 1, 0, 0, 0); ready(); time.sleep(600)",
    "ctypes poll": "import ctypes; c = ctypes.CDLL(None); ready(); c.poll(None, 0, 600_000)",
    "50 threads": "for _ in range(50): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
                  "ready(); time.sleep(600)",
    "native, idle thread": "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
                           "import hashlib; ready()\nwhile True: hashlib.pbkdf2_hmac('sha256', b'', b'', 10 ** 8)",
    "settrace": "sys.settrace(lambda *_: None); ready()\nwhile True: sum(range(100))",
}
# Nothing can be done in these before they let go of the GIL.
HOPELESS = {
    "native with GIL": "ready(); sum(range(10 ** 13))",
    "waits with GIL": "import ctypes; ready(); ctypes.PyDLL(None).sleep(600)",
}
# All say that they are ready just before they are: these are waited for until they compute, the others until they wait.
COMPUTING = ("running", "settrace", "native, idle thread", "native with GIL")
SYSTEM_PROGRAMS = {
    "gevent": "import gevent, gevent.monkey; gevent.monkey.patch_all(); gevent.spawn(ready); time.sleep(600)",
    "uvloop": "import asyncio, uvloop; uvloop.install()\n"
              "async def main():\n    ready(); await asyncio.sleep(600)\nasyncio.run(main())",
}


# Prints where libpython is, its prefix, and how to start a program with the C library that it needs.
LIBRARY = """
import os, sys, sysconfig
name = sysconfig.get_config_var("INSTSONAME")
places = [os.path.join(sysconfig.get_config_var("LIBDIR"), name), os.path.join("/usr/lib/x86_64-linux-gnu", name)]
with open("/proc/self/cmdline") as file: words = file.read().split("\\0")
alone = "--argv0" in words  # by its own loader: ld.so --library-path DIR --argv0 ...
places[:0] = [os.path.join(words[2], name)] if alone else []
print(next((place for place in places if os.path.exists(place)), ""), sys.base_prefix, " ".join(words[:3]) if alone else "", sep="\\n")
"""


class Absent(Exception):
    """Why a situation cannot be made here."""


def launch_virtualenv(case, python):
    path = tempfile.mkdtemp(dir=case.directory)
    support.check([python, "-m", "venv", "--without-pip", path])
    return case.start([os.path.join(path, "bin", "python"), "-c", IDLE])


def launch_of_system(module, case, python):
    if python != SYSTEM_PYTHON:
        raise Absent("gevent and uvloop are Debian's, for its own CPython")
    if support.run([python, "-c", "import " + module]).returncode:
        raise Absent("python3-%s is not installed" % module)
    return case.start([python, "-c", HEAD + SYSTEM_PROGRAMS[module]])


def launch_embedded(case, python):
    library, prefix, loader = support.check([python, "-c", LIBRARY]).split("\n")[:3]
    if not library:
        raise Absent("no libpython for " + python)
    return case.start([*loader.split(), case.embedding, library, prefix, IDLE])


def launch_init(case, python):
    """The first process of a pid namespace, to which orphans go."""
    if os.geteuid() or not shutil.which("unshare"):
        raise Absent("init of a namespace: needs root and unshare")
    return case.start(["unshare", "-mpf", "--mount-proc", "--kill-child", python, "-c", IDLE])


LAUNCHERS = {
    "gevent": functools.partial(launch_of_system, "gevent"),
    "uvloop": functools.partial(launch_of_system, "uvloop"),
    "embedded": launch_embedded,
    "virtual environment": launch_virtualenv,
    "PID 1": launch_init,
}


class Matrix(attach.Case):
    def setUp(self):
        super().setUp()
        self.embedding = os.path.join(self.directory, "embedding")
        support.check(["gcc", "-o", self.embedding, os.path.join(support.HERE, "embedding.c"), "-ldl"])

    def launch(self, situation, python):
        if situation in LAUNCHERS:
            return LAUNCHERS[situation](self, python)
        return self.start([python, "-c", HEAD + (PROGRAMS.get(situation) or HOPELESS[situation])])

    def cell(self, situation, version, python):
        """What the table says: how long the tool took, or "no" where the promise is that it refuses in time."""
        process = self.launch(situation, python)
        try:
            pid = attach.only_child(process.pid) if situation == "PID 1" else process.pid
            if situation in COMPUTING:
                support.wait_until_busy(pid)
            else:
                attach.wait_until_waiting(pid)
            return self.snapped(pid, situation in HOPELESS, "%s %s.db" % (situation, version))
        finally:
            self.end(process)

    def snapped(self, pid, hopeless, name):
        began = time.monotonic()
        path, done = self.snap(pid, "--timeout", "0.3" if hopeless else "60", name=name)
        took = time.monotonic() - began
        self.assertEqual(done.returncode, 2 if hopeless else 0, done.stderr)
        self.assertTrue(attach.runs(pid), "the target does not run")
        if hopeless:
            self.assertIn("nothing of ours will run later", done.stderr)
            return "no"
        support.check([support.HEAPQUERY, "verify", path])
        os.unlink(path)
        return "%.2f s" % took

    def test_matrix(self):
        versions = support.interpreters()
        situations = [*PROGRAMS, *LAUNCHERS, *HOPELESS]
        skipped, failed = set(), []

        def column(version):
            cells = {}
            for situation in situations:
                try:
                    cells[situation] = self.cell(situation, version, versions[version])
                except Absent as why:
                    cells[situation] = "-"
                    skipped.add(str(why))
                except Exception as error:
                    cells[situation] = "WRONG"
                    failed.append("%s, %s: %s" % (version, situation, error))
            return cells

        with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
            table = dict(zip(versions, pool.map(column, versions)))
        print("| %-20s|" % "situation" + "".join("%8s |" % version for version in versions))
        for situation in situations:
            print("| %-20s|" % situation + "".join("%8s |" % table[version][situation] for version in versions))
        for why in sorted(skipped) + ["%s is not installed" % version for version in support.absent()]:
            print("skipped:", why)
        self.assertEqual(failed, [])


if __name__ == "__main__":
    attach.unittest.main()
