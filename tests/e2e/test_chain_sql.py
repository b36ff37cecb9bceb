"""The costs and the search that SPEC.md lists are the ones in use, and run by themselves on a plain file."""
import os
import re
import shutil
import sqlite3
import tempfile
import unittest

import support
from support import HEAPQUERY, check, query

PROGRAM = r"""
import sys
import heapdump

class DB:
    def __init__(self, parent):
        self.parent, self.rows = parent, [{"x": (i, [i])} for i in range(5)]

registry, by_name = {}, {}
for i in range(40):
    registry[i] = by_name["name %d" % i] = DB(registry.get(i // 2))
heapdump.snap(sys.argv[1])
"""


def spec_script(begin):
    """The block of SQL in SPEC.md that begins so."""
    with open(os.path.join(support.ROOT, "SPEC.md"), encoding="utf-8") as file:
        blocks = re.findall(r"```sql\n(.*?)```", file.read(), re.S)
    found = [block for block in blocks if block.startswith(begin)]
    assert len(found) == 1, begin
    return found[0]


def statements(text):
    """Text without comments, empty lines and what only spaces say."""
    lines = (line for line in text.splitlines() if not line.startswith(("--", "/*")))
    return " ".join(" ".join(lines).split())


class ChainSql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="heapdump-chain-")
        cls.packed, cls.plain = (os.path.join(cls.directory, name) for name in ("packed.db", "plain.db"))
        python = list(support.interpreters().values())[-1]
        check([python, "-c", PROGRAM, cls.packed])
        check([HEAPQUERY, "unpack", cls.packed, cls.plain])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_search_is_the_one_listed(self):
        printed = check([HEAPQUERY, "chain", "--show-sql", "--to", "root", self.packed, "#12"])
        self.assertEqual(statements(spec_script("CREATE TEMP TABLE IF NOT EXISTS chain_task")), statements(printed))

    def test_costs_are_the_ones_listed(self):
        memory = sqlite3.connect(":memory:")
        memory.executescript(spec_script("CREATE TEMP TABLE edge_cost"))
        listed = memory.execute("SELECT kind, name, holder, cost FROM edge_cost ORDER BY rowid").fetchall()
        used = query(self.packed, "SELECT kind, name, holder, cost FROM edge_cost ORDER BY rowid")
        used = [tuple(row.values()) for row in used]
        self.assertEqual(used[:len(listed)], listed)
        self.assertEqual({row[0] for row in used[len(listed):]}, {"root:module"})

    def test_search_on_a_plain_file(self):
        if sqlite3.sqlite_version_info < (3, 35):
            self.skipTest("this Python's SQLite is older than 3.35")
        script = spec_script("CREATE TEMP TABLE IF NOT EXISTS chain_task").strip().rstrip(";")
        search, result = script[:script.rindex("WITH RECURSIVE walk")], script[script.rindex("WITH RECURSIVE walk"):]
        connection = sqlite3.connect("file:%s?mode=ro" % self.plain, uri=True)
        connection.executescript(spec_script("CREATE TEMP TABLE edge_cost"))
        costs = query(self.packed, "SELECT kind, name, holder, cost FROM edge_cost ORDER BY rowid")
        connection.execute("DELETE FROM edge_cost")
        connection.executemany("INSERT INTO edge_cost VALUES (:kind, :name, :holder, :cost)", costs)
        ids = query(self.packed, "SELECT id FROM objects WHERE type GLOB '*DB' OR id % 3001 = 0")
        self.assertGreater(len(ids), 40)
        for row in ids[::5]:
            ours = query(self.packed, "SELECT step, object_id, type, kind, name FROM retaining_chain(%d)" % row["id"])
            theirs = re.sub(r"VALUES \(12,", "VALUES (%d," % row["id"], search)
            connection.executescript(theirs)
            self.assertEqual([step[:5] for step in connection.execute(result).fetchall()],
                             [tuple(step.values()) for step in ours])

    def test_sql_is_the_tree_on_a_real_heap(self):
        answer = query(self.packed, """
            SELECT count(*) AS n, sum(a IS b) AS same, count(a) AS held FROM (
              SELECT path(o.id) AS a,
                (SELECT c.path FROM retaining_chain(o.id) AS c ORDER BY c.step DESC LIMIT 1) AS b
              FROM objects AS o WHERE o.id % 503 = 0)""")[0]
        self.assertEqual(answer["same"], answer["n"])
        self.assertGreater(answer["held"], 30)


if __name__ == "__main__":
    unittest.main()
