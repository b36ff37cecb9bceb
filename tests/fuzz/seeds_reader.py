#!/usr/bin/env python3
"""Writes seeds for fuzz_reader into a folder: the smallest snapshot that there can be, packed, made from SPEC.md.

usage: seeds_reader.py DIRECTORY
"""
import os
import re
import sqlite3
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import spec_reader  # noqa: E402

# One object of type 0 without references: groups, shape, count; shift, address; six columns of one number.
OBJECTS = b"\x01\x00\x01\x04\x10\x00\x00\x40\x01\x02\x00"


def statements():
    with open(os.path.join(ROOT, "SPEC.md")) as file:
        blocks = re.findall(r"```sql\n(CREATE .*?)```", file.read(), re.S)
    return blocks[0] + blocks[1]


def main(directory):
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, "seed-smallest")
    if os.path.exists(path):
        os.unlink(path)
    db = sqlite3.connect(path)
    db.executescript("PRAGMA page_size=512; PRAGMA application_id=%d; PRAGMA user_version=%d; %s"
                     % (spec_reader.APPLICATION_ID, spec_reader.FORMAT, statements()))
    db.execute("INSERT INTO readme VALUES ('format', 'packed')")
    facts = {"format_version": 1, "objects": 1, "tracked_objects": 1, "refs": 0, "shallow_bytes": 64}
    db.executemany("INSERT INTO snapshot VALUES (?, ?)", facts.items())
    db.execute("INSERT INTO types VALUES (0, 'object', NULL, 'object', NULL, 1, 64, 0)")
    db.execute("INSERT INTO roots VALUES (0, 'module', 'm', NULL, 0)")
    db.execute("INSERT INTO sites VALUES (0, 'app.py', 12)")
    db.execute("INSERT INTO chunks VALUES (0, 0, 1, 0, 16, 16, 1, NULL, NULL, 4)")
    blobs = (("objects", OBJECTS), ("labels", b"\x00"), ("shapes", b"\x01\x00\x00\x00"), ("sites", b"\x01"))
    for number, (kind, raw) in enumerate(blobs, 1):
        db.execute("INSERT INTO blobs VALUES (?, ?, ?, ?, ?)",
                   (number, kind, len(raw), zlib.crc32(raw), zlib.compress(raw)))
    for table in [*spec_reader.SMALL[:-1], "chunks", "blobs"]:
        columns = "id, kind, raw_bytes, crc32" if table == "blobs" else "*"
        rows = db.execute("SELECT %s FROM %s ORDER BY rowid" % (columns, table))
        db.execute("INSERT INTO integrity VALUES (?, ?, ?)", (table, *spec_reader.table_crc(rows)))
    db.commit()
    db.close()
    assert list(spec_reader.Snapshot(path).objects()) == [(0, 16, 0, "object", 64, 1, 2, 1, None, None, None, "app.py:12")]


if __name__ == "__main__":
    main(sys.argv[1])
