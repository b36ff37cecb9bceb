"""Runs a program of tests/e2e/programs, and gives what it wrote: its snapshot as a stream, and its twin's account."""
import os
import subprocess
import threading
import unittest

import support

FOLDER = os.path.join(support.HERE, "programs")
PROGRAMS = ("asyncs", "djangos", "frames", "messy", "server", "sqlalchemys", "stdlib", "unittests", "workload")
TIMEOUT_S = 180
SKIP = 77  # the program cannot run on this interpreter, and has said why


def drain(descriptor, name, into):
    with open(descriptor, "rb") as file:
        into[name] = file.read()


def capture(python, program):
    """{"ORACLE_STREAM": bytes, "ORACLE_TRUTH": bytes} of one program on one interpreter."""
    pipes = {name: os.pipe() for name in ("ORACLE_STREAM", "ORACLE_TRUTH")}
    captured = {}
    env = support.environment(PYTHONPATH=support.HERE, HEAPSNAP_BUILD=support.BUILD,
                              **{name: str(pair[1]) for name, pair in pipes.items()})
    process = subprocess.Popen([python, os.path.join(FOLDER, program + ".py")], env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               pass_fds=[pair[1] for pair in pipes.values()])
    threads = [threading.Thread(target=drain, args=(pair[0], name, captured)) for name, pair in pipes.items()]
    for thread in threads:
        thread.start()
    for pair in pipes.values():
        os.close(pair[1])
    try:
        output = process.communicate(timeout=TIMEOUT_S)[0].decode(errors="replace")
    finally:
        process.kill()
        for thread in threads:
            thread.join()
    if process.returncode == SKIP:
        raise unittest.SkipTest(output.strip())
    if process.returncode:
        raise AssertionError("%s on %s: %s" % (program, python, output))
    return captured
