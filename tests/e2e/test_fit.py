"""Snapshots among other tools: what opens SQLite files, what reads tables from a pipe, what reads JSON."""
import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import support

PROGRAM = """
import heapdump, sys
class Node: pass
kept = [Node() for _ in range(5)]
for node in kept:
    node.x = {}
heapdump.snap(sys.argv[1])
"""
COUNT = "SELECT count(*) FROM objects WHERE type = '__main__.Node'"


def duckdb():
    """Why DuckDB cannot be asked here; "" if it can."""
    if not shutil.which("duckdb"):
        return "DuckDB's shell is not installed (Debian sid and later have it)"
    done = support.run(["duckdb", "-c", "INSTALL sqlite; LOAD sqlite"])
    return "DuckDB has not its extension for SQLite files, and cannot fetch it" if done.returncode else ""


class Fit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.packed, cls.plain = (os.path.join(cls.directory, name) for name in ("packed.db", "plain.db"))
        support.check([sys.executable, "-c", PROGRAM, cls.packed])
        support.check([support.HEAPQUERY, "unpack", cls.packed, cls.plain])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_read_only_as_datasette_opens_it(self):
        """Every table is listed, described, counted and paged through, by a connection that may write nothing, not even beside it."""
        for path in self.packed, self.plain:
            with open(path, "rb") as file:
                before = hashlib.sha256(file.read()).digest()
            names = sorted(os.listdir(self.directory))
            connection = sqlite3.connect("file:%s?mode=ro&immutable=1" % path, uri=True)
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
            self.assertIn("readme", tables)
            for table in tables:
                columns = [row[1] for row in connection.execute('PRAGMA table_info("%s")' % table)]
                self.assertTrue(columns)
                connection.execute('PRAGMA foreign_key_list("%s")' % table).fetchall()
                (count,) = connection.execute('SELECT count(*) FROM "%s"' % table).fetchone()
                page = connection.execute('SELECT * FROM "%s" LIMIT 101' % table).fetchall()
                self.assertEqual(len(page), min(count, 101))
            self.assertEqual(connection.execute("PRAGMA quick_check").fetchone(), ("ok",))
            with self.assertRaises(sqlite3.OperationalError):
                connection.execute("CREATE TABLE x (y)")
            connection.close()
            self.assertEqual(sorted(os.listdir(self.directory)), names)
            with open(path, "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).digest(), before)

    def test_plain_in_pythons_sqlite3(self):
        connection = sqlite3.connect("file:%s?immutable=1" % self.plain, uri=True)
        self.assertEqual(connection.execute(COUNT).fetchone(), (5,))
        rows = connection.execute("SELECT t.name, sum(o.retained_bytes) FROM objects o JOIN types t ON t.id = o.type_id"
                                  " WHERE t.name = '__main__.Node' GROUP BY 1").fetchall()
        self.assertEqual(rows, [("__main__.Node", rows[0][1])])
        self.assertGreater(rows[0][1], 5 * 48)
        connection.close()

    @unittest.skipUnless(shutil.which("sqlite3"), "the sqlite3 shell is not installed")
    def test_plain_in_the_shell(self):
        self.assertEqual(support.check(["sqlite3", "-readonly", self.plain, COUNT]).strip(), "5")

    @unittest.skipIf(duckdb(), duckdb())
    def test_plain_in_duckdb(self):
        sql = "LOAD sqlite; ATTACH '%s' AS snap (TYPE sqlite, READ_ONLY); %s" % (self.plain, COUNT.replace("objects", "snap.objects"))
        self.assertEqual(support.check(["duckdb", "-csv", "-noheader", "-c", sql]).strip(), "5")

    def test_csv_in_a_pipe(self):
        text = support.check([support.HEAPQUERY, "types", self.packed, "--csv"])
        rows = {row["type"]: row for row in csv.DictReader(io.StringIO(text))}
        self.assertEqual(rows["__main__.Node"]["objects"], "5")
        done = support.run(["/bin/sh", "-c", "'%s' types '%s' --csv | sort -t, -k2 -n -r | head -n 1; '%s' types '%s' --csv | head -n 1"
                            % (support.HEAPQUERY, self.packed, support.HEAPQUERY, self.packed)])
        self.assertEqual(done.stderr, "")
        first, header = done.stdout.splitlines()
        self.assertEqual(header, text.splitlines()[0])
        self.assertEqual(int(first.split(",")[1]), max(int(row["objects"]) for row in rows.values()))

    def test_a_reader_that_goes_away(self):
        process = subprocess.Popen([support.HEAPQUERY, self.packed, "--csv", "SELECT * FROM objects a, objects b"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        self.assertIn(process.wait(60), (0, -signal.SIGPIPE))
        process.stderr.close()

    def test_json_is_as_the_manual_says(self):
        """The keys of each command's objects are those in the manual page, and in that order."""
        page = self.manual("heapquery.1")
        for command, arguments in (("types", []), ("objects", ["Node"]), ("show", ["Node[0]"]), ("refs", ["Node[0]"]),
                                   ("backrefs", ["Node[0]"]), ("chain", ["Node[0]"]), ("retained", []), ("tables", [])):
            said = json.loads(support.check([support.HEAPQUERY, command, self.packed, *arguments, "--json"]))
            keys = list((said[0] if isinstance(said, list) else said))
            text = page["refs" if command == "backrefs" else command]
            for key in keys:
                self.assertRegex(text, r"\b%s\b" % key, command)
        snapped = self.manual("heapdump.1")
        target = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        target.stdout.readline()
        path = os.path.join(self.directory, "json.db")
        said = json.loads(support.check([support.HEAPDUMP, "snap", path, "-p", target.pid, "--json"]))
        listed = [json.loads(line) for line in support.check([support.HEAPDUMP, "list", "--json"]).splitlines()]
        target.communicate(b"\n")
        os.unlink(path)
        for command, keys in (("snap", said), ("list", listed[0])):
            for key in keys:
                self.assertRegex(snapped[command], r"\b%s\b" % key)

    def manual(self, name):
        """{command: what stands behind it} of the part JSON of a page."""
        out = os.path.join(self.directory, "man")
        support.check([sys.executable, os.path.join(support.ROOT, "install", "manual.py"), support.BUILD, out])
        with open(os.path.join(out, "man1", name)) as file:
            text = file.read().replace("\\-", "-")
        part = re.search(r"^\.SH JSON\n(.*?)^\.SH", text, re.M | re.S).group(1)
        return dict(re.findall(r"^ *([a-z]+) {2,}((?:.*\n)(?: {8,}.*\n)*)", part, re.M))


if __name__ == "__main__":
    unittest.main()
