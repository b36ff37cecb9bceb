"""The pytest plugin and `python -m heapdump.unittest`: the tests that leak fail, each with its place, and no other."""
import csv
import os
import re
import shlex
import shutil
import tempfile
import unittest
import xml.etree.ElementTree

import support

SLOW = True
SUITE = os.path.join(support.HERE, "suite")
DEBIAN = "/usr/bin/python3"
DEBIAN_PACKAGES = "/usr/lib/python3/dist-packages"

LEAKS = {
    "test_shop.py::test_order": "LEAKS +4 Order a run: shop.open_orders",
    "test_shop.py::TestPay::test_pay": "LEAKS +1 Handler a run: shop.events.handlers",
    "test_shop.py::test_session": "LEAKS +1 Order a run: fixture sessions",
}
CLEAN = 5  # tests, with those of a parameter
MARKED = """
import pytest
import shop

class Small(object):
    __slots__ = ()

kept = []

@pytest.mark.no_leaks(types=["*.Small"])
def test_pattern():
    kept.append(Small())

@pytest.mark.no_leaks(types=[Small])
def test_class():
    kept.append([Small()])

@pytest.mark.no_leaks(types=["shop.Page", "Handler"])
def test_others():
    shop.Page.get("start")

@pytest.mark.limit_growth(objects=100, bytes=100000)
def test_within():
    kept.append(shop.Order([]))

@pytest.mark.limit_growth(objects=5)
def test_beyond():
    kept.extend(shop.Order([]) for _ in range(20))
"""


def has(module):
    return support.run([DEBIAN, "-c", "import " + module]).returncode == 0


@unittest.skipUnless(has("pytest"), "python3-pytest is not installed")
class Plugin(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        for name in ("shop.py", "test_shop.py"):
            shutil.copy(os.path.join(SUITE, name), self.directory)

    def pytest(self, *arguments, python=DEBIAN):
        path = os.path.join(support.BUILD, "python")
        if python != DEBIAN:
            path += os.pathsep + DEBIAN_PACKAGES
        return support.run([python, "-m", "pytest", "-p", "no:cacheprovider", "-p", "heapdump.pytest", *arguments],
                           cwd=self.directory, env=support.environment(PYTHONPATH=path, COLUMNS="200"), timeout=400)

    def failures(self, done):
        """{test: reason} as the short summary has it."""
        return dict(re.findall(r"^FAILED (\S+(?:\[.*?\])?) - (.*)$", done.stdout, re.M))

    def kept(self):
        return sorted(os.listdir(os.path.join(self.directory, "heapdump-snapshots")))

    def test_exactly_the_leaking_tests_fail(self):
        done = self.pytest("--heapdump-repeat=5", "-W", "error", "--strict-markers", "--junitxml=junit.xml",
                           "-o", "junit_family=xunit1")
        self.assertEqual(self.failures(done), LEAKS, done.stdout)
        self.assertEqual(done.returncode, 1)
        self.assertIn("3 failed, %d passed" % CLEAN, done.stdout)
        self.assertIn("test_shop.py::test_order LEAKS +4 Order a run: shop.open_orders", done.stdout)
        self.assertIn("= heap growth =", done.stdout)
        self.assertEqual(done.stdout.count("four orders"), 1, "what one run printed, not five")
        self.assertEqual(len(self.kept()), 3 * len(LEAKS))
        command = shlex.split(re.search(r"to look further: heapdiff (.*)", done.stdout).group(1))
        again = support.check([support.HEAPDIFF, "-q", *command], cwd=self.directory)
        self.assertIn("4 -> 12 -> 20", again)
        self.check_junit(os.path.join(self.directory, "junit.xml"))

    def check_junit(self, path):
        seen = {}
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            failure = case.find("failure")
            properties = {p.get("name"): p.get("value") for p in case.iter("property")}
            seen[case.get("name")] = properties
            self.assertEqual(failure is not None, "heapdump" in properties, case.get("name"))
        self.assertEqual(len(seen), 3 + CLEAN)
        self.assertIn("shop.open_orders", seen["test_order"]["heapdump"])
        self.assertTrue(seen["test_order"]["heapdump_command"].startswith("heapdiff heapdump-snapshots/"))
        self.assertEqual(seen["test_cancel"], {"orders": "4"})

    def test_other_interpreters(self):
        for version, python in support.interpreters().items():
            if python == DEBIAN:
                continue
            with self.subTest(version):
                minor = int(version.split(".")[1])
                if minor >= 14:
                    self.skipTest("Debian's pytest needs what is gone since 3.14")
                if minor < 11 and not (has("tomli") and has("exceptiongroup")):
                    self.skipTest("before 3.11 pytest needs python3-tomli and python3-exceptiongroup")
                done = self.pytest("--heapdump-repeat=3", "-p", "no:xdist", python=python)
                self.assertEqual(self.failures(done), LEAKS, done.stdout + done.stderr)

    @unittest.skipUnless(has("xdist"), "python3-pytest-xdist is not installed")
    def test_xdist(self):
        done = self.pytest("--heapdump-repeat=5", "-n2", "--heapdump-record=story.csv")
        self.assertEqual(self.failures(done), LEAKS, done.stdout)
        self.assertIn("= heap growth =", done.stdout)
        with open(os.path.join(self.directory, "story.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 5 * (3 + CLEAN))
        self.assertEqual(len({row["pid"] for row in rows}), 2)
        done = self.pytest("--heapdump-repeat=5", "--heapdump-each=session", "-n2")
        self.assertEqual(done.returncode, 4)
        self.assertIn("leave out -n", done.stdout + done.stderr)

    def test_session(self):
        done = self.pytest("--heapdump-repeat=5", "--heapdump-each=session", "--heapdump-dir=kept",
                           "--junitxml=junit.xml")
        self.assertEqual(list(self.failures(done)), ["heapdump::session"], done.stdout)
        self.assertIn("LEAKS +4 Order a run: shop.open_orders", done.stdout)
        self.assertIn("also +1 Handler a run: shop.events.handlers", done.stdout)
        self.assertIn("1 failed, %d passed" % (3 + CLEAN), done.stdout)
        self.assertEqual(sorted(os.listdir(os.path.join(self.directory, "kept"))),
                         ["session.1.db", "session.3.db", "session.5.db"])

    def test_markers(self):
        with open(os.path.join(self.directory, "test_marked.py"), "w") as file:
            file.write(MARKED)
        done = self.pytest("--heapdump-repeat=5", "--strict-markers", "test_marked.py")
        failures = self.failures(done)
        self.assertEqual(sorted(failures), ["test_marked.py::test_beyond", "test_marked.py::test_class",
                                            "test_marked.py::test_pattern"], done.stdout)
        self.assertEqual(failures["test_marked.py::test_class"], "LEAKS +1 test_marked.Small a run")
        self.assertRegex(failures["test_marked.py::test_beyond"], r"LEAKS \+[\d.]+ objects a run, 5 are allowed")
        self.assertIn("a run: test_marked.kept", done.stdout)
        self.assertEqual(self.pytest("--strict-markers", "test_marked.py").returncode, 0, "markers alone do nothing")

    def test_trouble_is_told_once(self):
        with open(os.path.join(self.directory, "test_trouble.py"), "w") as file:
            file.write("import pytest\nruns = []\n"
                       "def test_third():\n    runs.append(1)\n    assert len(runs) < 3\n"
                       "def test_fails():\n    runs.append(1)\n    assert 0\n"
                       "@pytest.fixture\ndef broken():\n    yield\n    raise OSError('broken')\n"
                       "def test_teardown(broken): pass\n"
                       "def test_skipped():\n    pytest.skip('not here')\n"
                       "@pytest.mark.xfail\ndef test_expected(): assert 0\n"
                       "def test_last(): assert len(runs) == 4\n")
        done = self.pytest("--heapdump-repeat=5", "-rA", "test_trouble.py")
        self.assertIn("2 failed, 2 passed, 1 skipped, 1 xfailed, 1 error", done.stdout)
        self.assertIn("this is run 3 of 5", done.stdout)
        self.assertFalse(os.path.exists(os.path.join(self.directory, "heapdump-snapshots")))

    def test_record_alone(self):
        done = self.pytest("--heapdump-record=story.csv")
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(os.path.join(self.directory, "story.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 3 + CLEAN)
        self.assertEqual(rows[0]["test"], "test_shop.py::test_order")
        for row in rows:
            self.assertGreater(int(row["vm_size"]), int(row["rss"]))
            self.assertGreater(int(row["objects"]), 1000)

    def test_refusals(self):
        done = self.pytest("--heapdump-repeat=2")
        self.assertEqual(done.returncode, 4)
        self.assertIn("3 runs or more tell a leak from a warm-up", done.stderr)


class Unittest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def run_suite(self, *arguments, python=DEBIAN):
        path = os.path.join(support.BUILD, "python") + os.pathsep + SUITE
        return support.run([python, "-W", "error", "-m", "heapdump.unittest", *arguments, "test_shop_unittest"],
                           cwd=self.directory, env=support.environment(PYTHONPATH=path), timeout=400)

    def test_exactly_the_leaking_tests_fail(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.run_suite("--repeat", "5", python=python)
                leaks = re.findall(r"Leak: \S+\.(\w+) LEAKS (.*)", done.stderr)
                self.assertEqual(leaks, [
                    ("test_order", "+4 Order a run: shop.open_orders"),
                    ("test_pay", "+1 Handler a run: shop.events.handlers"),
                    ("test_session", "+1 Order a run: test_shop_unittest.Orders.sessions"),
                ], done.stderr)
                self.assertIn("FAILED (failures=3)", done.stderr)
                self.assertIn("Ran 8 tests", done.stderr)
                self.assertNotEqual(done.returncode, 0)

    def test_session_and_record(self):
        done = self.run_suite("--each", "session", "--repeat", "4", "--record", "story.csv")
        self.assertIn("FAILED (failures=1)", done.stderr)
        self.assertIn("the whole run LEAKS +4 Order a run: shop.open_orders", done.stderr)
        with open(os.path.join(self.directory, "story.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 4 * 8)
        self.assertEqual({row["run"] for row in rows}, {"1", "2", "3", "4"})


if __name__ == "__main__":
    unittest.main()
