#!/usr/bin/env python3
"""Measures how long a program stands still for `heapdump snap -p PID`, and asks the program itself.

usage: pause.py [--build DIR] [-n OBJECTS] [--runs N] [PYTHON ...]

A target holds OBJECTS tracked objects and does nothing but look at the clock; the longest time between two looks is what it
noticed. For each interpreter, medians of N snapshots: the pause that heapdump prints (the stop of a thread, and the fork), the
longest gap that the target saw, and its longest gap in as much time without a snapshot, which is the machine's.
"""
import argparse
import json
import mmap
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

TARGET = """
import mmap, struct, sys, time
sys.path.insert(0, sys.argv[1])
import heap
state = heap.build(int(sys.argv[2]))
with open(sys.argv[3], "r+b") as file: shared = mmap.mmap(file.fileno(), 16)
print("ready", flush=True)
last = time.perf_counter_ns()
while True:
    now = time.perf_counter_ns()
    if now - last > struct.unpack_from("Q", shared)[0]: struct.pack_into("Q", shared, 0, now - last)
    last = now
"""


class Ticker:
    """A target, and the longest gap that it saw."""

    def __init__(self, python, objects, directory):
        path = os.path.join(directory, "ticks")
        with open(path, "wb") as file:
            file.write(bytes(16))
        self.process = subprocess.Popen([python, "-c", TARGET, HERE, str(objects), path], stdout=subprocess.PIPE)
        with open(path, "r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 16)

    def __enter__(self):
        if self.process.stdout.readline() != b"ready\n":
            sys.exit("the target did not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.shared.close()

    def longest_gap(self, during):
        """In milliseconds, and what `during` returned."""
        struct.pack_into("Q", self.shared, 0, 0)
        result = during()
        return struct.unpack_from("Q", self.shared)[0] / 1e6, result


def measure(args, python, directory):
    path = os.path.join(directory, "snap.db")
    argv = [os.path.join(args.build, "bin", "heapdump"), "snap", "-f", path, "--json", "-p"]
    rows = []
    with Ticker(python, args.n, directory) as ticker:
        def snap():
            began = time.monotonic()
            said = json.loads(subprocess.run(argv + [str(ticker.process.pid)], stdout=subprocess.PIPE, check=True).stdout)
            return said, time.monotonic() - began
        snap()  # the first fork of a process takes longer
        for _ in range(args.runs):
            seen, (said, took) = ticker.longest_gap(snap)
            idle, _ = ticker.longest_gap(lambda: time.sleep(took))
            rows.append((said["paused_ms"], seen, idle))
    return said["objects"], [statistics.median(column) for column in zip(*rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("-n", type=int, default=800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    args = parser.parse_args()
    args.build = os.environ["HEAPSNAP_BUILD"] = os.path.abspath(args.build)
    import support
    pythons = {python: python for python in args.pythons} or support.interpreters()
    print("%-10s %12s %14s %14s %14s" % ("CPython", "objects", "printed ms", "seen ms", "without ms"))
    with tempfile.TemporaryDirectory() as directory:
        for version, python in pythons.items():
            objects, medians = measure(args, python, directory)
            print("%-10s %12d %14.2f %14.2f %14.2f" % (version, objects, *medians), flush=True)


if __name__ == "__main__":
    main()
