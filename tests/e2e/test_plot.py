"""heapquery plot: memory against time as a picture and as a page, from our tables and from strangers'."""
import os
import re
import shutil
import tempfile
import unittest
import xml.etree.ElementTree

import browser
import support

SLOW = True

RECORD = "timestamp,vm_size,rss,pss,threads,objects,label\n"
PLUGIN = "timestamp,pid,test,run,vm_size,rss,objects\n"
SVG = "{http://www.w3.org/2000/svg}"


def record(rows, marks, name="repetition %d", step=1):
    """A table as heapdump record makes it, with `marks` labels spread over `rows` rows."""
    text = RECORD
    for i in range(rows):
        marked = marks and i * marks // rows != (i - 1) * marks // rows
        label = name % (i * marks // rows + 1) if marked and "%" in name else name if marked else ""
        time = i * step
        stamp = "2026-01-%02dT%02d:%02d:%02d.250Z" % (1 + time // 86400, time // 3600 % 24, time // 60 % 60, time % 60)
        text += '%s,%d,%d,,2,%d,"%s"\n' % (stamp, 150000000 + i * 4096, 20000000 + i * 10000, 11000 + i * 7,
                                          label.replace('"', '""'))
    return text


class Case(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, text, name="memory.csv"):
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return self.path(name)

    def plot(self, text, extension="svg"):
        out = self.path("memory." + extension)
        said = support.check([support.HEAPQUERY, "plot", self.write(text), "-o", out, "-f"])
        self.assertEqual(said, "")
        return out

    def texts(self, text):
        """What is written in the picture."""
        root = xml.etree.ElementTree.parse(self.plot(text)).getroot()
        return ["".join(element.itertext()) for element in root.iter(SVG + "text")]


class Picture(Case):
    def test_axes_legends_and_marks(self):
        texts = self.texts(record(300, 5))
        for word in ("repetition 1", "repetition 5", "20 MB", "150 MB", "0 min", "4 min"):
            self.assertIn(word, texts)
        self.assertIn("resident memory (rss)  20.0 MB to 23.0 MB (+3.0 MB)", texts)
        self.assertIn("objects that the collector tracks  11,000 to 13,093 (+2,093)", texts)
        self.assertFalse(any("proportional" in word for word in texts), "a column without values has no line")

    def test_lines_follow_the_values(self):
        root = xml.etree.ElementTree.parse(self.plot(record(10, 0))).getroot()
        points = next(e for e in root.iter(SVG + "polyline") if e.get("class") == "rss").get("points").split()
        xs, ys = zip(*(map(float, point.split(",")) for point in points))
        self.assertEqual(len(points), 10)
        self.assertEqual(list(xs), sorted(xs))
        self.assertEqual(list(ys), sorted(ys, reverse=True))

    def test_no_peak_is_lost(self):
        rows = record(20000, 0).splitlines()
        fields = rows[12345].split(",")
        fields[2] = "900000000"
        rows[12345] = ",".join(fields)
        self.assertTrue({"0.9 GB", "900 MB", "1,000 MB", "1.0 GB"} & set(self.texts("\n".join(rows))))
        root = xml.etree.ElementTree.parse(self.path("memory.svg")).getroot()
        line = next(e for e in root.iter(SVG + "polyline") if e.get("class") == "rss").get("points").split()
        ys = [float(point.split(",")[1]) for point in line]
        self.assertLess(len(line), 4000)
        self.assertEqual(sum(y < min(ys) + 50 for y in ys), 1)

    def test_plugin_marks_the_runs(self):
        rows = "".join('%d.5,7,"test_a.py::test_%d",%d,150000000,%d,%d\n' % (1700000000 + 10 * run + k, k, run, 2e7, 12000)
                       for run in range(1, 4) for k in range(3))
        texts = self.texts(PLUGIN + rows)
        self.assertEqual([t for t in texts if t.startswith("run ")], ["run 1", "run 2", "run 3"])

    def test_plugin_marks_tests_that_are_repeated_each(self):
        rows = "".join('%d.5,7,"test_a.py::test_%d",%d,150000000,%d,%d\n' % (1700000000 + 10 * k + run, k, run, 2e7, 12000)
                       for k in range(3) for run in range(1, 4))
        texts = self.texts(PLUGIN + rows)
        self.assertEqual([t for t in texts if t.startswith("test_")], ["test_0", "test_1", "test_2"])

    def test_processes_have_a_line_each(self):
        rows = "".join('%d,%d,"t",1,150000000,%d,1\n' % (1700000000 + i, 10 + i % 3, 2e7 + 1e6 * (i % 3)) for i in range(30))
        root = xml.etree.ElementTree.parse(self.plot(PLUGIN + rows)).getroot()
        self.assertEqual(sum(e.get("class") == "rss" for e in root.iter(SVG + "polyline")), 3)

    def test_of_what_record_makes(self):
        memory = self.path("real.csv")
        program = self.write("import heapdump, time\nprint(1, flush=True)\nwhile not heapdump.mark('one'): time.sleep(0.01)\n"
                             "keep = [bytearray(1000) for _ in range(9999)]\nheapdump.mark('two')\n", "program.py")
        import subprocess
        import sys
        with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, env=support.environment()) as process:
            process.stdout.readline()
            done = support.run([support.HEAPDUMP, "record", "-o", memory, "-p", process.pid, "--every", "0.05", "-q"])
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(memory) as file:
            texts = self.texts(file.read())
        self.assertIn("one", texts)
        self.assertTrue(any(word.startswith("resident memory (rss)  ") for word in texts))


class Refused(Case):
    def refused(self, text, pattern, extension="svg"):
        path = self.write(text)
        out = self.path("out." + extension)
        done = support.run([support.HEAPQUERY, "plot", path, "-o", out], timeout=30)
        self.assertEqual((done.returncode, done.stdout), (2, ""), text[:80])
        self.assertRegex(done.stderr, r"\Aheapquery: [^\n]*%s[^\n]*\n\Z" % pattern)
        self.assertLess(len(done.stderr), 600)
        self.assertFalse(os.path.exists(out))

    def test_hostile_tables(self):
        row = "2026-01-01T00:00:0%d.000Z,1,2,3,4,5,\n"
        self.refused("", "names no column timestamp")
        self.refused(b"\x00" * 5000, "names no column timestamp")
        self.refused(os.urandom(5000).replace(b"timestamp", b""), "names no column|more than 64 columns")
        self.refused("," * 1000000, "more than 64 columns")
        self.refused("timestamp,label\n1,a\n", "names no column timestamp with rss")
        self.refused(RECORD, "no rows")
        self.refused(RECORD + row % 1, "one row")
        self.refused(RECORD + row % 1 + "2026-01-01T00:00:02Z,1,2\n", "line 3: 3 fields where the heading has 7")
        self.refused(RECORD + row % 1 + (row % 2).replace(",2,", ",-2,"), "line 3: rss is no number: -2")
        self.refused(RECORD + row % 1 + (row % 2).replace(",2,", ",1e400,"), "line 3: rss is no number")
        self.refused(RECORD + row % 1 + (row % 2).replace(",2,", "," + "9" * 400000 + ","), "line 3: rss is no number")
        self.refused(RECORD + row % 1 + (row % 2).replace(",2,", ",2\x1b[2J\u202e,"), r"line 3: rss is no number: 2\\x1b")
        self.refused(RECORD + row % 1 + (row % 2).replace("2026", "nan"), "line 3: no time")
        self.refused(RECORD + row % 1 + "inf,1,2,3,4,5,\n", "line 3: no time")
        self.refused(RECORD + row % 1 + (row % 2).replace("2026", "9999"), "years apart")
        self.refused(RECORD + row % 1 + '"' + row % 2, "line 3: no time")
        self.refused(RECORD + "1,,,,,,\n2,,,,,,\n", "no row has a number")
        self.refused(PLUGIN + "1,x,t,1,1,1,1\n", "line 2: no process id: x")
        self.refused(PLUGIN + "".join("%d,%d,t,1,1,1,1\n" % (i, i) for i in range(2000)), "more than \\d+ processes")

    def test_where_to(self):
        self.refused(record(5, 1), r"out\.png: plots are written as \.svg or \.html", extension="png")
        path = self.write(record(5, 1))
        done = support.run([support.HEAPQUERY, "plot", path])
        self.assertRegex(done.stderr, r"\Aheapquery: plot: where to\? give -o FILE.svg or -o FILE.html")
        missing = support.run([support.HEAPQUERY, "plot", self.path("none.csv"), "-o", self.path("x.svg")])
        self.assertRegex(missing.stderr, r"none.csv: cannot open the table: No such file")

    def test_existing_file_is_kept(self):
        path, out = self.write(record(5, 1)), self.write("mine", "kept.svg")
        done = support.run([support.HEAPQUERY, "plot", path, "-o", out])
        self.assertRegex(done.stderr, r"; try: heapquery plot .* -f\n\Z")
        with open(out) as file:
            self.assertEqual(file.read(), "mine")

    def test_tables_of_others(self):
        plot = self.plot
        plot("\ufefftimestamp,rss\r\n1700000000,1000\r\n\r\n1700000001,2000")
        plot("objects,timestamp,mood\n5,1,good\n6,2,\"bad, and\nworse\"\n")
        plot("timestamp,rss\n1,\n2,5\n3,\n")
        plot("timestamp,rss\n5,1\n4,2\n4,3\n")
        plot("timestamp,rss\n5,0\n5,0\n")
        plot("timestamp,rss\n1,999999999999999999\n2,999999999999999998\n")


class Browser(Case):
    @classmethod
    def setUpClass(cls):
        browser.need()

    def test_page(self):
        page = self.plot(record(3000, 12), "html")
        for words in ((), ("dark",)):
            facts = browser.look(page, "plot", *words)
            browser.check_quiet(self, facts, page)
            browser.check_readable(self, facts)
            self.assertEqual(facts["faults"], [])
            self.assertEqual(facts["plots"], 3)
            self.assertEqual(facts["rows"], 12)
            for start, zoomed, again in zip(facts["start"], facts["zoomed"], facts["again"]):
                self.assertLess(zoomed[1] - zoomed[0], 0.4 * (start[1] - start[0]))
                self.assertEqual(start, again)
            self.assertEqual(len({tuple(zoomed) for zoomed in facts["zoomed"]}), 1, "all plots show the same time")
            self.assertNotEqual(facts["theme"]["before"], facts["theme"]["after"])

    def test_page_without_scripts(self):
        page = self.plot(record(300, 5), "html")
        facts = browser.look(page, "still", "no-scripts")
        browser.check_quiet(self, facts, page)
        self.assertEqual(facts["rows"], 5)

    def test_labels_do_not_touch(self):
        for marks, name in ((5, "repetition %d"), (40, "repetition %d"), (200, "repetition %d"), (200, "%d: " + "long " * 20)):
            facts = browser.look(self.plot(record(4000, marks, name, step=60)), "picture")
            browser.check_readable(self, facts)
            self.assertEqual(facts["outside"], [])

    def test_hostile_labels(self):
        for name in ("</script><script>window.hacked=1</script>", "'\"><img src=x onerror=window.hacked=2>", "\u202egnp\u2066",
                     "x" * 1000000, "nul\0 \ud800 ]]>&lt;", "=cmd|' /C calc'!A0"):
            for extension in ("html", "svg"):
                page = self.plot(record(40, 3, name.replace("%", "")), extension)
                facts = browser.look(page, "picture")
                browser.check_quiet(self, facts, page)
                self.assertEqual(facts["text"]["overlapping"], [])


if __name__ == "__main__":
    unittest.main()
