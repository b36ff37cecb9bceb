"""The tool killed at any instant: the target goes on at once, and can be snapped again."""
import os
import random
import time

import attach
import support

SLOW = True
KILLS = 100  # for each interpreter; `make soak` does more


class Kill(attach.Case):
    def test_tool_killed_at_any_instant(self):
        seed = random.randrange(10 ** 9)

        def run(version, python):
            chance = random.Random("%s %s" % (seed, version))
            process = self.start([python, attach.LOAD])
            began = time.monotonic()
            self.check_snap(process.pid)
            usual = time.monotonic() - began
            path = os.path.join(self.directory, "killed.%s.db" % version)
            waits = []
            for _ in range(KILLS):
                tool = attach.start_tool(process.pid, path)
                waits.append(attach.kill_after(tool, process.pid, chance.uniform(0, usual)))
                self.assertTrue(attach.runs(process.pid), "stopped after the tool was killed; seed %d" % seed)
            support.check([support.HEAPQUERY, "verify", self.check_snap(process.pid)])
            self.report(process)
            print("| %-8s| %d tools killed, the target ran %.0f ms later at the latest" % (
                version, KILLS, 1000 * max(waits)))
        self.each(run)


if __name__ == "__main__":
    attach.unittest.main()
