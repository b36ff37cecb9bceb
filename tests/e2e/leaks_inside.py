#!/usr/bin/env python3
"""Runs the programs of leak_cases.py, snaps them from inside and says what heapdiff makes of them.

usage: leaks_inside.py [--python PY] [--two] [--keep DIR] [CASE ...]

Each runs five repetitions and takes a snapshot after 2, 3, 4 and 5 (--two: after 2 and 5). Prints a line a case, and
the number of right answers; exits 1 unless all are.
"""
import argparse
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import leak_cases
import support

DRIVER = '''
import gc, sys
import heapdump
import shop
steps = [int(word) for word in sys.argv[1:]]
for n in range(1, 6):
    shop.rep(n)
    gc.collect()
    if n in steps:
        heapdump.snap("rep%d.db" % n)
'''


def snap(case, python, directory, steps):
    """The snapshots of one case, in order."""
    for name, source in (("shop.py", case.source), ("driver.py", DRIVER)):
        with open(os.path.join(directory, name), "w") as file:
            file.write(source)
    support.check([python, "driver.py", *steps], cwd=directory, env=support.environment())
    return [os.path.join(directory, "rep%d.db" % step) for step in steps]


def judge(case, report):
    """None if the report gives the answer that the case expects, else what is wrong."""
    suspects = report["suspects"]
    if case.holder is None:
        return "suspects %s" % [place(s) for s in suspects] if suspects else None
    if not suspects:
        return "no suspect"
    first = suspects[0]
    if not re.fullmatch(case.type, first["type"]):
        return "type %s (%s)" % (first["type"], place(first))
    if not re.fullmatch(case.holder, place(first) or ""):
        return "holder %s (%s)" % (place(first), first["type"])
    if first["kind"] != case.kind:
        return "kind %s" % first["kind"]
    if len(suspects) > 4:
        return "told in %d suspects: %s" % (len(suspects), [place(s) for s in suspects])
    return None


def place(suspect):
    holder = suspect["holder"] or {}
    return suspect["path"] if suspect["kind"] == "size" or not holder else holder["path"]


def run(case, python, steps, keep=None):
    with tempfile.TemporaryDirectory() as directory:
        if keep:
            directory = os.path.join(keep, case.name)
            os.makedirs(directory, exist_ok=True)
        files = snap(case, python, directory, steps)
        return json.loads(support.check([support.HEAPDIFF, "--json", *files]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--two", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    cases = leak_cases.LEAKS + ([] if args.two else leak_cases.NO_LEAKS)
    right = wrong = 0
    for case in cases:
        if args.cases and case.name not in args.cases:
            continue
        report = run(case, args.python, [2, 5] if args.two else [2, 3, 4, 5], args.keep)
        trouble = judge(case, report)
        right, wrong = right + (trouble is None), wrong + (trouble is not None)
        others = [place(s) for s in report["suspects"][1:]]
        verdict = "yes" if trouble is None else "NO  " + trouble
        print("%-28s %s%s" % (case.name, verdict, "  also %s" % others if others else ""), flush=True)
    print("right %d of %d" % (right, right + wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
