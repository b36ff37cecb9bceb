"""An asyncio program: tasks in all stages, streams, queues, asynchronous generators, context variables."""
import asyncio
import contextvars

import oracle_twin

request_id = contextvars.ContextVar("request_id")


async def ticker(limit):
    sent = []
    for number in range(limit):
        sent.append(number)
        yield number


class Resource:
    async def __aenter__(self):
        self.opened = [True]
        return self

    async def __aexit__(self, *_):
        self.opened = None


async def worker(number, jobs, done):
    request_id.set("request %d" % number)
    state = {"number": number}
    async with Resource() as resource:
        while True:
            job = await jobs.get()
            state[job] = [resource]
            done.append(job)


async def echo(reader, writer):
    lines = []
    while line := await reader.readline():
        lines.append(line)
        writer.write(line)
        await writer.drain()
    writer.close()


async def nested(depth, gate):
    kept = [depth]
    if depth:
        return await nested(depth - 1, gate)
    await gate.wait()
    return kept


async def main():
    jobs, done, gate = asyncio.Queue(), [], asyncio.Event()
    workers = [asyncio.create_task(worker(i, jobs, done), name="worker %d" % i) for i in range(20)]
    for i in range(300):
        jobs.put_nowait(i)
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"hello\n")
    assert await reader.readline() == b"hello\n"
    deep = asyncio.ensure_future(nested(30, gate))
    gathered = asyncio.gather(asyncio.sleep(3600, result=[1]), deep)
    failed = asyncio.create_task(asyncio.wait_for(gate.wait(), 0.01))
    ticks = ticker(5)
    first = await ticks.__anext__()
    while len(done) < 300 or not failed.done():
        await asyncio.sleep(0.01)
    oracle_twin.take()
    assert isinstance(failed.exception(), asyncio.TimeoutError) and first == 0
    gathered.cancel()
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, gathered, return_exceptions=True)
    writer.close()
    server.close()


asyncio.run(main())
