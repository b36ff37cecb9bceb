"""make install puts everything where it works from, and make uninstall leaves nothing."""
import os
import shutil
import subprocess
import tempfile
import unittest

import support

PROGRAM = "import heapdump, sys; heapdump.snap(sys.argv[1])"


def make(*targets):
    subprocess.run(["make", "-s", "-C", support.ROOT, "O=" + support.BUILD, *targets], check=True, timeout=300,
                   stdout=subprocess.DEVNULL)


class Install(unittest.TestCase):
    def test_install_use_uninstall(self):
        root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, root)
        prefix = os.path.join(root, "usr")
        make("install", "PREFIX=" + prefix)
        snapshot = os.path.join(root, "snap.db")
        env = support.environment(PYTHONPATH=os.path.join(prefix, "lib", "heapdump", "python"))
        for python in support.interpreters().values():
            support.check([python, "-c", PROGRAM, snapshot], env=env)
            support.check([os.path.join(prefix, "bin", "heapquery"), "verify", snapshot])
            os.unlink(snapshot)
        env.pop("PYTHONPATH")
        support.check([os.path.join(prefix, "bin", "heapdump"), "run", "-o", snapshot, "--at-exit", "--",
                       python, "-c", "pass"], env=env)
        support.check([os.path.join(prefix, "bin", "heapdiff"), snapshot, shutil.copy(snapshot, snapshot + ".2.db")])
        make("uninstall", "PREFIX=" + prefix)
        left = [os.path.join(at, name) for at, _, names in os.walk(prefix) for name in names]
        self.assertEqual(left, [])


if __name__ == "__main__":
    unittest.main()
