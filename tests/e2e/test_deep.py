"""Deep structures: neither the walk nor any algorithm after it may recurse over the heap graph."""
import os
import shutil
import tempfile
import unittest

import support

SLOW = True

LINKED_LIST = """
import gc, sys, heapdump
class Node:
    __slots__ = ("next",)
gc.disable()
head = None
for _ in range(3_000_000):
    node = Node(); node.next = head; head = node
del node
heapdump.snap(sys.argv[1])
import os; os._exit(0)  # tearing the list down is CPython's problem, not ours
"""

NESTED_TUPLES = """
import sys, heapdump
nested = ("the bottom",)
for _ in range(100_000):
    nested = (nested,)
heapdump.snap(sys.argv[1])
"""


class Deep(unittest.TestCase):
    def snap(self, program):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        path = os.path.join(directory, "deep.db")
        python = list(support.interpreters().values())[-1]
        support.check([python, "-c", program, path], timeout=120)
        return path

    def test_linked_list_of_three_million(self):
        path = self.snap(LINKED_LIST)
        support.check([support.HEAPQUERY, "verify", path])
        rows = support.query(path, "SELECT count(*) AS n, max(distance) AS far FROM objects WHERE type LIKE '%Node'")
        self.assertEqual(rows, [{"n": 3_000_000, "far": 3_000_001}])
        kept = support.query(path, "SELECT max(retained_bytes) AS kept FROM objects WHERE type LIKE '%Node'")
        self.assertGreaterEqual(kept[0]["kept"], 3_000_000 * 40)
        same = support.run([support.HEAPDIFF, path, shutil.copy(path, path + ".2.db")], timeout=120)
        self.assertEqual((same.returncode, same.stderr), (0, ""))

    def test_nested_tuples(self):
        path = self.snap(NESTED_TUPLES)
        rows = support.query(path, "SELECT max(distance) AS far FROM objects")
        self.assertGreaterEqual(rows[0]["far"], 100_000)


if __name__ == "__main__":
    unittest.main()
