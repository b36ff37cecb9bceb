"""Memory that runs out: each place where the tools or SQLite allocate fails once, and every third of them for good.

Whatever happens, the tool ends by itself: as if nothing had failed, or with status 2, one line that says so, and no new
file. With a sanitized build beside this one (make test has it) nothing may leak or be touched that is not there.
"""
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import support

sys.path.insert(0, os.path.join(support.ROOT, "tests", "fuzz"))
import seeds_stream

SLOW = True
SANITIZED = support.BUILD + "-san"
TOOLS = os.path.join(SANITIZED if os.path.isdir(os.path.join(SANITIZED, "fault")) else support.BUILD, "fault")
SANITIZER_STATUS = 99
TIMEOUT_S = 60
# Each question is asked in a directory with before.db, after.db (webapp leaks databases) and stream.
COMMANDS = [
    "heapdump collect -o new.db",
    "heapquery types after.db",
    "heapquery show after.db #3",
    "heapquery refs after.db webapp.DB[0]",
    "heapquery backrefs after.db webapp.DB[0] --json",
    "heapquery chain after.db webapp.DB[-1]",
    "heapquery chain after.db webapp.DB[-1] --show-sql",
    "heapquery chain after.db webapp.DB[-1] -o new.dot",
    "heapquery unpack after.db new.db",
    "heapquery verify after.db",
    "heapquery after.db before.db --csv "
    "SELECT@a.type,count(*),max(a.path),sum(a.retained_bytes)@FROM@after.objects@a@LEFT@JOIN@before.objects@b@USING@(address)@GROUP@BY@1",
    "heapdiff before.db after.db",
    "heapdiff before.db after.db --json",
    "heapdiff before.db after.db --graph new.dot",
]


class Tool:
    """One command, run again and again in copies of one directory."""

    def __init__(self, command, files):
        self.argv = [word.replace("@", " ") for word in command.split()]
        self.command, self.files = command, files

    def run(self, **faults):
        """(status, output, error, files that are new); addresses are the same in every run."""
        with tempfile.TemporaryDirectory(prefix="heapdump-fault-") as place:
            for name, data in self.files.items():
                with open(os.path.join(place, name), "wb") as file:
                    file.write(data)
            env = dict(os.environ, ASAN_OPTIONS="exitcode=%d" % SANITIZER_STATUS, **faults)
            argv = ["setarch", "-R", os.path.join(TOOLS, self.argv[0]), *self.argv[1:]]
            with open(os.path.join(place, "stream"), "rb") as stream:
                done = subprocess.run(argv, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=place,
                                      env=env, timeout=TIMEOUT_S)
            changed = [name for name, data in self.files.items() if open(os.path.join(place, name), "rb").read() != data]
            return (done.returncode, done.stdout.decode(), done.stderr.decode(),
                    sorted(set(os.listdir(place)) - set(self.files)) + changed)

    def places(self, known):
        """Numbers of the first allocations of the places that are not in `known`, which then has them."""
        with tempfile.NamedTemporaryFile(prefix="heapdump-fault-") as log:
            self.good = self.run(FAULT_LOG=log.name)
            lines = [line.split() for line in log.read().decode().splitlines()]
        fresh = [number for number, place in lines if (self.argv[0], place) not in known]
        known.update((self.argv[0], place) for number, place in lines)
        return fresh

    def complaint(self, variable, number):
        """What is wrong with how the tool takes the failure, None if nothing is."""
        try:
            status, out, err, new = self.run(**{variable: number})
        except subprocess.TimeoutExpired:
            return "%s, %s=%s: does not end" % (self.command, variable, number)
        # The collector speaks to the program that started it, over its standard output.
        said = err or (out if out.startswith("error ") else "")
        refused = status == 2 and len(said.splitlines()) == 1 and new == []
        if refused or (status, out, err, new) == self.good:
            return None
        return "%s, %s=%s: status %d, new files %s\n%s%s" % (self.command, variable, number, status, new, out[-300:], err[-3000:])


@unittest.skipUnless(shutil.which("setarch"), "setarch is not installed")
class Memory(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="heapdump-fault-") as place:
            names = [os.path.join(place, name) for name in ("before.db", "after.db")]
            support.check([os.path.join(TOOLS, "snapshots"), *names])
            cls.files = {os.path.basename(name): open(name, "rb").read() for name in names}
        cls.files["stream"] = seeds_stream.stream(seeds_stream.PAIR, 30, True)

    def test_every_place_fails(self):
        known, jobs = set(), []
        for command in COMMANDS:
            tool = Tool(command, self.files)
            places = tool.places(known)
            self.assertEqual(tool.good[0], 0, tool.good)
            jobs += [(tool, "FAULT_AT", number) for number in places] + [(tool, "FAULT_FROM", number) for number in places[::3]]
        self.assertGreater(len(jobs), 500)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            complaints = [found for found in pool.map(lambda job: job[0].complaint(*job[1:]), jobs) if found]
        self.assertTrue(not complaints, "%d of %d\n%s" % (len(complaints), len(jobs), "\n".join(complaints[:20])))

    def test_the_failure_is_named(self):
        """The first allocation of all but those that SQLite can do without."""
        tool = Tool("heapquery types after.db", self.files)
        self.assertEqual(tool.run(FAULT_FROM="1")[0], 2)
        self.assertIn("memory", tool.run(FAULT_FROM="1")[2])


if __name__ == "__main__":
    unittest.main()
