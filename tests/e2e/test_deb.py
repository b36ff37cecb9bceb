"""make deb: a package that lintian has nothing against, that works where it is installed, and of which its removal leaves
nothing. It is installed below a directory of its own, beside this system's packages."""
import glob
import os
import shutil
import subprocess
import tempfile
import unittest

import support

SLOW = True
PYTHON = "/usr/bin/python3"  # the one that dist-packages belongs to
PROGRAM = """
import heapdump
class Entry: pass
kept = []
for step in range(3):
    kept.extend(Entry() for _ in range(20))
    heapdump.snap("%d.db" % step)
"""


def missing():
    if os.geteuid() != 0:
        return "dpkg installs as root only"
    packages = ("dpkg-dev", "debhelper", "lintian", "fakeroot")
    known = support.run(["dpkg-query", "-W", "-f", "${Package} ", *packages]).stdout.split()
    return ", ".join(name for name in packages if name not in known) + " not installed" if len(known) < len(packages) else None


@unittest.skipIf(missing(), missing())
class Deb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "-C", support.ROOT, "O=" + support.BUILD, "deb"], check=True, timeout=800,
                       stdout=subprocess.DEVNULL)
        (cls.package,) = glob.glob(os.path.join(support.BUILD, "deb", "heapsnap_*.deb"))

    def dpkg(self, *arguments):
        support.check(["dpkg", "--root=" + self.root, "--force-script-chrootless", "--force-depends", *arguments])

    def files(self):
        """What lies below the root, but for what dpkg keeps for itself."""
        return sorted(os.path.relpath(os.path.join(at, name), self.root) for at, folders, names in os.walk(self.root)
                      for name in names + [folder for folder in folders if not os.listdir(os.path.join(at, folder))]
                      if not os.path.relpath(at, self.root).startswith(os.path.join("var", "l")))

    def test_lintian_is_content(self):
        done = support.run(["lintian", "--allow-root", "--fail-on", "error,warning", self.package])
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_version(self):
        with open(os.path.join(support.ROOT, "VERSION")) as file:
            version = file.read().strip()
        self.assertEqual(support.check(["dpkg-deb", "-f", self.package, "Version"]).strip(), version)

    def test_installed_used_removed(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"):
            os.makedirs(os.path.join(self.root, folder))
        open(os.path.join(self.root, "var/lib/dpkg/status"), "w").close()
        before = self.files()
        self.dpkg("-i", self.package)
        self.use()
        self.dpkg("--purge", "heapsnap")
        self.assertEqual(self.files(), before)

    def use(self):
        work = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, work)
        tool = {name: os.path.join(self.root, "usr/bin", name) for name in ("heapdump", "heapdiff", "heapquery")}
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.path.join(self.root, "usr/lib/python3/dist-packages")}
        support.check([PYTHON, "-c", PROGRAM], cwd=work, env=env)  # leaves compiled modules
        said = support.check([tool["heapdiff"], "0.db", "1.db", "2.db"], cwd=work)
        self.assertIn("1. __main__.kept  (list)  20 -> 40 -> 60 entries", said)
        self.assertIn("__main__.Entry", support.check([tool["heapquery"], "types", "-n", "0", "2.db"], cwd=work))
        support.check([tool["heapdump"], "run", "-o", "run.db", "--", PYTHON, "-c", "pass"], cwd=work)
        target = subprocess.Popen([PYTHON, "-c", "print(1, flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        target.stdout.readline()
        support.check([tool["heapdump"], "snap", "attached.db", "-p", target.pid], cwd=work)
        target.communicate(b"\n")
        extension = os.path.join(self.root, "usr/lib/heapsnap.so")
        rows = support.check(["sqlite3", ":memory:", ".load " + extension, "SELECT heapsnap_attach('attached.db', 'a')",
                              "SELECT count(*) > 1000 FROM a.objects"], cwd=work)
        self.assertEqual(rows.split()[-1], "1")
        for name in tool:
            page = os.path.join(self.root, "usr/share/man/man1", name + ".1.gz")
            self.assertTrue(os.path.exists(page), page)


if __name__ == "__main__":
    unittest.main()
