"""Small programs that leak, one kind each."""
from leaks.case import RECORD, Case


LEAKS = [
    Case("registry", r"shop\._open", r"shop\.Record", RECORD + '''
_open = {}
def rep(n):
    for i in range(20):
        _open["%d-%d" % (n, i)] = Record(i)
'''),
    Case("lru_cache_on_method", r"shop\.Report\.total.*", r"shop\.Report", '''
import functools
class Report:
    def __init__(self, n):
        self.rows = [[n, i, str(i) * 3] for i in range(50)]
    @functools.lru_cache(maxsize=None)
    def total(self):
        return sum(r[1] for r in self.rows)
def rep(n):
    for i in range(60):
        Report(n * 1000 + i).total()
'''),
    Case("list_of_tuples", r"shop\.history", r"tuple", '''
history = []
def rep(n):
    for i in range(100):
        history.append((n * 1000 + i, "entry %d" % i, float(i)))
'''),
    Case("deque", r"shop\.queue", r"shop\.Record", RECORD + '''
import collections
queue = collections.deque()
def rep(n):
    for i in range(30):
        queue.append(Record(i))
'''),
    Case("dict_of_dicts", r"shop\.index", r"dict|list|tuple", '''
index = {}
def rep(n):
    for i in range(30):
        index[(n, i)] = {"a": {"b": [n, i, str(i) * 20]}}
'''),
    Case("inner_dict_grows", r"shop\.tables\['users'\]|list\(shop\.tables\.values\(\)\)\[1\]", r"shop\.Record", RECORD + '''
tables = {"orders": {}, "users": {}, "items": {}}
def rep(n):
    for i in range(30):
        tables["users"][n * 1000 + i] = Record(i)
'''),
    Case("class_attribute", r"shop\.Widget\.instances", r"shop\.Widget", '''
class Widget:
    instances = []
    def __init__(self, n):
        self.title = "widget %d" % n
        Widget.instances.append(self)
def rep(n):
    for i in range(40):
        Widget(i)
'''),
    Case("closures", r"shop\.callbacks", r"function|shop\.Record", RECORD + '''
callbacks = []
def subscribe(record):
    def callback():
        return record
    callbacks.append(callback)
def rep(n):
    for i in range(30):
        subscribe(Record(i))
'''),
    Case("bound_methods", r"shop\.signals\.handlers", r"shop\.View", '''
class Signal:
    def __init__(self):
        self.handlers = []
class View:
    def __init__(self, n):
        self.state = {"n": n, "text": "view %d" % n * 10}
    def refresh(self):
        pass
signals = Signal()
def rep(n):
    for i in range(30):
        signals.handlers.append(View(i).refresh)
'''),
    Case("partials", r"(shop\.bus|list\(shop\.bus\.values\(\)\)\[0\]).*", r"functools\.partial|shop\.Record", RECORD + '''
import functools
bus = {"saved": []}
def save(record):
    return record
def rep(n):
    for i in range(30):
        bus["saved"].append(functools.partial(save, Record(i)))
'''),
    Case("linked_list", r"shop\._head", r"shop\.Link", '''
_head = None
class Link:
    def __init__(self, next, n):
        self.next, self.payload = next, "payload %d" % n * 5
def rep(n):
    global _head
    for i in range(200):
        _head = Link(_head, i)
'''),
    Case("doubly_linked_list", r"shop\.chain.*", r"shop\.Link", '''
class Link:
    def __init__(self, n):
        self.n, self.prev, self.next = "payload %d" % n, None, None
class Chain:
    def __init__(self):
        self.first = self.last = Link(0)
    def add(self, n):
        link = Link(n)
        link.prev, self.last.next, self.last = self.last, link, link
chain = Chain()
def rep(n):
    for i in range(200):
        chain.add(i)
'''),
    Case("tree", r"shop\.root.*", r"shop\.Node", '''
class Node:
    def __init__(self, n):
        self.n, self.children = "node %d" % n, []
root = Node(0)
def rep(n):
    at = root
    for i in range(100):
        if i % 10 == 0:
            at = root
        child = Node(i)
        at.children.append(child)
        at = child
'''),
    Case("defaultdict_of_lists", r".*shop\.by_day.*", r"shop\.Record", RECORD + '''
import collections
by_day = collections.defaultdict(list)
def rep(n):
    for i in range(35):
        by_day["day %d" % (i % 7)].append(Record(i))
'''),
    Case("weak_dict_and_strong_list", r"shop\.keep", r"shop\.Session", '''
import weakref
class Session:
    def __init__(self, n):
        self.user = "user %d" % n * 4
sessions = weakref.WeakValueDictionary()
keep = []
def rep(n):
    for i in range(50):
        s = Session(i)
        sessions[(n, i)] = s
        keep.append(s)
'''),
    Case("strings", r"shop\._translations", r"str", '''
_translations = {}
def rep(n):
    for i in range(500):
        _translations["%d:%d" % (n, i)] = "text %d.%d" % (n, i) * 3
'''),
    Case("bytearray", r"shop\._journal", r"bytearray", '''
_journal = bytearray()
def rep(n):
    _journal.extend(b"x" * 100_000)
''', "size"),
    Case("growing_string", r"shop\.log", r"str", '''
log = ""
def rep(n):
    global log
    log += "line\\n" * 10_000
''', "size"),
    Case("list_of_none", r"shop\.flags", r"list", '''
flags = []
def rep(n):
    flags.extend([None] * 20_000)
''', "size"),
    Case("array", r"shop\.samples", r"array\.array", '''
import array
samples = array.array("d")
def rep(n):
    samples.extend([1.5] * 20_000)
''', "size"),
    Case("generators", r"shop\._streams", r"generator|shop\.Cursor", '''
class Cursor:
    def __init__(self, n):
        self.page = [(i, str(i)) for i in range(40)]
_streams = {}
def stream(n):
    cursor = Cursor(n)
    for row in cursor.page:
        yield row
def rep(n):
    for i in range(40):
        g = stream(i)
        next(g)
        _streams[(n, i)] = g
'''),
    Case("set", r"shop\.seen", r"shop\.Record", RECORD + '''
seen = set()
def rep(n):
    for i in range(40):
        seen.add(Record(i))
'''),
    Case("ordered_dict", r"shop\.cache", r"shop\.Record", RECORD + '''
import collections
cache = collections.OrderedDict()
def rep(n):
    for i in range(40):
        cache[(n, i)] = Record(i)
'''),
    Case("singleton_attribute", r"shop\.app\.state\.history", r"shop\.Event", '''
class Event:
    def __init__(self, n):
        self.name = "event %d" % n
class State:
    def __init__(self):
        self.history = []
class App:
    def __init__(self):
        self.state = State()
app = App()
def rep(n):
    for i in range(60):
        app.state.history.append(Event(i))
'''),
    Case("exceptions", r"shop\.errors", r"ValueError", '''
errors = []
def work(n):
    payload = ["%d" % i for i in range(50)]
    raise ValueError(n)
def rep(n):
    for i in range(20):
        try:
            work(i)
        except ValueError as error:
            errors.append(error)
'''),
    Case("log_handlers", r"shop\.log\.handlers|logging.*(handlers|_handlerList)", r"logging\..*Handler|weakref.*", '''
import logging
log = logging.getLogger("shop")
def rep(n):
    for i in range(10):
        log.addHandler(logging.NullHandler())
'''),
    Case("loggers_by_name", r"logging\..*(loggerDict|_cache).*|.*loggerDict", r"logging\.Logger", '''
import logging
def rep(n):
    for i in range(30):
        logging.getLogger("request.%d.%d" % (n, i)).debug("x")
'''),
    Case("classes_at_run_time", r"shop\.models", r"type", '''
models = []
def rep(n):
    for i in range(10):
        models.append(type("Model", (), {"n": n, "method": lambda self: n}))
'''),
    Case("slots", r"shop\.points", r"shop\.Point", '''
class Point:
    __slots__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y
points = {}
def rep(n):
    for i in range(100):
        points[n, i] = Point(float(i), float(n))
'''),
    Case("rebuilt_container", r"shop\.items", r"shop\.Record", RECORD + '''
items = []
def rep(n):
    global items
    items = [x for x in items] + [Record(i) for i in range(20)]
'''),
    Case("finalizers", r"weakref\.finalize\._registry.*", r"weakref\.finalize.*|shop\.Record", RECORD + '''
import weakref
class Anchor:
    pass
anchor = Anchor()
def rep(n):
    for i in range(30):
        weakref.finalize(anchor, print, Record(i))
'''),
    Case("queue", r"shop\.jobs\.queue", r"shop\.Record", RECORD + '''
import queue
jobs = queue.Queue()
def rep(n):
    for i in range(30):
        jobs.put(Record(i))
'''),
    Case("default_argument", r"shop\.remember\.__defaults__.*", r"shop\.Record", RECORD + '''
def remember(record, seen=[]):
    seen.append(record)
def rep(n):
    for i in range(30):
        remember(Record(i))
'''),
    Case("function_attribute", r"shop\.lookup\.cache", r"shop\.Record", RECORD + '''
def lookup(n):
    lookup.cache[n] = Record(n)
lookup.cache = {}
def rep(n):
    for i in range(30):
        lookup(n * 100 + i)
'''),
    Case("closure_variable", r"shop\.counter.*", r"shop\.Record", RECORD + '''
def make():
    seen = []
    def count(record):
        seen.append(record)
    return count
counter = make()
def rep(n):
    for i in range(30):
        counter(Record(i))
'''),
    Case("views_of_buffers", r"shop\.heads", r"memoryview|bytes|bytearray", '''
heads = []
def rep(n):
    for i in range(5):
        heads.append(memoryview(bytes(50_000))[:10])
'''),
    Case("mock_calls", r"shop\.service.*", r"unittest\.mock\._Call|shop\.Record|tuple|unittest\.mock\._CallList", RECORD + '''
from unittest import mock
service = mock.MagicMock()
def rep(n):
    for i in range(20):
        service.save(Record(i))
'''),
    Case("tasks", r"shop\.tasks", r"_?asyncio\.Task", '''
import asyncio
loop = asyncio.new_event_loop()
tasks = set()
async def wait(n):
    rows = [str(i) * 10 for i in range(30)]
    await asyncio.sleep(10_000)
async def start(n):
    for i in range(20):
        tasks.add(asyncio.ensure_future(wait(i)))
    await asyncio.sleep(0)
def rep(n):
    loop.run_until_complete(start(n))
'''),
    Case("modules", r"sys\.modules.*|.*", r"module", '''
import sys, types
def rep(n):
    for i in range(5):
        name = "plugin_%d_%d" % (n, i)
        module = types.ModuleType(name)
        module.data = ["%d" % j for j in range(200)]
        sys.modules[name] = module
'''),
    Case("counter_keys", r"shop\.hits", r"tuple|str", '''
import collections
hits = collections.Counter()
def rep(n):
    for i in range(300):
        hits["/item/%d/%d" % (n, i)] += 1
'''),
    Case("dataclasses_in_dict_subclass", r"shop\.store", r"shop\.Row", '''
import dataclasses
@dataclasses.dataclass
class Row:
    key: str
    value: str
class Store(dict):
    pass
store = Store()
def rep(n):
    for i in range(50):
        store[n, i] = Row("k%d" % i, "v%d" % i * 10)
'''),
    Case("attributes_by_name", r"shop\.context", r"shop\.Record", RECORD + '''
class Context:
    pass
context = Context()
def rep(n):
    for i in range(20):
        setattr(context, "item_%d_%d" % (n, i), Record(i))
'''),
    Case("xml", r"shop\.documents", r"xml\..*Element", '''
import xml.etree.ElementTree as ET
documents = []
def rep(n):
    for i in range(10):
        documents.append(ET.fromstring("<a>" + "<b x='1'>text</b>" * 20 + "</a>"))
'''),
    Case("two_holders", r"shop\.(by_id|by_name)", r"shop\.Record", RECORD + '''
by_id, by_name = {}, {}
def rep(n):
    for i in range(30):
        record = Record(i)
        by_id[n, i] = record
        by_name["%d/%d" % (n, i)] = record
'''),
    Case("atexit", r"<atexit .*|atexit", r"shop\.Record", RECORD + '''
import atexit
def rep(n):
    for i in range(30):
        atexit.register(id, Record(i))
'''),
    Case("signal_handler", r"<signal SIGUSR1>\.seen", r"shop\.Record", RECORD + '''
import signal
class Handler:
    def __init__(self):
        self.seen = []
    def __call__(self, number, frame):
        pass
signal.signal(signal.SIGUSR1, Handler())
def rep(n):
    for i in range(30):
        signal.getsignal(signal.SIGUSR1).seen.append(Record(i))
'''),
    Case("cycles_with_collector_off", r"<garbage: .*", r"shop\.Node", '''
import gc
class Node:
    pass
def rep(n):
    gc.collect = lambda: None
    gc.disable()
    for i in range(500):
        a, b = Node(), Node()
        a.other, b.other = b, a
''', "garbage"),
]
