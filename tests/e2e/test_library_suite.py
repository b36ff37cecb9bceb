"""The pytest plugin on the test suite of a library that others wrote: python3-networkx, whose Debian package holds its tests. With
one leak planted, exactly the test that meets it fails, and the place is named."""
import os
import re
import shutil
import tempfile
import unittest

import support

SLOW = True
PYTHON = "/usr/bin/python3"
MODULES = ["networkx.algorithms.tests." + name for name in ("test_tournament", "test_bridges", "test_wiener")]
# An early return that forgets to clean up: what it began to work on stays in a global of the library.
PLANTED = """
from networkx.algorithms import tournament

class Search:
    def __init__(self, graph):
        self.graph = graph

Search.__module__ = tournament.__name__
tournament._running = []
original = tournament.hamiltonian_path

def hamiltonian_path(graph):
    tournament._running.append(Search(graph))
    path = original(graph)
    if path:
        tournament._running.pop()
    return path

tournament.hamiltonian_path = hamiltonian_path
"""


def missing():
    done = support.run([PYTHON, "-c", "import pytest, networkx.algorithms.tests.test_tournament"])
    return "" if done.returncode == 0 else "python3-networkx or python3-pytest is not installed"


@unittest.skipIf(missing(), missing())
class LibrarySuite(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def pytest(self, *options):
        env = support.environment(PYTHONPATH=os.pathsep.join([self.directory, os.path.join(support.BUILD, "python")]), COLUMNS="250")
        return support.run([PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "--pyargs", *MODULES], timeout=600,
                           cwd=self.directory, env=env)

    def test_one_planted_leak(self):
        with open(os.path.join(self.directory, "planted.py"), "w") as file:
            file.write(PLANTED)
        plain = self.pytest("-p", "planted")
        self.assertEqual(plain.returncode, 0, plain.stdout)
        tests = int(re.search(r"^(\d+) passed", plain.stdout, re.M).group(1))
        self.assertGreater(tests, 30)
        done = self.pytest("-p", "planted", "-p", "heapdump.pytest", "--heapdump-repeat", "3")
        self.assertEqual(done.returncode, 1, done.stdout)
        failed = re.findall(r"^FAILED (.*)$", done.stdout, re.M)
        self.assertEqual(len(failed), 1, done.stdout)
        self.assertRegex(failed[0], r"::test_hamiltonian_empty_graph - LEAKS \+1 Search a run: networkx\.algorithms\.tournament\._running$")
        self.assertIn("1 failed, %d passed" % (tests - 1), done.stdout)


if __name__ == "__main__":
    unittest.main()
