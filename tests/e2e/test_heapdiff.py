"""heapdiff on real programs: the answer, its two forms, the gate, and what it says when it cannot."""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from leaks import runner
from leaks.case import Case
import support

WEBAPP = '''
%(name)s = {}
class DB:
    def __init__(self, name):
        self.name, self.pool = name, [bytes(1000 + i) for i in range(10)]
        %(name)s[name] = self
def rep(n):
    for i in range(4):
        DB("test-%%d-%%d" %% (n, i))
'''


def python():
    return sorted(support.interpreters().items())[0][1]


class Snapshots(unittest.TestCase):
    """One leaking program, snapped after each of five repetitions."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        case = Case("webapp", None, None, WEBAPP % {"name": "_open_databases"})
        cls.files = runner.snap(case, python(), cls.directory, [1, 2, 3, 4, 5])

    def path(self, name):
        return os.path.join(self.directory, name)

    def diff(self, *argv):
        return support.run([support.HEAPDIFF, *argv])

    def fine(self, *argv):
        done = self.diff(*argv)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def refused(self, pattern, *argv):
        """One line on standard error that suggests what works, nothing on standard output, exit 2."""
        done = self.diff(*argv)
        self.assertRegex(done.stderr, pattern)
        return support.suggested(self, "heapdiff", done, self.directory)


class Answer(Snapshots):
    def test_line_one_names_the_place(self):
        lines = self.fine(self.files[0], self.files[4]).splitlines()
        self.assertRegex(lines[0], r"^1\. shop\._open_databases  \(dict\)  4 -> 20 entries, "
                                   r"keeps \d+\.\d kB more alive$")
        self.assertEqual(lines[1], "   shop._open_databases[...]  ->  DB  (+16)")
        self.assertEqual(lines[2], "   one step only: a third snapshot tells warm-up from leak")

    def test_more_snapshots_tell_the_trend(self):
        lines = self.fine(*self.files).splitlines()
        self.assertRegex(lines[0], r"4 -> 8 -> 12 -> 16 -> 20 entries")
        self.assertIn("   grows in every step", lines)

    def test_growing_types(self):
        text = self.fine(self.files[0], self.files[4], "-n", "3")
        self.assertRegex(text, r"(?m)^bytes +[\d,]+ +[\d,]+ +\+1\d\d +\d")
        self.assertRegex(text, r"(?m)^\d+ more types?: -n \d+ lists them$")
        only = self.fine(self.files[0], self.files[4], "--type", "shop.*")
        self.assertRegex(only, r"(?m)^shop\.DB +4 +20 +\+16 ")
        self.assertNotRegex(only, r"(?m)^bytes ")

    def test_renamed_global_is_still_named(self):
        case = Case("renamed", None, None, WEBAPP % {"name": "anything_else"})
        with tempfile.TemporaryDirectory() as directory:
            files = runner.snap(case, python(), directory, [1, 5])
            self.assertRegex(self.fine(*files), r"\A1\. shop\.anything_else  \(dict\)  4 -> 20 entries")

    def test_quiet_is_a_line_each(self):
        self.assertRegex(self.fine(self.files[0], self.files[4], "-q"), r"\A1\. shop\._open_databases [^\n]*\n\Z")

    def test_gate(self):
        self.assertEqual(self.diff(*self.files, "--exit-code").returncode, 1)
        self.assertEqual(self.diff(*self.files).returncode, 0)

    def test_backwards_is_said_and_finds_nothing(self):
        done = self.diff(self.files[4], self.files[0], "--exit-code")
        self.assertEqual(done.returncode, 0)
        self.assertIn("older than the one named before it", done.stdout)
        self.assertIn("Nothing grows like a leak.", done.stdout)


class Document(Snapshots):
    def test_keys_and_facts(self):
        out = json.loads(self.fine(*self.files, "--json"))
        self.assertEqual(list(out), ["snapshots", "types", "suspects", "garbage", "memory", "blind_spots"])
        self.assertEqual([s["file"] for s in out["snapshots"]], self.files)
        with sqlite3.connect(self.files[4]) as db:
            facts = dict(db.execute("SELECT name, value FROM snapshot"))
            types = db.execute("SELECT sum(objects), sum(shallow_bytes) FROM types").fetchone()
        self.assertEqual(out["snapshots"][4]["objects"], int(facts["objects"]))
        self.assertEqual(sum(t["count"][4] for t in out["types"]), types[0])
        self.assertEqual(sum(t["bytes"][4] for t in out["types"]), types[1])
        row = next(t for t in out["types"] if t["type"] == "shop.DB")
        self.assertEqual((row["count"], row["freed"]), ([4, 8, 12, 16, 20], 0))
        self.assertEqual(row["new"], 16)

    def test_suspect(self):
        suspect, = json.loads(self.fine(*self.files, "--json"))["suspects"]
        self.assertEqual(list(suspect), ["rank", "kind", "type", "counts", "objects", "bytes", "trend", "holder",
                                         "path", "allocated_at", "also_held_by", "in_step_with", "content", "chain", "pattern", "advice"])
        self.assertEqual((suspect["rank"], suspect["kind"], suspect["type"]), (1, "container", "shop.DB"))
        self.assertEqual((suspect["counts"], suspect["objects"]), ([4, 8, 12, 16, 20], 16))
        self.assertEqual((suspect["trend"], suspect["also_held_by"]), ("every step", []))
        self.assertIsNone(suspect["content"], "what grows is the program's own")
        self.assertEqual(suspect["path"], "list(shop._open_databases.values())[19]")
        self.assertEqual([step["type"] for step in suspect["chain"]][-1], "shop.DB")
        self.assertEqual(suspect["chain"][0]["name"], "shop")
        self.assertIn("_open_databases", [step["edge"] for step in suspect["chain"]])
        # 16 DBs, each with its dict or inline values, name, key, list and ten bytes objects.
        self.assertGreater(suspect["bytes"], 16 * 10 * 1000)
        self.assertLess(suspect["bytes"], 16 * 15 * 1000)

    def test_holder_is_the_object_in_the_snapshot(self):
        suspect, = json.loads(self.fine(*self.files, "--json"))["suspects"]
        holder = suspect["holder"]
        row, = support.query(self.files[4], "SELECT type, printf('0x%%x', address) AS address, length FROM objects "
                             "WHERE id = %d" % holder["id"])
        self.assertEqual((holder["type"], holder["path"]), ("dict", "shop._open_databases"))
        self.assertEqual((row["type"], row["address"]), (holder["type"], holder["address"]))
        self.assertEqual(row["length"], 20)

    def test_chain_is_the_one_that_sql_finds(self):
        suspect, = json.loads(self.fine(*self.files, "--json"))["suspects"]
        rows = support.query(self.files[4], "SELECT object_id FROM retaining_chain(%d) ORDER BY step"
                             % suspect["chain"][-1]["id"])
        self.assertEqual([step["id"] for step in suspect["chain"]], [row["object_id"] for row in rows])

    def test_path_evaluates_to_the_object(self):
        suspect, = json.loads(self.fine(*self.files, "--json"))["suspects"]
        code = "import shop\nfor n in range(1, 6): shop.rep(n)\nprint(type(%s).__name__)" % suspect["path"]
        done = support.check([python(), "-c", code], cwd=self.directory)
        self.assertEqual(done, "DB\n")


STREAMS = '''
open_streams = set()
class Page:
    def __init__(self): self.lines = ["x"] * 100
def stream():
    page = Page()
    while True: yield page.lines
def rep(n):
    for i in range(15):
        reader = stream()
        next(reader)
        open_streams.add(reader)
'''


class Content(unittest.TestCase):
    """Things of the interpreter grow, and what they carry is named: people know their own classes."""

    def test_generators_carry_pages(self):
        for version, interpreter in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                case = Case("streams", None, None, STREAMS)
                files = runner.snap(case, interpreter, directory, [2, 3, 4])
                suspect, = json.loads(support.check([support.HEAPDIFF, "--json", *files]))["suspects"]
                self.assertEqual(suspect["type"], "generator")
                self.assertEqual(suspect["content"], {"type": "shop.Page", "counts": [30, 45, 60]})
                steps = [step["type"] for step in suspect["chain"]]
                self.assertLess(steps.index("generator"), steps.index("shop.Page"))
                self.assertEqual(steps[-1], "shop.Page")
                text = support.check([support.HEAPDIFF, *files])
                self.assertIn("shop.open_streams[...]  ->  generator  (+30)  ->  Page  (+30)\n", text)


class Patterns(Snapshots):
    def ask(self, sql):
        path = self.path("patterns.sql")
        with open(path, "w") as file:
            file.write(sql)
        return self.diff(*self.files, "--json", "--patterns", path)

    def first(self, sql):
        return json.loads(self.ask(sql).stdout)["suspects"][0]

    def test_own_rows_come_first(self):
        first = self.first("INSERT INTO known_pattern (rowid, name, advice, type, holder) "
                           "VALUES (0, 'databases left open', 'call DB.close()', 'shop.DB', 'shop._open*')")
        self.assertEqual((first["pattern"], first["advice"]), ("databases left open", "call DB.close()"))

    def test_what_is_found_does_not_depend_on_them(self):
        known, unknown = self.first(""), self.first("DELETE FROM known_pattern")
        self.assertEqual(known["pattern"], "registry never cleared")
        self.assertIsNone(unknown["pattern"])
        for suspect in (known, unknown):
            del suspect["pattern"], suspect["advice"]
        self.assertEqual(known, unknown)

    def test_nothing_else_can_be_done(self):
        for sql in ("nonsense", "ATTACH '%s' AS x" % self.path("new.db"), "DROP TABLE known_pattern",
                    "INSERT INTO known_pattern (name) VALUES ('no advice')"):
            done = self.ask(sql)
            self.assertEqual((done.returncode, done.stdout), (2, ""), sql)
            self.assertRegex(done.stderr, r"\Aheapdiff: [^\n]*patterns\.sql: the statements about patterns: [^\n]+\n\Z")
        self.assertFalse(os.path.exists(self.path("new.db")))
        self.assertEqual(self.diff(*self.files, "--patterns", self.path("none.sql")).returncode, 2)


HANDLES = '''
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
class Handle:
    def __init__(self):
        self.address = libc.malloc(50000)
        libc.memset(self.address, 1, 50000)
handles = []
def rep(n):
    for i in range(20): handles.append(Handle())
'''


class InStep(unittest.TestCase):
    """Native memory that objects of a place own is told together with that place."""

    def test_native_memory_of_handles(self):
        for version, interpreter in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                case = Case("handles", None, None, HANDLES)
                files = runner.snap(case, interpreter, directory, [2, 3, 4])
                suspects = json.loads(support.check([support.HEAPDIFF, "--json", *files]))["suspects"]
                place, = [s for s in suspects if s["kind"] == "container"]
                native, = [s for s in suspects if s["kind"] == "native"]
                self.assertEqual(place["holder"]["path"], "shop.handles")
                self.assertEqual((native["in_step_with"], place["in_step_with"]), (place["rank"], None))
                text = support.check([support.HEAPDIFF, *files])
                self.assertIn("   grows in step with %d: each Handle may own some of it\n" % place["rank"], text)


class Picture(Snapshots):
    def test_graph(self):
        picture = self.path("chain.dot")
        self.fine(self.files[0], self.files[4], "--graph", picture)
        with open(picture) as file:
            drawn = file.read()
        self.assertIn("_open_databases", drawn)
        self.assertIn("DB", drawn)
        with open(picture, "w") as file:
            file.write("mine")
        self.assertIn("-f", self.refused(r"chain\.dot: exists", self.files[0], self.files[4], "--graph", picture))
        with open(picture) as file:
            self.assertEqual(file.read(), drawn)
        self.fine(self.files[0], self.files[4], "--graph", picture, "-f")

    def test_unknown_kind_of_picture(self):
        self.refused(r"\.svg", self.files[0], self.files[4], "--graph", self.path("chain.xyz"))

    def test_directory_that_is_not_there(self):
        name = "picture-%d.dot" % os.getpid()
        self.refused("nodir", self.files[0], self.files[4], "--graph", os.path.join("nodir", name))
        os.unlink(os.path.join("/tmp", name))


class Trouble(Snapshots):
    def test_missing(self):
        self.refused("nowhere.db.*No such file", self.files[0], self.path("nowhere.db"))

    def test_same_file_twice(self):
        self.refused("named twice", self.files[0], self.files[0])
        os.symlink(self.files[0], self.path("link.db"))
        self.refused("named twice", self.files[0], self.path("link.db"))

    def test_one_file(self):
        self.refused("two snapshots are needed.*heapdiff BEFORE.db AFTER.db", self.files[0])
        self.refused("two snapshots are needed")

    def test_not_a_snapshot(self):
        for name, data in (("empty.db", b""), ("text.db", b"hello\n" * 100)):
            with open(self.path(name), "wb") as file:
                file.write(data)
            self.refused(name, self.files[0], self.path(name))
        with sqlite3.connect(self.path("other.db")) as db:
            db.execute("CREATE TABLE t (a)")
        self.refused("other.db", self.files[0], self.path("other.db"))

    def test_truncated(self):
        with open(self.files[4], "rb") as file:
            data = file.read()
        with open(self.path("cut.db"), "wb") as file:
            file.write(data[:len(data) // 2])
        self.refused("cut.db", self.files[0], self.path("cut.db"))

    def test_newer_format(self):
        shutil.copy(self.files[4], self.path("newer.db"))
        with open(self.path("newer.db"), "r+b") as file:
            file.seek(60)  # user_version in SQLite's header
            file.write((99).to_bytes(4, "big"))
        self.refused("newer.db.*newer", self.files[0], self.path("newer.db"))

    def test_options(self):
        self.refused("unknown option: --nonsense", *self.files, "--nonsense")
        self.refused("-n wants a number, not: many", *self.files, "-n", "many")
        self.refused("lacks its value: --graph", *self.files, "--graph")

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([support.HEAPDIFF, *self.files], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "No space left on device")

    def test_help_and_version(self):
        self.assertIn("--exit-code", self.fine("--help"))
        self.assertRegex(self.fine("--version"), r"^heapdiff \d+\.\d+")


class OtherProcess(Snapshots):
    def test_compared_by_place_alone(self):
        case = Case("webapp", None, None, WEBAPP % {"name": "_open_databases"})
        with tempfile.TemporaryDirectory() as directory:
            later, = runner.snap(case, python(), directory, [5])
            out = json.loads(self.fine(self.files[0], later, "--json"))
        self.assertEqual(out["suspects"][0]["holder"]["path"], "shop._open_databases")
        self.assertTrue(any("different processes" in spot for spot in out["blind_spots"]))
        self.assertIsNone(out["types"][0]["new"])


class HostileNames(unittest.TestCase):
    SOURCE = '''
import sys, types
module = types.ModuleType("shop\\x1b]0;owned\\x07\\u202e")
sys.modules[module.__name__] = module
kept = module.__dict__.setdefault('a"b\\\\c\\n', [])
class Thing: pass
Thing.__qualname__ = Thing.__name__ = 'T\\x1b[31m"hing'
def rep(n):
    for i in range(50):
        thing = Thing()
        thing.text = "x%d" % i * 50
        kept.append(thing)
'''

    def test_escaped_in_both_forms(self):
        case = Case("hostile", None, None, self.SOURCE)
        with tempfile.TemporaryDirectory() as directory:
            files = runner.snap(case, python(), directory, [1, 5])
            text = support.check([support.HEAPDIFF, *files])
            out = json.loads(support.check([support.HEAPDIFF, *files, "--json"]))
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text), repr(text))
        self.assertEqual(out["suspects"][0]["objects"], 200)


if __name__ == "__main__":
    unittest.main()
