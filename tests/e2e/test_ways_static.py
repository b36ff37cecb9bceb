"""make static: a heapdump for machines that have nothing, such as a distroless host."""
import os
import shutil
import subprocess
import unittest

import support
from ways import WaysTest

SLEEPER = "class Held: pass\nheld = [Held() for _ in range(50)]\nimport time\nprint('ready', flush=True)\ntime.sleep(600)"


class Static(WaysTest):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "-C", support.ROOT, "O=" + support.BUILD, "static"], check=True, timeout=300,
                       stdout=subprocess.DEVNULL)
        cls.place = os.path.join(support.BUILD, "static")
        cls.program = os.path.join(cls.place, "bin", "heapdump")

    def check_snapshot(self):
        support.check([support.HEAPQUERY, "verify", self.path("a.db")])
        rows = support.query(self.path("a.db"), "SELECT objects FROM types WHERE name = '__main__.Held'")
        self.assertEqual(rows, [{"objects": 50}])

    def test_needs_no_library(self):
        self.assertNotIn("INTERP", support.check(["readelf", "-lW", self.program]))
        self.assertIn("no dynamic section", support.check(["readelf", "-dW", self.program]))

    def test_snap_and_list(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start(SLEEPER, python=python)
                support.check([self.program, "snap", "-f", self.path("a.db"), "-p", process.pid])
                self.check_snapshot()
        self.assertRegex(support.check([self.program, "list"]), r"\n *%d +%d [^\n]+\n" % (process.pid, os.getpid()))

    @unittest.skipIf(os.geteuid(), "a root of its own needs root")
    def test_where_there_is_nothing_else(self):
        """A root that holds the program, the agent and /proc, and not even a /tmp."""
        root = self.path("root")
        shutil.copytree(self.place, os.path.join(root, "opt"))
        os.mkdir(os.path.join(root, "proc"))
        process = self.start(SLEEPER)
        script = 'mount --rbind /proc "$1/proc" && exec chroot "$1" /opt/bin/heapdump snap /a.db -p "$2"'
        support.check(["unshare", "--mount", "sh", "-c", script, "sh", root, process.pid])
        os.rename(os.path.join(root, "a.db"), self.path("a.db"))
        self.check_snapshot()


if __name__ == "__main__":
    unittest.main()
