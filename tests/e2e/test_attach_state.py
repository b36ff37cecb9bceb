"""What a snapshot leaves behind in the target: nothing; and a heap that never stands still is snapped whole."""
import json
import os

import attach
import support

SLOW = True

# Compares itself before and after, without making objects in between.
STATE = """
import gc, json, os, signal, sys, threading
class Held: pass
sample = [Held() for _ in range(100)] + [{"a": n} for n in range(100)] + [object(), "text" * 9, 3.5, (1, 2, "x")]
parked = threading.Thread(target=threading.Event().wait, daemon=True)
parked.start()
signal.signal(signal.SIGUSR1, lambda *_: None)
def state():
    return {
        "refcounts": [sys.getrefcount(one) for one in sample],
        "gc.get_count": gc.get_count(),
        "gc.isenabled": gc.isenabled(),
        "files": sorted(os.listdir("/proc/self/fd")),
        "threads": sorted(os.listdir("/proc/self/task")),
        "handlers": [str(signal.getsignal(n)) for n in range(1, signal.NSIG) if n not in (32, 33)],
        "mask": str(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "modules": sorted(sys.modules),
        "children": open("/proc/self/task/%d/children" % os.getpid()).read(),
        "blocks": sys.getallocatedblocks(),
        "mappings": [line.split()[-1] for line in open("/proc/self/maps") if "heapdump" in line],
        "trace": (sys.gettrace(), sys.getprofile()),
    }
for _ in range(3): state()
gc.collect(); gc.disable(); gc.enable()
first, second = state(), state()
print("ready", flush=True)
begin = state()
sys.stdin.readline()
end = state()
print(json.dumps([first, second, begin, end]), flush=True)
"""
BLOCKS = 8  # the objects that state() itself makes and keeps; the snapshot adds none

# Three threads that change dicts and sets without pause, and check that what they just made is whole.
MUTATION = """
import sys, threading
registry = {}
bad = []
done = threading.Event()
class Held: pass
def mutate(number):
    turn = 0
    while not done.is_set():
        turn += 1
        own = {n: {n, str(n), Held()} for n in range(turn % 300)}
        registry[number] = own
        for n in list(own)[::2]:
            del own[n]
        if sorted(own) != list(range(1, turn % 300, 2)) or any(n not in held for n, held in own.items()): bad.append(turn)
        numbers = set(range(turn % 900))
        registry[number, "set"] = numbers
        if sum(numbers.pop() for _ in range(len(numbers))) != sum(range(turn % 900)): bad.append(turn)
        registry.pop((number, turn % 7), None); registry[number, turn % 7] = own
threads = [threading.Thread(target=mutate, args=(number,)) for number in range(3)]
for thread in threads: thread.start()
print("ready", flush=True)
sys.stdin.readline()
done.set()
for thread in threads: thread.join()
print(bad, flush=True)
"""
SNAPSHOTS = 100


class State(attach.Case):
    def test_equal_before_and_after(self):
        def run(version, python):
            process = self.start([python, "-c", STATE])
            for _ in range(3):
                self.check_snap(process.pid)
            out, _ = process.communicate("\n", timeout=60)
            first, second, begin, end = json.loads(out)
            own = abs(second["blocks"] - first["blocks"])
            for one in (first, second, begin, end):
                one.pop("gc.get_count") if one is first else None
            self.assertLessEqual(abs(end.pop("blocks") - begin.pop("blocks")), own + BLOCKS)
            young = [one.pop("gc.get_count") for one in (second, begin, end)]
            # Each call of state() makes the same few objects: what one call adds, no more, is what the snapshot may show.
            self.assertLessEqual(abs((young[2][0] - young[1][0]) - (young[1][0] - young[0][0])), BLOCKS)
            self.assertEqual(begin, end)
            self.assertEqual(end["mappings"], [])
        self.each(run)
        self.assertEqual([name for name in os.listdir(self.directory) if not name.startswith("snap.")], [])

    def test_mutating_threads(self):
        def run(version, python):
            process = self.start([python, "-c", MUTATION])
            for _ in range(SNAPSHOTS):
                path = self.check_snap(process.pid, "--timeout", "60")
                support.check([support.HEAPQUERY, "verify", path])
            out, _ = process.communicate("\n", timeout=60)
            self.assertEqual((out, process.returncode), ("[]\n", 0))
            print("| %-8s| %d of %d snapshots of three mutating threads whole" % (version, SNAPSHOTS, SNAPSHOTS))
        self.each(run)


if __name__ == "__main__":
    attach.unittest.main()
