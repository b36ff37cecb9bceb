#!/usr/bin/env python3
"""Writes seeds for fuzz_maps into a folder: the mappings of this very process, and parts of them.

usage: seeds_maps.py DIRECTORY
"""
import os
import sys


def main(directory):
    os.makedirs(directory, exist_ok=True)
    with open("/proc/self/maps", "rb") as file:
        lines = file.readlines()
    for number, part in enumerate((lines, lines[:1], lines[-3:], [line.split(b"/")[0] + b"\n" for line in lines[:5]])):
        with open(os.path.join(directory, "seed-%d" % number), "wb") as file:
            file.write(b"".join(part))


if __name__ == "__main__":
    main(sys.argv[1])
