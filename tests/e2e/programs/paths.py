"""Holds objects in as many ways as Python has, snaps itself, and evaluates the paths that heapquery prints.

usage: paths.py HEAPQUERY SNAPSHOT
Prints a line for each path that does not lead to its object, then "ok N of M". Where Python has no expression, the path
must say so in angle brackets.
"""
import asyncio
import collections
import enum
import functools
import gc  # noqa: F401 (paths may use it)
import inspect  # noqa: F401
import json
import subprocess
import sys
import types

import heapdump

heapquery, snapshot = sys.argv[1:]
addresses = {}


class Target:
    """What is looked for; only its address is kept."""

    def __init__(self, how):
        addresses[how] = id(self)


class Holder:
    held_by_class = Target("class attribute")

    def __init__(self, what):
        self.what = what

    @staticmethod
    def static(argument=Target("default argument of a static method")):
        return argument

    def method(self, argument=Target("default argument of a method")):
        return argument


class Slotted:
    __slots__ = ("slot", "_Slotted__private")

    def __init__(self, what):
        self.slot = what


class Colour(enum.Enum):
    RED = 1


class Bag(dict):
    def values(self):
        raise RuntimeError("not the dict's")


class Stack(list):
    pass


def closure():
    variable, other = Target("closure"), None

    def inner():
        return variable, other
    return inner


def generate():
    local = Target("local of a generator")
    yield
    print(local)


async def wait():
    local = Target("local of a coroutine")
    await asyncio.sleep(1)
    print(local)


@functools.lru_cache(maxsize=None)
def cached(x):
    return None


def run():
    local = Target("local of a running frame (no expression)")
    snap_and_check()
    return local


plain = Target("global")
in_list = [None, Target("item of a list")]
in_tuple = ((0, Target("item of a tuple")),)
in_dict = {"a": 1, "b": Target("value of a dict")}
del in_dict["a"]
in_keys = {Target("key of a dict"): 1}
in_set = {Target("element of a set"), 1, "x"}
in_frozenset = frozenset({Target("element of a frozenset")})
in_default = collections.defaultdict(list, a=[Target("value of a defaultdict")])
in_ordered = collections.OrderedDict(a=1, b=Target("value of an OrderedDict"), c=3)
in_ordered.move_to_end("a")
in_counter = collections.Counter()
in_counter[Target("key of a Counter")] = 3
in_bag = Bag(x=Target("value of a dict subclass"))
in_stack = Stack([Target("item of a list subclass")])
in_deque = collections.deque([0, 1, Target("item of a deque")], maxlen=100)
in_long_deque = collections.deque(range(500))
in_long_deque.append(Target("item of a long deque"))
in_attribute = Holder(Target("attribute"))
in_dictionary = Holder(None)
in_dictionary.__dict__["not an identifier"] = Target("attribute that is no identifier")
in_materialised = Holder(Target("attribute of an instance with a __dict__"))
in_materialised.__dict__
in_slot = Slotted(Target("slot"))
in_private = Slotted(None)
in_private._Slotted__private = Target("private slot")
in_closure = closure()
in_partial = functools.partial(print, Target("argument of a partial"))
in_method = types.MethodType(print, Target("bound object"))
in_property = property(lambda self, held=Target("default of a lambda"): held)
in_namespace = types.SimpleNamespace(x=Target("attribute of a namespace"))
in_proxy = types.MappingProxyType({"x": Target("behind a mapping proxy (no expression)")})
in_exception = ValueError(Target("argument of an exception"))
in_generator = generate()
next(in_generator)
in_coroutine = wait()
in_nested = {"x": [({"y": {"z": [Holder(Slotted(Target("deeply nested")))]}},)]}
globals()["no identifier"] = Target("global that is no identifier")
globals()["class"] = Target("global that is a keyword")
Colour.RED.extra = Target("attribute of an enum member")
plain_function = lambda: None  # noqa: E731
plain_function.attribute = Target("attribute of a function")
dynamic = types.ModuleType("made.up")
dynamic.x = Target("global of a made up module")
sys.modules["made.up"] = dynamic
del dynamic
linked = None
for _ in range(50):
    linked = Slotted(linked or Target("end of a linked list"))

cached(Target("key of an lru_cache (no expression)"))


def snap_and_check():
    heapdump.snap(snapshot)
    sql = "SELECT address, path FROM objects WHERE type LIKE '%Target'"
    rows = json.loads(subprocess.run([heapquery, snapshot, "--json", sql], stdout=subprocess.PIPE, check=True).stdout)
    paths = {row["address"]: row["path"] for row in rows}
    names = {"__main__": sys.modules["__main__"], "gc": gc, "inspect": inspect, "sys": sys}
    right = 0
    for how, address in addresses.items():
        path = paths.get(address)
        try:
            if "(no expression)" in how:
                fine = "<" in path
            else:
                fine = id(eval(path, names)) == address
        except Exception as error:
            fine, path = False, "%s: %s: %s" % (path, type(error).__name__, error)
        right += fine
        if not fine:
            print("%s: %s" % (how, path))
    print("ok", right, "of", len(addresses))


run()
in_coroutine.close()
