#!/usr/bin/env python3
"""Writes seeds for fuzz_elf into a folder: small ELF images as they lie in memory, with either kind of hash table.

usage: seeds_elf.py DIRECTORY
"""
import os
import struct
import sys

NAMES = ("", "PyInterpreterState_Get", "_PyRuntime", "Py_AddPendingCall")
PT_LOAD, PT_DYNAMIC = 1, 2
DT_HASH, DT_STRTAB, DT_SYMTAB, DT_GNU_HASH = 4, 5, 6, 0x6ffffef5
DYNAMIC, SYMBOLS, STRINGS, HASH, GNU_HASH, END = 0x200, 0x300, 0x400, 0x500, 0x600, 0x800


def sysv_hash(name):
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xf0000000
        value = (value ^ high >> 24) & ~high & 0xffffffff
    return value


def gnu_hash(name):
    value = 5381
    for byte in name.encode():
        value = (value * 33 + byte) & 0xffffffff
    return value


def put(image, offset, data):
    image[offset:offset + len(data)] = data


def image_of(tags):
    image = bytearray(END)
    put(image, 0, b"\x7fELF\2\1\1" + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0))
    put(image, 64, struct.pack("<IIQQQQQQ", PT_LOAD, 5, 0, 0, 0, END, END, 4096))
    put(image, 64 + 56, struct.pack("<IIQQQQQQ", PT_DYNAMIC, 6, DYNAMIC, DYNAMIC, DYNAMIC, 0x60, 0x60, 8))
    put(image, DYNAMIC, b"".join(struct.pack("<QQ", tag, value) for tag, value in (*tags, (0, 0))))
    strings = b"\0".join(name.encode() for name in NAMES) + b"\0"
    put(image, STRINGS, strings)
    for number, name in enumerate(NAMES):
        offset = strings.index(name.encode() + b"\0") if name else 0
        put(image, SYMBOLS + 24 * number,
            struct.pack("<IBBHQQ", offset, 0x12 if name else 0, 0, 1 if name else 0, 0x700 + number, 16))
    buckets = [0]
    chain = [0] * len(NAMES)
    for number in range(1, len(NAMES)):  # one bucket, a chain through all
        chain[number], buckets[0] = buckets[0], number
    put(image, HASH, struct.pack("<II%dI" % (1 + len(chain)), 1, len(chain), *buckets, *chain))
    hashes = [gnu_hash(name) & ~1 for name in NAMES[1:]]
    hashes[-1] |= 1
    put(image, GNU_HASH, struct.pack("<IIIIQI%dI" % len(hashes), 1, 1, 1, 0, 2 ** 64 - 1, 1, *hashes))
    return bytes(image)


def main(directory):
    os.makedirs(directory, exist_ok=True)
    tables = [(DT_STRTAB, STRINGS), (DT_SYMTAB, SYMBOLS)]
    for number, hashes in enumerate(([(DT_HASH, HASH)], [(DT_GNU_HASH, GNU_HASH)],
                                     [(DT_HASH, HASH), (DT_GNU_HASH, GNU_HASH)], [])):
        with open(os.path.join(directory, "seed-%d" % number), "wb") as file:
            file.write(image_of(tables + hashes))


if __name__ == "__main__":
    main(sys.argv[1])
