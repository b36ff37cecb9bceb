"""Small objects that hold large buffers: views, matches, iterators and slices keep what they look at, so retained bytes say so."""
import os
import tempfile
import unittest

import support
from support import check, query

PROGRAM = r'''
import array, io, re, sys
import heapdump

class Kept:
    def __init__(self, name, thing):
        self.name, self.thing = name, thing

def written(size):
    stream = io.BytesIO(b"y" * size)
    stream.write(b"z")
    return stream

def make():
    kept = [
        Kept("view of a bytearray", memoryview(bytearray(1000000))[10:20]),
        Kept("cast view of bytes", memoryview(bytes(1100000)).cast("b")[5:6]),
        Kept("match", re.search("needle", "x" * 1200000 + "needle")),
        Kept("array", array.array("b", bytes(1300000))),
        Kept("view of an array", memoryview(array.array("b", bytes(1400000)))[3:4]),
        Kept("stream", written(1500000)),
        Kept("view of a stream", written(1600000).getbuffer()),
        Kept("iterator over text", iter("q" * 1700000)),
        Kept("iterator over an array", iter(array.array("b", bytes(1800000)))),
        Kept("scanner", re.compile("a").scanner("r" * 1900000)),
        Kept("matches to come", re.finditer("a", "r" * 2000000)),
    ]
    try:
        import numpy
        kept.append(Kept("slice", numpy.ones(2300000, dtype="u1")[3:5]))
        kept.append(Kept("slice of a slice", numpy.ones(2400000, dtype="u1")[3:500][1:2]))
        kept.append(Kept("array over a bytearray", numpy.frombuffer(bytearray(2500000), dtype="u1")[7:8]))
    except ImportError:
        pass
    return kept

kept = make()  # what a function left on its stack is gone with it
heapdump.snap(sys.argv[1], values="short")
'''
SIZES = {"view of a bytearray": 1000000, "cast view of bytes": 1100000, "match": 1200000, "array": 1300000,
         "view of an array": 1400000, "stream": 1500000, "view of a stream": 1600000, "iterator over text": 1700000,
         "iterator over an array": 1800000, "scanner": 1900000, "matches to come": 2000000,
         "slice": 2300000, "slice of a slice": 2400000, "array over a bytearray": 2500000}
# sys.getsizeof() of a stream counts its buffer, which since 3.12 is an object that the stream refers to as well.
TWICE = ("stream", "view of a stream")
SQL = """SELECT o.retained_bytes AS bytes, (SELECT v.value FROM refs r JOIN objects v ON v.id = r.dst WHERE r.name = 'name'
    AND r.src IN (SELECT o.id UNION SELECT dst FROM refs WHERE src = o.id AND name = '__dict__')) AS name
    FROM objects o WHERE o.type = '__main__.Kept'"""
HELD_BY_NOBODY = "SELECT count(*) AS n FROM objects WHERE shallow_bytes >= 1000000 AND external_refs <> 0"


class Buffers(unittest.TestCase):
    def test_retained(self):
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "buffers.db")
                check([python, "-c", PROGRAM, path])
                found = {row["name"]: row["bytes"] for row in query(path, SQL)}
                self.assertGreaterEqual(len(found), len(SIZES) - 3)
                for name, retained in found.items():
                    times = 2 if name in TWICE else 1
                    self.assertTrue(SIZES[name] <= retained < times * SIZES[name] * 1.15, (name, retained))
                self.assertEqual(query(path, HELD_BY_NOBODY), [{"n": 0}])


if __name__ == "__main__":
    unittest.main()
