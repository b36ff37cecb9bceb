"""heapquery on snapshots of small programs: every command, every format, and everything that can go wrong."""
import csv
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
from support import HEAPQUERY, check, run

WEBAPP = '''
class DB:
    def __init__(self, name):
        self.name = name
        self.rows = [name] * 3


class Session:
    def __init__(self, db):
        self.db = db


_open_databases = {}
_sessions = []


def open_db(name):
    _open_databases[name] = DB(name)
    _sessions.append(Session(_open_databases[name]))
'''

PROGRAM = r'''
import sys
import heapdump
import webapp

Evil = type("Evil\x1b[31m\u202e<b>", (), {})
evil = Evil()
setattr(evil, "=cmd()\n\x07", "x")
webapp.evil = evil
for i in range(4):
    webapp.open_db("first %d" % i)
heapdump.snap(sys.argv[1], label="rep 1")
for i in range(16):
    webapp.open_db("later %d" % i)
heapdump.snap(sys.argv[2], label="rep 5")
'''

# An object that only a local variable of a thread holds.
THREADED = r'''
import sys
import threading
import heapdump


class Job:
    def __init__(self):
        self.payload = {"site": [self]}


def serve(started, ended):
    job = Job()
    job.payload["rows"] = [Other()]
    started.set()
    ended.wait()


class Other:
    pass


class Node:
    def __init__(self, following):
        self.following = following


first = None
for _ in range(5000):
    first = Node(first)

started, ended = threading.Event(), threading.Event()
thread = threading.Thread(target=serve, args=(started, ended), name="worker-1")
thread.start()
started.wait()
heapdump.snap(sys.argv[1])
heapdump.snap(sys.argv[2], values="short")
ended.set()
thread.join()
'''

PNG = b"\x89PNG\r\n\x1a\n"
# What must never reach a terminal: C0 (but for the line feed), DEL, C1, bidi and invisible characters.
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def setUpModule():
    global directory
    directory = tempfile.mkdtemp(prefix="heapquery-test-")
    for name, text in (("webapp.py", WEBAPP), ("program.py", PROGRAM), ("threaded.py", THREADED)):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)
    env = support.environment()
    env["PYTHONPATH"] += os.pathsep + directory
    check([sys.executable, "program.py", "before.db", "after.db"], env=env, cwd=directory)
    check([sys.executable, "threaded.py", "threads.db", "short.db"], env=env, cwd=directory)


def tearDownModule():
    shutil.rmtree(directory)


class Case(unittest.TestCase):
    maxDiff = None

    def ask(self, *arguments, **options):
        """Standard output of heapquery, run where the snapshots are."""
        return check([HEAPQUERY, *arguments], cwd=directory, **options)

    def ask_json(self, *arguments):
        return json.loads(self.ask(*arguments, "--json"))

    def ask_csv(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.ask(*arguments, "--csv"))))

    def sql(self, sql, *files):
        return self.ask_json(*(files or ("after.db",)), sql)


class Types(Case):
    def test_counts_are_those_of_sql(self):
        types = {row["type"]: row for row in self.ask_json("types", "after.db")}
        counted = self.sql("SELECT type, count(*) AS n, sum(shallow_bytes) AS bytes FROM objects "
                           "GROUP BY type")
        self.assertEqual({row["type"]: (row["n"], row["bytes"]) for row in counted},
                         {name: (row["objects"], row["bytes"]) for name, row in types.items()})
        self.assertEqual(types["webapp.DB"]["objects"], 20)

    def test_order_and_limit(self):
        for key, field in (("size", "bytes"), ("count", "objects"), ("mean", "mean")):
            values = [row[field] for row in self.ask_json("types", "after.db", "--sort", key)]
            self.assertEqual(values, sorted(values, reverse=True), key)
        names = [row["type"] for row in self.ask_json("types", "after.db", "--sort", "name", "-n", "5")]
        self.assertEqual(names, sorted(names))
        self.assertEqual(len(names), 5)

    def test_text(self):
        lines = self.ask("types", "after.db", "-n", "3").splitlines()
        self.assertEqual(lines[0].split(), ["type", "objects", "bytes", "mean"])
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[4],
                         r"^\.\.\. and \d+ more types: [\d,]+ objects, [\d.]+ [kM]?B \(-n 0 shows all\)$")
        self.assertEqual(len({len(line) for line in lines[:4]}), 1, "numbers are set right")
        self.assertNotIn("more types", self.ask("types", "after.db", "-n", "0"))

    def test_like(self):
        names = {row["type"] for row in self.ask_json("types", "after.db", "--like", "webapp.*")}
        self.assertEqual(names, {"webapp.DB", "webapp.Session"})

    def test_aliases_are_the_same(self):
        for alias in ("count", "by-type"):
            self.assertEqual(self.ask(alias, "after.db"), self.ask("types", "after.db"))
        self.assertEqual(self.ask("after.db", "types"), self.ask("types", "after.db"))


class Objects(Case):
    def test_instances_by_address(self):
        rows = self.ask_json("objects", "after.db", "webapp.DB")
        self.assertEqual(len(rows), 20)
        addresses = [int(row["address"], 16) for row in rows]
        self.assertEqual(addresses, sorted(addresses))
        self.assertEqual(rows[-1]["id"], self.ask_json("show", "after.db", "webapp.DB[-1]")["id"])
        self.assertEqual(rows, self.ask_json("objects", "after.db", "DB"))

    def test_limit_is_said(self):
        self.assertIn("... and 17 more objects", self.ask("objects", "after.db", "DB", "-n", "3"))

    def test_sort(self):
        sizes = [row["bytes"] for row in self.ask_json("objects", "after.db", "dict", "--sort", "size")]
        self.assertEqual(sizes, sorted(sizes, reverse=True))


class Show(Case):
    def test_by_name_id_and_address(self):
        named = self.ask_json("show", "after.db", "webapp.DB[-1]")
        self.assertEqual(named["type"], "webapp.DB")
        self.assertEqual(named, self.ask_json("show", "after.db", "#%d" % named["id"]))
        self.assertEqual(named, self.ask_json("show", "after.db", named["address"]))
        self.assertEqual(named, self.ask_json("show", "webapp.DB[-1]", "after.db"), "swapped arguments")
        row, = self.sql("SELECT * FROM objects WHERE id = %d" % named["id"])
        self.assertEqual((named["bytes"], named["refcount"]), (row["shallow_bytes"], row["refcount"]))
        row, = self.sql("SELECT retained_bytes FROM objects WHERE id = %d" % named["id"])
        self.assertEqual(named["retained_bytes"], row["retained_bytes"])
        self.assertGreater(named["retained_bytes"], named["bytes"])
        self.assertEqual(sum(named["refs"].values()), self.sql(
            "SELECT count(*) AS n FROM refs WHERE src = %d" % named["id"])[0]["n"])
        self.assertEqual(sum(named["backrefs"].values()), self.sql(
            "SELECT count(*) AS n FROM refs WHERE dst = %d" % named["id"])[0]["n"])

    def test_text(self):
        text = self.ask("show", "after.db", "webapp.DB[0]")
        self.assertRegex(text, r"^webapp\.DB #\d+\n")
        for field in ("address", "size", "keeps alive", "refcount", "generation", "refers to", "referred by",
                      "held by"):
            self.assertRegex(text, r"(?m)^  %s +\S" % field)
        self.assertRegex(text, r"(?m)^  held by +.*webapp\._(open_databases|sessions)")

    def test_commands_in_it_work(self):
        text = self.ask("show", "after.db", "webapp.DB[0]")
        commands = re.findall(r": (heapquery .*)$", text, re.M)
        self.assertEqual(len(commands), 2)
        for command in commands:
            run_shell(self, command)


class Refs(Case):
    def test_names(self):
        refs = self.ask_json("refs", "after.db", "webapp.DB[0]")
        self.assertEqual({ref["name"]: ref["type"] for ref in refs if ref["kind"] == "attribute"},
                         {"name": "str", "rows": "list"})
        text = self.ask("refs", "after.db", "webapp.DB[0]")
        self.assertRegex(text, r"(?m)^\.rows +list +[\d.]+ k?B +#\d+")

    def test_backrefs(self):
        back = self.ask_json("backrefs", "after.db", "webapp.DB[0]")
        self.assertEqual(sorted(ref["type"] for ref in back), ["dict", "webapp.Session"])
        holder, = [ref for ref in back if ref["type"] == "webapp.Session"]
        self.assertEqual((holder["kind"], holder["name"], holder["owning"]), ("attribute", "db", 1))

    def test_limit_is_said(self):
        text = self.ask("backrefs", "after.db", "NoneType", "-n", "2")
        self.assertRegex(text, r"\.\.\. and [\d,]+ more \(-n 0 shows all\)\n$")
        self.assertEqual(len(self.ask("refs", "after.db", "webapp.DB[0]", "-n", "1").splitlines()), 3)

    def test_csv_is_json(self):
        rows = self.ask_csv("backrefs", "after.db", "webapp.DB[0]")
        self.assertEqual([row["kind"] for row in rows],
                         [row["kind"] for row in self.ask_json("backrefs", "after.db", "webapp.DB[0]")])


class Chain(Case):
    def test_text_names_the_global(self):
        text = self.ask("chain", "after.db", "webapp.DB[-1]")
        lines = text.splitlines()
        self.assertRegex(lines[0], r"^\d references to webapp\.DB\[-1\]$")
        self.assertRegex(lines[1], r"^ +module webapp ")
        self.assertRegex(text, r"(?m)^path: .*webapp\._(open_databases|sessions)\b")

    def test_json_agrees(self):
        answer = self.ask_json("chain", "after.db", "webapp.DB[-1]")
        steps = answer["chain"]
        self.assertEqual((steps[0]["type"], steps[0]["value"]), ("module", "webapp"))
        self.assertEqual(steps[-1]["id"], answer["id"])
        for before, after in zip(steps, steps[1:]):
            found = self.sql("SELECT count(*) AS n FROM refs WHERE src = %d AND dst = %d AND kind = '%s' "
                             "AND owning"
                             % (before["id"], after["id"], after["kind"]))
            self.assertGreater(found[0]["n"], 0)
        self.assertEqual(self.ask_json("show", "after.db", "webapp.DB[-1]")["path"], answer["path"])

    def test_from_a_type(self):
        answer = self.ask_json("chain", "after.db", "webapp.DB[0]", "--to", "webapp.Session")
        self.assertEqual([step["type"] for step in answer["chain"]], ["webapp.Session", "webapp.DB"])
        self.assertEqual(answer["chain"][1]["reference"], ".db")

    def test_from_a_root(self):
        self.assertTrue(self.ask_json("chain", "after.db", "webapp.DB[0]", "--to", "root")["chain"])

    def test_sql_of_the_search_gives_the_chain(self):
        statements = self.ask("chain", "after.db", "webapp.DB[0]", "--show-sql")
        self.assertIn("edge_cost", statements)
        done = run([HEAPQUERY, "after.db"], cwd=directory, stdin=None, input=statements)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, self.ask("after.db", statements))
        for step in self.ask_json("chain", "after.db", "webapp.DB[0]")["chain"]:
            self.assertIn(str(step["id"]), done.stdout)


def boxes_of(dot):
    """The boxes of a .dot file that stand for objects."""
    return re.findall(r"^\s*b\d+\s*\[", dot, re.M)


class LongChains(Case):
    def last(self):
        """The node of the linked list that refers to no other."""
        row, = self.sql("SELECT o.id FROM objects o JOIN refs r ON r.src = o.id AND r.name = 'following' "
                        "JOIN objects n ON n.id = r.dst WHERE o.type = '__main__.Node' "
                        "AND n.type = 'NoneType'", "threads.db")
        return "#%d" % row["id"]

    def test_the_middle_is_left_out_and_said(self):
        last = self.last()
        everything = self.ask_json("chain", "threads.db", last)
        self.assertEqual(len(everything["chain"]), 5002)
        self.assertEqual(everything["path"], "__main__.first" + ".following" * 4999)
        text = self.ask("chain", "threads.db", last)
        self.assertIn("  ... 4,942 more steps (-n 0 shows all)\n", text)
        self.assertLess(max(map(len, text.splitlines())), 1100)
        self.assertEqual(len(self.ask("chain", "threads.db", last, "-n", "7").splitlines()), 10)
        self.assertEqual(len(self.ask("chain", "threads.db", last, "-n", "0").splitlines()), 5004)

    def test_picture(self):
        self.ask("chain", "threads.db", self.last(), "-o", "long.dot", "-f")
        with open(os.path.join(directory, "long.dot"), encoding="utf-8") as file:
            dot = file.read()
        self.assertEqual(len(boxes_of(dot)), 40)
        self.assertIn(" 4,961 more steps ", dot)


class Roots(Case):
    WHERE = "local job of serve() in thread worker-1"

    def test_chain_from_a_running_frame(self):
        text = self.ask("chain", "threads.db", "Other[0]")
        self.assertIn(self.WHERE, text.splitlines()[1])
        self.assertIn("path: list(<%s>.payload.values())[1][0]\n" % self.WHERE, text)
        self.assertIn("--values short", text)
        self.assertEqual(text, self.ask("chain", "threads.db", "Other[0]", "--to", "root"))
        self.assertRegex(self.ask("chain", "threads.db", "Other[0]", "--to", "module"),
                         "no module leads to it")
        self.assertEqual(self.ask_json("chain", "threads.db", "Other[0]")["root"], "frame")
        self.assertIn(self.WHERE, self.ask("show", "threads.db", "Other[0]"))
        self.assertIn("Job[0] is held by a root itself", self.ask("chain", "threads.db", "Job[0]"))

    def test_keys_where_the_snapshot_has_them(self):
        text = self.ask("chain", "short.db", "Other[0]")
        self.assertIn("--['rows']-->", text)
        self.assertIn("path: <%s>.payload['rows'][0]\n" % self.WHERE, text)
        self.assertNotIn("--values", text)

    def test_referrers_that_are_no_objects(self):
        self.assertIn("held by roots: local job of serve()", self.ask("backrefs", "threads.db", "Job[0]"))
        self.ask("backrefs", "threads.db", "Other[0]", "-o", "roots.dot", "--max-depth", "4", "-f")
        with open(os.path.join(directory, "roots.dot"), encoding="utf-8") as file:
            self.assertIn("local job of serve()", file.read())


class Sql(Case):
    def test_formats(self):
        sql = "SELECT 1 AS i, 2.5 AS r, 'a,\"b\nc' AS t, NULL AS n, '=1+1' AS f"
        self.assertEqual(self.sql(sql), [{"i": 1, "r": 2.5, "t": 'a,"b\nc', "n": None, "f": "=1+1"}])
        self.assertEqual(self.ask_csv("after.db", sql),
                         [{"i": "1", "r": "2.5", "t": 'a,"b\nc', "n": "", "f": "'=1+1"}])
        self.assertEqual(self.ask("after.db", sql).splitlines(),
                         ["i    r  t        n  f", '1  2.5  a,"b\\nc     =1+1'])
        self.assertEqual(self.ask("after.db", "--box", "SELECT 1 AS i").splitlines(),
                         ["┌───┐", "│ i │", "├───┤", "│ 1 │", "└───┘"])
        self.assertEqual(self.ask("after.db", "--no-header", "SELECT 1 AS i"), "1\n")

    def test_addresses_read_as_written(self):
        text = self.ask("after.db", "SELECT address FROM objects WHERE type = 'webapp.DB' LIMIT 1")
        address = text.splitlines()[1]
        self.assertRegex(address, "^0x[0-9a-f]+$")
        self.assertEqual(self.sql("SELECT type FROM objects WHERE address = " + address),
                         [{"type": "webapp.DB"}])

    def test_two_snapshots(self):
        rows = self.sql("SELECT count(*) AS n FROM after.objects a LEFT JOIN before.objects b "
                        "USING (address, type) WHERE b.id IS NULL AND a.type = 'webapp.DB'",
                        "before.db", "after.db")
        self.assertEqual(rows, [{"n": 16}])

    def test_functions(self):
        object_id = self.ask_json("show", "after.db", "webapp.DB[-1]")["id"]
        answer = self.ask_json("chain", "after.db", "webapp.DB[-1]")
        row, = self.sql("SELECT obj('webapp.DB[-1]') AS id, path(obj('webapp.DB[-1]')) AS path")
        self.assertEqual(row, {"id": object_id, "path": answer["path"]})
        chain = self.sql("SELECT object_id FROM retaining_chain(%d) ORDER BY step" % object_id)
        self.assertEqual([row["object_id"] for row in chain], [step["id"] for step in answer["chain"]])

    def test_statements_from_a_pipe(self):
        done = run([HEAPQUERY, "after.db", "--csv", "--no-header"], cwd=directory, stdin=None,
                   input="-- a comment\nSELECT 1,\n 2;\nSELECT 'a;b'; SELECT 3")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "1,2\na;b\n3\n", ""))

    def test_prompt_is_the_sqlite3_shell(self):
        if not shutil.which("sqlite3") or not shutil.which("script"):
            self.skipTest("needs sqlite3 and script")
        loaded = run(["sqlite3", ":memory:", ".load " + os.path.join(support.LIB, "heapsnap")])
        if "ASan" in loaded.stderr:
            self.skipTest("a sanitized extension cannot be loaded into this shell")
        done = run(["script", "-qec", "%s before.db after.db" % HEAPQUERY, "/dev/null"], cwd=directory,
                   stdin=None,
                   input="SELECT 'have ' || count(*) FROM after.objects WHERE type = 'webapp.DB';\n.quit\n")
        self.assertIn("have 20", done.stdout)

    def test_only_temp_can_be_written(self):
        self.ask("after.db", "CREATE TEMP TABLE t AS SELECT 1; INSERT INTO t VALUES (2)")
        before = os.stat(os.path.join(directory, "after.db"))
        for sql in ("DELETE FROM types", "CREATE TABLE main.x (a)", "ATTACH 'x.db' AS x",
                    "DROP TABLE snapshot"):
            done = run([HEAPQUERY, "after.db", sql], cwd=directory)
            self.assertEqual(done.returncode, 2, sql)
        self.assertFalse(os.path.exists(os.path.join(directory, "x.db")))
        self.assertEqual(before.st_mtime_ns, os.stat(os.path.join(directory, "after.db")).st_mtime_ns)

    def test_long_results_start_early_and_end_quietly(self):
        process = subprocess.Popen([HEAPQUERY, "after.db", "SELECT a.id, b.id FROM objects a, objects b"],
                                   cwd=directory,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            self.assertEqual(process.stdout.readline().split(), ["id", "id"])
            process.stdout.close()
            self.assertEqual(process.stderr.read(), "")
        self.assertIn(process.returncode, (0, -signal.SIGPIPE))

    def test_tables(self):
        tables = {row["table"]: row for row in self.ask_json("tables", "after.db")}
        for name in ("snapshot", "types", "objects", "refs", "roots", "modules", "threads", "frames",
                     "memory"):
            self.assertIn(name, tables)
            columns = tables[name]["columns"]
            self.sql("SELECT %s FROM %s LIMIT 1" % (columns, name))
        self.assertIn("dominator_id", tables["objects"]["on_demand"])


class Drawing(Case):
    def draw(self, *arguments):
        """The bytes of a drawing with that name at the end of the arguments."""
        path = os.path.join(directory, arguments[-1])
        if os.path.exists(path):
            os.unlink(path)
        self.ask(*arguments[:-1], "-o", arguments[-1])
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path, "rb") as file:
            return file.read()

    def test_every_format(self):
        for command in ("chain", "refs", "backrefs"):
            self.assertIn(b"digraph", self.draw(command, "after.db", "webapp.DB[-1]", command + ".dot"))
            self.assertIn(b"</svg>", self.draw(command, "after.db", "webapp.DB[-1]", command + ".svg"))
            self.assertTrue(self.draw(command, "after.db", "webapp.DB[-1]", command + ".png").startswith(PNG))

    def test_chain_shows_the_global(self):
        dot = self.draw("chain", "after.db", "webapp.DB[-1]", "c.dot").decode()
        self.assertRegex(dot, r"\._(open_databases|sessions)")
        self.assertIn("webapp.DB", dot)

    def test_all_of_a_type(self):
        dot = self.draw("chain", "after.db", "webapp.DB[:]", "all.dot").decode()
        self.assertRegex(dot, r'"webapp\.DB x20\\n')
        self.assertRegex(dot, r"module webapp\\n")

    def test_depth_and_fan(self):
        few = self.draw("backrefs", "after.db", "NoneType", "--max-depth", "1", "--too-many", "3",
                        "f.dot").decode()
        self.assertRegex(few, r"[\d,]+ more")
        chain = self.ask_json("chain", "after.db", "NoneType")["chain"]
        self.assertLessEqual(len(boxes_of(few)), 3 + len(chain))
        near = self.draw("backrefs", "after.db", "webapp.DB[0]", "--max-depth", "1", "f.dot").decode()
        self.assertRegex(near, r"module webapp\\n", "the module is in it, however far it is")
        deep = self.draw("backrefs", "after.db", "webapp.DB[0]", "--max-depth", "4", "f.dot").decode()
        flat = self.draw("backrefs", "after.db", "webapp.DB[0]", "--max-depth", "1", "f.dot").decode()
        self.assertGreater(deep.count("->"), flat.count("->"))

    def test_hostile_names(self):
        name, = [row["type"] for row in self.ask_json("types", "after.db", "--like", "*Evil*")]
        svg = self.draw("refs", "after.db", name + "[0]", "evil.svg").decode()
        self.assertNotIn("<b>", svg)
        self.assertIsNone(UNSAFE.search(svg.replace("\r", "")))


class Escaping(Case):
    def test_text_is_safe_for_terminals(self):
        for arguments in (["types", "after.db", "-n", "0"], ["refs", "after.db", self.evil()],
                          ["show", "after.db", self.evil()], ["chain", "after.db", self.evil()],
                          ["after.db", "SELECT * FROM types"], ["after.db", "--box", "SELECT * FROM types"]):
            text = self.ask(*arguments)
            self.assertIsNone(UNSAFE.search(text), arguments)
            self.assertIn("Evil\\x1b", text)

    def evil(self):
        rows = [row for row in self.ask_json("types", "after.db", "--like", "*Evil*")]
        self.assertEqual(len(rows), 1)
        return rows[0]["type"] + "[0]"

    def test_json_and_csv_keep_what_they_can(self):
        names = {ref["name"] for ref in self.ask_json("refs", "after.db", self.evil())}
        self.assertIn("=cmd()\n\x07", names)
        self.assertIn("'=cmd()\n\x07", {ref["name"] for ref in self.ask_csv("refs", "after.db", self.evil())})
        self.assertIsNone(UNSAFE.search(self.ask("types", "after.db", "--json")))


class Files(Case):
    def test_unpack(self):
        self.ask("unpack", "after.db", "plain.db", "-f")
        path = os.path.join(directory, "plain.db")
        with sqlite3.connect(path) as plain:
            mine = dict(plain.execute("SELECT type, count(*) FROM objects GROUP BY type"))
        plain.close()
        self.assertEqual(mine, {row["type"]: row["objects"] for row in self.ask_json("types", "after.db")})
        self.assertEqual(self.ask("chain", "after.db", "webapp.DB[-1]"),
                         self.ask("chain", "plain.db", "webapp.DB[-1]"))
        self.assertEqual(self.ask("types", "after.db"), self.ask("types", "plain.db"))

    def test_verify(self):
        self.assertRegex(self.ask("verify", "after.db", "before.db"), r"^after\.db: .*\nbefore\.db: .*\n$")
        self.assertEqual(self.ask("verify", "-q", "after.db"), "")


def run_shell(case, command):
    """Runs a command that the program suggested, with the build first on the path."""
    env = support.environment()
    env["PATH"] = support.BIN + os.pathsep + env["PATH"]
    done = run(["/bin/sh", "-c", command], cwd=directory, env=env)
    case.assertEqual(done.returncode, 0, "%s\n%s" % (command, done.stderr))
    return done.stdout


class Trouble(Case):
    def fails(self, *arguments, names=(), suggests=True):
        """The command ends with 2 and one line that names `names`; the command that it suggests works."""
        done = run([HEAPQUERY, *arguments], cwd=directory)
        line = done.stderr
        self.assertEqual(done.returncode, 2, "%s: %s" % (arguments, line))
        self.assertEqual(done.stdout, "", arguments)
        self.assertRegex(line, r"^heapquery: [^\n]+\n$")
        self.assertIsNone(UNSAFE.search(line))
        for name in names:
            self.assertIn(name, line)
        if suggests:
            support.suggested(self, "heapquery", done, directory)
        return line

    def write(self, name, data):
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(data)
        return name

    def snapshot(self):
        with open(os.path.join(directory, "after.db"), "rb") as file:
            return bytearray(file.read())

    def test_files_that_are_no_snapshot(self):
        newer = self.snapshot()
        newer[60:64] = (99).to_bytes(4, "big")  # PRAGMA user_version
        foreign = os.path.join(directory, "foreign.db")
        if not os.path.exists(foreign):
            other = sqlite3.connect(foreign)
            other.execute("CREATE TABLE objects (id)")
            other.commit()
            other.close()
        cases = [("missing.db", "No such file"),
                 (self.write("empty.db", b""), "empty"),
                 (self.write("text.db", b"hello, world\n" * 100), "not a heap snapshot"),
                 (self.write("short.db", bytes(self.snapshot()[:-5000])), ""),
                 (self.write("head.db", bytes(self.snapshot()[:50])), ""),
                 (self.write("newer.db", bytes(newer)), "99"),
                 ("foreign.db", "not a heap snapshot"),
                 (".", "")]
        for name, cause in cases:
            for arguments in (["types", name], ["chain", name, "dict[0]"], [name, "SELECT 1 "],
                              ["verify", name], ["unpack", name, "out.db"], ["tables", name]):
                with self.subTest(arguments=arguments):
                    self.fails(*arguments, names=[name, cause])
        self.assertFalse(os.path.exists(os.path.join(directory, "out.db")))

    def test_damage_is_found(self):
        path = os.path.join(directory, "after.db")
        snapshot = sqlite3.connect(path)
        blobs = snapshot.execute("SELECT kind, data FROM blobs GROUP BY kind "
                                 "HAVING length(data) > 200").fetchall()
        snapshot.close()
        self.assertGreaterEqual(len(blobs), 3)
        for kind, blob in blobs:
            data = self.snapshot()
            # A long value is cut into pages; the first piece is in one.
            at = data.find(blob[:100])
            self.assertGreater(at, 0)
            data[at + 50] ^= 0x20
            self.write("flipped.db", bytes(data))
            with self.subTest(blob=kind):
                line = self.fails("verify", "flipped.db", names=["flipped.db"])
                self.assertNotIn("flipped.db: flipped.db", line)
                for arguments in (["types", "flipped.db"], ["show", "flipped.db", "webapp.DB[0]"],
                                  ["flipped.db", "SELECT sum(length(value)) FROM objects"],
                                  ["flipped.db", "SELECT count(*) FROM refs WHERE slot = 1"]):
                    done = run([HEAPQUERY, *arguments], cwd=directory)
                    self.assertIn(done.returncode, (0, 2))
                    self.assertEqual(done.stderr.count("\n"), done.returncode // 2)
                    self.assertEqual(done.stderr.count("flipped.db: "), done.returncode // 2)

    def test_objects_that_are_not_there(self):
        for name, cause in (("webapp.BD", "webapp.DB"), ("webapp.DB[20]", "20"), ("webapp.DB[-21]", "20"),
                            ("webapp.DB[x]", "webapp.DB[0]"), ("webapp.DB", "20"), ("#999999999", "#0"),
                            ("#x", "#123"), ("0x1", "0x1"), ("0xyz", "0xyz"), ("", ""),
                            ("nosuchthing_at_all", "nosuchthing_at_all"), ("\x1b[31m", "\\x1b")):
            for command in ("show", "refs", "backrefs", "chain"):
                with self.subTest(command=command, name=name):
                    self.fails(command, "after.db", name, names=["after.db", cause])
        self.fails("objects", "after.db", "webapp.Bd", names=["after.db", "webapp.DB"])
        self.fails("chain", "after.db", "webapp.DB[0]", "--to", "webapp.Sesion",
                   names=["after.db", "webapp.Session"])

    def test_bad_sql(self):
        line = self.fails("after.db", "SELECT nosuch FROM objects",
                          names=["after.db", "no such column: nosuch"])
        self.assertIn("at character 8: nosuch FROM objects", line)
        self.fails("after.db", "SELECT * FROM nosuch", names=["after.db", "no such table: nosuch"])
        self.fails("after.db", "SELEC 1", names=["after.db", 'near "SELEC"', "at character 1"])
        self.fails("before.db", "after.db", "SELECT * FROM other.objects", names=["before.db", "after.db"])
        done = run([HEAPQUERY, "after.db"], cwd=directory, stdin=None, input="SELECT 1;\nSELECT ;\n")
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "1\n1\n", 1))

    def test_usage(self):
        self.fails("nosuch", names=["nosuch"])
        self.assertIn("types", self.fails("tipes", names=["tipes"]))
        self.fails("types", names=["snapshot"])
        self.fails("chain", "after.db", names=["OBJECT"])
        self.fails("types", "after.db", "extra", names=["extra"])
        self.fails("types", "after.db", "--nosuch", names=["--nosuch"])
        self.fails("types", "after.db", "-X", names=["-X"])
        self.fails("types", "after.db", "-n", "many", names=["many"])
        self.fails("types", "after.db", "-n", names=["-n"])
        self.fails("types", "after.db", "--sort", "color", names=["color", "size"])
        self.fails("chain", "after.db", "webapp.DB[0]", "--csv", names=["--csv"])
        self.fails("chain", "after.db", "webapp.DB[:]", names=["webapp.DB[:]", "-o"])
        self.fails("chain", "after.db", "webapp.None[:]", "-o", "none.svg", names=["webapp.None"])
        self.fails()

    def test_outputs(self):
        self.write("mine.svg", b"mine")
        self.write("mine.db", b"mine")
        self.fails("chain", "after.db", "webapp.DB[0]", "-o", "mine.svg", names=["mine.svg", "exists"],
                   suggests=False)
        self.fails("unpack", "after.db", "mine.db", names=["mine.db", "exists"], suggests=False)
        for name in ("mine.svg", "mine.db"):
            with open(os.path.join(directory, name), "rb") as file:
                self.assertEqual(file.read(), b"mine")
        # And the command that it suggests replaces them.
        self.fails("chain", "after.db", "webapp.DB[0]", "-o", "mine.svg", names=["mine.svg"])
        self.fails("unpack", "after.db", "mine.db", names=["mine.db"])
        self.fails("refs", "after.db", "webapp.DB[0]", "-o", "other.pdf", names=["other.pdf", ".svg"])
        leftovers = [name for name in os.listdir(directory) if ".tmp" in name]
        self.assertEqual(leftovers, [])

    def test_without_the_library_that_draws(self):
        os.mkdir(os.path.join(directory, "lib"))
        self.write("lib/libgvc.so.6", b"")
        env = support.environment(LD_LIBRARY_PATH=os.path.join(directory, "lib"))
        done = run([HEAPQUERY, "chain", "after.db", "webapp.DB[0]", "-o", "nogvc.svg"], cwd=directory,
                   env=env)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("apt-get install graphviz", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(directory, "nogvc.svg")))
        command = done.stderr.rstrip("\n").split("; try: ")[1]
        self.assertIn("nogvc.dot", command)
        env["PATH"] = support.BIN + os.pathsep + env["PATH"]
        self.assertEqual(run(["/bin/sh", "-c", command], cwd=directory, env=env).returncode, 0)

    def test_directories_that_cannot_be_written(self):
        # The suggestion is the same name in /tmp.
        picture, plain = "picture-%d.dot" % os.getpid(), "plain-%d.db" % os.getpid()
        for place in ("nodir", "/proc"):
            name = os.path.join(place, picture)
            self.fails("chain", "after.db", "webapp.DB[0]", "-o", name, names=[name])
            os.unlink(os.path.join("/tmp", picture))
        name = os.path.join("nodir", plain)
        self.fails("unpack", "after.db", name, names=[name])
        os.unlink(os.path.join("/tmp", plain))

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([HEAPQUERY, "types", "after.db"], cwd=directory, stdout=full,
                                  stderr=subprocess.PIPE,
                                  text=True)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^heapquery: .*No space left on device\n$")


class Help(Case):
    COMMANDS = ("types", "objects", "show", "refs", "backrefs", "chain", "retained", "paths", "tables", "unpack", "verify", "sql")

    def test_every_command_has_help_and_its_examples_work(self):
        shown = self.ask_json("show", "after.db", "webapp.DB[-1]")
        for command in self.COMMANDS:
            text = self.ask(command, "--help")
            self.assertIn("usage: heapquery", text)
            examples = text.split("Examples:\n")[1].replace("\n      ", " ")
            for line in examples.splitlines():
                line = line.replace("0x7f0123456780", shown["address"]).replace("#81234", "#%d" % shown["id"])
                if "*.db" in line:
                    line = line.replace("*.db", "after.db before.db")
                with self.subTest(example=line):
                    for name in ("chain.svg", "all.svg", "refs.png", "backrefs.svg", "plain.db"):
                        if name in line and os.path.exists(os.path.join(directory, name)):
                            os.unlink(os.path.join(directory, name))
                    run_shell(self, line)

    def test_overview(self):
        text = self.ask("--help")
        for command in self.COMMANDS:
            self.assertRegex(text, r"(?m)^  %s +\w" % command)
        self.assertRegex(self.ask("--version"), r"^heapquery \d+\.\d+")
        self.assertLessEqual(max(map(len, text.splitlines())), 110)


if __name__ == "__main__":
    unittest.main()
