"""The process that the benchmark measures: builds a heap, snaps itself, and lets objgraph do the same jobs.

usage: target.py N DIRECTORY [--messy] [--workload FILE] [--runs N] [--objgraph]
Prints one JSON line per measurement. --workload names a Python file with build(n), or build_messy(n) for --messy.
"""
import argparse
import gc
import importlib.util
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def load(path):
    spec = importlib.util.spec_from_file_location("bench_workload", path)
    module = sys.modules["bench_workload"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def say(**facts):
    print(json.dumps(facts), flush=True)


def timed(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def objgraph_jobs():
    import objgraph
    say(what="objgraph count by type", seconds=timed(objgraph.typestats)[0])
    objgraph.growth()
    say(what="objgraph growth", seconds=timed(objgraph.growth)[0])
    target = next(o for o in gc.get_objects() if type(o).__name__ == "DB" and str(vars(o)["name"]).startswith("deep"))
    seconds, chain = timed(lambda: objgraph.find_backref_chain(target, objgraph.is_proper_module, max_depth=30))
    say(what="objgraph chain", seconds=seconds, steps=len(chain))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("n", type=int)
    parser.add_argument("directory")
    parser.add_argument("--messy", action="store_true")
    parser.add_argument("--workload")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--objgraph", action="store_true")
    args = parser.parse_args()
    heap = load(args.workload or os.path.join(HERE, "heap.py"))
    if args.workload:
        state = (heap.build_messy if args.messy else heap.build)(args.n)
    else:
        state = heap.build(args.n, messy=args.messy)
    import heapdump
    say(what="heap", tracked=len(gc.get_objects()), python="%d.%d.%d" % sys.version_info[:3])
    for run in range(args.runs):
        seconds, snap = timed(lambda: heapdump.snap(os.path.join(args.directory, "before.db"), force=True))
        say(what="snap", seconds=seconds, objects=snap.objects, refs=snap.refs, bytes=snap.file_bytes,
            pause_ns=snap.pause_ns)
    if hasattr(heap, "leak"):
        heap.leak(state, 16)
    heapdump.snap(os.path.join(args.directory, "after.db"), force=True)
    if args.objgraph:
        objgraph_jobs()


if __name__ == "__main__":
    main()
