"""Sites are found through a component registry; the current one stands in a module global.

set_site(None) in a tear-down would clear it. The functional tests of the demo forget that.
"""
from webapp.objectdb import Document, Folder

_site_stack = []


class Catalog:
    def __init__(self, root):
        self.root = root
        self.indexes = {"title": {}, "tags": {}}

    def index(self, document):
        self.indexes["title"][document.title] = document
        for tag in document.tags:
            self.indexes["tags"].setdefault(tag, []).append(document)


class ComponentRegistry:
    def __init__(self):
        self.utilities = {}

    def register(self, name, component):
        self.utilities[name] = component


class Site:
    def __init__(self, db, documents):
        connection = db.open()
        self.root = connection.add(Folder("Root of %s" % db.name))
        self.registry = ComponentRegistry()
        self.catalog = Catalog(self.root)
        self.registry.register("catalog", self.catalog)
        for number in range(documents):
            document = connection.add(Document(self.root, number))
            self.root.items[document.title] = document
            self.catalog.index(document)
        connection.commit()


def set_site(site):
    if site is None:
        _site_stack.clear()
    else:
        _site_stack.append(site)


def get_site():
    return _site_stack[-1]
