"""An object database in memory: databases open connections, connections cache persistent objects."""


class DB:
    def __init__(self, name):
        self.name = name
        self.storage = {}
        self.pool = []

    def open(self):
        connection = Connection(self)
        self.pool.append(connection)
        return connection


class Connection:
    def __init__(self, db):
        self.db = db
        self.cache = {}
        self.modified = []

    def add(self, obj):
        obj._jar, obj._oid = self, len(self.db.storage)
        self.db.storage[obj._oid] = obj
        self.cache[obj._oid] = obj
        self.modified.append(obj)
        return obj

    def commit(self):
        self.modified.clear()


class Persistent:
    _jar = None
    _oid = None


class Folder(Persistent):
    def __init__(self, title):
        self.title, self.items = title, {}


class Document(Persistent):
    def __init__(self, parent, number):
        self.parent = parent
        self.title = "Document %d" % number
        self.body = "Lorem ipsum dolor sit amet, number %d. " % number * 4
        self.tags = ["draft", "tag %d" % (number % 7)]
        self.history = [{"version": v, "by": "editor %d" % (number % 5)} for v in range(3)]
