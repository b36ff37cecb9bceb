"""The agent against CPython itself: objects, types, sizes, references and local variables, on every CPython here.

Each program of tests/e2e/programs takes a snapshot of itself and forks a twin in the same state, which writes down what
gc.get_objects, gc.get_referents, sys.getsizeof and f_locals say (oracle_twin.py). Both must agree. They may differ only by
the rules below; docs/ORACLE.md gives the reason for each in CPython's sources.
"""
import array
import collections
import json
import os
import sys
import unittest

import oracle_run
import stream as streams
import support

SLOW = True

HELD_ELSEWHERE = 600  # objects that C code refers to: types of modules, static caches, interned str; 230 to 410 seen
IMMORTAL = 900000000  # 3.12 and later: 2 ** 32 - 1 and nearby; 3.11: 999999999 for deep-frozen objects

RULES = {
    "call": "objects made for the call of the agent itself exist in the snapshot only",
    "str-key": "str keys of dicts are references, although dict_traverse leaves them out",
    "type-field": "a type refers to its name, qualified name, slots, subclasses and shared keys",
    "untraversed": "objects without a traversal have references too: code, static types, descriptors, ranges",
    "own-type": "an instance refers to its heap type, even where the traversal does not say so",
    "member": "fields that a traversal leaves out because they cannot be part of a cycle: names, docs, strings",
    "dict": "an instance with inline values refers to its dict too",
    "shared": "values inside an instance are its own, although later traversals leave them to the dict that shares them",
    "weak": "a weak reference is recorded, as one that owns nothing",
    "python-sizeof": "a __sizeof__ written in Python is not run",
    "static-type-size": "a static type has no GC header, although sys.getsizeof adds one before 3.13",
    "uncounted": "references that CPython holds without counting them: see Comparison.counts",
}


Account = collections.namedtuple("Account", "kind tracked size is_type is_static_type referents")


class Twin:
    """What the twin wrote down."""

    def __init__(self, data):
        count = int.from_bytes(data[:8], "little")
        numbers = array.array("Q", data[8:8 + 8 * count])
        self.objects = {}
        at = 0
        while at < count:
            address, kind, flags, size, referents = numbers[at:at + 5]
            at += 5
            self.objects[address] = Account(kind, flags & 1, size if flags & 2 else None, flags & 4, flags & 8,
                                            numbers[at:at + referents])
            at += referents
        running = json.loads(data[8 + 8 * count:])
        self.threads, self.generators, self.frames = running["threads"], running["generators"], running["frames"]


class Comparison:
    """Counts the differences by rule, and keeps examples of those that no rule explains."""

    def __init__(self, stream, twin):
        self.stream, self.twin = stream, twin
        self.type_at = {kind.address: kind for kind in stream.types}
        self.by_rule = collections.Counter()
        self.unexplained = collections.Counter()
        self.examples = {}
        self.locals = 0
        self.interned = self.find_interned()
        self.shared = collections.defaultdict(set)  # by address of a dict: what its instance has as attributes
        self.frame_roots = collections.defaultdict(list)
        for kind, address, name in stream.roots:
            if kind == "frame":
                self.frame_roots[name].append(address)
        self.executing = {address for kind, address, name in stream.roots
                          if kind == "frame" and self.name(address) in ("generator", "coroutine", "async_generator")}

    def name(self, address):
        item = self.stream.objects.get(address)
        return self.stream.types[item.type].name if item else "?"

    def rule(self, name, count=1):
        assert name in RULES
        self.by_rule[name] += count

    def wrong(self, what, example):
        self.unexplained[what] += 1
        self.examples.setdefault(what, example)

    def objects(self):
        here, there = self.stream.objects, self.twin.objects
        tracked_there = {address for address, item in there.items() if item.tracked}
        tracked_here = {address for address, item in here.items() if item.generation != streams.UNTRACKED}
        for address in tracked_here - tracked_there:
            if self.name(address) in ("tuple", "_ctypes.CArgObject", "CArgObject"):
                self.rule("call")
            else:
                self.wrong("tracked, but not for CPython: " + self.name(address), hex(address))
        for address in tracked_there - tracked_here:
            self.wrong("tracked for CPython only: " + self.name(address), hex(address))
        for address in there.keys() - here.keys():
            kind = self.type_at.get(there[address].kind)
            self.wrong("not in the snapshot: " + (kind.name if kind else "?"), hex(address))
        if self.by_rule["call"] > 3:
            self.wrong("too many objects of the call", self.by_rule["call"])

    def object(self, address, here, there):
        kind = self.stream.types[here.type]
        if kind.address != there.kind:
            self.wrong("type: " + kind.name, (hex(address), hex(there.kind)))
        if there.size is None:
            self.rule("python-sizeof")
        elif here.size != there.size:
            if there.is_static_type and there.size - here.size == 16:
                self.rule("static-type-size")
            else:
                self.wrong("size of %s" % kind.name,
                           (hex(address), here.size, there.size, self.stream.values.get(address)))
        self.references(address, kind, here, there)

    def references(self, address, kind, here, there):
        left = collections.Counter(there.referents)
        extra = []
        for ref in sorted(here.refs, key=lambda ref: ref.kind == "key"):  # a str may be key and value
            if ref.target is None:
                self.wrong("a reference of %s to nothing in the snapshot" % kind.name, (hex(address), ref))
            elif left[ref.target] > 0:
                left[ref.target] -= 1
            else:
                extra.append(ref)
        if kind.heap:
            if left[kind.address] > 0:
                left[kind.address] -= 1
            else:
                self.rule("own-type")
        for target, count in left.items():
            if count and target in self.shared[address]:
                self.rule("shared", count)
            elif count:
                self.wrong("a reference of %s to %s is missing" % (kind.name, self.name(target)),
                           (hex(address), hex(target)))
        dicts = [ref.target for ref in here.refs if ref.name == "__dict__"]
        for ref in extra:
            rule = self.rule_for(kind, there, ref)
            if ref.kind == "attribute" and any(ref.target in self.shared[at] for at in dicts):
                rule = "shared"
            elif rule is None and address == self.interned:  # the twin has freed the str since
                rule = "call"
            if rule:
                self.rule(rule)
            else:
                self.wrong("%s has a %s %r to %s of its own" % (kind.name, ref.kind, ref.name, self.name(ref.target)),
                           (hex(address), hex(ref.target)))

    def rule_for(self, kind, there, ref):
        target = self.name(ref.target)
        if not ref.owning:
            return "weak" if ref.name == "wr_object" else None
        if ref.kind == "key" and target == "str":
            return "str-key"
        if not kind.gc or there.is_static_type:
            return "untraversed"
        if there.is_type:
            return "type-field"
        if ref.name == "__dict__" and ref.kind == "member":
            return "dict"
        if ref.kind == "member" or (kind.name, ref.name) == ("_sre.SRE_Scanner", "string"):
            return "member"
        return None

    def heap(self):
        self.objects()
        for here in self.stream.objects.values():
            for at in [ref.target for ref in here.refs if ref.name == "__dict__" and ref.kind == "member"]:
                self.shared[at].update(ref.target for ref in here.refs if ref.kind == "attribute")
        for address, there in self.twin.objects.items():
            here = self.stream.objects.get(address)
            if here:
                self.object(address, here, there)

    def holds(self, target, address):
        """Whether a variable's slot is the object itself, or a cell with the object in it."""
        if target == address:
            return True
        item = self.stream.objects.get(target)
        return bool(item) and any(ref.kind == "cell" and ref.target == address for ref in item.refs)

    def variables(self, where, expected, slots):
        """`expected` {name: address} against `slots` {name: [addresses]}."""
        for name, address in expected.items():
            if not any(self.holds(target, address) for target in slots.get(name, ())):
                self.wrong("a local variable of %s" % where, (name, hex(address), slots.get(name)))
            self.locals += 1

    def counts(self, version):
        """No reference is counted twice: an object's count covers all that are known. And few are not known."""
        held_elsewhere = 0
        known = collections.Counter(target for kind, target, name in self.stream.roots
                                    if kind not in ("module", "static") and not name.endswith("<temporary?>"))
        known.subtract(self.stream.borrowed_roots)
        for item in self.stream.objects.values():
            kind = self.stream.types[item.type]
            known.update(ref.target for ref in item.refs if ref.owning)
            if kind.heap:
                known[kind.address] += 1
        if self.interned:
            refs = self.stream.objects[self.interned].refs
            known.subtract(ref.target for ref in refs)
            self.rule("uncounted", len(refs))
        for address, item in self.stream.objects.items():
            kind = self.stream.types[item.type]
            if item.refcount >= IMMORTAL or known[address] <= item.refcount:
                # A link of an lru_cache is owned by the list of links as well, of which lru_cache_tp_traverse says nothing
                # (Modules/_functoolsmodule.c): it visits what the links hold.
                held_elsewhere += (item.refcount < IMMORTAL and known[address] < item.refcount
                                   and kind.name != "functools._lru_list_elem")
                continue
            if address in self.executing:  # also a root by itself
                known[address] -= 1
            if known[address] <= item.refcount:
                continue
            if self.is_uncounted(version, address, kind, item):
                self.rule("uncounted")
            else:
                self.wrong("more references to %s than its count" % kind.name,
                           (hex(address), known[address], item.refcount, self.stream.values.get(address)))

        if version >= (3, 12) and held_elsewhere > HELD_ELSEWHERE:  # 3.11 has more, in static data of the interpreter
            self.wrong("objects have references that are not known", held_elsewhere)

    def find_interned(self):
        """The address of the dict of interned str, each its own value; since 3.14 the collector tracks it."""
        for address, item in self.stream.objects.items():
            keys = [ref.target for ref in item.refs if ref.kind == "key"]
            if len(keys) > 1000 and keys == [ref.target for ref in item.refs if ref.kind == "value"]:
                return address
        return None

    def is_uncounted(self, version, address, kind, item):
        value = self.stream.values.get(address, "")
        if version < (3, 12) and kind.name in ("bool", "NoneType", "ellipsis"):
            return True  # deep-frozen code has them as constants without counting
        account = self.twin.objects.get(address)
        if account and account.is_static_type:
            return True  # a static type names its base without counting
        # A Connection borrows the exceptions that it shows, an lru_cache visits the types of its links, which the
        # links visit as well, and _asyncio visits its free list.
        return value.startswith("sqlite3.") or value == "functools._lru_list_elem" or item.refcount == 0

    def frames(self):
        for native_id, thread_id, name, frames in self.twin.threads:
            found = [thread for thread in self.stream.threads if thread.native_id == native_id]
            if len(found) != 1:
                self.wrong("threads with the native id of %r" % name, len(found))
                continue
            if (found[0].object, found[0].name) != (thread_id, name):
                self.wrong("Thread object or name", ((hex(found[0].object), found[0].name), (hex(thread_id), name)))
            here = [(frame.function, frame.file, frame.line) for frame in found[0].frames]
            if here and here[0][0] == "take":
                here.pop(0)
            there = [tuple(frame[:3]) for frame in frames]
            if here != there:
                self.wrong("frames of thread %r" % name, (here, there))
            for index, (function, _, line, is_generator, expected) in enumerate(frames):
                if is_generator:  # those are among the generators
                    continue
                slots = self.roots_of(function, expected)
                if len(here) == len(there):
                    self.add_locals(slots, found[0].frames[index - len(there)].object)
                self.variables("frame %s, line %d" % (function, line), expected, slots)

    def add_locals(self, slots, address):
        """The variables that an object holds: a generator, or a frame object; before 3.11 a generator has one."""
        item = self.stream.objects.get(address)
        for ref in item.refs if item else ():
            if ref.kind == "local":
                slots.setdefault(ref.name, []).append(ref.target)
            elif ref.name == "gi_frame":
                self.add_locals(slots, ref.target)

    def roots_of(self, function, names):
        return {name: list(self.frame_roots[function + "." + name]) for name in names}

    def holders(self):
        """Generators, and frames that have returned but are kept by a traceback, hold their variables themselves.

        The variables of a generator that is in C code are roots (hs_frame.visited).
        """
        for address, (function, expected) in [*self.twin.generators.items(), *self.twin.frames.items()]:
            address = int(address)
            slots = self.roots_of(function, expected) if address in self.executing else {}
            self.add_locals(slots, address)
            self.variables("%s %s" % (self.name(address), function), expected, slots)

    def report(self):
        return "\n".join("%6d  %s, e.g. %s" % (count, what, self.examples[what])
                         for what, count in self.unexplained.most_common(40))


def compare(python, program):
    captured = oracle_run.capture(python, program)
    return streams.Stream(captured["ORACLE_STREAM"]), Twin(captured["ORACLE_TRUTH"])


def altered(stream, twin):
    """Copies of a true account with one lie each, and what the comparison must say of it."""
    address = next(address for address, item in twin.objects.items()
                   if len(item.referents) > 2 and stream.types[stream.objects[address].type].name == "list")
    true = twin.objects[address]
    lies = {
        "size of list": true._replace(size=true.size + 8),
        "type: list": true._replace(kind=id(None)),
        "is missing": true._replace(referents=[*true.referents, address]),
        "of its own": true._replace(referents=true.referents[1:]),
        "tracked, but not for CPython": true._replace(tracked=0),
    }
    for expected, lie in lies.items():
        yield expected, {**twin.objects, address: lie}
    gone = dict(twin.objects)
    gone[8] = true
    yield "not in the snapshot", gone


class OracleTest(unittest.TestCase):
    def test_rules_are_documented(self):
        with open(os.path.join(support.ROOT, "docs", "ORACLE.md"), encoding="utf-8") as file:
            documented = [line.split("`")[1] for line in file if line.startswith("| `")]
        self.assertEqual(documented, list(RULES))
        self.assertLessEqual(len(RULES), 12)

    def test_comparison_finds_lies(self):
        python = next(iter(support.interpreters().values()))
        stream, twin = compare(python, "workload")
        truth = twin.objects
        for expected, twin.objects in altered(stream, twin):
            comparison = Comparison(stream, twin)
            comparison.heap()
            self.assertTrue(any(expected in what for what in comparison.unexplained), expected)
        twin.objects = truth
        for thread in twin.threads:
            for frame in thread[3]:
                frame[2] += 1
        comparison = Comparison(stream, twin)
        comparison.frames()
        self.assertTrue(comparison.unexplained)

    def test_comparison_finds_a_wrong_variable(self):
        python = next(iter(support.interpreters().values()))
        stream, twin = compare(python, "frames")
        for function, names in [*twin.generators.values(), *twin.frames.values()]:
            if function in ("waiting", "left_behind"):
                names["number"] += 16
        comparison = Comparison(stream, twin)
        comparison.holders()
        self.assertEqual(sorted(comparison.unexplained),
                         ["a local variable of frame left_behind", "a local variable of generator waiting"])


def add_test(version, python, program):
    def test(self):
        stream, twin = compare(python, program)
        comparison = Comparison(stream, twin)
        comparison.heap()
        comparison.counts(tuple(map(int, version.split("."))))
        comparison.frames()
        comparison.holders()
        if os.environ.get("ORACLE_VERBOSE"):
            print(program, version, len(stream.objects), len(twin.objects), comparison.locals, dict(comparison.by_rule))
        self.assertFalse(comparison.unexplained, "%s on %s, %d objects:\n%s"
                         % (program, version, len(stream.objects), comparison.report()))
    setattr(OracleTest, "test_%s_%s" % (program, version.replace(".", "_")), test)


for _version, _python in support.interpreters().items():
    for _program in oracle_run.PROGRAMS:
        add_test(_version, _python, _program)

if __name__ == "__main__":
    for _missing in support.absent():
        print("skipped: %s is not here" % _missing, file=sys.stderr)
    unittest.main()
