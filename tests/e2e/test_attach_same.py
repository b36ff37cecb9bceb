"""A snapshot by attach is the snapshot from inside: the same objects, sizes, counts and references, of one program that has not
moved in between. Only what the call from inside is made of may be more there: its frames, arguments and temporaries."""
import collections
import os
import sqlite3

import attach
import support

SLOW = True
CALL = 150  # objects that heapdump.snap() makes for itself: some 25 to 80
NAMES = 20  # attributes' names that the cache of lookups holds (Objects/typeobject.c: method_cache), the last ones looked up

# Says where it is with os.write(), which leaves nothing behind, and waits where no argument is on a stack.
PROGRAM = """
import gc, os, signal, sys, threading
import heapdump
class Node:
    def __init__(self, number): self.number = number; self.next = None
class Slots:
    __slots__ = "a", "b"
    def __init__(self): self.a = {1: 2.5}; self.b = (1, "x", b"y")
def generate(number):
    for n in range(number): yield [n]
nodes = [Node(n) for n in range(300)]
for node, following in zip(nodes, nodes[1:]): node.next = following
for node in nodes[::3]: node.__dict__
slots = [Slots() for _ in range(50)]
generators = [generate(5) for _ in range(20)]
for generator in generators: next(generator)
sets = [{n, str(n), frozenset([n])} for n in range(100)]
numbers = [10 ** n for n in range(60)]
thread = threading.Thread(target=threading.Event().wait, daemon=True); thread.start()
for _ in range(3): heapdump.snap(sys.argv[1], force=True)
gc.collect(); gc.disable()
heapdump.snap(sys.argv[1], force=True)
os.write(1, b"ready\\n"); signal.pause()
"""

Object = collections.namedtuple("Object", "type shallow_bytes generation length refcount")


class Snapshot:
    """What a file says, by address."""

    def __init__(self, path):
        plain = path + ".plain"
        support.check([support.HEAPQUERY, "unpack", path, plain])
        database = sqlite3.connect("file:%s?mode=ro" % plain, uri=True)
        self.objects = {row[0]: Object(*row[1:]) for row in database.execute(
            "SELECT address, type, shallow_bytes, generation, length, refcount FROM objects")}
        self.refs = collections.defaultdict(collections.Counter)
        for source, *ref in database.execute(
                "SELECT s.address, d.address, kind, name, owning FROM refs"
                " JOIN objects s ON s.id = src JOIN objects d ON d.id = dst"):
            self.refs[source][tuple(ref)] += 1
        self.roots = collections.Counter(database.execute(
            "SELECT address, kind FROM roots JOIN objects o ON o.id = object_id"))
        database.close()
        os.unlink(plain)


class Same(attach.Case):
    def compare(self, inside, outside):
        self.assertEqual([outside.objects[address] for address in outside.objects if address not in inside.objects], [])
        own = {address for address in inside.objects if address not in outside.objects}
        self.assertLess(len(own), CALL, collections.Counter(inside.objects[address].type for address in own))
        # What the calls, of heapdump.snap() here and of signal.pause() there, hold for their time: by their own objects or from a stack.
        held = {ref[0] for address in own for ref in inside.refs[address]}
        held |= {address for address, kind in (inside.roots - outside.roots) + (outside.roots - inside.roots)}
        self.assertLess(len(held), CALL)
        names = interning = 0
        for address, there in outside.objects.items():
            here, refs = inside.objects[address], inside.refs[address]
            for_call = [ref for ref in refs if ref[0] in own]
            if for_call:  # the dict of interned strings, if a temporary one is among them
                interning += 1
                self.assertEqual(here.type, "dict")
                here = here._replace(length=there.length)
                refs = refs - collections.Counter({ref: refs[ref] for ref in for_call})
            if here.type == "str" and abs(here.refcount - there.refcount) == 1:
                names += 1
            elif address not in held:
                self.assertEqual(here.refcount, there.refcount, here)
            here, there = here._replace(refcount=0), there._replace(refcount=0)
            self.assertEqual(here, there)
            self.assertEqual(refs, outside.refs[address], "%s: %s" % (hex(address), here))
        self.assertLess(names, NAMES)
        self.assertLess(interning, 2)

    def test_same(self):
        def run(version, python):
            path = os.path.join(self.directory, version + ".db")
            process = self.start([python, "-c", PROGRAM, path])
            attach.wait_until_waiting(process.pid)
            outside = self.check_snap(process.pid, "--values", "names")
            inside, outside = Snapshot(path), Snapshot(outside)
            self.compare(inside, outside)
            print("| %-8s| %d objects, %d references the same; %d objects of the call" % (
                version, len(outside.objects), sum(sum(refs.values()) for refs in outside.refs.values()),
                len(inside.objects) - len(outside.objects)))
        self.each(run)


if __name__ == "__main__":
    attach.unittest.main()
