"""Leaks of further kinds, by what the standard library and the language offer."""
from leaks.case import RECORD, Case

LEAKS = [
    # ---- where objects hide ----
    Case("thread_locals", r".*", r"shop\.Record", RECORD + '''
import threading
local = threading.local()
local.seen = []
def rep(n):
    for i in range(30):
        local.seen.append(Record(i))
'''),
    Case("context_variable", r".*<context.*|.*(current|var).*", r"shop\.Record", RECORD + '''
import contextvars
current = contextvars.ContextVar("current", default=())
def rep(n):
    for i in range(20):
        current.set(current.get() + (Record(i),))
'''),
    Case("contexts_kept", r"shop\.contexts", r"_?contextvars\.Context|Context|shop\.Record", RECORD + '''
import contextvars
request = contextvars.ContextVar("request")
contexts = []
def handle(i):
    request.set(Record(i))
    contexts.append(contextvars.copy_context())
def rep(n):
    for i in range(20):
        contextvars.copy_context().run(handle, i)
'''),
    Case("threads_with_locals", r".*", r"shop\.Record|threading\.Thread", RECORD + '''
import threading
gate, started = threading.Lock(), threading.Semaphore(0)
gate.acquire()
def work(n):
    record = Record(n)
    started.release()
    with gate:
        return record
def rep(n):
    for i in range(4):
        threading.Thread(target=work, args=(i,), daemon=True).start()
    for i in range(4):
        started.acquire()
''', "thread|container"),  # from 3.14 on it is threading._active that is named
    Case("executor_backlog", r"shop\.pool\._work_queue.*", r"concurrent\.futures\.thread\._WorkItem|shop\.Record", RECORD + '''
import threading
from concurrent.futures import ThreadPoolExecutor
gate = threading.Event()
pool = ThreadPoolExecutor(1)
pool.submit(gate.wait)
def rep(n):
    for i in range(25):
        pool.submit(id, Record(i))
'''),
    Case("futures_kept", r"shop\.results", r"concurrent\.futures\._base\.Future|shop\.Record", RECORD + '''
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
results = []
def rep(n):
    done = [pool.submit(Record, i) for i in range(25)]
    for future in done:
        future.result()
    results.extend(done)
'''),
    Case("timers", r"threading\._active.*|.*", r"threading\.Timer|shop\.Record", RECORD + '''
import threading
def rep(n):
    for i in range(4):
        timer = threading.Timer(3600, id, (Record(i),))
        timer.daemon = True
        timer.start()
'''),
    Case("loop_call_later", r"shop\.loop\._scheduled", r"asyncio\.(events\.)?TimerHandle|shop\.Record", RECORD + '''
import asyncio
loop = asyncio.new_event_loop()
def rep(n):
    for i in range(30):
        loop.call_later(3600, id, Record(i))
'''),
    Case("futures_never_done", r"shop\.waiting", r"_?asyncio\.Future|shop\.Record", RECORD + '''
import asyncio
loop = asyncio.new_event_loop()
waiting = {}
def rep(n):
    for i in range(30):
        future = loop.create_future()
        future.add_done_callback(lambda f, record=Record(i): record)
        waiting[n, i] = future
'''),
    Case("asyncio_queue", r"shop\.inbox\._queue", r"shop\.Record", RECORD + '''
import asyncio
async def make():
    return asyncio.Queue()
loop = asyncio.new_event_loop()
inbox = loop.run_until_complete(make())
def rep(n):
    for i in range(30):
        inbox.put_nowait(Record(i))
'''),
    Case("async_generators", r"shop\.readers", r"async_generator|shop\.Record", RECORD + '''
import asyncio
loop = asyncio.new_event_loop()
readers = []
async def lines(n):
    record = Record(n)
    while True:
        yield record
async def open_some():
    for i in range(20):
        reader = lines(i)
        await reader.__anext__()
        readers.append(reader)
def rep(n):
    loop.run_until_complete(open_some())
'''),
    Case("exit_stack", r"shop\.cleanup\._exit_callbacks", r"shop\.Record", RECORD + '''
import contextlib
cleanup = contextlib.ExitStack()
def rep(n):
    for i in range(25):
        cleanup.callback(id, Record(i))
'''),
    Case("finalize_on_self", r"weakref\.finalize\._registry", r"weakref\.finalize.*|shop\.Connection", '''
import weakref
class Connection:
    def __init__(self, n):
        self.buffer = "buffer %d" % n * 10
        self.finalizer = weakref.finalize(self, self.close)
    def close(self):
        pass
def rep(n):
    for i in range(30):
        Connection(i)
'''),
    Case("weak_key_value_holds_key", r"shop\.extra(\.data)?", r"shop\.(Node|Extra)", '''
import weakref
class Node:
    def __init__(self, n):
        self.name = "node %d" % n
class Extra:
    def __init__(self, node):
        self.node, self.notes = node, ["note %d" % i for i in range(10)]
extra = weakref.WeakKeyDictionary()
def rep(n):
    for i in range(30):
        node = Node(i)
        extra[node] = Extra(node)
'''),
    Case("patches_not_stopped", r"unittest\.mock\._patch\._active_patches", r"unittest\.mock\._patch", '''
from unittest import mock
class Service:
    def call(self):
        return 1
def rep(n):
    for i in range(10):
        mock.patch.object(Service, "call").start()
'''),
    Case("partial_method_args", r"shop\.hooks", r"functools\.partial|shop\.Page", '''
import functools
class Page:
    def __init__(self, n):
        self.body = ["line %d" % i for i in range(20)]
    def draw(self, what):
        pass
hooks = set()
def rep(n):
    for i in range(25):
        hooks.add(functools.partial(Page(i).draw, i))
'''),
    Case("singledispatch", r"shop\.show\.registry|shop\.show.*|.*dispatch_cache.*", r"type|function|shop\.Kind", '''
import functools
@functools.singledispatch
def show(thing):
    return repr(thing)
def rep(n):
    for i in range(10):
        kind = type("Kind", (), {"rows": ["%d" % i] * 50})
        show.register(kind, lambda thing: "kind")
'''),
    Case("abc_registry", r".*", r"type|abc\.ABCMeta|shop.*|weakref.*", '''
import abc
class Shape(abc.ABC):
    pass
kept = []
def rep(n):
    for i in range(10):
        kind = type("Square", (Shape,), {"n": n})
        kept.append(kind)
'''),
    Case("subclass_registry_metaclass", r"shop\.Plugin\.registry", r"shop\.Meta|type", '''
class Meta(type):
    def __init__(cls, name, bases, namespace):
        super().__init__(name, bases, namespace)
        Plugin.registry[name, len(Plugin.registry)] = cls
class Plugin:
    registry = {}
def rep(n):
    for i in range(10):
        Meta("Handler", (), {"n": n, "table": [str(j) for j in range(50)]})
'''),
    Case("class_attribute_of_base", r"shop\.Model\._identity_map", r"shop\.(User|Order)", '''
class Model:
    _identity_map = {}
    def __init__(self, key):
        self.key, self.fields = key, {"name": "name %s" % key, "mail": "mail %s" % key}
        self._identity_map[type(self), key] = self
class User(Model):
    pass
class Order(Model):
    pass
def rep(n):
    for i in range(20):
        User("u%d.%d" % (n, i))
        Order("o%d.%d" % (n, i))
'''),
    Case("enum_registry", r"shop\.Topic\.NEWS\.(_value_|_subscribers|subscribers)|.*Topic.*", r"shop\.Subscriber", '''
import enum
class Subscriber:
    def __init__(self, n):
        self.name = "subscriber %d" % n * 5
class Topic(enum.Enum):
    NEWS = 1
    SPORT = 2
    def __init__(self, number):
        self.subscribers = []
def rep(n):
    for i in range(30):
        Topic.NEWS.subscribers.append(Subscriber(i))
'''),
    Case("property_cache_on_class", r"vars\(shop\.Lazy\)\['value'\]\.values", r"shop\.Record", RECORD + '''
class Cached:
    def __init__(self):
        self.values = {}
    def __get__(self, instance, owner):
        return self.values.setdefault(id(instance) * 1000 + len(self.values), Record(len(self.values)))
class Lazy:
    value = Cached()
def rep(n):
    for i in range(25):
        Lazy().value
'''),
    Case("descriptor_keyed_by_instance", r"vars\(shop\.Item\)\['price'\]\.data", r"shop\.Item", '''
class Price:
    def __init__(self):
        self.data = {}
    def __get__(self, instance, owner):
        return self.data[instance]
    def __set__(self, instance, value):
        self.data[instance] = value
class Item:
    price = Price()
    def __init__(self, n):
        self.title = "item %d" % n * 6
        self.price = n * 1.5
def rep(n):
    for i in range(40):
        Item(i)
'''),
    # ---- growth that no count of the holder shows ----
    Case("buckets_of_a_fixed_dict", r".*shop\.index.*", r"shop\.Record", RECORD + '''
index = {}
def rep(n):
    for i in range(60):
        index.setdefault(i % 12, []).append(Record(i))
'''),
    Case("trie_of_dicts", r"shop\.trie.*", r"dict", '''
trie = {}
def rep(n):
    for i in range(60):
        at = trie
        for letter in "%d-%d" % (n, i * 7919):
            at = at.setdefault(letter, {})
        at["end"] = True
'''),
    Case("binary_tree", r"shop\.tree.*", r"shop\.Tree", '''
class Tree:
    def __init__(self, key):
        self.key, self.left, self.right, self.note = key, None, None, "note %d" % key
tree = Tree(5000)
def insert(key):
    at = tree
    while True:
        side = "left" if key < at.key else "right"
        below = getattr(at, side)
        if below is None:
            setattr(at, side, Tree(key))
            return
        at = below
def rep(n):
    for i in range(150):
        insert((n * 150 + i) * 7919 % 10007)
'''),
    Case("heap_queue", r"shop\.schedule", r"tuple|shop\.Job", '''
import heapq
class Job:
    def __init__(self, n):
        self.command = "command %d" % n * 4
schedule = []
def rep(n):
    for i in range(40):
        heapq.heappush(schedule, (i * 37 % 100, n * 100 + i, Job(i)))
    for i in range(10):
        heapq.heappop(schedule)
'''),
    Case("string_in_attribute", r"shop\.page\.html", r"str", '''
class Page:
    html = ""
page = Page()
page.html = ""
def rep(n):
    page.html += "<p>paragraph</p>" * 4000
''', "size"),
    Case("bytes_io", r"shop\.log.*", r"_io\.BytesIO|bytes", '''
import io
log = io.BytesIO()
def rep(n):
    log.write(b"x" * 90_000)
''', "size"),
    Case("growing_int", r"shop\.product", r"int", '''
product = 1
def rep(n):
    global product
    product <<= 1_000_000
''', "size"),
    Case("set_of_ints", r"shop\.seen", r"int|set", '''
seen = set()
def rep(n):
    for i in range(3000):
        seen.add(n * 1_000_003 + i * 17)
'''),
    Case("list_of_floats", r"shop\.latencies", r"float|list", '''
latencies = []
def rep(n):
    for i in range(3000):
        latencies.append(n + i / 7)
'''),
    Case("tuple_rebuilt", r"shop\.routes", r"shop\.Route", '''
class Route:
    def __init__(self, n):
        self.pattern, self.target = "/path/%d" % n, ["view", n]
routes = ()
def rep(n):
    global routes
    for i in range(15):
        routes = routes + (Route(i),)
'''),
    Case("frozen_rebuilt_in_attribute", r"shop\.site\.config", r"shop\.Setting", '''
class Setting:
    def __init__(self, n):
        self.value = "value %d" % n * 6
class Site:
    pass
site = Site()
site.config = {}
def rep(n):
    site.config = dict(site.config, **{"k%d_%d" % (n, i): Setting(i) for i in range(20)})
'''),
    Case("chain_map_children", r"shop\.scope.*", r"collections\.ChainMap|dict", '''
import collections
scope = collections.ChainMap({})
def rep(n):
    global scope
    for i in range(20):
        scope = scope.new_child({"n": "%d.%d" % (n, i) * 10})
'''),
    Case("nested_exceptions", r"shop\.last.*", r"RuntimeError|ValueError|traceback|frame", '''
last = None
def work(n):
    global last
    payload = ["%d" % i for i in range(30)]
    try:
        raise RuntimeError(n)
    except RuntimeError as error:
        error.__cause__ = last
        last = error
def rep(n):
    for i in range(15):
        work(i)
'''),
    Case("warnings_registry", r"shop\.__warningregistry__", r"tuple|str", '''
import warnings
warnings.simplefilter("default")
warnings.showwarning = lambda *args: None
def rep(n):
    for i in range(60):
        warnings.warn("value %d of %d looks odd" % (i, n))
'''),
    Case("interned_strings_in_set", r"shop\.words", r"str", '''
import sys
words = set()
def rep(n):
    for i in range(400):
        words.add(sys.intern("token_%d_%d" % (n, i)))
'''),
    Case("pickle_memo", r"shop\.pickler.*", r"shop\.Record|tuple|str|.*Pickler", RECORD + '''
import io, pickle
class Sink:
    def write(self, data):
        return len(data)
pickler = pickle._Pickler(Sink())
def rep(n):
    for i in range(20):
        pickler.dump(Record(i))
'''),
    Case("doctest_like_globals", r"shop|shop\.__dict__", r"shop\.Record", RECORD + '''
def rep(n):
    for i in range(20):
        globals()["result_%d_%d" % (n, i)] = Record(i)
'''),
    Case("code_compiled", r"shop\.rules", r"code", '''
rules = {}
def rep(n):
    for i in range(25):
        text = "n > %d and n < %d" % (i, n)
        rules[n, i] = compile(text, "<rule %d.%d>" % (n, i), "eval")
'''),
    Case("lambdas_by_name", r"shop\.commands", r"function", '''
commands = {}
def rep(n):
    for i in range(40):
        commands["cmd-%d-%d" % (n, i)] = lambda *args, i=i: [args, i]
'''),
    Case("class_method_wrappers", r"shop\.Api\.call", r"function|shop\.Api.*", '''
import functools
class Api:
    def call(self):
        return 1
def rep(n):
    for i in range(12):
        inner = Api.call
        @functools.wraps(inner)
        def call(self, inner=inner, notes=["note %d" % j for j in range(8)]):
            return 1
        Api.call = call
'''),
    # ---- stdlib modules ----
    Case("log_records_kept", r"shop\.memory\.buffer", r"logging\.LogRecord", '''
import logging, logging.handlers
memory = logging.handlers.MemoryHandler(10 ** 9, flushLevel=100)
log = logging.Logger("shop")
log.addHandler(memory)
def rep(n):
    for i in range(40):
        log.warning("request %d took %d ms", i, n)
'''),
    Case("log_filters", r"shop\.log\.filters", r"shop\.RequestFilter", '''
import logging
log = logging.getLogger("shop.requests")
class RequestFilter(logging.Filter):
    def __init__(self, n):
        super().__init__()
        self.request = {"id": "%d" % n, "headers": ["h%d" % i for i in range(10)]}
def rep(n):
    for i in range(20):
        log.addFilter(RequestFilter(i))
'''),
    Case("sqlite_connections", r"shop\.open_connections", r"sqlite3\.Connection", '''
import sqlite3
open_connections = []
def rep(n):
    for i in range(5):
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE t (a, b)")
        open_connections.append(connection)
''', "container", ("sqlite3",)),
    Case("sqlite_trace", r"shop\.statements", r"str", '''
import sqlite3
statements = []
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE t (a, b)")
db.set_trace_callback(statements.append)
def rep(n):
    for i in range(150):
        db.execute("INSERT INTO t VALUES (%d, %d)" % (n, i))
''', "container", ("sqlite3",)),
    Case("http_handlers", r"shop\.server\.(handlers|open)", r"shop\.Handler", '''
import http.server, io
class Server:
    def __init__(self):
        self.handlers = []
class Request:
    def __init__(self, text):
        self.text = text
    def makefile(self, mode, size=-1):
        return io.BytesIO(self.text)
    def sendall(self, data):
        pass
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.handlers.append(self)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
server = Server()
def rep(n):
    for i in range(15):
        Handler(Request(b"GET /%d HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n" % i), ("127.0.0.1", i), server)
'''),
    Case("opener_handlers", r"shop\.opener\..*", r"urllib\.request\..*|shop\.Auth", '''
import urllib.request
class Auth(urllib.request.BaseHandler):
    def __init__(self, n):
        self.tokens = ["token %d" % i for i in range(20)]
    def http_request(self, request):
        return request
opener = urllib.request.OpenerDirector()
def rep(n):
    for i in range(12):
        opener.add_handler(Auth(i))
'''),
    Case("subprocess_results", r"shop\.done", r"subprocess\.CompletedProcess", '''
import subprocess
done = []
def rep(n):
    for i in range(40):
        done.append(subprocess.CompletedProcess(["ls", "-l"], 0, b"x" * 400, b""))
'''),
    Case("cookies", r"shop\.jar\._cookies.*", r"http\.cookiejar\.Cookie|dict", '''
import http.cookiejar
jar = http.cookiejar.CookieJar()
def rep(n):
    for i in range(40):
        jar.set_cookie(http.cookiejar.Cookie(0, "c%d" % i, "v" * 30, None, False, "host%d-%d.example" % (n, i), True, False,
                                             "/", True, False, None, False, None, None, {}))
'''),
    Case("string_templates_cached", r"shop\.Renderer\.cache|shop\.renderer\.cache", r"string\.Template", '''
import string
class Renderer:
    def __init__(self):
        self.cache = {}
    def render(self, text, **values):
        if text not in self.cache:
            self.cache[text] = string.Template(text)
        return self.cache[text].safe_substitute(values)
renderer = Renderer()
def rep(n):
    for i in range(60):
        renderer.render("Dear customer %d, order %d of $shop" % (i, n), shop="x")
'''),
    Case("ctypes_callbacks", r"shop\.callbacks", r"shop\.CALLBACK|CFunctionType|ctypes.*", '''
import ctypes
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
callbacks = []
def rep(n):
    for i in range(20):
        callbacks.append(CALLBACK(lambda x, rows=["%d" % i] * 30: x))
''', "container", ("ctypes",)),
    Case("ctypes_arrays", r"shop\.frames", r"c_char_Array_\\d+|shop.*|.*Array.*|ctypes.*", '''
import ctypes
frames = []
def rep(n):
    for i in range(8):
        frames.append(ctypes.create_string_buffer(20_000))
''', "container", ("ctypes",)),
    Case("missing_decref", r".*", r"shop\.Row", '''
import ctypes
incref = ctypes.pythonapi.Py_IncRef
incref.argtypes, incref.restype = [ctypes.py_object], None
class Row:
    def __init__(self, n):
        self.cells = ["cell %d" % i for i in range(10)]
def rep(n):
    for i in range(60):
        incref(Row(i))
''', "external", ("ctypes",)),
    Case("native_memory", r".*", r"native memory", '''
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def rep(n):
    for i in range(300):
        libc.memset(libc.malloc(10_000), 1, 10_000)
''', "native", ("ctypes",)),
    Case("mmaps", r"shop\.maps", r"mmap\.mmap", '''
import mmap
maps = []
def rep(n):
    for i in range(8):
        area = mmap.mmap(-1, 64_000)
        area.write(b"x" * 64_000)
        maps.append(area)
'''),
    # ---- several at once ----
    Case("two_leaks", r"shop\.sessions", r"shop\.Session", '''
class Session:
    def __init__(self, n):
        self.data = {"user": "user %d" % n * 10, "cart": ["item %d" % i for i in range(30)]}
class Metric:
    def __init__(self, n):
        self.value = n * 1.5
sessions, metrics = {}, []
def rep(n):
    for i in range(30):
        sessions["%d.%d" % (n, i)] = Session(i)
        metrics.append(Metric(i))
''', second=(r"shop\.metrics", r"shop\.Metric")),
    Case("small_leak_big_noise", r"shop\.audit", r"shop\.Entry", '''
class Entry:
    def __init__(self, n):
        self.who, self.what = "user %d" % n, ["a", "b", str(n)]
class Row:
    def __init__(self, n):
        self.cells = [str(n * j) for j in range(5)]
audit, table, recent = [], {}, []
def rep(n):
    table.clear()
    for i in range(2000 + n * 311 % 97):
        table[i] = Row(i)
    recent[:] = [Row(i) for i in range(500 + (n * 7919) % 300)]
    for i in range(25):
        audit.append(Entry(i))
'''),
    Case("leak_beside_a_warm_up", r"shop\.pending", r"shop\.Order", '''
class Order:
    def __init__(self, n):
        self.lines = ["line %d" % i for i in range(6)]
pending, prices = [], {}
def rep(n):
    if n <= 3:
        for i in range(1500):
            prices[n, i] = ("price", i * 1.25, [n])
    for i in range(30):
        pending.append(Order(i))
''', two=False),
    Case("held_by_many_sessions", r".*clients.*", r"shop\.Message", '''
class Message:
    def __init__(self, n):
        self.text = "message %d " % n * 6
class Client:
    def __init__(self, name):
        self.name, self.inbox, self.sent = name, [], 0
clients = {"client-%d" % i: Client("client-%d" % i) for i in range(20)}
def rep(n):
    for client in clients.values():
        for i in range(5):
            client.inbox.append(Message(i))
'''),
    Case("event_history_in_closure_cell", r"shop\.publish.*|.*history.*", r"shop\.Event", '''
class Event:
    def __init__(self, n):
        self.body = {"n": n, "text": "event %d" % n * 5}
def make_bus():
    history, listeners = [], {"saved": [lambda event: None]}
    def publish(event):
        history.append(event)
        for listener in listeners["saved"]:
            listener(event)
    return publish
publish = make_bus()
def rep(n):
    for i in range(30):
        publish(Event(i))
'''),
    Case("parent_links_in_requests", r"shop\.last_request.*", r"shop\.Request", '''
class Request:
    def __init__(self, path, previous):
        self.path, self.previous, self.headers = path, previous, {"host": "x", "path": path * 4}
last_request = None
def rep(n):
    global last_request
    for i in range(40):
        last_request = Request("/%d/%d" % (n, i), last_request)
'''),
    Case("undo_stack_of_states", r"shop\.editor\.undo", r"shop\.State|dict", '''
import copy
class State:
    def __init__(self, lines):
        self.lines = lines
class Editor:
    def __init__(self):
        self.state, self.undo = State(["line %d" % i for i in range(30)]), []
    def edit(self, n):
        self.undo.append(copy.deepcopy(self.state))
        self.state.lines[n % 30] = "edited %d" % n
editor = Editor()
def rep(n):
    for i in range(20):
        editor.edit(n * 20 + i)
'''),
    Case("memo_by_argument", r"shop\.Parser\.parse\..*", r"list|tuple|shop\.Parser", '''
import functools
def memoize(function):
    memo = {}
    @functools.wraps(function)
    def wrapper(*args):
        if args not in memo:
            memo[args] = function(*args)
        return memo[args]
    return wrapper
class Parser:
    @memoize
    def parse(self, text):
        return text.split()
def rep(n):
    for i in range(40):
        Parser().parse("the text number %d" % i)
'''),
    Case("stats_by_label", r"shop\.counters(\._values)?", r"shop\.Counter", '''
class Counter:
    def __init__(self, labels):
        self.labels, self.value, self.created = labels, 0, 1.5
class Family:
    def __init__(self):
        self._values = {}
    def labels(self, **labels):
        key = tuple(sorted(labels.items()))
        if key not in self._values:
            self._values[key] = Counter(labels)
        return self._values[key]
counters = Family()
def rep(n):
    for i in range(50):
        counters.labels(path="/user/%d" % (n * 50 + i), method="GET").value += 1
'''),
    Case("object_pool_never_reused", r"shop\.pool\.(idle|free|used)", r"shop\.Buffer", '''
class Buffer:
    def __init__(self):
        self.data = bytearray(2000)
class Pool:
    def __init__(self):
        self.idle, self.used = [], set()
    def get(self):
        buffer = Buffer()
        self.used.add(buffer)
        return buffer
    def put(self, buffer):
        self.idle.append(buffer)
pool = Pool()
def rep(n):
    for i in range(20):
        pool.get()
'''),
]
