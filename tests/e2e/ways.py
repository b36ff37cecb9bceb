"""Programs to be snapped in the tests of the ways in, and who runs them."""
import os
import random
import shutil
import signal
import subprocess
import tempfile
import unittest

import support

SYSTEM_PYTHON = "/usr/bin/python3"  # the one that every user can start


def a_user():
    """The number of a user who has no other process."""
    return random.randrange(1 << 20, 1 << 30)


class WaysTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o777)
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def files(self):
        return sorted(name for name in os.listdir(self.folder) if not name.endswith(".py"))

    def start(self, program, *arguments, python=SYSTEM_PYTHON, uid=None, argv=None, **options):
        """A program that says "ready" and then goes on; ended with all it started when the test is over."""
        options.setdefault("env", support.environment())
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(argv or [python, "-c", program, *arguments], stdout=subprocess.PIPE,
                                   cwd="/", start_new_session=True, preexec_fn=(lambda: os.setuid(uid)) if uid else None,
                                   **options)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def end(self, process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        process.stdout.close()

    def heapdump(self, *arguments, **options):
        options.setdefault("cwd", self.folder)
        return support.run([support.HEAPDUMP, *arguments], **options)

    def good(self, *arguments, **options):
        """heapdump(), which must go well. Gives what it said on standard output."""
        done = self.heapdump(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def refused(self, *arguments, **options):
        """heapdump(), which must end with 2. Gives the last line of standard error."""
        done = self.heapdump(*arguments, **options)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"(^|\n)heapdump: [^\n]+\n$")
        return done.stderr.splitlines()[-1]
