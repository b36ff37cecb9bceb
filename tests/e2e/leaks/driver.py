"""Runs in the target: imports what argv names, then runs each case that standard input names in a fork of its own.

A line of standard input is a JSON object: `directory`, which holds shop.py, `steps`, the repetitions of five after which a
snapshot is taken there, and maybe `clear`, statements that let go of what leaks: with these, each snapshot has a twin,
clearedN.db, of a fork that ran them. The answer is a line with the wait status.
"""
import gc
import importlib
import json
import os
import signal
import sys

import heapdump

REPETITIONS = 5
LIMIT_S = 60


def snap_cleared(shop, clear, n):
    if os.fork():
        os.wait()
        return
    exec(clear, shop.__dict__)
    gc.collect()
    heapdump.snap("cleared%d.db" % n)
    os._exit(0)


def run(directory, steps, clear):
    signal.alarm(LIMIT_S)
    os.chdir(directory)
    sys.path.insert(0, directory)
    import shop
    for n in range(1, REPETITIONS + 1):
        shop.rep(n)
        gc.collect()
        if n in steps:
            heapdump.snap("rep%d.db" % n)
            if clear:
                snap_cleared(shop, clear, n)


def run_in_fork(directory, steps, clear):
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    status = 1
    os.dup2(2, 1)  # what a case prints is no answer
    try:
        run(directory, steps, clear)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(status)


def main():
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        job = json.loads(line)
        print(run_in_fork(job["directory"], job["steps"], job["clear"]), flush=True)


if __name__ == "__main__":
    main()
