"""heapdiff --baseline: accepted suspects pass, a new one is named and counts, one that is gone is said; in every run and
under every Python, whatever the addresses."""
import json
import os
import shutil
import tempfile
import unittest

import support

PROGRAM = """
import heapdump, sys
class Entry: pass
class Job: pass
caches = [{"log": []}, {"log": []}]
jobs = {}
big = []
for letter in "abcdefghijklm":
    globals()["many_" + letter] = []
def work(step):
    for _ in range(20):
        if "entries" in sys.argv:
            for cache in caches:
                cache["log"].append(Entry())
        if "big" in sys.argv:
            big.append(bytearray(100000))
        for n in range(13):
            if "many%d" % n in sys.argv:
                for _ in range(5):
                    globals()["many_" + "abcdefghijklm"[n]].append(Job())
        if "jobs" in sys.argv:
            jobs[object()] = Job()
for step in range(3):
    work(step)
    heapdump.snap("%s.%d.db" % (sys.argv[1], step), force=True)
"""


class Gate(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.accepted = os.path.join(self.directory, "accepted.json")

    def snap(self, name, *leaks, python="/usr/bin/python3"):
        support.check([python, "-c", PROGRAM, name, *leaks], cwd=self.directory)
        return [os.path.join(self.directory, "%s.%d.db" % (name, step)) for step in range(3)]

    def gate(self, snapshots, *options):
        return support.run([support.HEAPDIFF, *snapshots, "--exit-code", "-q", *options])

    def test_accepted_new_gone(self):
        entries = self.snap("entries", "entries")
        support.check([support.HEAPDIFF, *entries, "--write-baseline", self.accepted])
        self.assertEqual(self.gate(entries).returncode, 1)
        for version, python in support.interpreters().items():
            with self.subTest(version):
                again = self.snap("again-" + version, "entries", python=python)
                done = self.gate(again, "--baseline", self.accepted)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("1 accepted, 0 new, 0 gone", done.stdout)
        done = self.gate(self.snap("both", "entries", "jobs"), "--baseline", self.accepted)
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 accepted, 1 new, 0 gone\n  new   __main__.jobs  (__main__.Job)\n", done.stdout)
        done = self.gate(self.snap("none"), "--baseline", self.accepted)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"0 accepted, 0 new, 1 gone\n  gone  __main__\.caches\S*  \(__main__.Entry\)\n")

    def test_what_is_not_listed_counts_too(self):
        """Beside 14 places that grow, of which ten are listed, and one of them that dwarfs the new one."""
        many = ["big"] + ["many%d" % n for n in range(13)]
        support.check([support.HEAPDIFF, *self.snap("many", *many), "--write-baseline", self.accepted])
        with open(self.accepted) as file:
            self.assertEqual(len(json.load(file)["accepted"]), 14)
        for version, python in support.interpreters().items():
            with self.subTest(version):
                done = self.gate(self.snap("same", *many, python=python), "--baseline", self.accepted)
                self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                                 (0, self.accepted + ": 14 accepted, 0 new, 0 gone"))
                done = self.gate(self.snap("more", "entries", *many, python=python), "--baseline", self.accepted)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, r"14 accepted, 1 new, 0 gone\n  new   __main__\.caches\S*  \(__main__.Entry\)\n\Z")
                done = self.gate(self.snap("less", *many[:-1], python=python), "--baseline", self.accepted)
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, r"13 accepted, 0 new, 1 gone\n  gone  __main__\.many\S*")

    def test_the_file(self):
        entries = self.snap("entries", "entries")
        support.check([support.HEAPDIFF, *entries, "--write-baseline", self.accepted])
        with open(self.accepted) as file:
            written = json.load(file)
        self.assertEqual(written["heapdiff_baseline"], 1)
        self.assertEqual([entry["type"] for entry in written["accepted"]], ["__main__.Entry"])
        refused = support.run([support.HEAPDIFF, *entries, "--write-baseline", self.accepted])
        self.assertEqual(refused.returncode, 2)
        self.assertIn("-f", refused.stderr)
        support.check([support.HEAPDIFF, *entries, "--write-baseline", self.accepted, "-f"])
        missing = self.gate(entries, "--baseline", self.accepted + ".none")
        self.assertEqual((missing.returncode, missing.stderr.count("\n")), (2, 1))

    def test_json_stays_one_document(self):
        entries = self.snap("entries", "entries")
        support.check([support.HEAPDIFF, *entries, "--write-baseline", self.accepted])
        done = self.gate(entries, "--baseline", self.accepted, "--json")
        self.assertEqual(len(json.loads(done.stdout)["suspects"]), 1)
        self.assertIn("1 accepted", done.stderr)


if __name__ == "__main__":
    unittest.main()
