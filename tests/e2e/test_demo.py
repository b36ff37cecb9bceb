"""The hunt that `make demo` shows: line one of heapdiff names the forgotten global, whatever it is called."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import support

DEMO = os.path.join(support.ROOT, "tests", "demo")


class Demo(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)

    def hunt(self, python, rename=None):
        """Runs the suite, with the global renamed, and gives what heapdiff says of its two snapshots."""
        program = os.path.join(self.directory, "demo")
        shutil.copytree(DEMO, program, dirs_exist_ok=True)
        if rename:
            path = os.path.join(program, "webapp", "site.py")
            with open(path) as source:
                text = source.read()
            self.assertIn("_site_stack", text)
            with open(path, "w") as source:
                source.write(text.replace("_site_stack", rename))
        support.check([python, os.path.join(program, "run_suite.py"), self.directory])
        return support.check([support.HEAPDIFF, "before.db", "after.db", "--graph", "chain.svg", "-f"],
                             cwd=self.directory)

    def test_line_one_names_the_global(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                first = self.hunt(python).splitlines()[0]
                self.assertRegex(first, r"^1\. webapp\.site\._site_stack +\(list\) +4 -> 20 entries")
                with open(os.path.join(self.directory, "chain.svg")) as picture:
                    self.assertIn("_site_stack", picture.read())

    def test_renamed_global(self):
        python = next(iter(support.interpreters().values()))
        first = self.hunt(python, rename="_zebra").splitlines()[0]
        self.assertRegex(first, r"^1\. webapp\.site\._zebra +\(list\) +4 -> 20 entries")

    def test_the_fix_silences_it(self):
        program = os.path.join(self.directory, "fixed")
        shutil.copytree(DEMO, program)
        path = os.path.join(program, "functional_tests.py")
        with open(path) as source:
            text = source.read()
        with open(path, "w") as source:
            source.write(text.replace("self.db = None ", "self.db = None; set_site(None) "))
        python = next(iter(support.interpreters().values()))
        support.check([python, os.path.join(program, "run_suite.py"), self.directory])
        out = support.check([support.HEAPDIFF, "before.db", "after.db"], cwd=self.directory)
        self.assertNotIn("_site_stack", out)
        self.assertIsNone(re.search(r"^1\. ", out, re.M), out)
        quiet = support.run([support.HEAPDIFF, "--exit-code", "before.db", "after.db"], cwd=self.directory)
        self.assertEqual(quiet.returncode, 0, quiet.stdout)
        self.assertEqual(quiet.stderr, "")


class DemoScript(unittest.TestCase):
    def test_runs_and_leaves_the_picture(self):
        done = subprocess.run(["sh", os.path.join(DEMO, "demo.sh"), support.BUILD], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("\n1. webapp.site._site_stack", done.stdout)
        self.assertTrue(os.path.getsize(os.path.join(support.BUILD, "demo", "chain.svg")) > 0)


if __name__ == "__main__":
    unittest.main()
