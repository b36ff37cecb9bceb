"""Greenlets that wait: what their functions hold is theirs, and is named."""
import os
import subprocess
import tempfile
import unittest

import support

SLOW = True

PROGRAM = """
import greenlet
import heapdump

class Conn: pass
class Row: pass
class Gone: pass

def switch():
    greenlet.getcurrent().parent.switch()

def fetch(rows):
    row = Row()
    switch()
    return row

def lines():
    kept = Row()
    switch()
    yield kept

def serve(conn):
    gone = Gone()
    del gone
    fetch([])

def iterate(conn):
    return list(lines())

waiting = []
for function in (serve, iterate):
    for _ in range(5):
        waiting.append(greenlet.greenlet(function))
        waiting[-1].switch(Conn())
fresh = greenlet.greenlet(serve)
done = greenlet.greenlet(lambda conn: None)
done.switch(Conn())
heapdump.snap("main.db")
# From within a greenlet it is the main one that waits.
greenlet.greenlet(lambda: heapdump.snap("inside.db")).switch()
"""


def interpreters():
    """Those that can import greenlet."""
    for version, python in support.interpreters().items():
        if subprocess.run([python, "-c", "import greenlet"], capture_output=True).returncode == 0:
            yield version, python


class Greenlets(unittest.TestCase):
    def setUp(self):
        self.found = list(interpreters())
        if not self.found:
            self.skipTest("no interpreter here has greenlet (Debian: python3-greenlet)")

    def test_locals_of_waiting_greenlets(self):
        for version, python in self.found:
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                support.check([python, "-c", PROGRAM], cwd=directory, env=support.environment())
                for name in ("main.db", "inside.db"):
                    self.check_snapshot(os.path.join(directory, name))

    def check_snapshot(self, path):
        support.check([support.HEAPQUERY, "verify", path])
        rows = support.query(path, "SELECT type, count(*) AS objects, max(external_refs) AS external,"
                                   " sum(path LIKE '<local % of __main__.waiting[_]>%') AS told"
                                   " FROM objects WHERE type IN ('__main__.Conn', '__main__.Row', '__main__.Gone')"
                                   " GROUP BY type ORDER BY type")
        self.assertEqual(rows, [{"type": "__main__.Conn", "objects": 10, "external": 0, "told": 10},
                                {"type": "__main__.Row", "objects": 10, "external": 0, "told": 5}])
        # The other rows are those of generators that run in greenlets.
        paths = support.query(path, "SELECT path FROM objects WHERE type = '__main__.Row' AND path NOT LIKE '<local %'")
        for row in paths:
            self.assertRegex(row["path"], r"^<temporary of __main__\.waiting\[[5-9]\]>\.gi_frame\.f_locals\['kept'\]$")


if __name__ == "__main__":
    unittest.main()
