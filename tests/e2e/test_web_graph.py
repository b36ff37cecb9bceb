"""Pictures of objects as pages, in a real browser, and in the other formats: a crowd of referrers fits the screen and is
counted to the last one, and no name in a heap can run, break a picture or make it large."""
import os
import re
import shutil
import tempfile
import unittest
import xml.dom.minidom

import browser
import support
from test_web_report import HOSTILE

SLOW = True

# An object that thousands refer to, in every way that there is.
CROWD = '''
import sys, threading, types, heapdump
class Hub: pass
class Document:
    def __init__(self, hub):
        self.hub = hub
class Node:
    def __init__(self, hub, following):
        self.hub, self.following = hub, following
class Slotted:
    __slots__ = ("hub", "twin")
hub = Hub()
documents = [Document(hub) for i in range(5000)]
lists = [[hub] for i in range(3000)]
table = {i: hub for i in range(2000)}
pairs = [(i, hub) for i in range(1500)]
slotted = [Slotted() for i in range(700)]
for thing in slotted:
    thing.hub = hub
    thing.twin = thing
line = None
for i in range(400):
    line = Node(hub, line)
def make(hub):
    def inner():
        return hub
    return inner
closures = [make(hub) for i in range(300)]
class Holder:
    shared = hub
modules = []
for i in range(30):
    module = types.ModuleType("plugin_%02d" % i)
    module.hub = hub
    sys.modules[module.__name__] = module
    modules.append(module)
started, done = threading.Event(), threading.Event()
def wait(local_hub):
    started.set()
    done.wait()
thread = threading.Thread(target=wait, args=(hub,))
thread.start()
started.wait()
heapdump.snap(sys.argv[1] + "/0.db")
done.set()
thread.join()
'''


class Snapshot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        program = os.path.join(cls.directory, "program.py")
        with open(program, "w") as file:
            file.write(cls.PROGRAM)
        support.check([sorted(support.interpreters().items())[-1][1], program, cls.directory])

    def path(self, name):
        return os.path.join(self.directory, name)

    def draw(self, name, *arguments):
        """The path of a picture."""
        support.check([support.HEAPQUERY, arguments[0], self.path("0.db"), *arguments[1:], "-o", self.path(name), "-f"])
        return self.path(name)

    def read(self, name, *arguments):
        with open(self.draw(name, *arguments), encoding="utf-8") as file:
            return file.read()


def nodes_of(svg):
    """The lines of each box of an SVG file, legend and all."""
    document = xml.dom.minidom.parseString(svg)
    groups = [group for group in document.getElementsByTagName("g")
              if "node" in group.getAttribute("class").split()]
    return [[text.firstChild.data for text in group.getElementsByTagName("text") if text.firstChild] for group in groups]


def pixels_of(svg):
    """Width and height of an SVG file on a screen of 96 dots an inch."""
    width, height = re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()
    return float(width) * 4 / 3, float(height) * 4 / 3


class Crowd(Snapshot):
    PROGRAM = CROWD

    def test_fits_the_screen_and_counts_all(self):
        svg = self.read("crowd.svg", "backrefs", "Hub")
        names = [lines[0] for lines in nodes_of(svg)]
        for wanted in ("__main__.Document x5,000", "__main__.Node x400", "__main__.Slotted x700", "module x27"):
            self.assertIn(wanted, names)
        self.assertIn("module __main__", names)
        width, height = pixels_of(svg)
        self.assertLessEqual(width, 1366.5)
        self.assertLessEqual(height, 768.5)

    def test_every_budget_is_kept(self):
        for budget in (2, 5, 9, 20):
            dot = self.read("few.dot", "backrefs", "Hub", "--budget", str(budget))
            self.assertLessEqual(len(re.findall(r"^\s*b\d+\s*\[", dot, re.M)), budget)
        for budget in ("800x600", "1920x1080", "3000x500"):
            width, height = map(int, budget.split("x"))
            drawn = pixels_of(self.read("screen.svg", "backrefs", "Hub", "--budget", budget))
            self.assertLessEqual(drawn[0], width + 0.5)
            self.assertLessEqual(drawn[1], height + 0.5)

    def test_everything(self):
        """Nothing folded: a box for each object, as far as the limits go, and what is beyond them counted."""
        dot = self.read("all.dot", "backrefs", "Hub", "--budget", "0", "--max-depth", "1", "--too-many", "150")
        self.assertGreaterEqual(len(re.findall(r"^\s*b\d+\s*\[", dot, re.M)), 150)
        self.assertNotIn(" x5,000", dot)
        # References to the hub: those drawn, and those that its box counts.
        hub, = re.findall(r"^\s*(b\d+)\s*\[class=\"main target\"", dot, re.M)
        drawn = len(re.findall(r"-> %s\s" % hub, dot))
        more = int(re.search(r"\+ ([\d,]+) more", dot)[1].replace(",", ""))
        all_of_them = support.check([support.HEAPQUERY, "backrefs", self.path("0.db"), "Hub", "-n", "0", "--no-header"])
        roots = len([line for line in all_of_them.splitlines() if line.startswith("held by roots")])
        self.assertEqual(drawn - roots + more, len(all_of_them.splitlines()) - roots)

    def test_budgets_that_are_none(self):
        for budget in ("", "x", "-1", "40x", "100x100", "1e3", "99999999", "0x0", "10 boxes"):
            done = support.run([support.HEAPQUERY, "backrefs", self.path("0.db"), "Hub", "-o", self.path("no.svg"),
                                "--budget", budget])
            self.assertEqual(done.returncode, 2, budget)
            self.assertIn("--budget", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_large_picture(self):
        svg = self.read("large.svg", "backrefs", "Hub", "--budget", "0", "--too-many", "200", "--max-depth", "1")
        self.assertGreater(len(nodes_of(svg)), 200)

    def test_in_a_browser(self):
        browser.need()
        path = self.draw("crowd.html", "backrefs", "Hub")
        facts = browser.look(path, "graph", "document", "dark")
        browser.check_quiet(self, facts, path)
        browser.check_readable(self, facts)
        self.assertEqual(facts["faults"], [])
        self.check_use(facts["graph"])
        zoom = facts["zoom"]
        self.assertGreater(zoom["in"]["scale"], 1.2 * zoom["start"]["scale"])
        self.assertAlmostEqual(zoom["dragged"]["x"] - zoom["out"]["x"], 70, 0)
        self.assertGreater(zoom["key"]["scale"], 1.2 * zoom["dragged"]["scale"])

    def check_use(self, graph):
        self.assertEqual(graph["outside"], 0)
        self.assertEqual(graph["target"], ["__main__.Hub"])
        self.assertEqual(graph["found"], ["__main__.Document x5,000"])
        self.assertEqual(graph["status"], "1 found")
        self.assertEqual(graph["chosen"], graph["found"])
        self.assertIn("5,000 objects", graph["told"])
        self.assertIn("retained", graph["told"])
        self.assertEqual(graph["foundNoMore"], [])
        # From the module to the hub, and nothing else.
        self.assertIn("__main__.Hub", graph["lit"])
        self.assertTrue(any(name.startswith("module ") for name in graph["lit"]), graph["lit"])
        self.assertEqual(graph["arrows"], len(graph["lit"]) - 1)
        self.assertEqual(graph["litNoMore"], [])
        self.assertTrue(graph["hidden"])
        self.assertEqual(len(graph["byKey"]), 1)
        self.assertEqual(graph["focus"], "search")


class Hostile(Snapshot):
    PROGRAM = HOSTILE
    # What Graphviz draws with, and what the page adds.
    ELEMENTS = {"a", "button", "circle", "div", "ellipse", "g", "input", "li", "path", "polygon", "polyline", "rect",
                "span", "svg", "text", "title", "ul"}

    def objects(self):
        rows = support.check([support.HEAPQUERY, self.path("0.db"), "--no-header",
                              "SELECT min(o.id) FROM objects o JOIN types t ON t.id = o.type_id "
                              "WHERE t.module = '__main__' GROUP BY o.type_id"])
        return ["#" + line.strip() for line in rows.splitlines()]

    def test_files(self):
        objects = self.objects()
        self.assertGreater(len(objects), 10)
        for number, thing in enumerate(objects):
            for command in ("refs",) if number else ("chain", "refs", "backrefs"):
                svg = self.read("evil.svg", command, thing)
                self.assertLess(len(svg), 200000)
                self.assertNotIn("<script", svg)
                self.assertNotIn("\u202e", svg)
                self.assertTrue(nodes_of(svg))
        self.assertIn("digraph", self.read("evil.dot", "refs", objects[0]))
        with open(self.draw("evil.png", "refs", objects[0]), "rb") as file:
            self.assertTrue(file.read().startswith(b"\x89PNG\r\n"))

    def test_pages(self):
        browser.need()
        for thing in self.objects()[:2]:
            path = self.draw("evil.html", "backrefs", thing)
            facts = browser.look(path, "hostileGraph")
            browser.check_quiet(self, facts, path)
            browser.check_readable(self, facts)
            self.assertLessEqual(set(facts["elements"]), self.ELEMENTS)
            self.assertLessEqual(facts["wide"], 0)
            self.assertTrue(all(facts["told"]))


del Snapshot

if __name__ == "__main__":
    unittest.main()
