#!/usr/bin/env python3
"""Writes seeds for fuzz_stream into a folder: small streams (dump/agent/stream.h) with every record and tail.

usage: seeds_stream.py DIRECTORY
"""
import os
import sys

MAGIC = b"HSTRM\0\1\n"
END, LABEL, TYPE, SHAPE, OBJECT, ROOT, MODULE, THREAD, FRAME, VALUE, FACT, TEXT, OPAQUE = range(1, 14)
NONE, ITEM, PAIR, KEY, INTERNAL, LABELLED = range(6)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def text(value):
    return varint(len(value)) + value.encode()


class Stream:
    def __init__(self):
        self.out, self.address, self.objects, self.refs = MAGIC, 0, 0, 0

    def record(self, tag, *parts):
        self.out += bytes([tag]) + b"".join(parts)

    def object(self, address, shape, references=b"", gc=7, more=b""):
        self.record(OBJECT, zigzag((address - self.address) >> 3), varint(shape), varint(2), varint(64), bytes([gc]), more)
        self.address, self.objects = address, self.objects + 1
        self.out += references

    def dst(self, source, address):
        if not address:
            return b"\0"
        self.refs += 1
        difference = (address >> 4) - (source >> 4)
        return varint(1 + (difference << 1 if difference >= 0 else (-difference << 1) - 1))

    def finish(self):
        self.record(END, varint(self.objects), varint(self.refs))
        return self.out


def stream(tail, entries, null):
    """A type, an instance with two attributes, a container with a tail, and everything else that there can be."""
    s = Stream()
    s.record(LABEL, b"\0", text("token"))
    s.record(LABEL, b"\x80", text("owner"))
    s.record(TYPE, varint(0x1000 >> 3), b"\3", text("app.Thing"), text("app"), text("Thing"))
    s.record(TYPE, varint(0x1040 >> 3), b"\2", text("list"), text("builtins"), text("list"))
    s.record(SHAPE, varint(0), bytes([NONE]), varint(2), varint(1), varint(2))
    s.record(SHAPE, varint(1), bytes([tail]), varint(0))
    s.record(SHAPE, varint(1), bytes([NONE]), varint(0))
    s.object(0x1000, 2)
    s.object(0x1040, 2)
    s.object(0x2000, 0, s.dst(0x2000, 0x2048) + s.dst(0x2000, 0 if null else 0x2000))
    body = varint(entries << 1)
    for i in range(entries * (2 if tail == PAIR else 1)):
        if tail == LABELLED:
            body += varint(1) if i % 2 else b"\0\7" + text("name%d" % i)
        body += s.dst(0x2048, 0 if null and i == 1 else 0x2000)
    s.object(0x2048, 1, body if tail else b"", gc=0x18 | 1, more=varint(entries) + b"\x12\x34")
    s.record(ROOT, b"\0", varint(0x2000 >> 3), text("app"))
    s.record(MODULE, varint(0x2000 >> 3), text("app"), text("app.py"))
    s.record(THREAD, varint(77), varint(0), text("MainThread"))
    s.record(FRAME, varint(0), varint(0), varint(0x2000 >> 3), varint(0), varint(12), text("main"), text("app.py"))
    s.record(VALUE, varint(0x1000 >> 3), text("app.Thing"))
    s.record(VALUE, varint(0x2048 >> 3), text("a value"))
    s.record(FACT, text("rss"), zigzag(4096))
    s.record(TEXT, text("python_version"), text("3.12.1"))
    s.record(OPAQUE, varint(1))
    return s.finish()


def main(directory):
    os.makedirs(directory, exist_ok=True)
    for tail in (NONE, ITEM, PAIR, KEY, INTERNAL, LABELLED):
        for entries in (0, 3, 30):
            for null in (False, True):
                with open(os.path.join(directory, "%d-%d-%d" % (tail, entries, null)), "wb") as file:
                    file.write(stream(tail, entries, null))


if __name__ == "__main__":
    main(sys.argv[1])
