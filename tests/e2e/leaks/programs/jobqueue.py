"""A job queue with retries. Each retry is chained to the attempt before it by its error; jobs that give up stay in the table
of attempts, since only success removes them."""
HOLDER = r"shop\.queue\.attempts"
TYPE = r"shop\.(Attempt|Job|Failure)|list|dict"
import collections
import enum
import heapq
import itertools
import json
import random


class State(enum.Enum):
    WAITING = 1
    RUNNING = 2
    DONE = 3
    GIVEN_UP = 4


class Failure(Exception):
    def __init__(self, message, previous=None):
        super().__init__(message)
        self.previous = previous


class Job:
    numbers = itertools.count()

    def __init__(self, kind, payload):
        self.number, self.kind, self.payload = next(self.numbers), kind, payload
        self.state, self.run_at = State.WAITING, 0

    def __lt__(self, other):
        return self.run_at < other.run_at


class Attempt:
    def __init__(self, job, number):
        self.job, self.number, self.log, self.failure = job, number, [], None

    def note(self, text, *args):
        self.log.append(text % args)


class Queue:
    MAX_ATTEMPTS = 3

    def __init__(self, handlers):
        self.handlers, self.waiting, self.clock = handlers, [], 0
        self.attempts = {}
        self.finished = collections.deque(maxlen=100)
        self.by_state = collections.Counter()

    def submit(self, kind, **payload):
        job = Job(kind, payload)
        heapq.heappush(self.waiting, job)
        self.by_state[State.WAITING] += 1
        return job.number

    def _move(self, job, state):
        self.by_state[job.state] -= 1
        self.by_state[state] += 1
        job.state = state

    def step(self):
        job = heapq.heappop(self.waiting)
        self.clock = max(self.clock, job.run_at)
        tries = self.attempts.setdefault(job.number, [])
        attempt = Attempt(job, len(tries) + 1)
        tries.append(attempt)
        self._move(job, State.RUNNING)
        attempt.note("attempt %d of job %d", attempt.number, job.number)
        try:
            result = self.handlers[job.kind](job, attempt)
        except Failure as failure:
            attempt.failure = str(failure)
            self.retry(job, attempt)
        else:
            attempt.note("done: %s", result)
            self._move(job, State.DONE)
            del self.attempts[job.number]
            self.finished.append((job.number, result))

    def retry(self, job, attempt):
        if attempt.number >= self.MAX_ATTEMPTS:
            attempt.note("given up: %s", attempt.failure)
            self._move(job, State.GIVEN_UP)
            self.finished.append((job.number, None))
            return
        job.run_at = self.clock + 2 ** attempt.number
        self._move(job, State.WAITING)
        heapq.heappush(self.waiting, job)

    def run(self):
        while self.waiting:
            self.step()


dice = random.Random(7)


def send_mail(job, attempt):
    attempt.note("to %s", job.payload["to"])
    if dice.random() < 0.45:
        raise Failure("server busy for %s" % job.payload["to"])
    return json.dumps(job.payload)


def resize(job, attempt):
    pixels = [dice.randrange(256) for _ in range(job.payload["size"])]
    attempt.note("%d pixels", len(pixels))
    return sum(pixels)


queue = Queue({"mail": send_mail, "resize": resize})


def rep(n):
    for i in range(150):
        queue.submit("mail", to="user%d@example.org" % i, subject="news %d" % n, body="text " * 20)
        queue.submit("resize", size=50 + i)
    queue.run()
