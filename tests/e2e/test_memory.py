"""The account of a process's memory: it adds up, agrees with the C library, and heapdiff says where the growth went."""
import json
import os
import shutil
import tempfile
import unittest

import support

SLOW = True
PROGRAM = os.path.join(support.HERE, "programs", "memory.py")
PARTS = ("objects", "native", "free", "mappings", "not_resident", "unexplained")


class Case:
    """Three snapshots of one program with two rounds in between."""

    def __init__(self, python, name):
        self.directory = tempfile.mkdtemp()
        support.check([python, PROGRAM, name, self.directory])
        self.files = [os.path.join(self.directory, "%d.db" % i) for i in range(3)]
        self.report = json.loads(support.check([support.HEAPDIFF, *self.files, "--json"]))
        self.memory = self.report["memory"]
        self.change = self.memory["change"]
        self.native = [s for s in self.report["suspects"] if s["kind"] == "native"]

    def row(self, name):
        return self.memory[name]

    def mallinfo(self, number):
        with open(os.path.join(self.directory, "%d.json" % number)) as file:
            return json.load(file)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory)


def numpy_python():
    for python in support.interpreters().values():
        if support.run([python, "-c", "import numpy"]).returncode == 0:
            return python
    return None


class Memory(unittest.TestCase):
    def each(self, name, run):
        for version, python in support.interpreters().items():
            with self.subTest(case=name, version=version), Case(python, name) as case:
                self.adds_up(case)
                run(case)

    def adds_up(self, case):
        for i in range(3):
            sum_ = sum(case.row(name)[i] for name in (
                "pymalloc_used", "pymalloc_free", "malloc_used", "malloc_free", "mapped_files", "thread_stacks",
                "anonymous", "unexplained"))
            sum_ -= case.row("used_not_resident")[i] + case.row("free_not_resident")[i]
            self.assertEqual(sum_, case.row("rss")[i])
            self.assertTrue(case.row("rss")[i] / 3 < case.row("pss")[i] < case.row("rss")[i] * 1.1, case.memory)
            self.assertEqual(case.row("pymalloc_arenas")[i],
                             case.row("pymalloc_used")[i] + case.row("pymalloc_free")[i])
        self.assertEqual(sum(case.change[part] for part in PARTS), case.change["rss"])
        self.assertEqual(case.change["rss"], case.row("rss")[2] - case.row("rss")[0])

    def explained(self, case, verdict, part=0.9):
        """The verdict, that its part is most of the change, and that at most 5 % remain unexplained."""
        change = case.change
        self.assertEqual(case.memory["verdict"], verdict, change)
        self.assertGreater(change["rss"], 10e6)
        self.assertGreater(change[verdict], part * change["rss"], change)
        self.assertLess(abs(change["unexplained"]), 0.05 * change["rss"], change)

    def test_objects(self):
        def run(case):
            self.explained(case, "objects")
            self.assertLess(abs(case.change["native"]), 0.05 * case.change["rss"], case.change)
            self.assertEqual(case.native, [])
        self.each("objects", run)

    def test_native(self):
        def run(case):
            self.explained(case, "native")
            self.assertEqual(len(case.native), 1, case.report["suspects"])
            suspect = case.native[0]
            self.assertEqual((suspect["type"], suspect["trend"], suspect["holder"]),
                             ("native memory", "every step", None))
            self.assertAlmostEqual(suspect["bytes"], 2 * (10000 * 1008 + 20 * 401408), delta=1e6)
            self.assertEqual(suspect["rank"], 1, "nothing else grows")
            text = support.check([support.HEAPDIFF, *case.files])
            self.assertRegex(text, r"\A1\. native memory .*no Python object accounts for\n")
            self.assertRegex(text, r"\n +\+\S+ MB +native memory, which no Python object accounts for\n")
        self.each("native", run)

    def test_fragmentation(self):
        def run(case):
            self.explained(case, "free")
            self.assertEqual(case.native, [])
        self.each("fragments", run)

    def test_buffers_of_objects(self):
        def run(case):
            self.explained(case, "objects")
            self.assertEqual(case.native, [])
        self.each("buffers", run)

    def test_mapped_for_no_file(self):
        def run(case):
            self.explained(case, "native")
            self.assertEqual(len(case.native), 1)
            self.assertGreaterEqual(case.row("anonymous")[2] - case.row("anonymous")[0], 40 << 20)
        self.each("mapped", run)

    def test_steady(self):
        def run(case):
            self.assertEqual(case.memory["verdict"], "steady", case.change)
            self.assertEqual(case.report["suspects"], [])
            text = support.check([support.HEAPDIFF, *case.files])
            self.assertNotIn("no Python object accounts for", text)
        self.each("steady", run)

    def test_arrays_are_explained(self):
        """The buffers are those of objects, and what of them was never touched is said apart."""
        python = numpy_python()
        if not python:
            self.skipTest("numpy is not installed")
        with Case(python, "arrays") as case:
            self.adds_up(case)
            self.assertEqual(case.memory["verdict"], "objects", case.change)
            self.assertEqual(case.native, [])
            self.assertGreater(case.change["objects"], 20 * 4e6)
            self.assertLess(case.change["not_resident"], -9 * 4e6)
            self.assertLess(abs(case.change["unexplained"]), 0.05 * case.change["rss"], case.change)

    def agrees(self, case):
        """The walk over the heap, and mallinfo2() shortly before: what snap() itself allocates lies between."""
        for number in range(3):
            said = case.mallinfo(number)
            self.assertAlmostEqual(case.row("malloc_used")[number], said["uordblks"] + said["hblkhd"], delta=300e3)
            self.assertAlmostEqual(case.row("malloc_free")[number], said["fordblks"], delta=300e3)
            complete = support.query(case.files[number], "SELECT value FROM snapshot WHERE name = 'malloc_complete'")
            self.assertEqual(complete, [{"value": 1}])

    def test_damaged_heap(self):
        """The walk stops, what it has not seen is not explained, and the report says so."""
        def run(case):
            complete = support.query(case.files[2], "SELECT value FROM snapshot WHERE name = 'malloc_complete'")
            self.assertEqual(complete, [{"value": 0}])
            self.assertTrue([spot for spot in case.report["blind_spots"] if "heap of the C library" in spot])
        self.each("damaged", run)

    def test_heap_as_malloc_sees_it(self):
        self.each("freed", self.agrees)
        self.each("native", self.agrees)

    def test_heaps_and_stacks_of_threads(self):
        def run(case):
            self.agrees(case)
            grown = case.row("malloc_used")[2] - case.row("malloc_used")[0]
            self.assertGreater(grown, 2 * 4 * (2000 * 2000 + 1000 * 1000))
            self.assertGreaterEqual(case.row("thread_stacks")[2] - case.row("thread_stacks")[0], 8 * 2 * 4096)
            self.assertLess(abs(case.change["unexplained"]), 0.05 * case.change["rss"], case.change)
            self.assertAlmostEqual(case.change["native"], 8 * 1000 * 1008, delta=1e6)
        self.each("in_threads", run)


if __name__ == "__main__":
    unittest.main()
