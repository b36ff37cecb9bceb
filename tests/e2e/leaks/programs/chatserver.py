"""A chat server on asyncio. A client that leaves is taken out of the server and its rooms; the task that pings it waits for an
answer that never comes, and holds the client."""
HOLDER = r".*"
TYPE = r"_?asyncio\.(tasks\.)?Task|shop\.(Client|Future)|.*TimerHandle|_?asyncio\.Future|coroutine|shop\.Client"
import asyncio
import collections
import json


class Room:
    def __init__(self, name):
        self.name, self.members = name, set()
        self.history = collections.deque(maxlen=50)

    async def say(self, author, text):
        message = {"room": self.name, "author": author.name, "text": text}
        self.history.append(message)
        for member in list(self.members):
            await member.send(message)


class Client:
    def __init__(self, server, name):
        self.server, self.name, self.rooms = server, name, set()
        self.outbox = collections.deque(maxlen=30)
        self.pong = asyncio.Event()
        self.buffer = bytearray(512)
        self.profile = {"name": name, "colors": ["#%03d" % i for i in range(12)]}

    async def send(self, message):
        self.outbox.append(json.dumps(message))
        await asyncio.sleep(0)

    async def join(self, name):
        room = self.server.room(name)
        room.members.add(self)
        self.rooms.add(room)
        await room.say(self, "joins")

    async def leave(self):
        for room in self.rooms:
            room.members.discard(self)
            await room.say(self, "leaves")
        self.rooms.clear()
        self.server.clients.pop(self.name, None)

    async def keep_alive(self):
        while True:
            self.pong.clear()
            await self.send({"ping": self.name})
            await self.pong.wait()


class Server:
    def __init__(self):
        self.rooms, self.clients, self.background = {}, {}, set()
        self.counters = collections.Counter()

    def room(self, name):
        if name not in self.rooms:
            self.rooms[name] = Room(name)
        return self.rooms[name]

    def spawn(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def connect(self, name):
        client = self.clients[name] = Client(self, name)
        self.spawn(client.keep_alive())
        self.counters["connected"] += 1
        return client


async def visit(server, number):
    client = await server.connect("guest-%d" % number)
    for room in ("lobby", "python", "random"):
        await client.join(room)
    for i in range(3):
        await client.server.room("python").say(client, "message %d of %s" % (i, client.name))
    client.pong.set()
    await client.leave()


server, loop = Server(), asyncio.new_event_loop()
asyncio.set_event_loop(loop)


async def evening(n):
    for i in range(25):
        await visit(server, n * 25 + i)


def rep(n):
    loop.run_until_complete(evening(n))
