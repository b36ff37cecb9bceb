"""Every situation on every interpreter, as a printed table. "-": a clean refusal in time, which is what is promised there."""
import time

import attach
import support

SLOW = True
HEAD = "import os, select, signal, socket, sys, threading, time\nready = lambda: print('ready', flush=True)\n"
# Situation: program, and whether a snapshot is promised.
SITUATIONS = {
    "running": ("ready()\nwhile True: sum(range(100))", True),
    "sleep": ("ready(); time.sleep(600)", True),
    "select": ("ready(); select.select([], [], [], 600)", True),
    "poll": ("ready(); select.poll().poll(600_000)", True),
    "epoll": ("ready(); select.epoll().poll(600)", True),
    "asyncio": ("import asyncio\nasync def main():\n    ready(); await asyncio.sleep(600)\nasyncio.run(main())", True),
    "read": ("ready(); sys.stdin.read()", True),
    "recv": ("a, b = socket.socketpair(); ready(); a.recv(1)", True),
    "accept": ("s = socket.create_server(('127.0.0.1', 0)); ready(); s.accept()", True),
    "wait4": ("p = os.fork()\nif not p: time.sleep(600); os._exit(0)\nready(); os.waitpid(p, 0)", True),
    "lock": ("l = threading.Lock(); l.acquire(); ready(); l.acquire()", True),
    "join": ("t = threading.Thread(target=time.sleep, args=(600,), daemon=True); t.start(); ready(); t.join()", True),
    "Event": ("ready(); threading.Event().wait(600)", True),
    "signal handler": ("signal.signal(signal.SIGUSR1, lambda *_: (ready(), time.sleep(600)))\n"
                       "os.kill(os.getpid(), signal.SIGUSR1); time.sleep(600)", True),
    "ctypes poll": ("import ctypes; c = ctypes.CDLL(None); ready(); c.poll(None, 0, 600_000)", True),
    "50 threads": ("for _ in range(50): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
                   "ready(); time.sleep(600)", True),
    "hash, idle thread": ("import hashlib; threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); ready()\n"
                          "while True: hashlib.pbkdf2_hmac('sha256', b'', b'', 3_000_000)", True),
    "native with GIL": ("ready(); sum(range(10 ** 13))", False),
    "waits with GIL": ("import ctypes; ready(); ctypes.PyDLL(None).sleep(600)", False),
}


class Matrix(attach.Case):
    def test_matrix(self):
        versions = support.interpreters()
        rows = []
        for situation, (program, promised) in SITUATIONS.items():
            row = [situation]
            for version, python in versions.items():
                with self.subTest(situation, version=version):
                    process = self.start([python, "-c", HEAD + program])
                    began = time.monotonic()
                    _, done = self.snap(process.pid, "--timeout", "20" if promised else "0.5")
                    row.append("%.2f s" % (time.monotonic() - began) if done.returncode == 0 else "-")
                    self.assertEqual(done.returncode, 0 if promised else 2, done.stderr)
                    self.assertTrue(attach.runs(process.pid))
                    self.assertIsNone(process.poll())
                    process.kill()
            rows.append(row)
        print("%-18s" % "situation" + "".join("%10s" % version for version in versions))
        for row in rows:
            print("%-18s" % row[0] + "".join("%10s" % cell for cell in row[1:]))
        for version in support.absent():
            print("skipped:", version, "is not installed")


if __name__ == "__main__":
    attach.unittest.main()
