"""The heaps that the benchmarks measure: build(n) makes about n GC-tracked objects, regular or messy.

Regular: object databases as a functional test suite leaves them, built in order. Messy: the same documents in
random order, a third dropped and refilled, so that neighbours in memory have nothing in common; the better guide.
Both end in a chain of fifteen references from a module to one object, and are the same on every run.
"""
import collections
import gc
import random
import sys
import types

TRACKED_PER_DOCUMENT = 24.2
DOCUMENTS_PER_DB = 100


class DB:
    def __init__(self, name):
        self.name, self.storage, self.pool = name, {}, collections.deque()


class Connection:
    def __init__(self, db):
        self.db, self.cache, self.modified = db, {}, []


class Folder:
    def __init__(self, title, parent):
        self.title, self.parent, self.children = title, parent, {}


class Document:
    def __init__(self, jar, oid, parent):
        self.jar, self.oid, self.parent = jar, oid, parent


class Revision:
    __slots__ = ("when", "who", "text", "before")

    def __init__(self, when, who, text, before):
        self.when, self.who, self.text, self.before = when, who, text, before


class Plugin:
    pass


def add_document(jar, oid, folder, rng):
    """One document with what hangs off it: tracked objects, and as many strings and numbers."""
    doc = Document(jar, oid, folder)
    doc.title = "document %d" % oid
    doc.body = "word " * rng.randrange(1, 30) + str(oid)
    doc.meta = {"lang": "en", "size": 5000 + oid, "labels": ["label-%d" % oid, folder], "owner": doc}
    doc.tags = ["tag-%d" % (oid % 50), "own-%d" % oid]
    revision = None
    doc.history = []
    for number in range(4):
        revision = Revision(1.6e9 + oid + number, "user-%d" % (oid % 7), "edit %d.%d" % (oid, number), revision)
        doc.history.append(revision)
    doc.acl = ((doc, "view"), (folder, ["edit", jar]), {"group": (doc, folder)})
    doc.geometry = {"box": [oid + 1000, 5, 7], "layers": [{"doc": doc, "z": oid * 4 + k} for k in range(3)]}
    if oid % 2 == 0:
        doc.callback = lambda event, doc=doc, count=[oid]: (doc, count, event)
    if oid % 4 == 0:
        vars(doc)["annotations"] = collections.OrderedDict([("a", [oid]), ("b", {"k": oid}), ("c", doc)])
    jar.cache[oid] = doc
    jar.db.storage[b"%016x" % oid] = doc
    folder.children[doc.title] = doc
    return doc


def drop_document(doc, folder):
    del folder.children[doc.title], doc.jar.cache[doc.oid], doc.jar.db.storage[b"%016x" % doc.oid]
    doc.__dict__.clear()


def deep_chain(state):
    """state.registry -> ... -> the DB named deep, fifteen references away from the module."""
    value = DB("deep")
    for level in range(4):
        plugin = Plugin()
        plugin.hooks = [value]
        value = {level: (plugin,)}
    state.registry = value


def make_messy(state, folders, total, rng):
    for oid in range(int(total * 1.4)):
        doc = add_document(*_placed(folders, oid, rng))
        if rng.random() < 0.3:
            doc.note = "x" * rng.randrange(1, 60)
        if rng.random() < 0.2:
            doc.meta["extra%d" % rng.randrange(20)] = [rng.randrange(10**6) for _ in range(rng.randrange(5))]
        state.junk.append(["junk"] * rng.randrange(1, 20))
        if len(state.junk) > 5000:
            del state.junk[rng.randrange(5000)]
    for _, folder in folders:
        for doc in list(folder.children.values()):
            if rng.random() < 0.4:
                drop_document(doc, folder)
    gc.collect()
    for oid in range(int(total * 1.4), int(total * 1.56)):
        add_document(*_placed(folders, oid, rng))


def _placed(folders, oid, rng):
    connection, folder = rng.choice(folders)
    return connection, oid, folder, rng


def build(n, messy=False):
    """Returns the module bench_state, which holds everything."""
    rng = random.Random(7)
    gc.disable()
    state = sys.modules["bench_state"] = types.ModuleType("bench_state")
    state.databases, state.junk = [], []
    deep_chain(state)
    databases = max(1, int(n / TRACKED_PER_DOCUMENT / DOCUMENTS_PER_DB))
    folders = []
    for number in range(databases):
        db = DB("memory-%d" % number)
        connection = Connection(db)
        db.pool.append(connection)
        state.databases.append(db)
        db.root = root = Folder("root %d" % number, None)
        for k in range(5):
            folder = root.children[k] = Folder("folder %d of %d" % (k, number), root)
            folders.append((connection, folder))
        if not messy:
            for k in range(DOCUMENTS_PER_DB):
                add_document(connection, number * DOCUMENTS_PER_DB + k, folders[-1 - k % 5][1], rng)
    if messy:
        make_messy(state, folders, databases * DOCUMENTS_PER_DB, rng)
    gc.collect()
    gc.enable()
    return state


def leak(state, count):
    """What the program leaks between the two snapshots: `count` databases of a hundred documents."""
    rng = random.Random(count)
    for number in range(count):
        db = DB("leaked-%d" % number)
        connection = Connection(db)
        folder = db.root = Folder("leaked root %d" % number, None)
        for k in range(DOCUMENTS_PER_DB):
            add_document(connection, 10**8 + number * DOCUMENTS_PER_DB + k, folder, rng)
        state.databases.append(db)
