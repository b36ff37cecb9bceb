#!/usr/bin/env python3
"""The large counts: attaches under load and tools killed at any instant, on every interpreter here. Prints a Markdown table.

usage: soak.py [--build DIR] [--seconds S] [--append FILE] [VERSION ...]

Each interpreter runs tests/e2e/attach_load.py, which checks itself, for S seconds while it is snapped, and for half as long
while the tool is killed. --append adds the table to FILE (RESULTS.md). The exit status is 1 if anything went wrong.
"""
import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))


def attaches(attach, pid, path, seconds):
    """How many snapshots were taken, and what the tool said of others."""
    taken, troubles = 0, []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        tool = attach.start_tool(pid, path)
        said = tool.communicate()[1]
        taken += tool.returncode == 0
        if tool.returncode:
            troubles.append(said.strip())
    return taken, troubles


def kills(attach, pid, path, seconds):
    """How long after each tool's end the target ran; None for one that stayed stopped."""
    waits = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        waits.append(attach.kill_after(attach.start_tool(pid, path), pid, random.uniform(0, 0.15)))
        if not attach.runs(pid):
            return waits + [None]
    return waits


def soak(attach, support, python, seconds):
    with tempfile.TemporaryDirectory() as directory:
        target = subprocess.Popen([python, attach.LOAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, env=support.environment(), text=True)
        try:
            target.stdout.readline()
            path = os.path.join(directory, "snap.db")
            taken, troubles = attaches(attach, target.pid, path, seconds)
            waits = kills(attach, target.pid, path, seconds / 2)
            out, _ = target.communicate("\n", timeout=120)
            bad = json.loads(out)["bad"] if target.returncode == 0 else ["it ended with %s" % target.returncode]
        finally:
            target.kill()
            target.wait()
    return taken, troubles, waits, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.path.join(os.path.dirname(os.path.dirname(HERE)), "build"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--append")
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    args = parser.parse_args()
    os.environ["HEAPSNAP_BUILD"] = os.path.abspath(args.build)
    import attach
    import support

    lines = ["", "%s, Linux %s, %d processors, load average before %.1f, %g s and half as long:" % (
                 time.strftime("%Y-%m-%d"), platform.release(), os.cpu_count(), os.getloadavg()[0], args.seconds), "",
             "| CPython | snapshots under load | failed | tools killed | target ran later than 0.1 s | never | self-checks failed |",
             "|---|---|---|---|---|---|---|"]
    wrong = []
    for version, python in support.interpreters().items():
        if args.versions and version not in args.versions:
            continue
        taken, troubles, waits, bad = soak(attach, support, python, args.seconds)
        never = waits.count(None)
        late = sum(wait > 0.1 for wait in waits if wait is not None)
        lines.append("| %s | %d | %d | %d | %d | %d | %d |" % (
            version, taken, len(troubles), len(waits), late, never, len(bad)))
        print(lines[-1], flush=True)
        wrong += ["%s: %s" % (version, one) for one in troubles + bad] + ["%s: stayed stopped" % version] * never
    if args.append:
        with open(args.append, "a") as results:
            results.write("\n".join(lines) + "\n")
    print("\n".join(wrong or ["nothing went wrong"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
