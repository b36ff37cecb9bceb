"""The finished file says what the agent's stream said, no more and no less: objects, references, roots, threads.

The stream is decoded by stream.py, which shares nothing with the collector; the file is read by way of `heapquery unpack`
with Python's own sqlite3.
"""
import collections
import os
import sqlite3
import subprocess
import tempfile
import unittest

import oracle_run
import stream as streams
import support

SLOW = True
PROGRAMS = ("messy", "server")
IMMORTAL = 900_000_000  # SPEC.md: from here on a reference count means that the object is never freed


def said_by_stream(stream):
    """The stream's facts in the words of the tables, with addresses in place of ids."""
    objects, refs = {}, collections.Counter()
    for address, item in stream.objects.items():
        kind = stream.types[item.type]
        generation = None if item.generation == streams.UNTRACKED else item.generation
        objects[address] = (kind.name, kind.qualname, item.size, item.refcount, generation, item.length,
                            stream.values.get(address))
        keys = {ref.name: ref.target for ref in item.refs if ref.kind == "key"}
        for ref in item.refs:
            name = ref.name if isinstance(ref.name, str) and ref.name else None
            if ref.kind == "value":  # called by what is known of its key: a class or a function has a name
                name = stream.values.get(keys.get(ref.name))
            refs[address, ref.target, ref.kind, name, ref.owning] += 1
        if kind.heap:
            refs[address, kind.address, "type", None, True] += 1
    frames = collections.Counter((thread.native_id, frame.depth, frame.function, frame.file, frame.line, frame.code)
                                 for thread in stream.threads for frame in thread.frames)
    return {
        "objects": objects,
        "refs": refs,
        "roots": collections.Counter(found_roots(stream, refs)),
        "modules": collections.Counter((address, name, file or None) for address, name, file in stream.modules),
        "threads": collections.Counter((thread.native_id, thread.name or None, thread.object or None)
                                       for thread in stream.threads),
        "frames": frames,
    }


def found_roots(stream, refs):
    """The roots that the file has: words in static data only where they explain a reference that nothing else does, and
    what is left over then: objects with more references than are found, immortals with none."""
    roots = [root for root in stream.roots if root[1] in stream.objects and root[0] != "static"]
    known = collections.Counter(address for kind, address, name in roots if kind != "module")
    known.subtract(stream.borrowed_roots)
    for (source, target, kind, name, owning), count in refs.items():
        known[target] += count if owning else 0
    for root in stream.roots:
        item = stream.objects.get(root[1])
        if root[0] == "static" and item and known[root[1]] < (1 if item.refcount >= IMMORTAL else item.refcount):
            known[root[1]] += 1
            roots.append(root)
    for address, item in stream.objects.items():
        more = item.refcount - known[address]
        if item.refcount >= IMMORTAL:
            roots += [("static", address, "immortal")] if not known[address] else []
        elif more > 0:
            roots.append(("external", address, "%d reference%s" % (more, "s" if more > 1 else "")))
    return roots


def said_by_file(path):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as database:
        def rows(sql):
            return [tuple(row) for row in database.execute(sql)]
        return {
            "objects": {row[0]: row[1:] for row in rows(
                "SELECT address, type, qualname, o.shallow_bytes, refcount, generation, length, value"
                " FROM objects o JOIN types t ON t.id = o.type_id")},
            "refs": collections.Counter((src, dst, kind, name, bool(owning)) for src, dst, kind, name, owning in rows(
                "SELECT s.address, d.address, kind, name, owning FROM refs"
                " JOIN objects s ON s.id = src JOIN objects d ON d.id = dst")),
            "roots": collections.Counter(rows(
                "SELECT kind, address, name FROM roots JOIN objects o ON o.id = object_id")),
            "modules": collections.Counter(rows(
                "SELECT address, name, file FROM modules JOIN objects o ON o.id = object_id")),
            "threads": collections.Counter(rows(
                "SELECT native_id, name, address FROM threads LEFT JOIN objects o ON o.id = object_id")),
            "frames": collections.Counter(rows(
                "SELECT native_id, depth, function, file, line, address FROM frames"
                " JOIN threads t ON t.id = thread_id JOIN objects o ON o.id = code_id")),
        }


class FaithfulTest(unittest.TestCase):
    def compare(self, python, program):
        data = oracle_run.capture(python, program)["ORACLE_STREAM"]
        with tempfile.TemporaryDirectory() as folder:
            packed, plain = os.path.join(folder, "packed.db"), os.path.join(folder, "plain.db")
            collect = subprocess.run([support.HEAPDUMP, "collect", "-o", packed], input=data, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=120)
            self.assertEqual(collect.stdout[:3], b"ok ", collect.stdout)
            support.check([support.HEAPQUERY, "verify", packed])
            support.check([support.HEAPQUERY, "unpack", packed, plain])
            found = said_by_file(plain)
        expected = said_by_stream(streams.Stream(data))
        for table, facts in expected.items():
            with self.subTest(table=table):
                missing = [item for item in facts.items() if found[table].get(item[0]) != item[1]]
                extra = [item for item in found[table].items() if facts.get(item[0]) != item[1]]
                self.assertTrue(facts)
                self.assertFalse(missing or extra, "%d missing, as %s; %d extra, as %s"
                                 % (len(missing), missing[:3], len(extra), extra[:3]))


def add_test(version, python, program):
    setattr(FaithfulTest, "test_%s_%s" % (program, version.replace(".", "_")),
            lambda self: self.compare(python, program))


for _version, _python in support.interpreters().items():
    for _program in PROGRAMS:
        add_test(_version, _python, _program)

if __name__ == "__main__":
    unittest.main()
