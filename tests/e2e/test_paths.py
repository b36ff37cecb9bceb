"""The paths that heapquery prints are expressions: in the program that was snapped they evaluate to the object."""
import os
import tempfile
import unittest

from leaks import runner
import support
from support import HEAPQUERY, check, query

SLOW = True

THREADS = r"""
import sys
import threading
import heapdump

class Job:
    pass

def serve(ready, done):
    job = Job()
    ready.release()
    done.wait()
    return job

ready, done = threading.Semaphore(0), threading.Event()
for name in ("first", "second", "third"):
    threading.Thread(target=serve, args=(ready, done), name=name).start()
    ready.acquire()
heapdump.snap(sys.argv[1])
done.set()
"""


class Paths(unittest.TestCase):
    def test_local_variables_name_their_thread(self):
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                snapshot = os.path.join(directory, "threads.db")
                check([python, "-c", THREADS, snapshot])
                rows = query(snapshot, "SELECT path FROM objects WHERE type GLOB '*Job' ORDER BY path")
                self.assertEqual([row["path"] for row in rows],
                                 ["<local job of serve() in thread %s>" % name for name in ("first", "second", "third")])

    def test_paths_evaluate(self):
        program = os.path.join(support.HERE, "programs", "paths.py")
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                out = check([python, program, HEAPQUERY, os.path.join(directory, "paths.db")])
                last = out.splitlines()[-1].split()
                self.assertEqual((last[0], last[2], last[1]), ("ok", "of", last[3]), out)
                self.assertGreater(int(last[1]), 35)

    def test_paths_of_suspects_evaluate(self):
        """Of leaks of many kinds, in the process that leaks: what heapdiff prints is the object."""
        program = os.path.join(support.HERE, "programs", "evaluate.py")
        cases = [case for case in runner.all_cases()[0] if not case.needs]
        others = [python for _, python in sorted(support.interpreters().items())]
        whole = 0
        for number, case in enumerate(cases):
            python = others[number % len(others)]
            with self.subTest(case=case.name, python=python), tempfile.TemporaryDirectory() as directory:
                with open(os.path.join(directory, "shop.py"), "w") as file:
                    file.write(case.source)
                out = check([python, program, support.HEAPDIFF, HEAPQUERY, directory])
                last = out.splitlines()[-1].split()
                self.assertEqual((last[0], last[2], last[1]), ("ok", "of", last[3]), out)
                whole += int(last[1])
        self.assertGreater(whole, len(cases))


if __name__ == "__main__":
    unittest.main()
