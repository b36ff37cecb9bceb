#!/usr/bin/env python3
"""Measures the main jobs on a large heap, beside objgraph doing the same ones on the same heap, and prints a table.

usage: bench.py [--build DIR] [--python PY] [-n OBJECTS] [--runs N] [--workload FILE] [--messy-workload FILE]

Figures are medians of --runs runs. objgraph runs inside the same process, right after the snapshots; it is
looked for where Debian puts it.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
ANTI_JOIN = ("SELECT a.type, count(*), sum(a.shallow_bytes) FROM after.objects a "
             "LEFT JOIN before.objects b USING (address) WHERE b.id IS NULL GROUP BY a.type ORDER BY 2 DESC LIMIT 10")


def default_python():
    found = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.12.*/bin/python3")))
    return found[-1] if found else sys.executable


def wall(argv, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit("%s: %s" % (" ".join(argv), done.stderr.strip()))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure_target(args, directory, messy, workload, objgraph):
    argv = [args.python, os.path.join(HERE, "target.py"), str(args.n), directory, "--runs", str(args.runs)]
    argv += ["--messy"] * messy + ["--objgraph"] * objgraph + (["--workload", workload] if workload else [])
    path = [os.path.join(args.build, "python"), "/usr/lib/python3/dist-packages"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONPATH=":".join(path)))
    if done.returncode:
        sys.exit("the target failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def row(what, ours, peer=None):
    print("%-44s %14s %14s" % (what, ours, peer or ""))


def seconds(value):
    return "%.3f s" % value


def megabytes(value):
    return "%.1f MB" % (value / 1e6)


def fact(args, snapshot, name):
    """A number of the snapshot's own account of how it was made."""
    query = os.path.join(args.build, "bin", "heapquery")
    sql = "SELECT value FROM snapshot WHERE name = '%s'" % name
    return int(subprocess.run([query, snapshot, "--csv", sql], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.split()[-1])


def report_snaps(args, lines, title, snapshot):
    snaps = [line for line in lines if line["what"] == "snap"]
    median = {key: statistics.median(s[key] for s in snaps) for key in snaps[0] if key != "what"}
    print("\n%s: %d objects, %d references" % (title, median["objects"], median["refs"]))
    row("pause of the target", "%.2f ms" % (median["pause_ns"] / 1e6))
    row("call to file closed", seconds(median["seconds"]))
    row("file", megabytes(median["bytes"]), "%.2f B/object" % (median["bytes"] / median["objects"]))
    row("private memory of the snapshot child", megabytes(fact(args, snapshot, "child_private_bytes")))
    row("peak memory of the collector", megabytes(fact(args, snapshot, "collector_peak_bytes")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--python", default=default_python())
    parser.add_argument("-n", type=int, default=800_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workload")
    parser.add_argument("--messy-workload")
    args = parser.parse_args()
    args.build = os.path.abspath(args.build)
    query, diff = (os.path.join(args.build, "bin", tool) for tool in ("heapquery", "heapdiff"))

    with tempfile.TemporaryDirectory() as directory:
        before, after = os.path.join(directory, "before.db"), os.path.join(directory, "after.db")
        lines = measure_target(args, directory, False, args.workload, True)
        heap = lines[0]
        print("CPython %s, %d GC-tracked objects" % (heap["python"], heap["tracked"]))
        report_snaps(args, lines, "regular heap", before)
        peer = {line["what"]: line for line in lines if line["what"].startswith("objgraph")}
        deep = subprocess.run([query, before, "--csv", "SELECT id FROM objects WHERE type LIKE '%.DB' "
                               "ORDER BY distance DESC LIMIT 1"], stdout=subprocess.PIPE, text=True, check=True)
        target = "#" + deep.stdout.split()[-1]
        print("\n%-44s %14s %14s" % ("the same questions", "snapshot", "objgraph"))
        row("count by type", seconds(wall([query, "types", before], args.runs)),
            seconds(peer["objgraph count by type"]["seconds"]))
        row("chain to the module, cold", seconds(wall([query, "chain", before, target], args.runs)),
            "%s, %d steps" % (seconds(peer["objgraph chain"]["seconds"]), peer["objgraph chain"]["steps"]))
        row("what grew (heapdiff; objgraph: types only)", seconds(wall([diff, before, after], args.runs)),
            seconds(peer["objgraph growth"]["seconds"]))
        row("anti-join of two snapshots in SQL", seconds(wall([query, before, after, ANTI_JOIN], args.runs)), "-")

        lines = measure_target(args, directory, True, args.messy_workload, False)
        report_snaps(args, lines, "messy heap", before)


if __name__ == "__main__":
    main()
