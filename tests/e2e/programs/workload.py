"""A clean heap, built in order: records with attributes, slots, dicts, lists and cycles."""
import collections

import oracle_twin


class Database:
    def __init__(self, number):
        self.number = number
        self.rows = [Row(self, i) for i in range(20)]
        self.index = {row.key: row for row in self.rows}
        self.log = collections.deque(maxlen=8)


class Row:
    __slots__ = ("owner", "key", "cells", "__weakref__")

    def __init__(self, owner, number):
        self.owner = owner
        self.key = "row-%d-%d" % (owner.number, number)
        self.cells = (number, number * 1.5, str(number * 1000))


class Node:
    def __init__(self, before):
        self.before = before


def make_counter(start):
    count = [start]

    def counter(step=1):
        count[0] += step
        return count[0]
    return counter


databases = [Database(i) for i in range(150)]
chain = None
for _ in range(2000):
    chain = Node(chain)
counters = {i: make_counter(i) for i in range(300)}
oracle_twin.take()
