"""An application over a small mapper. Saved objects are weakly known; but a change listener that each order adds to its
customer, of whom there are few, keeps the orders."""
HOLDER = r".*(listeners|_after_change|customers).*"
TYPE = r"shop\.Order|method|function"
import datetime
import sqlite3
import weakref


class Field:
    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner):
        return self if instance is None else instance.__dict__.get(self.name)

    def __set__(self, instance, value):
        old = instance.__dict__.get(self.name)
        instance.__dict__[self.name] = value
        if old is not None and old != value:
            for listener in instance._after_change:
                listener(self.name, old, value)


class Model:
    tables = {}

    def __init_subclass__(cls):
        cls.fields = {name: f for name, f in vars(cls).items() if isinstance(f, Field)}
        Model.tables[cls.__name__.lower()] = cls

    def __init__(self, **values):
        self.__dict__["_after_change"] = []
        self.__dict__["_dirty"] = True
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def create(cls, database):
        columns = ", ".join("%s %s" % (f.name, f.kind) for f in cls.fields.values())
        database.execute("CREATE TABLE %s (%s)" % (cls.__name__.lower() + "s", columns))

    def insert(self, database):
        names = list(self.fields)
        marks = ", ".join("?" * len(names))
        sql = "INSERT INTO %s (%s) VALUES (%s)" % (type(self).__name__.lower() + "s", ", ".join(names), marks)
        database.execute(sql, [self.__dict__.get(name) for name in names])
        self.__dict__["_dirty"] = False


class Customer(Model):
    name = Field("TEXT")
    city = Field("TEXT")
    balance = Field("REAL")


class Order(Model):
    number = Field("INTEGER")
    customer_name = Field("TEXT")
    total = Field("REAL")

    def attach(self, customer):
        customer._after_change.append(self.customer_changed)
        self.__dict__["lines"] = [("item %d" % i, i * 1.25) for i in range(6)]

    def customer_changed(self, name, old, new):
        if name == "name":
            self.customer_name = new


class Session:
    def __init__(self):
        self.database = sqlite3.connect(":memory:")
        self.identity = weakref.WeakValueDictionary()
        self.statements = 0
        for table in Model.tables.values():
            table.create(self.database)

    def add(self, key, thing):
        thing.insert(self.database)
        self.identity[key] = thing
        self.statements += 1


session = Session()
customers = [Customer(name="customer %d" % i, city="city %d" % (i % 5), balance=0.0) for i in range(10)]
for number, customer in enumerate(customers):
    session.add(("customer", number), customer)
reports = {}


def report(day):
    """Only the last week's reports stay."""
    rows = session.database.execute("SELECT customer_name, sum(total) FROM orders GROUP BY 1").fetchall()
    reports[day] = [{"name": name, "total": total} for name, total in rows]
    for old in [d for d in reports if (day - d).days > 7]:
        del reports[old]


NEEDS = ("sqlite3",)


def rep(n):
    for i in range(40):
        customer = customers[(n + i) % len(customers)]
        order = Order(number=n * 40 + i, customer_name=customer.name, total=i * 1.5)
        order.attach(customer)
        session.add(("order", order.number), order)
        customer.balance += order.total
    report(datetime.date(2024, 1, 1) + datetime.timedelta(n))
