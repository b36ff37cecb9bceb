"""A small program under test, with three places that nobody clears."""


class Order:
    def __init__(self, items):
        self.items = list(items)


class Handler:
    def __init__(self, order):
        self.order = order


class Page:
    """Rendered once per name, and kept on purpose."""

    pages = {}

    def __init__(self, name):
        self.name = name

    @classmethod
    def get(cls, name):
        if name not in cls.pages:
            cls.pages[name] = cls(name)
        return cls.pages[name]


open_orders = []


class Events:
    def __init__(self):
        self.handlers = []

    def on_paid(self, order):
        self.handlers.append(Handler(order))


events = Events()


def order(count):
    made = Order(range(count))
    open_orders.append(made)
    return made


def cancel(made):
    open_orders.remove(made)
