"""Runs the functional test suite five times over, as one does who suspects a leak.

usage: python3 run_suite.py [DIRECTORY]

After each repetition it prints the process's size and the number of objects, and takes a snapshot after
the first and the last: DIRECTORY/before.db and DIRECTORY/after.db.
"""
import gc
import os
import sys
import unittest

import heapdump

REPETITIONS = 5


def vm_rss_kb():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def run_once():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName("functional_tests")
    finally:
        sys.path.pop(0)
    with open(os.devnull, "w") as quiet:
        result = unittest.TextTestRunner(stream=quiet).run(suite)
    if not result.wasSuccessful():
        sys.exit("the demo's own tests fail")
    return result.testsRun


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else "."
    print("%-12s %6s %9s %9s" % ("repetition", "tests", "rss kB", "objects"))
    for repetition in range(1, REPETITIONS + 1):
        tests = run_once()
        gc.collect()
        print("%-12d %6d %9d %9d" % (repetition, tests, vm_rss_kb(), len(gc.get_objects())), flush=True)
        if repetition in (1, REPETITIONS):
            name = "before.db" if repetition == 1 else "after.db"
            print(heapdump.snap(os.path.join(directory, name), label="repetition %d" % repetition, force=True), flush=True)


if __name__ == "__main__":
    main()
