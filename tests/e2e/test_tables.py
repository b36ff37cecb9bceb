"""SQL over snapshots: packed and plain files answer alike, with our programs and without, and SPEC.md's own SQL runs."""
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import support
from support import HEAPQUERY, check, query

PROGRAM = r"""
import sys
import heapdump

class Node:
    def __init__(self, parent):
        self.parent, self.children = parent, []

class Slotted:
    __slots__ = ("left", "right")

class Items(list):
    pass

# Two holders that only their slots tell apart: the one at the higher address has the lower slot, and fields before it.
low, high = sorted((Items(), Items()), key=id)
shared = Slotted()
low.extend([0, 0, shared])
high.extend([0, shared])
high.note = "x"

registry = {}
for i in range(300):
    registry["key %d" % i] = node = Node(registry.get("key %d" % (i // 2)))
    node.closure = lambda node=node: node
    node.slotted = Slotted()
    node.slotted.left = node
    node.items = (node, {node: i}, [i] * 3, {str(i)})
heapdump.snap(sys.argv[1], values="short")
registry["late"] = [Node(None) for _ in range(50)]
heapdump.snap(sys.argv[2])
"""

OBJECTS = ("id, address, type_id, type, shallow_bytes, refcount, generation, tracked, interpreter, length, ident, value,"
           " in_refs, external_refs, reachable, distance, parent_id, dominator_id, retained_bytes")
# Put to both forms of a snapshot.
QUESTIONS = [
    "SELECT %s FROM objects ORDER BY id" % OBJECTS,
    "SELECT src, dst, kind, name, slot, owning FROM refs ORDER BY rowid",
    "SELECT * FROM types ORDER BY id",
    "SELECT * FROM snapshot ORDER BY name",
    "SELECT * FROM roots ORDER BY object_id, kind, name",
    "SELECT * FROM modules ORDER BY name",
    "SELECT * FROM threads ORDER BY id",
    "SELECT * FROM frames ORDER BY thread_id, depth",
    "SELECT * FROM memory ORDER BY name",
    "SELECT src, name FROM refs WHERE dst IN (SELECT id FROM objects WHERE type = '__main__.Node') ORDER BY src, dst, name",
    "SELECT kind, owning, count(*), count(name), count(slot) FROM refs GROUP BY kind, owning ORDER BY kind, owning",
    "SELECT id FROM objects WHERE address BETWEEN (SELECT min(address) + 1 FROM objects)"
    " AND (SELECT min(address) + 100000 FROM objects) ORDER BY id",
    "SELECT t.name, count(*) FROM types t JOIN objects o ON o.type_id = t.id GROUP BY t.id ORDER BY t.id DESC",
    "SELECT count(*), sum(length), sum(ident), min(generation) FROM objects WHERE type LIKE '%node%'",
]
SMALL = ("readme", "snapshot", "types", "roots", "modules", "threads", "frames", "memory", "integrity")


def spec_statements():
    """The questions of SPEC.md: every block of SQL that is no CREATE statement."""
    with open(os.path.join(support.ROOT, "SPEC.md"), encoding="utf-8") as file:
        blocks = re.findall(r"```sql\n(.*?)```", file.read(), re.S)
    return [block.strip().rstrip(";") for block in blocks if not block.startswith("CREATE")]


def rows(path, sql):
    connection = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def ours(path, sql):
    return [tuple(row.values()) for row in query(path, sql)]


class Tables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="heapdump-tables-")
        cls.packed, cls.after, cls.plain = (os.path.join(cls.directory, name)
                                            for name in ("before.db", "after.db", "plain.db"))
        python = list(support.interpreters().values())[0]
        check([python, "-c", PROGRAM, cls.packed, cls.after])
        check([HEAPQUERY, "unpack", cls.packed, cls.plain])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_packed_and_plain_answer_alike(self):
        for sql in QUESTIONS:
            with self.subTest(sql=sql):
                expected = ours(self.packed, sql)
                self.assertTrue(expected or " threads " in sql or " frames " in sql or " memory " in sql, "no rows")
                self.assertEqual(ours(self.plain, sql), expected)
                self.assertEqual(rows(self.plain, sql), expected)

    def test_rows_come_in_the_order_of_the_plain_file(self):
        sql = "SELECT src, dst, kind, name, slot, owning FROM refs"
        self.assertEqual(ours(self.packed, sql), rows(self.plain, sql + " ORDER BY rowid"))

    def test_small_tables_without_us(self):
        """Of a packed file, in Python's sqlite3 and in the shell."""
        for table in SMALL:
            found = rows(self.packed, "SELECT * FROM %s" % table)
            self.assertEqual(found, ours(self.packed, "SELECT * FROM %s" % table))
        self.assertIn("objects", str(rows(self.packed, "SELECT * FROM readme")))

    @unittest.skipUnless(shutil.which("sqlite3"), "the sqlite3 shell is not installed")
    def test_the_shell(self):
        sql = "SELECT type, count(*) FROM objects GROUP BY type ORDER BY type"
        expected = "".join("%s|%d\n" % row for row in ours(self.packed, sql))
        self.assertEqual(check(["sqlite3", self.plain, sql]), expected)
        self.assertEqual(check(["sqlite3", self.packed, "SELECT name, objects FROM types WHERE name = '__main__.Node'"]),
                         "__main__.Node|300\n")
        extension = os.path.join(support.LIB, "heapsnap.so")
        shell = check(["sqlite3", ":memory:", ".load %s" % extension,
                       "SELECT heapsnap_attach('%s')" % self.packed,
                       "SELECT type, count(*) FROM before.objects GROUP BY type ORDER BY type"])
        self.assertEqual(shell, "before\n" + expected)

    def test_the_extension_in_python(self):
        """In the system's Python, whose sqlite3 may load extensions."""
        code = ("import sqlite3, sys\n"
                "c = sqlite3.connect(':memory:')\n"
                "c.enable_load_extension(True)\n"
                "c.load_extension(sys.argv[1])\n"
                "print(c.execute('SELECT heapsnap_attach(?)', (sys.argv[2],)).fetchone()[0])\n"
                "print(c.execute('SELECT heapsnap_attach(?, ?)', (sys.argv[3], 'later')).fetchone()[0])\n"
                "for sql in sys.argv[4:]:\n"
                "    print(c.execute(sql).fetchall())\n")
        python = next((path for path in ("/usr/bin/python3", "/usr/local/bin/python3") if subprocess.run(
            [path, "-c", "import sqlite3; sqlite3.connect(':memory:').enable_load_extension(True)"],
            stderr=subprocess.DEVNULL).returncode == 0), None)
        if not python:
            self.skipTest("no Python here whose sqlite3 loads extensions")
        out = check([python, "-c", code, os.path.join(support.LIB, "heapsnap.so"), self.packed, self.after,
                     "SELECT count(*) FROM before.objects WHERE type = '__main__.Node'",
                     "SELECT count(*) FROM later.objects a LEFT JOIN before.objects b USING (address, type)"
                     " WHERE b.id IS NULL AND a.type = '__main__.Node'",
                     "SELECT path FROM before.retaining_chain(obj('Node[0]', 'before')) ORDER BY step DESC LIMIT 1",
                     "SELECT path FROM before.objects WHERE id = obj('Node[0]', 'before')"]).splitlines()
        self.assertEqual(out[:4], ["before", "later", "[(300,)]", "[(50,)]"])
        self.assertIn("registry", out[4])
        self.assertEqual(out[4], out[5])

    @unittest.skipUnless(shutil.which("nm"), "nm is not installed")
    def test_the_extension_exports_its_entry_points_alone(self):
        """And takes SQLite from the host: a second copy in one process would break its file locks."""
        extension = os.path.join(support.LIB, "heapsnap.so")
        exported = [line.split()[-1] for line in check(["nm", "-D", "--defined-only", extension]).splitlines()]
        self.assertEqual(sorted(exported), ["sqlite3_extension_init", "sqlite3_heapsnap_init"])
        self.assertNotIn(" sqlite3_", check(["nm", "-D", "--undefined-only", extension]))

    def test_the_sql_of_the_specification(self):
        statements = spec_statements()
        self.assertGreaterEqual(len(statements), 6)
        for sql in statements:
            with self.subTest(sql=sql):
                several = "before." in sql
                found = ours([self.packed, self.after] if several else self.packed, sql)
                self.assertTrue(found)
                if not several:
                    self.assertEqual(rows(self.plain, sql), found)

    def test_writing_is_refused_with_a_remedy(self):
        for sql in ("CREATE TABLE x(a)", "DELETE FROM types", "ATTACH ':memory:' AS x", "VACUUM INTO '%s/x.db'" % self.directory):
            done = support.run([HEAPQUERY, self.packed, sql])
            self.assertEqual(done.returncode, 2)
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn("CREATE TEMP TABLE", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.directory, "x.db")))
        out = support.run([HEAPQUERY, self.packed, "--csv"], input="CREATE TEMP TABLE name AS SELECT type FROM objects LIMIT 3;\n"
                          "SELECT count(*) AS n FROM name;\n", stdin=None)
        self.assertEqual(out.stdout.split(), ["n", "3"])

    def test_derived_columns_are_hidden(self):
        found = query(self.packed, "SELECT * FROM objects LIMIT 1")[0]
        self.assertEqual(list(found)[-1], "allocated_at")
        self.assertEqual(len(found), 13)


if __name__ == "__main__":
    unittest.main()
