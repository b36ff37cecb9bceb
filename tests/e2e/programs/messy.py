"""A messy heap: odd objects, built in random order, dropped and refilled."""
import array
import collections
import contextvars
import ctypes
import datetime
import decimal
import enum
import functools
import gc
import io
import itertools
import operator
import random
import re
import struct
import sys
import types
import weakref
import xml.etree.ElementTree

import oracle_twin

random.seed(7)


class Plain:
    pass


class Slots:
    __slots__ = ("a", "b")


class SlotsAndDict(Slots):
    pass


class SlotsMore(Slots):
    __slots__ = ("c", "__weakref__")


class Text(str):
    pass


class Whole(int):
    pass


class Pair(tuple):
    pass


class Bytes(bytes):
    pass


class Mapping(dict):
    pass


class Items(list):
    pass


class Bag(set):
    pass


class Ordered(collections.OrderedDict):
    pass


class Failure(Exception):
    pass


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    shared = {"x": [1]}

    @property
    def area(self):
        return 1

    @staticmethod
    def static():
        pass

    @classmethod
    def make(cls):
        pass

    @functools.lru_cache(maxsize=None)
    def cached(self, number):
        return [number]


class Colour(enum.Enum):
    RED = 1
    BLUE = [2]


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int * 3), ("next", ctypes.POINTER(ctypes.c_double))]


class Sized:
    def __sizeof__(self):
        raise RuntimeError("this must never run")


Named = collections.namedtuple("Named", "left right")


def walk(items):
    held = list(items)
    for item in held:
        yield item


async def wait(value):
    held = [value]
    await Suspend()
    return held


async def produce(value):
    held = {value: [value]}
    yield held


class Suspend:
    def __await__(self):
        yield self


def failing(depth):
    local = [depth]
    if depth:
        failing(depth - 1)
    raise Failure("deep", local)


def attributes(item, count):
    for i in range(count):
        setattr(item, "field_%d" % random.randrange(40), [i])
    return item


def caught():
    try:
        failing(5)
    except Failure as error:
        return error


def started(iterator):
    next(iterator)
    return iterator


def awaited(coroutine):
    coroutine.send(None)
    return coroutine


def produced(generator):
    try:
        generator.asend(None).send(None)
    except StopIteration:
        pass
    return generator


def with_dict(item):
    item.__dict__["added later"] = [1]
    return item


def without_attribute(item):
    item.gone, item.kept = [1], [2]
    del item.gone
    return item


def replaced_dict(item):
    item.__dict__ = {"fresh": [1], 3: "not a string"}
    return item


def cycle():
    item = [Plain()]
    item[0].back = item
    return weakref.ref(item[0]), item


def holes(size):
    table = {i: [i] for i in range(size)}
    for i in range(0, size, 3):
        del table[i]
    return table


MAKERS = [
    lambda: attributes(Plain(), random.randrange(30)), lambda: attributes(Text("t\u20ac"), 2),
    lambda: attributes(Whole(2 ** random.randrange(100)), 3), lambda: attributes(Pair((1, [2])), 2),
    lambda: attributes(Bytes(b"abc"), 2), lambda: attributes(Mapping(a=[1]), 2), lambda: attributes(Items([1, [2]]), 2),
    lambda: attributes(Bag({1, "x"}), 2), lambda: attributes(Ordered(a=1, b=[2]), 1), Slots, SlotsAndDict, SlotsMore,
    lambda: attributes(SlotsAndDict(), 3), caught, WithMeta, lambda: WithMeta().cached(3), Sized,
    lambda: with_dict(attributes(Plain(), 5)), lambda: without_attribute(Plain()), lambda: replaced_dict(Plain()),
    cycle, lambda: holes(random.randrange(200)), lambda: Named([1], (2,)), lambda: list(Colour),
    lambda: collections.deque(range(random.randrange(300))), lambda: collections.OrderedDict(holes(20)),
    lambda: collections.defaultdict(list, a=[1]), lambda: collections.Counter("abcab"),
    lambda: collections.ChainMap({}, {"a": [1]}), lambda: array.array("d", range(20)), lambda: bytearray(100),
    lambda: decimal.Decimal(10) ** 100, lambda: datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
    lambda: datetime.timedelta(days=1), lambda: io.BytesIO(b"x" * 50), lambda: io.StringIO("text"),
    lambda: io.BufferedReader(io.BytesIO(b"x")), lambda: io.TextIOWrapper(io.BytesIO()), lambda: struct.Struct("<iqd5s"),
    lambda: re.compile("a(b+)%d" % random.randrange(50)), lambda: re.match("(a)", "ab"), lambda: memoryview(bytearray(9)),
    lambda: slice([1], 2, 3), lambda: range(10 ** 20), lambda: itertools.chain([1], [[2]]),
    lambda: started(itertools.product("ab", [1, 2])), lambda: started(itertools.combinations("abcd", 2)),
    lambda: started(itertools.permutations("abc")), lambda: itertools.tee(iter([1, 2])), lambda: itertools.count(5),
    lambda: itertools.groupby([1, 1, 2]), lambda: functools.partial(max, [1], key=len), lambda: operator.itemgetter(1, 2),
    lambda: map(len, [[1]]), lambda: zip([1], [2]), lambda: enumerate([[1]]), lambda: reversed([1, 2]),
    lambda: iter({1: 2}), lambda: {1: [2]}.items(), lambda: weakref.proxy(WithMeta), lambda: weakref.WeakValueDictionary(),
    lambda: weakref.WeakKeyDictionary({WithMeta: [1]}), lambda: walk([1, [2]]), lambda: started(walk([[1], 2])),
    lambda: awaited(wait(5)), lambda: produced(produce(6)), lambda: types.SimpleNamespace(a=[1]),
    lambda: types.MappingProxyType({"a": [1]}), lambda: type("Made", (Plain,), {"field": [1]}), lambda: Plain().__init__,
    lambda: [].append, lambda: "x".join, lambda: Point(), lambda: ctypes.create_string_buffer(20), lambda: (Point * 2)(),
    lambda: contextvars.ContextVar("name", default=[1]), contextvars.copy_context, lambda: (i for i in [1, 2]),
    lambda: xml.etree.ElementTree.fromstring("<a k='v'>t<b/><c>x</c></a>"), lambda: "\u00e9" * 10, lambda: "\U0001f600",
    lambda: b"bytes", lambda: 1j, lambda: frozenset("abc"), lambda: (1, (2, "three")), lambda: {}, lambda: set(),
    lambda: super(SlotsMore, SlotsMore()), lambda: property(len, doc="text"), lambda: NotImplemented, lambda: object(),
]

pool = [None] * 3000
for _ in range(3):
    for place in random.sample(range(len(pool)), len(pool)):
        if random.random() < 0.6:
            pool[place] = MAKERS[random.randrange(len(MAKERS))]()
everything = [maker() for maker in MAKERS]
text = "caf\u00e9 \u00e0 la carte"
text.encode()
contextvars.ContextVar("set").set([1, 2])
gc.collect()
gc.freeze()
more = [maker() for maker in MAKERS]
sys.setrecursionlimit(2000)
oracle_twin.take()
