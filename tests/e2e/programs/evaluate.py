"""Runs a leak case, asks heapdiff what grows, and evaluates the paths that it prints: here they are the objects.

usage: evaluate.py HEAPDIFF HEAPQUERY DIRECTORY     (DIRECTORY holds the case as shop.py)
Prints a line for each path that does not lead to its object, then "ok N of M".
"""
import gc
import importlib
import json
import os
import subprocess
import sys

import heapdump

heapdiff, heapquery, directory = sys.argv[1:]
REPETITIONS, STEPS = 5, (2, 5)


class Modules(dict):
    """Names in a path are modules that are imported, or builtins."""

    def __missing__(self, name):
        if name in sys.modules:
            return sys.modules[name]
        if name in ("gc", "inspect"):
            return importlib.import_module(name)
        raise KeyError(name)


def ask(*command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout)


def main():
    os.chdir(directory)
    sys.path.insert(0, directory)
    import shop
    files = []
    for number in range(1, REPETITIONS + 1):
        shop.rep(number)
        gc.collect()
        if number in STEPS:
            files.append("rep%d.db" % number)
            heapdump.snap(files[-1])
    printed = {}
    for suspect in ask(heapdiff, "--json", *files)["suspects"]:
        chain = suspect["chain"]
        if chain and suspect["path"] and not suspect["content"]:
            printed[suspect["path"]] = chain[-1]["id"]
        if suspect["holder"] and suspect["holder"]["path"]:
            printed[suspect["holder"]["path"]] = suspect["holder"]["id"]
    right = wanted = 0
    for path, number in printed.items():
        if "<" in path:
            continue
        wanted += 1
        address = ask(heapquery, files[-1], "--json", "SELECT address FROM objects WHERE id = %d" % number)[0]["address"]
        try:
            found = id(eval(path, Modules()))
        except Exception as error:
            print("%s: %r" % (path, error))
            continue
        if found != (int(address, 16) if isinstance(address, str) else address):
            print("%s: another object" % path)
        else:
            right += 1
    print("ok", right, "of", wanted, flush=True)
    os._exit(0)


main()
