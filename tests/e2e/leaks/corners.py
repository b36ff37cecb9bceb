"""Leaks in corners of the standard library: registries and caches that a program fills without seeing them."""
from leaks.case import RECORD, Case

LEAKS = [
    Case("linecache", r"linecache\.cache", r"tuple|str|list", '''
import linecache
def rep(n):
    for i in range(20):
        name = "<template %d.%d>" % (n, i)
        source = "".join("line %d of %s\\n" % (j, name) for j in range(20))
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
'''),
    Case("warning_filters", r"warnings\.filters|_warnings\.filters", r"tuple|re\.Pattern|type", '''
import warnings
class Odd(Warning):
    pass
def rep(n):
    for i in range(60):
        warnings.filterwarnings("ignore", message="odd value %d of %d" % (i, n), category=Odd)
'''),
    Case("csv_dialects", r".*dialects.*", r"_csv\.Dialect|.*[dD]ialect|str", '''
import csv
def rep(n):
    for i in range(60):
        csv.register_dialect("export-%d-%d" % (n, i), delimiter=";", quotechar="'")
'''),
    Case("sys_path", r"sys\.path", r"str", '''
import sys
def rep(n):
    for i in range(60):
        sys.path.append("/srv/plugins/version-%d/part-%d/lib" % (n, i) + "/x" * 10)
'''),
    Case("import_hooks", r"sys\.meta_path", r"shop\.Finder", '''
import sys
class Finder:
    def __init__(self, n):
        self.known = {"module_%d" % i: "/path/%d" % i for i in range(20)}
    def find_spec(self, name, path=None, target=None):
        return None
def rep(n):
    for i in range(12):
        sys.meta_path.append(Finder(i))
'''),
    Case("executor_per_request", r"threading\._active|.*", r"threading\.Thread|concurrent\..*|_thread.*|.*", '''
from concurrent.futures import ThreadPoolExecutor
import threading
gate = threading.Event()
def rep(n):
    for i in range(4):
        pool = ThreadPoolExecutor(1)
        pool.submit(gate.wait)
''', "thread"),
    Case("selector_registrations", r"shop\.selector\._fd_to_key", r"selectors\.SelectorKey|shop\.Peer", '''
import selectors, socket
class Peer:
    def __init__(self, n):
        self.buffer = bytearray(600)
selector = selectors.DefaultSelector()
def rep(n):
    for i in range(10):
        a, b = socket.socketpair()
        selector.register(a, selectors.EVENT_READ, Peer(i))
        b.detach()
'''),
    Case("named_tuples_per_row", r"shop\.rows", r"shop\.Row|type|.*Row", '''
import collections
rows = []
def rep(n):
    for i in range(6):
        Row = collections.namedtuple("Row", ["a%d" % i, "b"])
        rows.append(Row(i, n))
'''),
    Case("test_cases_keep_fixtures", r"shop\.suite\._tests", r"shop\.OrderTest", '''
import unittest, io
class OrderTest(unittest.TestCase):
    def setUp(self):
        self.rows = ["row %d" % i for i in range(40)]
    def runTest(self):
        self.assertTrue(self.rows)
class Suite(unittest.TestSuite):
    _cleanup = False
suite = Suite()
def rep(n):
    for i in range(12):
        test = OrderTest()
        suite.addTest(test)
        test.run(unittest.TestResult())
'''),
    Case("lock_per_user", r"shop\.locks", r"_?asyncio\.(locks\.)?Lock", '''
import asyncio, collections
loop = asyncio.new_event_loop()
locks = collections.defaultdict(asyncio.Lock)
async def touch(user):
    async with locks[user]:
        await asyncio.sleep(0)
async def many(n):
    for i in range(40):
        await touch("user %d.%d" % (n, i))
def rep(n):
    loop.run_until_complete(many(n))
'''),
    Case("temporary_directories", r"weakref\.finalize\._registry|shop\.work", r"tempfile\.TemporaryDirectory|weakref\.finalize.*", '''
import tempfile
work = []
def rep(n):
    for i in range(8):
        work.append(tempfile.TemporaryDirectory())
'''),
    Case("weakref_callbacks", r"shop\.watchers", r"weakref\.ReferenceType|shop\.Watcher|weakref.*", '''
import weakref
class Thing:
    pass
class Watcher:
    def __init__(self, n):
        self.log = ["seen %d" % i for i in range(10)]
    def gone(self, reference):
        pass
thing, watchers = Thing(), []
def rep(n):
    for i in range(25):
        watchers.append(weakref.ref(thing, Watcher(i).gone))
'''),
    Case("logger_adapters", r"shop\.adapters", r"logging\.LoggerAdapter", '''
import logging
log = logging.getLogger("shop")
adapters = {}
def rep(n):
    for i in range(40):
        adapters["request %d.%d" % (n, i)] = logging.LoggerAdapter(log, {"request": i, "user": "user %d" % i})
'''),
    Case("zip_files_open", r"shop\.archives", r"zipfile\..*ZipFile|zipfile\.ZipFile", '''
import io, zipfile
archives = []
def rep(n):
    for i in range(6):
        archive = zipfile.ZipFile(io.BytesIO(), "w")
        for j in range(5):
            archive.writestr("file %d" % j, b"text" * 50)
        archives.append(archive)
'''),
    Case("parser_with_intern_table", r"shop\.parser\.(symbols|table)", r"shop\.Symbol", '''
import re
class Symbol:
    __slots__ = ("name", "uses")
    def __init__(self, name):
        self.name, self.uses = name, 0
class Parser:
    TOKEN = re.compile(r"\\w+")
    def __init__(self):
        self.symbols = {}
    def parse(self, text):
        found = []
        for match in self.TOKEN.finditer(text):
            symbol = self.symbols.get(match.group())
            if symbol is None:
                symbol = self.symbols[match.group()] = Symbol(match.group())
            symbol.uses += 1
            found.append(symbol)
        return found
parser = Parser()
def rep(n):
    for i in range(30):
        parser.parse("let x_%d_%d = y_%d + common" % (n, i, n * 100 + i))
'''),
    Case("retry_decorator_state", r"shop\.fetch\..*|.*history.*", r"shop\.Attempt|list|dict", '''
import functools
class Attempt:
    def __init__(self, args):
        self.args, self.error, self.delays = args, None, [0.1, 0.2, 0.4]
def retrying(function):
    @functools.wraps(function)
    def wrapper(*args):
        attempt = Attempt(args)
        wrapper.statistics.setdefault(args, []).append(attempt)
        return function(*args)
    wrapper.statistics = {}
    return wrapper
@retrying
def fetch(url, page):
    return len(url)
def rep(n):
    for i in range(40):
        fetch("http://host/%d" % i, n)
'''),
    Case("mutable_class_default_shared", r"shop\.Basket\.items", r"shop\.Item", '''
class Item:
    def __init__(self, n):
        self.title, self.tags = "item %d" % n, ["tag %d" % i for i in range(5)]
class Basket:
    items = []
    def add(self, item):
        self.items.append(item)
def rep(n):
    for i in range(10):
        basket = Basket()
        for j in range(4):
            basket.add(Item(j))
'''),
    Case("graph_of_nodes_by_neighbours", r"shop\.start.*|shop\.graph.*", r"shop\.Vertex|set", '''
import random
class Vertex:
    def __init__(self, n):
        self.name, self.neighbours = "vertex %d" % n, set()
dice = random.Random(3)
start = Vertex(0)
class Graph:
    def __init__(self):
        self.last = [start] * 8
graph = Graph()
def rep(n):
    for i in range(60):
        vertex = Vertex(n * 60 + i)
        for other in dice.sample(graph.last, 2):
            other.neighbours.add(vertex)
            vertex.neighbours.add(other)
        graph.last[dice.randrange(8)] = vertex
'''),
]
