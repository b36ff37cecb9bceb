"""What keeps what alive: retained sizes of objects, types, modules, threads and tasks, and references that C code holds."""
import json
import os
import shutil
import tempfile
import unittest

import support
from support import HEAPQUERY, check, query

PROGRAM = r'''
import asyncio, ctypes, sys, threading
import heapdump

class Holder:
    pass

class Buffer:
    def __init__(self, size):
        self.data = bytearray(size)

registry = {number: Buffer(10000) for number in range(50)}
shared = Buffer(500000)
both = [Holder(), Holder()]
both[0].buffer = both[1].buffer = shared
del shared

def serve(started, done):
    rows = [Buffer(20000) for _ in range(10)]
    started.set()
    done.wait()

async def job(ready):
    rows = bytearray(70000)
    ready.append(1)
    await asyncio.sleep(1000)

async def main():
    ready = []
    tasks = [asyncio.ensure_future(job(ready)) for _ in range(3)]
    while len(ready) < 3:
        await asyncio.sleep(0)
    heapdump.snap(sys.argv[1])
    for task in tasks:
        task.cancel()

class Planted:
    pass

class Link:
    def __init__(self, after):
        self.after = after

chain = None
for _ in range(1000):
    chain = Link(chain)

def plant():
    for number, one in enumerate(planted[:3]):
        for _ in range(number + 1):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))

planted = [Planted() for _ in range(5)]
plant()

started, done = threading.Event(), threading.Event()
threading.Thread(target=serve, args=(started, done), name="worker-1").start()
started.wait()
asyncio.new_event_loop().run_until_complete(main())
done.set()
'''
EXTERNAL = """SELECT o.id, o.type, o.external_refs AS n, r.name FROM objects o JOIN roots r ON r.object_id = o.id
    WHERE r.kind = 'external' AND o.type GLOB '__main__.*' ORDER BY n, o.id"""


class Holders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.snapshots = {}
        for version, python in support.interpreters().items():
            cls.snapshots[version] = os.path.join(cls.directory, version + ".db")
            check([python, "-c", PROGRAM, cls.snapshots[version]])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def ask(self, path, *arguments):
        return json.loads(check([HEAPQUERY, "retained", path, *arguments, "--json"]))

    def test_objects(self):
        for version, path in self.snapshots.items():
            with self.subTest(version):
                rows = self.ask(path, "-n", "400")
                by_path = {row["path"]: row for row in rows}
                self.assertEqual([row["retained"] for row in rows], sorted((row["retained"] for row in rows), reverse=True))
                registry = by_path["__main__.registry"]
                self.assertTrue(50 * 10000 < registry["retained"] < 50 * 10500, registry)
                self.assertIn(True, [row["type"] == "bytearray" and row["retained"] > 500000 for row in rows])
                found = query(path, "SELECT retained_bytes AS n FROM objects WHERE id = %d" % registry["id"])
                self.assertEqual(found, [{"n": registry["retained"]}])

    def test_types_hold_together_what_none_of_them_does_alone(self):
        for version, path in self.snapshots.items():
            with self.subTest(version):
                rows = {row["type"]: row for row in self.ask(path, "--by", "types")}
                self.assertGreater(rows["__main__.Holder"]["retained"], 500000)
                self.assertGreater(rows["__main__.Buffer"]["retained"], 1200000)
                alone = query(path, "SELECT max(retained_bytes) AS n FROM objects WHERE type = '__main__.Holder'")
                self.assertLess(alone[0]["n"], 1000)
                parts = self.ask(path, "__main__.Holder")
                self.assertEqual(sum(part["bytes"] for part in parts), rows["__main__.Holder"]["retained"])
                self.assertEqual(parts[0]["type"], "bytearray")
                text = check([HEAPQUERY, "retained", path, "__main__.Holder"])
                self.assertRegex(text, r"\A2 __main__\.Holder together keep 500\.\d kB alive: \d+ objects\n")

    def test_modules_threads_and_tasks(self):
        for version, path in self.snapshots.items():
            with self.subTest(version):
                modules = {row["name"]: row for row in self.ask(path, "--by", "modules")}
                self.assertGreater(modules["__main__"]["retained"], 1000000)
                threads = {row["name"]: row for row in self.ask(path, "--by", "threads")}
                self.assertTrue(200000 < threads["worker-1"]["retained"] < 220000, threads)
                self.assertLess(threads["MainThread"]["retained"], 100000)
                jobs = [row for row in self.ask(path, "--by", "tasks") if (row["coroutine"] or "").startswith("job ")]
                self.assertEqual(len(jobs), 3)
                self.assertGreaterEqual(sum(row["retained"] > 70000 for row in jobs), 2, jobs)

    def test_planted_references(self):
        """Three objects with one, two and three references that C code holds: found, counted, and nothing else is."""
        for version, path in self.snapshots.items():
            with self.subTest(version):
                rows = query(path, EXTERNAL)
                self.assertEqual([(row["type"], row["n"], row["name"]) for row in rows],
                                 [("__main__.Planted", n, "%d reference%s" % (n, "s"[n == 1:])) for n in (1, 2, 3)])

    def test_external_references_are_what_is_left_over(self):
        """refcount = owning references + what roots account for, of every mortal object that is not over-explained."""
        sql = """SELECT count(*) AS n FROM objects o LEFT JOIN roots r ON r.object_id = o.id AND r.kind = 'external'
            WHERE o.external_refs >= 0 AND o.external_refs <> coalesce(r.refs, 0)"""
        for version, path in self.snapshots.items():
            with self.subTest(version):
                self.assertEqual(query(path, sql), [{"n": 0}])

    def test_paths_of_all_instances(self):
        for version, path in self.snapshots.items():
            with self.subTest(version):
                rows = json.loads(check([HEAPQUERY, "paths", path, "__main__.Buffer", "--json"]))
                found = [(row["objects"], row["depth"], row["reference"], row["type"]) for row in rows]
                for row in ((51, 0, "module __main__", "module"), (50, 1, ".registry", "dict"),
                            (50, 2, "[...]", "__main__.Buffer"), (1, 1, ".both", "list"), (1, 2, "[...]", "__main__.Holder"),
                            (1, 3, ".buffer", "__main__.Buffer"), (10, 0, "local rows of serve()", "list"),
                            (10, 1, "[...]", "__main__.Buffer")):
                    self.assertIn(row, found)
                self.assertEqual(sum(row["objects"] for row in rows if row["depth"] == 0), 61)
                example = next(row for row in rows if row["depth"] == 3)
                path_of = query(path, "SELECT path FROM objects WHERE id = %d" % example["example"])
                self.assertRegex(path_of[0]["path"], r"\A__main__\.both\[[01]\]\.buffer\Z")

    def test_paths_fold_lines_and_leave_out_the_rest(self):
        path = next(iter(self.snapshots.values()))
        text = check([HEAPQUERY, "paths", path, "__main__.Link"])
        self.assertEqual(text.splitlines(), ["1,000 __main__.Link, by what holds them", "objects  path",
                                             "  1,000  module __main__", "  1,000    .chain  __main__.Link",
                                             "    999      .after ...  __main__.Link"])
        text = check([HEAPQUERY, "paths", path, "dict", "-n", "5"])
        self.assertRegex(text, r"\n\.\.\. and [\d,]+ more branches of fewer objects \(-n 0 shows all\)\n")
        rows = json.loads(check([HEAPQUERY, "paths", path, "dict", "--json"]))
        counted, = query(path, "SELECT count(*) AS n FROM objects WHERE type = 'dict' AND distance IS NOT NULL")
        self.assertEqual(sum(row["objects"] for row in rows if row["depth"] == 0), counted["n"])

    def chains(self, path, *arguments):
        return json.loads(check([HEAPQUERY, "chain", path, *arguments, "--json"]))

    def shared(self, path):
        return "#%d" % query(path, "SELECT id FROM objects WHERE type = 'bytearray' AND length = 500000")[0]["id"]

    def test_alternatives(self):
        for version, path in self.snapshots.items():
            with self.subTest(version):
                found = self.chains(path, self.shared(path), "-k", "5")
                paths = [found["path"], *(other["path"] for other in found["alternatives"])]
                self.assertEqual(sorted(paths), ["__main__.both[%d].buffer.data" % i for i in (0, 1)])
                text = check([HEAPQUERY, "chain", path, self.shared(path), "-k", "5"])
                self.assertRegex(text, r"(?s)\A1\. .*\npath: .*\n\n2\. .*\npath: .*\n\nno other way: it is held in these alone\n\Z")
                one = self.chains(path, self.shared(path), "--alternatives", "1")
                self.assertEqual((one["path"], one["alternatives"]), (paths[0], []))

    def test_avoid(self):
        path = next(iter(self.snapshots.values()))
        first, = query(path, "SELECT dst AS id FROM refs WHERE slot = 0 AND kind = 'item' AND src = (SELECT r.dst FROM refs r"
                             " WHERE r.kind = 'global' AND r.name = 'both')")
        for word, expected in (("#%d" % first["id"], "__main__.both[1].buffer.data"), ("__main__.Holder", None),
                               ("*.Hold*", None), (".both", None), (".bo?h", None), ("__main__", None),
                               (".registry", "__main__.both[0].buffer.data")):
            with self.subTest(word):
                self.assertEqual(self.chains(path, self.shared(path), "--avoid", word, "--to", "module")["path"], expected)
        again = self.chains(path, self.shared(path), "--avoid", "#%d" % first["id"], "--avoid", "__main__.Holder")
        self.assertEqual((again["path"], again["chain"]), (None, []))

    def test_avoid_in_sql(self):
        """What --show-sql prints, run by hand, gives the chain that is printed."""
        path = next(iter(self.snapshots.values()))
        for words in ((), ("--avoid", ".registry"), ("--avoid", "__main__.Holder[0]")):
            arguments = [self.shared(path), "--to", "root", *words]
            script = check([HEAPQUERY, "chain", path, *arguments, "--show-sql"])
            rows = support.check([HEAPQUERY, path, "--json"], input=script, stdin=None)
            steps = json.loads(rows[rows.index("["):])
            self.assertEqual([step["object_id"] for step in steps],
                             [step["id"] for step in self.chains(path, *arguments)["chain"]])

    def test_a_cost_changes_the_answer(self):
        path = next(iter(self.snapshots.values()))
        sql = "SELECT path FROM objects WHERE type = 'bytearray' AND length = 500000"
        changed = "INSERT INTO edge_cost (kind, name, cost) VALUES ('global', 'both', NULL); " + sql
        before = check([HEAPQUERY, path, "--no-header"], input=sql, stdin=None)
        after = check([HEAPQUERY, path, "--no-header"], input=changed, stdin=None)
        self.assertRegex(before, r"\A__main__\.both\[[01]\]\.buffer\.data\n\Z")
        self.assertNotIn("both", after)

    def test_costs_change_what_heapdiff_says(self):
        program = """
import sys, heapdump
class Item: pass
first = second = []
for name in sys.argv[1:]:
    first += [Item() for _ in range(100)]
    heapdump.snap(name)
"""
        python = next(iter(support.interpreters().values()))
        files = [os.path.join(self.directory, "costs%d.db" % i) for i in range(3)]
        check([python, "-c", program, *files])
        costs = os.path.join(self.directory, "costs.sql")

        def holder(*arguments):
            suspect, = json.loads(check([support.HEAPDIFF, *files, "--json", *arguments]))["suspects"]
            return suspect["holder"]["path"]
        self.assertEqual(holder(), "__main__.first")
        for sql, expected in (("INSERT INTO edge_cost (kind, name, cost) VALUES ('global', 'first', 9000)", "__main__.second"),
                              ("UPDATE edge_cost SET cost = cost", "__main__.first"),
                              ("INSERT INTO edge_cost VALUES ('global', 'first', '*', NULL);", "__main__.second")):
            with open(costs, "w") as file:
                file.write(sql)
            self.assertEqual(holder("--costs", costs), expected)
        for sql, message in (("DROP TABLE edge_cost", "not authorized"), ("ATTACH 'x' AS y", "not authorized"),
                             ("INSERT INTO edge_cost VALUES ('global', 'first', '*', -5)", "CHECK constraint"),
                             ("nonsense", "syntax error")):
            with open(costs, "w") as file:
                file.write(sql)
            done = support.run([support.HEAPDIFF, *files, "--costs", costs])
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(message, done.stderr)
        done = support.run([support.HEAPDIFF, *files, "--costs", costs + ".none"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("costs.sql.none: ", done.stderr)

    def test_usage(self):
        path = next(iter(self.snapshots.values()))
        for arguments, message in ((["--by", "colour"], "expected one of objects, types, modules, threads, tasks"),
                                   (["--by", "types", "dict"], "leave out dict"), (["NoSuchType"], "NoSuchType")):
            done = support.run([HEAPQUERY, "retained", path, *arguments])
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(message, done.stderr)
        for arguments, message in ((["-k", "0"], "expected a number from 1"), (["-k", "1000"], "from 0 to 100"),
                                   (["--avoid", "no.such.thing"], "no type or root of the snapshot is called so"),
                                   (["--avoid", ".nosuch"], "no reference of the snapshot is called so"),
                                   (["--avoid", "#99999999"], "99999999")):
            done = support.run([HEAPQUERY, "chain", path, "#1", *arguments])
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(message, done.stderr)


if __name__ == "__main__":
    unittest.main()
