"""Programs that do not leak, whatever they do to memory."""
from leaks.case import RECORD, silent

SILENT = [
    silent("warm_up", RECORD + '''
_warm = {}
def rep(n):
    if n == 3:
        for i in range(1000):
            _warm[i] = Record(i)
'''),
    silent("bounded_deque", '''
import collections
recent = collections.deque(maxlen=300)
def rep(n):
    for i in range(1000):
        recent.append({"rep": n, "i": i})
'''),
    silent("churn", RECORD + '''
current = {}
def rep(n):
    current.clear()
    for i in range(200 + (n * 37) % 50):
        current[i] = Record(i)
'''),
    silent("garbage_cycles", '''
class Node:
    pass
def rep(n):
    for i in range(500):
        a, b = Node(), Node()
        a.other, b.other = b, a
'''),
    silent("bounded_lru", '''
import functools
@functools.lru_cache(maxsize=128)
def square(n):
    return [n] * 20
def rep(n):
    for i in range(300):
        square(n * 1000 + i)
'''),
    silent("ring", RECORD + '''
ring = [None] * 64
def rep(n):
    for i in range(200):
        ring[i % 64] = Record(i)
'''),
    silent("sawtooth", RECORD + '''
batch = []
def rep(n):
    if n % 3 == 0:
        batch.clear()
    for i in range(100):
        batch.append(Record(i))
'''),
    silent("imports", '''
def rep(n):
    __import__(["json", "decimal", "fractions", "csv", "html"][n - 1])
'''),
    silent("regex", '''
import re
def rep(n):
    re.compile("x{%d}" % (n % 3)).match("xxx")
    "%d" % n
'''),
    silent("nothing", '''
def rep(n):
    sum(range(1000))
'''),
    silent("lru_full_after_warm_up", """
import functools
@functools.lru_cache(maxsize=1000)
def page(n):
    return ["line %d" % i for i in range(n % 7)]
def rep(n):
    for i in range(1500 if n == 1 else 400):
        page(n * 10_000 + i)
"""),
    silent("cache_filling_up", """
import collections
class Cache(collections.OrderedDict):
    def __missing__(self, key):
        self[key] = value = ["value"] * 10
        if len(self) > 300:
            self.popitem(last=False)
        return value
cache = Cache()
def rep(n):
    for i in range(120):
        cache[n, i]
"""),
    silent("queue_of_constant_length", RECORD + """
import collections
pending = collections.deque(Record(i) for i in range(400))
def rep(n):
    for i in range(1000):
        pending.append(Record(i))
        pending.popleft()
"""),
    silent("rotating_log", """
import logging, logging.handlers
class Ring(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines, self.old = [], []
    def emit(self, record):
        self.lines.append(record)
        if len(self.lines) >= 250:
            self.old, self.lines = self.lines, []
log = logging.Logger("shop")
log.addHandler(Ring())
def rep(n):
    for i in range(1000):
        log.warning("request %d", i)
"""),
    silent("grows_then_released", RECORD + """
batch = []
def rep(n):
    if n < 5:
        batch.extend(Record(i) for i in range(300))
    else:
        batch.clear()
"""),
    silent("pool_resized_once", """
import threading, queue
class Worker(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.buffer = ["%d" % i for i in range(100)]
        self.jobs = queue.Queue()
    def run(self):
        while True:
            self.jobs.get()
workers = []
def resize(count):
    while len(workers) < count:
        worker = Worker()
        worker.start()
        workers.append(worker)
def rep(n):
    resize(2 if n < 3 else 6)
"""),
    silent("collector_off_without_cycles", RECORD + """
import gc
current = []
def rep(n):
    gc.disable()
    current[:] = [Record(i) for i in range(300)]
"""),
    silent("cycles_between_snapshots", """
import gc
class Node:
    def __init__(self, n):
        self.me, self.rows = self, [n] * 10
gc.collect = lambda: 0
def rep(n):
    for i in range(40 * n):
        Node(i)
"""),
    silent("connection_pool_at_its_limit", """
class Connection:
    def __init__(self, n):
        self.buffer = bytearray(1000)
class Pool:
    def __init__(self, size):
        self.size, self.idle, self.made = size, [], 0
    def get(self):
        if self.idle:
            return self.idle.pop()
        self.made += 1
        return Connection(self.made)
    def put(self, connection):
        if len(self.idle) < self.size:
            self.idle.append(connection)
pool = Pool(40)
def rep(n):
    taken = [pool.get() for i in range(20 + 15 * n)]
    for connection in taken:
        pool.put(connection)
"""),
    silent("daily_totals", """
import collections
totals = collections.Counter()
def rep(n):
    for i in range(2000):
        totals["path %d" % (i % 200)] += n
"""),
    silent("same_keys_new_values", RECORD + """
latest = {}
def rep(n):
    for i in range(300):
        latest["sensor %d" % i] = Record(n * i)
"""),
    silent("expiring_entries", """
class Session:
    def __init__(self, born):
        self.born, self.data = born, {"user": "user %d" % born * 4}
sessions = {}
clock = 0
def rep(n):
    global clock
    for i in range(400):
        clock += 1
        sessions[clock] = Session(clock)
        for key in [k for k in sessions if k < clock - 250]:
            del sessions[key]
"""),
    silent("weak_registry", """
import weakref
class View:
    def __init__(self, n):
        self.rows = ["row %d" % i for i in range(20)]
live = weakref.WeakSet()
def rep(n):
    for i in range(200):
        live.add(View(i))
"""),
    silent("temporary_executor", """
from concurrent.futures import ThreadPoolExecutor
def rep(n):
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda i: [i] * 100, range(60)))
"""),
    silent("event_loop_per_run", """
import asyncio
async def work(i):
    await asyncio.sleep(0)
    return ["x"] * i
async def main():
    await asyncio.gather(*[work(i) for i in range(50)])
def rep(n):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()
"""),
    silent("buffer_reused", """
buffer = bytearray()
def rep(n):
    del buffer[:]
    for i in range(200):
        buffer.extend(b"x" * (1000 + n % 3))
"""),
    silent("sqlalchemy_compiled_cache", """
import sqlalchemy as sa
engine = sa.create_engine("sqlite://", query_cache_size=60)
metadata = sa.MetaData()
table = sa.Table("t", metadata, *[sa.Column("c%d" % i, sa.Integer) for i in range(8)])
metadata.create_all(engine)
def rep(n):
    with engine.connect() as connection:
        for i in range(120):
            connection.execute(sa.select(*[c for j, c in enumerate(table.c) if i >> j & 1 or not j])).fetchall()
""", ("sqlalchemy",)),
    silent("django_requests_without_debug", """
import django
from django.conf import settings
settings.configure(DEBUG=False, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop", LOGGING_CONFIG=None,
                   DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
django.setup()
from django.http import HttpResponse
from django.urls import path
from django.db import connection
from django.test import RequestFactory
from django.core.handlers.base import BaseHandler
def index(request, number):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [number])
        return HttpResponse("page %d" % cursor.fetchone()[0])
urlpatterns = [path("page/<int:number>", index)]
handler, factory = BaseHandler(), RequestFactory()
def rep(n):
    if n == 1:
        handler.load_middleware()
    for i in range(40):
        handler.get_response(factory.get("/page/%d" % (n * 100 + i)))
""", ("django",)),
    silent("twisted_calls_that_run", """
from twisted.internet import reactor, defer
def rep(n):
    for i in range(100):
        reactor.callLater(0, id, ["x"] * 100)
        answer = defer.Deferred()
        answer.addCallback(lambda result: result)
        answer.callback(i)
    reactor.runUntilCurrent()
""", ("twisted.internet.reactor",)),
]
