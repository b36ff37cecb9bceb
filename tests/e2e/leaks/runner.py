#!/usr/bin/env python3
"""Runs cases, snaps them from inside, and says what heapdiff makes of them.

usage: runner.py [--python PY] [--two] [--keep DIR] [CASE ...]

Each runs five repetitions and takes a snapshot after 2, 3, 4 and 5 (--two: heapdiff sees those after 2 and 5). Prints a
line a case, and the number of right answers; exits 1 unless all are.
"""
import argparse
import contextlib
import functools
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import support  # noqa: E402: it stands beside this package

STEPS = (2, 3, 4, 5)
DRIVER = os.path.join(HERE, "driver.py")
LISTED_MAX = 4  # a leak told in more suspects is not told


@functools.lru_cache(maxsize=None)
def has(python, needs):
    """Can this interpreter import these modules?"""
    return not needs or support.run([python, "-c", "import " + ", ".join(needs)]).returncode == 0


class Target:
    """A process that imports `needs` once and runs each case in a fork of its own."""

    def __init__(self, python, needs):
        self.said = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([python, DRIVER, *needs], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.said, text=True, env=support.environment())

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.kill()
        self.process.wait()
        self.said.close()

    def snap(self, case, directory, steps, clear=None):
        """The snapshots of one case, in order."""
        with open(os.path.join(directory, "shop.py"), "w") as file:
            file.write(case.source)
        self.process.stdin.write(json.dumps({"directory": directory, "steps": list(steps), "clear": clear}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if answer != "0\n":
            self.said.seek(0)
            raise AssertionError("%s ended with %s:\n%s" % (case.name, answer.strip(), self.said.read()))
        return [os.path.join(directory, "rep%d.db" % step) for step in steps]


def snap(case, python, directory, steps):
    """The snapshots of one case, in order, in a process of its own."""
    with contextlib.closing(Target(python, case.needs)) as target:
        return target.snap(case, directory, steps)


def diff(files, *options):
    """heapdiff's JSON."""
    return json.loads(support.check([support.HEAPDIFF, "--json", *options, *files]))


def place(suspect):
    holder = suspect["holder"] or {}
    return suspect["path"] if suspect["kind"] == "size" or not holder else holder["path"]


def names(suspect, holder, type):
    """None if the suspect has that holder and type, else what is wrong."""
    if not re.fullmatch(type, suspect["type"]):
        return "type %s (%s)" % (suspect["type"], place(suspect))
    if not re.fullmatch(holder, place(suspect) or ""):
        return "holder %s (%s)" % (place(suspect), suspect["type"])
    return None


def judge(case, report):
    """None if the report gives the answer that the case expects, else what is wrong."""
    suspects = report["suspects"]
    if case.holder is None:
        return "suspects %s" % [(place(s), s["type"]) for s in suspects] if suspects else None
    if not suspects:
        return "no suspect"
    trouble = names(suspects[0], case.holder, case.type)
    if trouble:
        return trouble
    if not re.fullmatch(case.kind, suspects[0]["kind"]):
        return "kind %s" % suspects[0]["kind"]
    if case.second and all(names(other, *case.second) for other in suspects[1:]):
        return "the second is not listed: %s" % [(place(s), s["type"]) for s in suspects[1:]]
    if len(suspects) > LISTED_MAX:
        return "told in %d suspects: %s" % (len(suspects), [place(s) for s in suspects])
    return None


def groups(cases):
    """The cases by what they need, so that each group shares a process."""
    by_needs = {}
    for case in cases:
        by_needs.setdefault(case.needs, []).append(case)
    return by_needs


def all_cases():
    from leaks import basic, corners, libraries, more, programs, silent
    return basic.LEAKS + more.LEAKS + corners.LEAKS + libraries.LEAKS + programs.load(), silent.SILENT


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--two", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    leaks, silent = all_cases()
    cases = [c for c in leaks if c.two] if args.two else leaks + silent
    right = wrong = 0
    for needs, group in groups([c for c in cases if not args.cases or c.name in args.cases]).items():
        if not has(args.python, needs):
            print("skipped: %s, for want of %s" % (", ".join(c.name for c in group), ", ".join(needs)))
            continue
        with contextlib.closing(Target(args.python, needs)) as target:
            for case in group:
                trouble, others = run_one(target, case, args)
                right, wrong = right + (trouble is None), wrong + (trouble is not None)
                verdict = "yes" if trouble is None else "NO  " + trouble
                print("%-32s %s%s" % (case.name, verdict, "  also %s" % others if others else ""), flush=True)
    print("right %d of %d" % (right, right + wrong))
    return 1 if wrong else 0


def run_one(target, case, args):
    with tempfile.TemporaryDirectory() as directory:
        if args.keep:
            directory = os.path.abspath(os.path.join(args.keep, case.name))
            os.makedirs(directory, exist_ok=True)
            for name in os.listdir(directory):
                os.unlink(os.path.join(directory, name))
        files = target.snap(case, directory, STEPS)
        report = diff([files[0], files[-1]] if args.two else files)
        return judge(case, report), [(place(s), s["type"]) for s in report["suspects"][1:]]


if __name__ == "__main__":
    sys.exit(main())
