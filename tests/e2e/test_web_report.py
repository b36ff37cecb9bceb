"""The report of heapdiff in a real browser: it can be used, by pointer and keys, and no name in it can run."""
import os
import shutil
import tempfile
import unittest

import browser
import support

SLOW = True

LEAK = '''
import sys, heapdump
class DB:
    def __init__(self, n):
        self.name, self.pool = "db-%d" % n, [bytes(1000 + i) for i in range(10)]
class Session:
    def __init__(self, db):
        self.db, self.cache = db, {i: str(i) * 40 for i in range(50)}
class Registry:
    def __init__(self):
        self.entries = []
registry = Registry()
kinds = [type("Kind%02d" % i, (), {}) for i in range(20)]
for step in range(3):
    for i in range(10):
        registry.entries.append(Session(DB(i)))
        registry.entries[-1].kinds = [kind() for kind in kinds]
    heapdump.snap("%s/%d.db" % (sys.argv[1], step), label="step %d" % step)
'''

# Classes, attributes, keys and values that try to be markup, script, or nothing at all.
HOSTILE = '''
import sys, heapdump
RUN = "<script>window.hacked=1</script><img src=x onerror='window.hacked=2'>"
NAMES = ["</script>" + RUN, "'\\"><svg onload=window.hacked=3>", "\\u202egnp.exe\\u2066", "]]>--><!--<script>",
         "</style><style>*{display:none}", "javascript:window.hacked=4", "&lt;b&gt;&#60;", "\\\\u003cscript>", "x" * 1000000,
         "${window.hacked=5}", "new\\nline\\ttab\\x1b[31m\\x7f", "{{constructor.constructor('window.hacked=6')()}}"]
BAD = ["nul\\0" + RUN, "\\ud800" + RUN, "\\udfff\\ud800"]
classes = [type(name, (), {}) for name in NAMES]
held = {}
for step in range(2):
    for name in NAMES + BAD:
        place = held.setdefault(name, [])
        for i in range(20):
            for kind in classes:
                thing = kind()
                vars(thing)[name] = {name: name[:100] + str(i), "n": [i] * 50}
                place.append(thing)
    heapdump.snap("%s/%d.db" % (sys.argv[1], step), values="full", label=NAMES[0])
'''


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        browser.need()
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        python = sorted(support.interpreters().items())[-1][1]
        program = os.path.join(cls.directory, "program.py")
        with open(program, "w") as file:
            file.write(cls.PROGRAM)
        support.check([python, program, cls.directory])
        cls.path = os.path.join(cls.directory, "report.html")
        cls.snapshots = [os.path.join(cls.directory, "%d.db" % step) for step in range(cls.STEPS)]
        support.check([support.HEAPDIFF, *cls.snapshots, "--html", cls.path])


class Report(Page):
    PROGRAM, STEPS = LEAK, 3

    def check_use(self, *words):
        facts = browser.look(self.path, "report", *words)
        browser.check_quiet(self, facts, self.path)
        browser.check_readable(self, facts)
        self.assertEqual(facts["faults"], [])
        self.check_zoom(facts["zoom"])
        self.check_treemap(facts["treemap"])
        self.check_table(facts["table"])
        return facts

    def check_zoom(self, zoom):
        self.assertGreater(zoom["in"]["scale"], 1.2 * zoom["start"]["scale"])
        self.assertAlmostEqual(zoom["out"]["scale"], zoom["start"]["scale"], 3)
        self.assertAlmostEqual(zoom["dragged"]["x"] - zoom["out"]["x"], 70, 0)
        self.assertAlmostEqual(zoom["dragged"]["y"] - zoom["out"]["y"], 40, 0)
        self.assertGreater(zoom["key"]["scale"], 1.2 * zoom["dragged"]["scale"])
        for name, value in zoom["start"].items():
            self.assertAlmostEqual(zoom["fit"][name], value, 0)

    def check_treemap(self, treemap):
        self.assertEqual(treemap["start"], ["everything"])
        self.assertEqual(len(treemap["entered"]), 2)
        self.assertEqual(treemap["left"], ["everything"])
        self.assertRegex(treemap["told"], r"keeps .* alive \(\d+\.\d %\)")
        self.assertEqual(treemap["enteredByKey"], treemap["entered"])
        self.assertIn("box", treemap["focus"])
        self.assertEqual(treemap["leftByKey"], ["everything"])

    def check_table(self, table):
        self.assertIn("program.Session".replace("program", "__main__"), table["start"])
        self.assertEqual(sorted(table["sorted"]), sorted(table["start"]))
        self.assertEqual(table["back"], table["sorted"][::-1])
        self.assertEqual(sorted(table["found"]), sorted(n for n in table["start"] if table["word"].lower() in n.lower()))

    def test_light(self):
        theme = self.check_use()["theme"]
        self.assertNotEqual(theme["before"], theme["after"])
        self.assertEqual(theme["before"], theme["again"])
        self.assertEqual(theme["before"], "rgb(255, 255, 255)")

    def test_dark(self):
        theme = self.check_use("dark")["theme"]
        self.assertNotEqual(theme["before"], "rgb(255, 255, 255)")
        self.assertEqual(theme["after"], "rgb(255, 255, 255)")

    def test_scripts_off(self):
        facts = browser.look(self.path, "still", "no-scripts")
        browser.check_quiet(self, facts, self.path)
        self.assertEqual(facts["tools"], 0)
        self.assertGreaterEqual(facts["tables"], 4)
        self.assertGreater(facts["rows"], 30)
        self.assertGreaterEqual(facts["pictures"], 1)


class Hostile(Page):
    PROGRAM, STEPS = HOSTILE, 2

    def test_runs_nothing_and_breaks_nothing(self):
        for words in ((), ("dark",)):
            facts = browser.look(self.path, "hostile", *words)
            browser.check_quiet(self, facts, self.path)
            browser.check_readable(self, facts)
            self.assertGreater(facts["rows"], 10)
            self.assertGreater(facts["boxes"], 3)
            self.assertLessEqual(facts["wide"], 0)

    def test_stays_small(self):
        self.assertLess(os.path.getsize(self.path), 3000000)

    def test_scripts_off(self):
        facts = browser.look(self.path, "still", "no-scripts")
        browser.check_quiet(self, facts, self.path)
        self.assertGreater(facts["rows"], 10)


del Page

if __name__ == "__main__":
    unittest.main()
