"""SPEC.md against the program: the schema it prints is the one in the files, and a reader written from it sees what heapquery sees."""
import os
import re
import shutil
import sqlite3
import tempfile
import unittest

import spec_reader
import support
from support import HEAPDUMP, HEAPQUERY, check, query

PROGRAM = '''
import collections, threading, tracemalloc, weakref

tracemalloc.start()

class Slotted:
    __slots__ = ("key", "value", "__weakref__")
    def __init__(self, key, value):
        self.key, self.value = key, value

class Plain:
    pass

kept = [Slotted(i, {"same": i, i: str(i)}) for i in range(3000)]
weak = [weakref.ref(one) for one in kept[:100]]
many = Plain()
many.some = set(range(500))
many.order = collections.OrderedDict((i, [i] * (i % 9)) for i in range(200))
many.names = {"key %d" % i: (i, str(i) * (i % 40)) for i in range(2000)}
many.counts = [float(i) for i in range(20000)]

def generate(local):
    yield local

running = generate(many)
next(running)
'''


class Specification(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="heapdump-spec-")
        program = os.path.join(cls.directory, "program.py")
        with open(program, "w") as file:
            file.write(PROGRAM)
        cls.packed = os.path.join(cls.directory, "packed.db")
        cls.plain = os.path.join(cls.directory, "plain.db")
        interpreter = sorted(support.interpreters().items())[-1][1]
        check([HEAPDUMP, "run", "-q", "-o", cls.packed, "--at-exit", "--", interpreter, program],
              env=support.environment(HEAPDUMP_VALUES="short"))
        check([HEAPQUERY, "unpack", cls.packed, cls.plain])
        cls.snapshot = spec_reader.Snapshot(cls.packed)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_schema(self):
        with open(os.path.join(support.ROOT, "SPEC.md")) as file:
            blocks = re.findall(r"```sql\n(CREATE .*?)```", file.read(), re.S)
        small, packed, plain = ([text.strip() for text in block.split(";") if text.strip()] for block in blocks[:3])
        for path, special in ((self.packed, packed), (self.plain, plain)):
            with sqlite3.connect(path) as db:
                found = [sql for sql, in db.execute("SELECT sql FROM sqlite_master ORDER BY rowid")]
            self.assertEqual(found, small + special)

    def test_properties(self):
        with sqlite3.connect(self.packed) as db:
            self.assertEqual(db.execute("PRAGMA application_id").fetchone()[0], spec_reader.APPLICATION_ID)
            self.assertEqual(db.execute("PRAGMA user_version").fetchone()[0], spec_reader.FORMAT)
            self.assertEqual(db.execute("PRAGMA journal_mode").fetchone()[0], "delete")
            self.assertEqual(db.execute("PRAGMA freelist_count").fetchone()[0], 0)

    def test_verify(self):
        for path in (self.packed, self.plain):
            check([HEAPQUERY, "verify", path])

    def compare(self, ours, theirs):
        self.assertEqual(len(ours), len(theirs))
        for our, their in zip(ours, theirs):
            self.assertEqual(our, their)

    def test_objects(self):
        columns = "id, address, type_id, type, shallow_bytes, refcount, generation, tracked, length, ident, value, \
            allocated_at"
        ours = list(self.snapshot.objects())
        self.assertGreater(len(ours), 2 * spec_reader.CHUNK)
        self.assertEqual(len(ours), self.snapshot.facts["objects"])
        for path in (self.packed, self.plain):
            rows = query(path, "SELECT %s FROM objects ORDER BY id" % columns)
            self.compare(ours, [tuple(row.values()) for row in rows])

    def refs(self):
        """The specification's rows, with the names that SQL shows for values: those of their keys."""
        values = {row[0]: row[10] for row in self.snapshot.objects()}
        key = None
        for src, dst, kind, slot, owning, name in self.snapshot.refs():
            if kind == "value" and name is None and key is not None and key[:2] == (src, slot):
                name = values[key[2]]
            key = (src, slot, dst) if kind == "key" else None
            yield src, dst, kind, slot, owning, name

    def test_refs(self):
        ours = list(self.refs())
        self.assertEqual(len(ours), self.snapshot.facts["refs"])
        kinds = {row[2] for row in ours}
        self.assertLessEqual({"attribute", "item", "key", "value", "slot", "local", "global", "type", "member"}, kinds)
        for path in (self.packed, self.plain):
            rows = query(path, "SELECT src, dst, kind, slot, owning, name FROM refs ORDER BY src, rowid")
            self.compare(ours, [tuple(row.values()) for row in rows])

    def test_smallest(self):
        """A file written from the specification alone."""
        directory = os.path.join(self.directory, "smallest")
        check(["/usr/bin/env", "python3", os.path.join(support.ROOT, "tests", "fuzz", "seeds_reader.py"), directory])
        path = os.path.join(directory, "seed-smallest")
        check([HEAPQUERY, "verify", path])
        self.assertEqual(query(path, "SELECT id, type, shallow_bytes FROM objects"),
                         [{"id": 0, "type": "object", "shallow_bytes": 64}])

    def test_shapes_of_all_kinds_are_met(self):
        tails = {(shape.tail, shape.variable) for shape in self.snapshot.shapes}
        self.assertGreaterEqual({tail for tail, _ in tails},
                                {spec_reader.NONE, spec_reader.ITEMS, spec_reader.PAIRS, spec_reader.KEYS})
        self.assertTrue(any(variable for _, variable in tails))


if __name__ == "__main__":
    unittest.main()
