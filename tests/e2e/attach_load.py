"""A program that checks itself while it is snapped: floating point, checksums, timed waits, children, signals, sockets.

Runs until a line comes on its standard input, then prints one line of JSON: what went wrong, and how much was done.
With the argument "storm" there are no threads, but a signal every millisecond.
"""
import ctypes
import gc
import hashlib
import json
import math
import os
import select
import signal
import socket
import sys
import threading
import time
import zlib

bad = []
counts = {}
done = threading.Event()
BLOCK = bytes(range(256)) * 256
CRC, SHA = zlib.crc32(BLOCK), hashlib.sha256(BLOCK).hexdigest()


def series():
    total = 0.0
    for n in range(1, 2000):
        total += math.sin(n) * math.sqrt(n) / 3.0
    return total


SUM = series()


def expect(what, good, seen=None):
    if not good:
        bad.append("%s: %r" % (what, seen))


def floats():
    seen = series()
    expect("floating point", seen == SUM, seen)


def sums():
    expect("crc", zlib.crc32(BLOCK) == CRC)
    expect("sha256", hashlib.sha256(BLOCK).hexdigest() == SHA)


def allocation():
    table = {n: [str(n), (n, n + 1)] for n in range(2000)}
    expect("dict", all(table[n][1] == (n, n + 1) and int(table[n][0]) == n for n in table))


def cycles():
    for _ in range(200):
        knot = []
        knot.append([knot])
    gc.collect(0)


def forks():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    seen, status = os.waitpid(pid, 0)
    expect("child", seen == pid and os.WEXITSTATUS(status) == 7, status)
    time.sleep(0.02)


def sockets():
    here, there = socket.socketpair()
    with here, there:
        there.settimeout(60)
        echo = threading.Thread(target=lambda: here.sendall(BLOCK))
        echo.start()
        got = b""
        while len(got) < len(BLOCK):
            got += there.recv(10000)
        echo.join()
        expect("socket", got == BLOCK)


def waits():
    lock = threading.Lock()
    lock.acquire()
    for seconds, wait in ((0.03, time.sleep), (0.02, lambda s: lock.acquire(timeout=s))):
        began = time.monotonic()
        wait(seconds)
        passed = time.monotonic() - began
        expect("a wait of %g s" % seconds, passed >= seconds - 0.001, passed)


def native():
    ctypes.set_errno(0)
    result = LIBC.poll(None, 0, 20)
    expect("poll() in C", result == 0, (result, ctypes.get_errno()))


LIBC = ctypes.CDLL(None, use_errno=True)
WORK = (floats, sums, allocation, cycles, forks, sockets, waits, native)


def repeat(work):
    # Signals are for the main thread: in the others a wait that C code makes is never interrupted.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGUSR1, signal.SIGCHLD})
    try:
        while not done.is_set():
            work()
            counts[work.__name__] = counts.get(work.__name__, 0) + 1
    except BaseException as error:
        bad.append("%s: %r" % (work.__name__, error))


def count_signal(number, _):
    name = signal.Signals(number).name
    counts[name] = counts.get(name, 0) + 1


def main():
    for number in (signal.SIGCHLD, signal.SIGUSR1, signal.SIGALRM):
        signal.signal(number, count_signal)
    if "storm" in sys.argv:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    threads = [threading.Thread(target=repeat, args=(work,)) for work in WORK if "storm" not in sys.argv]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        readable = select.select([sys.stdin], [], [], 0.05)[0]
        passed = time.monotonic() - began
        counts["turns"] = counts.get("turns", 0) + 1
        if readable:
            break
        expect("select of 0.05 s", passed >= 0.049, passed)
    done.set()
    for thread in threads:
        thread.join()
    signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        left = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        left = None
    expect("a child that is not ours", left is None, left)
    expect("SIGCHLD", counts.get("SIGCHLD", 0) <= counts.get("forks", 0), counts)
    print(json.dumps({"bad": bad, "counts": counts}))


if __name__ == "__main__":
    main()
