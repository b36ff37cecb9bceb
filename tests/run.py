#!/usr/bin/env python3
"""Runs the tests: cmocka programs, end-to-end and fault modules, two at a time, and sums them up.

usage: run.py [--build DIR] [--jobs N] [--fast] [--unit-only] [NAME ...]

NAME picks tests by a part of their name. --fast leaves out the end-to-end modules that take longer than a few
seconds (they say so with SLOW = True). Lines that a module prints with a leading "| " are a table, and shown. The last line is
"N passed, N failed, N skipped"; the exit status is 1 if any failed or none ran.
"""
import argparse
import concurrent.futures
import glob
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TIMEOUT_S = 900  # of one program or module; a hang is a failure and must not hang the run


class Outcome:
    def __init__(self, name):
        self.name, self.passed, self.failed, self.skipped = name, 0, 0, []
        self.output, self.seconds = "", 0.0


def run_process(argv, env):
    """Runs one program in its own process group: what it leaves behind dies with it."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               env=env, cwd=ROOT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
        status = process.returncode
    except subprocess.TimeoutExpired:
        output, status = b"no end after %d s" % TIMEOUT_S, -1
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return status, output.decode("utf-8", "replace")


def run_unit(path, env):
    outcome = Outcome(os.path.basename(path))
    start = time.monotonic()
    status, outcome.output = run_process([path], env)
    outcome.seconds = time.monotonic() - start
    outcome.passed = len(re.findall(r"^\[       OK \]", outcome.output, re.M))
    outcome.failed = len(set(re.findall(r"^\[  FAILED  \] (\S+)$", outcome.output, re.M)))
    outcome.skipped = re.findall(r"^\[  SKIPPED \] (\S+)$", outcome.output, re.M)
    if status != 0 and not outcome.failed:
        outcome.failed = 1
        outcome.output += "\n%s ended with status %d" % (outcome.name, status)
    return outcome


def run_e2e(path, env):
    outcome = Outcome(os.path.splitext(os.path.basename(path))[0])
    start = time.monotonic()
    status, text = run_process([sys.executable, os.path.abspath(__file__), "--module", path], env)
    outcome.seconds = time.monotonic() - start
    head, mark, tail = text.rpartition("\n@@result ")
    outcome.output = head
    if mark:
        result = json.loads(tail.splitlines()[0])
        outcome.passed, outcome.failed = result["passed"], result["failed"]
        outcome.skipped = result["skipped"]
    else:
        outcome.failed = 1
        outcome.output = text + "\n%s ended with status %d and no result" % (outcome.name, status)
    return outcome


def run_module(path):
    """The child of run_e2e(): runs one module's tests in this process and prints what came of it."""
    sys.path[:0] = [os.path.dirname(os.path.abspath(path)), os.path.join(HERE, "e2e")]
    suite = unittest.defaultTestLoader.loadTestsFromName(os.path.splitext(os.path.basename(path))[0])
    stream = io.StringIO()
    result = unittest.TextTestRunner(stream=stream, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(stream.getvalue())
    print("\n@@result " + json.dumps({
        "passed": result.testsRun - failed - len(result.skipped),
        "failed": failed,
        "skipped": ["%s: %s" % (test, why) for test, why in result.skipped],
    }))


def says(path, mark):
    with open(path) as source:
        return re.search(r"^%s = True$" % mark, source.read(), re.M) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--unit-only", action="store_true")
    parser.add_argument("--module", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.module:
        return run_module(args.module)

    build = os.path.abspath(args.build)
    env = dict(os.environ, HEAPSNAP_BUILD=build, PYTHONDONTWRITEBYTECODE="1", CMOCKA_MESSAGE_OUTPUT="STDOUT")
    env.pop("HEAPDUMP_VALUES", None)
    jobs = [(run_unit, p) for p in sorted(glob.glob(os.path.join(build, "tests", "test_*"))) if os.access(p, os.X_OK)]
    if not args.unit_only:
        modules = sorted(glob.glob(os.path.join(HERE, "e2e", "test_*.py")) + glob.glob(os.path.join(HERE, "fault", "test_*.py")))
        slow = {p for p in modules if says(p, "SLOW")}
        # The long ones first, so that none of them runs alone at the end.
        jobs = [(run_e2e, p) for p in modules if p in slow and not args.fast] + jobs
        jobs += [(run_e2e, p) for p in modules if p not in slow]
    if args.names:
        jobs = [(f, p) for f, p in jobs if any(n in os.path.basename(p) for n in args.names)]

    passed = failed = 0
    skipped = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(f, p, env) for f, p in jobs]):
            outcome = future.result()
            passed, failed = passed + outcome.passed, failed + outcome.failed
            skipped += outcome.skipped
            if outcome.failed:
                print(outcome.output)
            print("%-28s %4d passed %3d failed %3d skipped  %6.1f s" % (
                outcome.name, outcome.passed, outcome.failed, len(outcome.skipped), outcome.seconds), flush=True)
            if not outcome.failed:
                print("".join(re.findall(r"^\| .*\n", outcome.output, re.M)), end="", flush=True)
    for line in skipped:
        print("skipped:", line)
    print("%d passed, %d failed, %d skipped" % (passed, failed, len(skipped)))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
