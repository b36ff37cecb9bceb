"""Leaks through well-known libraries, as Debian packages them."""
from leaks.case import RECORD, Case

DJANGO = '''
import django
from django.conf import settings
settings.configure(DEBUG=True, SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF="shop", USE_TZ=False, LOGGING_CONFIG=None,
                   MIDDLEWARE=["shop.Middleware"],
                   DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
django.setup()
from django.http import HttpResponse
from django.urls import path
from django.test import RequestFactory
from django.core.handlers.base import BaseHandler
def index(request, number):
    return HttpResponse("page %d" % number)
urlpatterns = [path("page/<int:number>", index)]
class Middleware:
    def __init__(self, get_response):
        self.get_response, self.seen = get_response, {}
    def __call__(self, request):
        return self.get_response(request)
handler, factory = BaseHandler(), RequestFactory()
loaded = False
def get(number):
    global loaded
    if not loaded:
        handler.load_middleware()
        loaded = True
    return handler.get_response(factory.get("/page/%d" % number))
'''

SQLALCHEMY = '''
import sqlalchemy as sa
from sqlalchemy import event, orm
Base = orm.declarative_base()
class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(50))
engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
'''

LEAKS = [
    Case("django_query_log", r"django\.db\..*queries_log|.*queries_log", r"dict|str", DJANGO + '''
from django.db import connection
def rep(n):
    if n == 1:
        connection.queries_log = __import__("collections").deque()
    with connection.cursor() as cursor:
        for i in range(40):
            cursor.execute("SELECT %s, %s", [n, i])
''', needs=("django",)),
    Case("django_signal_receivers", r".*receivers", r"function|tuple|shop\.Audit", DJANGO + '''
from django.core.signals import request_finished
class Audit:
    def __init__(self, n):
        self.lines = ["line %d" % i for i in range(10)]
    def finished(self, **kwargs):
        pass
def rep(n):
    for i in range(20):
        get(i)
        request_finished.connect(Audit(i).finished, weak=False, dispatch_uid="%d.%d" % (n, i))
''', needs=("django",)),
    Case("django_middleware_state", r".*\.seen", r"django\.core\.handlers\.wsgi\.WSGIRequest", DJANGO.replace(
        "        return self.get_response(request)\n",
        "        self.seen[len(self.seen)] = request\n        return self.get_response(request)\n") + '''
def rep(n):
    for i in range(15):
        get(i)
''', needs=("django",)),
    Case("django_locmem_cache", r".*_caches.*|.*_cache.*", r"bytes|str", DJANGO + '''
from django.core.cache import cache
cache._max_entries = 10 ** 9
def rep(n):
    for i in range(60):
        cache.set("fragment:%d:%d" % (n, i), "<p>text %d</p>" % i * 40, None)
''', needs=("django",)),
    Case("django_requests_in_module_list", r"shop\.recent", r"django\.core\.handlers\.wsgi\.WSGIRequest|"
         r"django\.http\.response\.HttpResponse", DJANGO + '''
recent = []
def rep(n):
    for i in range(15):
        recent.append(get(i))
''', needs=("django",)),
    Case("django_forms_registry", r"shop\.forms_by_user", r"shop\.ContactForm|django\.forms.*", DJANGO + '''
from django import forms
class ContactForm(forms.Form):
    name = forms.CharField()
    mail = forms.EmailField()
forms_by_user = {}
def rep(n):
    for i in range(10):
        form = ContactForm({"name": "n", "mail": "m@example.org"})
        form.is_valid()
        forms_by_user[n, i] = form
''', needs=("django",)),
    Case("sqlalchemy_session_never_closed", r".*shop\.session\.info.*", r"shop\.User", SQLALCHEMY + '''
session = orm.Session(engine)
def rep(n):
    kept = session.info.setdefault("all", [])
    for i in range(30):
        user = User(name="user %d" % i)
        session.add(user)
        kept.append(user)
    session.flush()
''', needs=("sqlalchemy",)),
    Case("sqlalchemy_pending_objects", r"shop\.session\._new|shop\.session.*", r"shop\.User|sqlalchemy\.orm\.state\.InstanceState",
         SQLALCHEMY + '''
session = orm.Session(engine, autoflush=False)
def rep(n):
    for i in range(30):
        session.add(User(name="user %d" % i))
''', needs=("sqlalchemy",)),
    Case("sqlalchemy_event_listeners", r".*", r"function|sqlalchemy.*|shop\.Listener|method", SQLALCHEMY + '''
class Listener:
    def __init__(self, n):
        self.log = ["entry %d" % i for i in range(20)]
    def before(self, *args):
        pass
def rep(n):
    for i in range(10):
        event.listen(engine, "before_cursor_execute", Listener(i).before)
''', needs=("sqlalchemy",)),
    Case("sqlalchemy_engine_per_request", r"shop\.engines", r"sqlalchemy\.engine\.base\.Engine|sqlalchemy\..*Engine", SQLALCHEMY + '''
engines = {}
def rep(n):
    for i in range(4):
        one = sa.create_engine("sqlite://")
        with one.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        engines["tenant %d.%d" % (n, i)] = one
''', needs=("sqlalchemy",)),
    Case("sqlalchemy_metadata_tables", r"shop\.metadata\.tables.*", r"sqlalchemy\.sql\.schema\.Table", SQLALCHEMY + '''
metadata = sa.MetaData()
def rep(n):
    for i in range(8):
        sa.Table("temp_%d_%d" % (n, i), metadata, sa.Column("a", sa.Integer), sa.Column("b", sa.String))
''', needs=("sqlalchemy",)),
    Case("twisted_delayed_calls", r".*(reactor|clock).*(_newDelayedCalls|_pendingTimedCalls|calls)", r"twisted\.internet\.base\."
         r"DelayedCall|shop\.Record", RECORD + '''
from twisted.internet import reactor
def rep(n):
    for i in range(25):
        reactor.callLater(3600, id, Record(i))
    reactor.runUntilCurrent()
''', needs=("twisted.internet.reactor",)),
    Case("twisted_deferreds_never_fired", r"shop\.waiting", r"twisted\.internet\.defer\.Deferred", RECORD + '''
from twisted.internet import defer
waiting = {}
def rep(n):
    for i in range(25):
        answer = defer.Deferred()
        answer.addCallback(lambda result, record=Record(i): record)
        waiting[n * 100 + i] = answer
''', needs=("twisted.internet.reactor",)),
    Case("twisted_triggers", r".*_eventTriggers.*", r".*", RECORD + '''
from twisted.internet import reactor
def rep(n):
    for i in range(25):
        reactor.addSystemEventTrigger("before", "shutdown", id, Record(i))
''', needs=("twisted.internet.reactor",)),
    Case("twisted_log_observers", r".*[oO]bservers.*", r"shop\.Observer|twisted\.logger\._legacy\.LegacyLogObserverWrapper", '''
from twisted.python import log
class Observer:
    def __init__(self, n):
        self.lines = ["line %d" % i for i in range(15)]
    def __call__(self, event):
        pass
def rep(n):
    for i in range(12):
        log.addObserver(Observer(i))
''', needs=("twisted.internet.reactor",)),
    Case("cherrypy_ram_sessions", r".*\.RamSession\.cache", r"shop\.Record", RECORD + '''
import datetime
from cherrypy.lib.sessions import RamSession
def rep(n):
    for i in range(30):
        session = RamSession(None, timeout=10 ** 7, clean_freq=0)
        session.loaded = True
        session._data = {"record": Record(i)}
        session.locked = True
        session._save(datetime.datetime(2090, 1, 1))
''', needs=("cherrypy.lib.sessions",)),
    Case("cherrypy_bus_listeners", r".*bus\.(_priorities|listeners).*", r"shop\.Monitor", '''
import cherrypy
class Monitor:
    def __init__(self, n):
        self.samples = ["sample %d" % i for i in range(15)]
    def graceful(self):
        pass
def rep(n):
    for i in range(12):
        cherrypy.engine.subscribe("graceful", Monitor(i).graceful)
''', needs=("cherrypy.lib.sessions",)),
    Case("lxml_trees_by_proxy", r"shop\.titles", r"lxml\.etree\._Element(Tree)?", '''
from lxml import etree
titles = []
def rep(n):
    for i in range(10):
        root = etree.fromstring("<a>" + "<b x='1'>text</b>" * 200 + "</a>")
        titles.append(root[0])
''', needs=("lxml.etree",)),
    Case("lxml_elements", r"shop\.rows", r"lxml\.etree\._Element|list", '''
from lxml import etree
rows = {}
def rep(n):
    for i in range(10):
        root = etree.fromstring("<a>" + "<b x='1'>text</b>" * 30 + "</a>")
        rows[n, i] = list(root)
''', needs=("lxml.etree",)),
    Case("numpy_views_of_big_arrays", r"shop\.samples", r"numpy\.ndarray", '''
import numpy
samples = []
def rep(n):
    for i in range(6):
        samples.append(numpy.ones(20_000)[:8])
''', needs=("numpy",)),
    Case("numpy_object_array", r"shop\.cells", r"shop\.Record", RECORD + '''
import numpy
cells = numpy.empty(1000, dtype=object)
def rep(n):
    for i in range(40):
        cells[n * 40 + i] = Record(i)
''', needs=("numpy",)),
    Case("numpy_concatenated", r"shop\.signal", r"numpy\.ndarray", '''
import numpy
signal = numpy.zeros(1000)
def rep(n):
    global signal
    signal = numpy.concatenate([signal, numpy.ones(30_000)])
''', "size", needs=("numpy",)),
    Case("numpy_dict_of_arrays", r"shop\.embeddings", r"numpy\.ndarray", '''
import numpy
embeddings = {}
def rep(n):
    for i in range(20):
        embeddings["doc %d.%d" % (n, i)] = numpy.ones(300)
''', needs=("numpy",)),
    Case("btrees_oobtree", r"shop\.catalog", r"shop\.Record|BTrees\.OOBTree\..*", RECORD + '''
from BTrees.OOBTree import OOBTree
catalog = OOBTree()
def rep(n):
    for i in range(60):
        catalog["%04d.%04d" % (n, i)] = Record(i)
''', needs=("BTrees.OOBTree",)),
    Case("btrees_iobtree_of_ints", r"shop\.counts", r"BTrees\.I[IO]BTree.*|shop\.Record|dict", '''
from BTrees.IOBTree import IOBTree
counts = IOBTree()
def rep(n):
    for i in range(200):
        counts[n * 1000 + i] = {"seen": n}
''', needs=("BTrees.OOBTree",)),
    Case("btrees_persistent_mapping", r"shop\.root(\.data)?.*", r"shop\.Account", '''
from persistent import Persistent
from persistent.mapping import PersistentMapping
class Account(Persistent):
    def __init__(self, n):
        self.owner, self.lines = "owner %d" % n, ["%d" % i for i in range(10)]
root = PersistentMapping()
root["accounts"] = PersistentMapping()
def rep(n):
    for i in range(30):
        root["accounts"]["%d.%d" % (n, i)] = Account(i)
''', needs=("BTrees.OOBTree",)),
    Case("gevent_greenlets", r"shop\.never", r"builtin_function_or_method|gevent\..*Greenlet|shop\.Record", RECORD + '''
import gevent, gevent.event
never = gevent.event.Event()
def work(n):
    record = Record(n)
    never.wait()
    return record
def rep(n):
    for i in range(10):
        gevent.spawn(work, i)
    gevent.sleep(0)
''', needs=("gevent",)),
    Case("gevent_queue", r"shop\.jobs(\.queue)?", r"shop\.Record", RECORD + '''
import gevent.queue
jobs = gevent.queue.Queue()
def rep(n):
    for i in range(30):
        jobs.put(Record(i))
''', needs=("gevent",)),
    Case("requests_sessions", r"shop\.sessions", r"requests\.sessions\.Session", '''
import requests
sessions = {}
def rep(n):
    for i in range(4):
        session = requests.Session()
        session.headers["X-Tenant"] = "%d.%d" % (n, i)
        sessions[n, i] = session
''', needs=("requests",)),
    Case("requests_adapters", r"shop\.session\.adapters", r"requests\.adapters\.HTTPAdapter", '''
import requests
session = requests.Session()
def rep(n):
    for i in range(5):
        session.mount("https://host%d-%d.example/" % (n, i), requests.adapters.HTTPAdapter())
''', needs=("requests",)),
    Case("requests_hooks", r"shop\.session\.hooks.*|list\(shop\.session\.hooks.*", r"shop\.Trace|method", '''
import requests
class Trace:
    def __init__(self, n):
        self.spans = ["span %d" % i for i in range(15)]
    def done(self, response, **kwargs):
        pass
session = requests.Session()
def rep(n):
    for i in range(15):
        session.hooks["response"].append(Trace(i).done)
''', needs=("requests",)),
    Case("flask_after_request", r".*after_request_funcs.*", r"function|method|shop\.Timer", '''
import flask
app = flask.Flask("shop")
class Timer:
    def __init__(self, n):
        self.marks = ["mark %d" % i for i in range(15)]
    def stop(self, response):
        return response
@app.route("/<int:n>")
def index(n):
    return "page %d" % n
def rep(n):
    for i in range(10):
        app.after_request_funcs.setdefault(None, []).append(Timer(i).stop)
    client = app.test_client()
    client.get("/1")
''', needs=("flask",)),
    Case("jinja_environment_globals", r".*globals", r"shop\.Helper", '''
import jinja2
environment = jinja2.Environment()
class Helper:
    def __init__(self, n):
        self.rows = ["row %d" % i for i in range(15)]
def rep(n):
    for i in range(15):
        environment.globals["helper_%d_%d" % (n, i)] = Helper(i)
        environment.from_string("x {{ 1 + 1 }}").render()
''', needs=("flask",)),
    Case("jinja_templates_from_strings", r"shop\.compiled", r"jinja2\.environment\.Template", '''
import jinja2
environment = jinja2.Environment()
compiled = {}
def rep(n):
    for i in range(6):
        compiled[n, i] = environment.from_string("Dear {{ name }}, %d.%d" % (n, i))
''', needs=("flask",)),
]
