"""Where objects were allocated: what tracemalloc knows stands in the snapshot, with no tracing nothing does."""
import json
import os
import tempfile
import unittest

import support
from support import check, query

PROGRAM = r'''import sys
import tracemalloc
import heapdump

if len(sys.argv) > 2:
    tracemalloc.start(int(sys.argv[2]))

class Node:
    __slots__ = "rows", "text"

def build(count):
    made = []
    for i in range(count):
        node = Node()                    # 14
        node.rows = [i, i]               # 15
        node.text = "%d of many" % i     # 16
        made.append(node)
    return made

kept = build(2000)
heapdump.snap(sys.argv[1])
'''
BY_TYPE = """SELECT n.type AS holder, o.type AS type, o.allocated_at AS site, count(*) AS n
    FROM objects n JOIN refs r ON r.src = n.id JOIN objects o ON o.id = r.dst
    WHERE n.type = '__main__.Node' AND o.type IN ('list', 'str') AND r.kind = 'slot' GROUP BY 1, 2, 3"""


class Allocated(unittest.TestCase):
    def each(self, run, *arguments):
        """run(snapshot, program), of each interpreter."""
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                program, path = os.path.join(directory, "program.py"), os.path.join(directory, "snap.db")
                with open(program, "w") as file:
                    file.write(PROGRAM)
                check([python, program, path, *arguments])
                run(path, program)

    def expect(self, path, program):
        nodes = query(path, "SELECT allocated_at AS site, count(*) AS n FROM objects WHERE type = '__main__.Node' GROUP BY 1")
        self.assertEqual(nodes, [{"site": program + ":14", "n": 2000}])
        # Lists may come from a free list, which tracemalloc of older versions does not see.
        found = {(row["type"], row["site"]): row["n"] for row in query(path, BY_TYPE)}
        self.assertGreater(found.get(("list", program + ":15"), 0), 1900, found)
        self.assertGreater(found.get(("str", program + ":16"), 0), 1900, found)
        self.assertEqual({site for _, site in found} - {None, program + ":15", program + ":16"}, set())

    def test_of_the_innermost_frame(self):
        self.each(self.expect, "1")

    def test_of_long_tracebacks(self):
        def run(path, program):
            self.expect(path, program)
            check([support.HEAPQUERY, "verify", path])
        self.each(run, "10")

    def test_suspects_say_where_they_were_allocated(self):
        growing = PROGRAM.replace("heapdump.snap(sys.argv[1])", "") + r'''
for number in range(3):
    kept += build(500)
    heapdump.snap("%s.%d" % (sys.argv[1], number))
'''
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                program, path = os.path.join(directory, "program.py"), os.path.join(directory, "snap.db")
                with open(program, "w") as file:
                    file.write(growing)
                check([python, program, path, "1"])
                files = ["%s.%d" % (path, number) for number in range(3)]
                suspect = json.loads(check([support.HEAPDIFF, *files, "--json"]))["suspects"][0]
                self.assertEqual((suspect["type"], suspect["allocated_at"]), ("__main__.Node", program + ":14"))
                self.assertIn("   allocated at %s:14\n" % program, check([support.HEAPDIFF, *files]))
                self.assertIn("  allocated   %s:14\n" % program,
                              check([support.HEAPQUERY, "show", files[2], "__main__.Node[0]"]))

    def test_plain_files_say_the_same(self):
        def run(path, program):
            check([support.HEAPQUERY, "unpack", path, path + ".plain"])
            self.expect(path + ".plain", program)
        self.each(run, "1")

    def test_nothing_without_tracing(self):
        def run(path, _):
            row, = query(path, "SELECT (SELECT count(*) FROM sites) AS sites, sum(allocated_at IS NOT NULL) AS known"
                               " FROM objects")
            self.assertEqual(row, {"sites": 0, "known": 0})
        self.each(run)

    def test_traced_from_the_start_and_stopped(self):
        """-X tracemalloc traces without any module imported; stop() forgets the traces."""
        stopping = PROGRAM.replace("heapdump.snap", "tracemalloc.stop(); heapdump.snap")
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                program, path = os.path.join(directory, "program.py"), os.path.join(directory, "snap.db")
                for text in (PROGRAM.replace("import tracemalloc\n", "\n"), stopping):
                    with open(program, "w") as file:
                        file.write(text)
                    check([python, "-X", "tracemalloc", program, path + str(len(os.listdir(directory)))])
                traced, stopped = sorted(name for name in os.listdir(directory) if name.startswith("snap"))
                self.expect(os.path.join(directory, traced), program)
                self.assertEqual(query(os.path.join(directory, stopped), "SELECT count(*) AS n FROM sites"), [{"n": 0}])


if __name__ == "__main__":
    unittest.main()
