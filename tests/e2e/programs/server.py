"""A threaded server in the middle of its requests: handlers of several connections wait for data or for one another."""
import concurrent.futures
import queue
import socket
import socketserver
import threading
import time

import oracle_twin

sessions = {}
lock = threading.Lock()
arrived = threading.Semaphore(0)


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline().strip()
        history = [name]
        with lock:
            sessions[name] = history
        arrived.release()
        while True:
            line = self.rfile.readline()
            if not line:
                break
            history.append(line)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def consume(tasks, results):
    local = threading.local()
    local.seen = []
    while True:
        task = tasks.get()
        if task is None:
            return
        local.seen.append(task)
        results.append([task])


def slow(number, gate):
    squares = {i: i * i for i in range(number)}

    def more():
        return squares
    gate.wait()
    return more


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
tasks, results = queue.Queue(), []
threading.Thread(target=consume, args=(tasks, results), name="consumer", daemon=True).start()
for i in range(200):
    tasks.put({"number": i})
clients = [socket.create_connection(server.server_address) for _ in range(6)]
for i, client in enumerate(clients):
    client.sendall(b"client-%d\nhello\n" % i)
for _ in clients:
    arrived.acquire()
gate = threading.Event()
executor = concurrent.futures.ThreadPoolExecutor(3)
futures = [executor.submit(slow, 10 * i, gate) for i in range(5)]
timer = threading.Timer(3600, print)
timer.daemon = True
timer.start()
while len(results) < 200 or not all(len(history) == 2 for history in sessions.values()):
    time.sleep(0.01)
oracle_twin.take()
gate.set()
executor.shutdown()
for client in clients:
    client.close()
server.shutdown()
server.server_close()
