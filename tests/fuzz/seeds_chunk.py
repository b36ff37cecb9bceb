#!/usr/bin/env python3
"""Writes seeds for fuzz_chunk into a folder: a chunk of two objects in each form of column that a byte can choose.

usage: seeds_chunk.py DIRECTORY
"""
import os
import struct
import sys

LABELS = b"\x02\x21\x01x\x11"
# type, head, [entries], fields, labels: a field and no tail; items; pairs, two entries; labelled, refers to its type
SHAPES = b"\x04" b"\x00\x00\x01\x00" b"\x01\x01\x00\x00" b"\x00\x02\x03\x01\x02" b"\x03\x15\x00\x00"
SECOND = b"\x00\x02\x00"  # distances of two objects


def objects(shape, tail=b"", numbers=b"\x01\x01"):
    header = bytes([1, shape, 2, 4, 0x10])
    return header + SECOND + b"\x00\x03\x04" + b"\x08\x40" + numbers + b"\x00\x02\x07" + b"\x03\x01\x02\xff\xff" + tail


def main(directory):
    os.makedirs(directory, exist_ok=True)
    seeds = []
    for form in range(6):
        column = bytes([form]) + (b"\x00\x02" if form == 5 else b"") + b"\x02\x05"
        seeds.append((objects(0), column))
        seeds.append((objects(1, b"\x04\x00\x00"), bytes([form]) + b"\x00" * 5 + b"\x02" * 5))
        seeds.append((objects(2), column * 5))
        seeds.append((objects(3, b"\x00\x01\x01"), b"\x01\x01" + column))
    for form in range(12):
        seeds.append((objects(0, numbers=bytes([form]) + b"\x05\x06"), b"\x00\x02\x02"))
    for number, (chunk, refs) in enumerate(seeds):
        parts = [LABELS, SHAPES, chunk, refs]
        with open(os.path.join(directory, "seed-%02d" % number), "wb") as file:
            file.write(b"\x01" + b"".join(struct.pack("<H", len(part)) for part in parts) + b"".join(parts))


if __name__ == "__main__":
    main(sys.argv[1])
