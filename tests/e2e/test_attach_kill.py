"""The tool killed at any instant: the target runs within a tenth of a second, and can be snapped again."""
import os
import random
import time

import attach
import support

SLOW = True
LONG = True
KILLS = 100  # for each interpreter; `make soak` does more
RUNS_WITHIN_S = 0.1


class Kill(attach.Case):
    def test_tool_killed_at_any_instant(self):
        seed = random.randrange(10 ** 9)
        print("seed", seed)
        chance = random.Random(seed)
        for version, python in support.interpreters().items():
            with self.subTest(version, seed=seed):
                process = self.start([python, attach.LOAD])
                began = time.monotonic()
                self.check_snap(process.pid)
                usual = time.monotonic() - began
                path = os.path.join(self.directory, "killed.db")
                for _ in range(KILLS):
                    tool = attach.start_tool(process.pid, path)
                    killed = attach.kill_after(tool, chance.uniform(0, usual))
                    if not attach.runs(process.pid):
                        time.sleep(max(0, killed + RUNS_WITHIN_S - time.monotonic()))
                        self.assertTrue(attach.runs(process.pid), "stopped 0.1 s after the tool was killed")
                self.check_snap(process.pid)
                self.report(process)


if __name__ == "__main__":
    attach.unittest.main()
