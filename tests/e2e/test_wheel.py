"""make wheel: in a fresh virtual environment of every Python here the wheel gives the three commands, the package and the
plugin, without a compiler and without a network, and its removal leaves nothing of it."""
import glob
import os
import shutil
import subprocess
import tempfile
import unittest

import support

SLOW = True
PROGRAM = """
import heapdump, sys
class Entry: pass
kept = []
for step in range(3):
    kept.extend(Entry() for _ in range(20))
    heapdump.snap("%d.db" % step)
"""


def has_tools():
    return support.run(["/usr/bin/python3", "-c", "import setuptools, wheel, venv, ensurepip"]).returncode == 0


def files(directory):
    return {os.path.join(at, name) for at, folders, names in os.walk(directory) for name in names
            if "__pycache__" not in at}


@unittest.skipUnless(has_tools(), "python3-setuptools, python3-wheel and python3-venv are not installed")
class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "-C", support.ROOT, "O=" + support.BUILD, "wheel"], check=True, timeout=600,
                       stdout=subprocess.DEVNULL)
        (cls.wheel,) = glob.glob(os.path.join(support.BUILD, "wheel", "dist", "*.whl"))

    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.env = support.environment()
        self.env.pop("PYTHONPATH")

    def install(self, python, *options):
        environment = os.path.join(self.directory, "env")
        shutil.rmtree(environment, ignore_errors=True)
        support.check([python, "-m", "venv", *options, environment], env=self.env, timeout=300)
        before = files(environment)
        self.pip(environment, "install", "--no-index", "--no-deps", "--no-compile", self.wheel)
        return environment, before

    def pip(self, environment, *arguments):
        support.check([os.path.join(environment, "bin", "python"), "-m", "pip", "-q", "--disable-pip-version-check",
                       *arguments], env=self.env, timeout=300)

    def test_name(self):
        with open(os.path.join(support.ROOT, "VERSION")) as file:
            self.assertEqual(os.path.basename(self.wheel), "heapsnap-%s-py3-none-linux_x86_64.whl" % file.read().strip())

    def test_install_use_uninstall(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                if support.run([python, "-c", "import ensurepip"]).returncode:
                    self.skipTest("%s has no ensurepip, so its virtual environments have no pip" % python)
                environment, before = self.install(python)
                self.use(environment)
                self.pip(environment, "uninstall", "-y", "heapsnap")
                self.assertEqual(files(environment) - before, set())

    def use(self, environment):
        tool = lambda name: os.path.join(environment, "bin", name)
        work = tempfile.mkdtemp(dir=self.directory)
        support.check([tool("python"), "-c", PROGRAM], cwd=work, env=self.env)
        text = support.check([tool("heapdiff"), "0.db", "1.db", "2.db"], cwd=work, env=self.env)
        self.assertIn("1. __main__.kept  (list)  20 -> 40 -> 60 entries", text)
        support.check([tool("heapquery"), "verify", "2.db"], cwd=work, env=self.env)
        support.check([tool("heapdump"), "run", "-o", "run.db", "--", tool("python"), "-c", "pass"], cwd=work, env=self.env)
        needed = support.check(["ldd", tool("heapdump"), tool("heapdiff"), tool("heapquery")])
        self.assertNotIn("sqlite", needed)

    def test_attach(self):
        environment, _ = self.install("/usr/bin/python3")
        script = "import sys; print(1, flush=True); sys.stdin.read()"
        with subprocess.Popen([os.path.join(environment, "bin", "python"), "-c", script], env=self.env,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            support.check([os.path.join(environment, "bin", "heapdump"), "snap", "attached.db", "-p", process.pid],
                          cwd=self.directory, env=self.env)

    def test_plugin(self):
        """Found by its entry point, and the same plugin if named as well."""
        environment, _ = self.install("/usr/bin/python3", "--system-site-packages")
        with open(os.path.join(self.directory, "test_leak.py"), "w") as file:
            file.write("class Order(object): pass\nkept = []\ndef test_leak(): kept.append(Order())\n")
        pytest = [os.path.join(environment, "bin", "python"), "-m", "pytest", "-p", "no:cacheprovider"]
        for named in ([], ["-p", "heapdump.pytest"]):
            done = support.run(pytest + named + ["--heapdump-repeat=5"], cwd=self.directory, env=self.env)
            self.assertIn("LEAKS +1 Order a run: test_leak.kept", done.stdout, done.stderr)
        support.check(pytest, cwd=self.directory, env=self.env)


if __name__ == "__main__":
    unittest.main()
