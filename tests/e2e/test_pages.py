"""The pages that heapdiff and heapquery write, as files: what is in them, and that they stand alone."""
import html
import json
import os
import re
import shutil
import tempfile
import unittest

from leaks import runner
from leaks.case import Case
import support

REGISTRY = '''
_registry = {}
class DB:
    def __init__(self, name):
        self.name, self.pool = name, [bytes(1000 + i) for i in range(10)]
        _registry[name] = self
def rep(n):
    for i in range(4):
        DB("test-%d-%d" % (n, i))
'''


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        case = Case("webapp", None, None, REGISTRY)
        python = sorted(support.interpreters().items())[-1][1]
        cls.files = runner.snap(case, python, cls.directory, [1, 2, 3])
        cls.path = os.path.join(cls.directory, "report.html")
        support.check([support.HEAPDIFF, *cls.files, "--html", cls.path])
        with open(cls.path, encoding="utf-8") as page:
            cls.page = page.read()

    def boxes(self):
        return json.loads(re.search(r'<script type="application/json" id="boxes">(.*?)</script>', self.page, re.S)[1])

    def test_says_what_the_text_says(self):
        text = support.check([support.HEAPDIFF, *self.files, "-n", "1000"])
        first = text.splitlines()[0]
        self.assertIn("<h3>%s</h3>" % html.escape(first), self.page)
        self.assertIn("<p>grows in every step</p>", self.page)
        listed = re.findall(r"^(\S+) +[\d,]+ +[\d,]+ +\+", text, re.M)
        for name in listed:
            self.assertIn('<td class="name">%s</td>' % html.escape(name, quote=True).replace("&#x27;", "&#39;"), self.page)
        for blind in re.findall(r"^  - (.*)$", text, re.M):
            self.assertIn("<li>%s</li>" % html.escape(blind), self.page)

    def test_quiet_is_about_the_terminal(self):
        path = os.path.join(self.directory, "quiet.html")
        said = support.check([support.HEAPDIFF, *self.files, "-q", "--html", path])
        self.assertEqual(len(said.splitlines()), len(re.findall("<h3>", self.page)))
        with open(path, encoding="utf-8") as page:
            self.assertIn("<p>grows in every step</p>", page.read())

    def test_stands_alone(self):
        self.assertNotRegex(self.page, r'<(link|img|iframe|object|embed|base)\b|\bsrc=|@import|url\(')
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', self.page)[1]
        self.assertTrue(policy.startswith("default-src 'none';"), policy)
        self.assertNotIn("unsafe", policy)
        # No handler and no style in an attribute, which the policy would refuse.
        body = re.sub(r"<(script|style)\b.*?</\1>", "", self.page, flags=re.S)
        self.assertNotRegex(body, r'<[^>]* (on[a-z]+|style)="')

    def test_boxes_hold_their_boxes(self):
        boxes = self.boxes()
        self.assertEqual(boxes[0][0], -1)
        inside = [0] * len(boxes)
        for number, (parent, label, _, path, id, count, size, new) in enumerate(boxes[1:], 1):
            self.assertLess(parent, number)
            self.assertLessEqual(new, size)
            self.assertEqual(id < 0, path is None and label is None, boxes[number])
            inside[parent] += size
        for box, size in zip(boxes, inside):
            self.assertLessEqual(size, box[6])
        self.assertTrue(any(box[3] == "shop._registry" and box[7] > 0 for box in boxes), boxes)

    def test_whole_is_what_is_reachable(self):
        whole, count = self.boxes()[0][6], self.boxes()[0][5]
        row, = support.query(self.files[-1], "SELECT sum(shallow_bytes) AS bytes, count(*) AS n FROM objects WHERE reachable")
        self.assertEqual((whole, count), (row["bytes"], row["n"]))

    def test_largest_keep_what_sql_says(self):
        ids = [box for box in self.boxes() if box[4] >= 0][:50]
        rows = support.query(self.files[-1], "SELECT id, retained_bytes FROM objects WHERE id IN (%s)" %
                             ",".join(str(box[4]) for box in ids))
        retained = {row["id"]: row["retained_bytes"] for row in rows}
        for box in ids:
            self.assertEqual(box[6], retained[box[4]], box)

    def test_memory_adds_up(self):
        document = json.loads(support.check([support.HEAPDIFF, *self.files, "--json"]))
        change = document["memory"]["change"]
        section = self.page[self.page.index('id="memory"'):self.page.index('id="retained"')]
        rows = [[int(value) for value in re.findall(r'data-value="(-?\d+)"', row)]
                for row in re.findall(r"<tr><td>.*?</tr>", section, re.S)]
        self.assertEqual([sum(column) for column in zip(*rows[:-1])], rows[-1])
        self.assertEqual(rows[-1][2], change["rss"])

    def test_existing_file_is_kept(self):
        done = support.run([support.HEAPDIFF, *self.files, "--html", self.path])
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\Aheapdiff: [^\n]*report.html[^\n]*; try: heapdiff .* -f\n\Z")
        support.check([support.HEAPDIFF, *self.files, "--html", self.path, "-f"])

    def test_nowhere_to_write(self):
        name = os.path.basename(self.directory) + ".html"
        self.addCleanup(lambda: os.path.exists("/tmp/" + name) and os.unlink("/tmp/" + name))
        done = support.run([support.HEAPDIFF, *self.files, "--html", "/nonexistent/" + name], cwd=self.directory)
        self.assertEqual(done.returncode, 2)
        support.suggested(self, "heapdiff", done, self.directory)

    def test_no_suspects(self):
        path = os.path.join(self.directory, "steady.html")
        again = os.path.join(self.directory, "again.db")
        shutil.copy(self.files[0], again)
        support.check([support.HEAPDIFF, self.files[0], again, "--html", path])
        with open(path, encoding="utf-8") as page:
            text = page.read()
        self.assertIn("<p>Nothing grows like a leak.</p>", text)
        self.assertIn("<p>No type has grown.</p>", text)


if __name__ == "__main__":
    unittest.main()
