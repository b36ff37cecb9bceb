#!/usr/bin/env python3
"""Writes seeds for fuzz_report into a folder: two small streams each, the second with more in it.

usage: seeds_report.py DIRECTORY
"""
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import seeds_stream  # noqa: E402


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for tail in range(seeds_stream.ITEM, seeds_stream.LABELLED + 1):
        before, after = (seeds_stream.stream(tail, entries, False) for entries in (3, 30))
        with open(os.path.join(directory, "seed-%d" % tail), "wb") as file:
            file.write(struct.pack("<I", len(before)) + before + after)


if __name__ == "__main__":
    main(sys.argv[1])
