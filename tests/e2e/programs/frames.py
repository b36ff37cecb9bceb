"""Frames of every sort, all running at once: one leads to the next, and the innermost takes the snapshot."""
import asyncio
import functools
import threading

import oracle_twin


def innermost(a, /, b, *rest, key=None, **more):
    local, unset = [a, b], None
    del unset
    captured = {"rest": rest}

    def inner():
        return captured
    try:
        raise LookupError("handled while the snapshot is taken", local)
    except LookupError:
        oracle_twin.take()
    return inner, local, key, more


def by_callback(limit):
    marker = ["callback"]
    return sorted(range(limit), key=lambda item: generators(limit) if item == limit - 1 else len(marker))


@functools.lru_cache(maxsize=None)
def generators(limit):
    held = {"limit": limit}

    def produce(depth):
        mine = [depth, held]
        if depth:
            yield from produce(depth - 1)
        else:
            yield class_body()
        mine.append(depth)
    for item in produce(4):  # the generator stands on this frame's stack alone
        return item


def class_body():
    outer = ["seen by the class"]

    class Body:
        inside = outer
        result = in_exec(3)
    return Body.result


def in_exec(number):
    names = {"number": number, "call": comprehension}
    exec(compile("values = [number]\nresult = call(values)", "<made>", "exec"), names)
    return names["result"]


def comprehension(values):
    total = [new_instance(value) for value in values for _ in "x"]
    return len(total)


class Made:
    def __init__(self, value, deep):
        self.value = [value]
        if deep:
            self.value += coroutines()


def new_instance(value):
    for _ in range(50):  # often enough for the interpreter to specialise the call
        last = Made(value, False)
    for deep in (False, True):
        last = Made(value, deep)
    return last


def coroutines():
    async def agen(start):
        count = [start]
        yield await leaf(count)

    async def leaf(count):
        fresh = {"count": count}
        await asyncio.sleep(0)
        return recursion(20, fresh)

    async def main():
        async with asyncio.Lock():
            return [item async for item in agen(1)]
    return asyncio.run(main())


def recursion(depth, carried):
    level = [depth]
    if depth:
        return recursion(depth - 1, carried) + len(level)
    error = None
    try:
        raise ValueError("kept", carried)
    except ValueError as caught:
        error = caught
        return len(innermost(1, "two", 3.0, key=error, extra=level)[1])


def waiting(event, numbers):
    for number in iter(numbers):  # the iterator stands on the stack
        mapped = map(lambda item: event.wait() and item, [number])
        yield list(mapped)


def left_behind(number):
    def inner():
        return number
    raise ArithmeticError(inner)


try:
    left_behind(7)
except ArithmeticError as error:
    kept = error
event = threading.Event()
thread = threading.Thread(target=lambda: list(waiting(event, [1, 2])), name="generator in a thread", daemon=True)
thread.start()
assert by_callback(2) is not None
event.set()
