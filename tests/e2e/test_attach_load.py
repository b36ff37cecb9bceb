"""Attaching again and again to a program under load that checks itself; a storm of signals; two tools."""
import os

import attach
import support

SLOW = True
ATTACHES = 100  # for each interpreter; `make soak` does more
IN_STORM = 25
BY_TWO = 10


class Load(attach.Case):
    def attach_again_and_again(self, python, times, *mode):
        process = self.start([python, attach.LOAD, *mode])
        for _ in range(times):
            self.check_snap(process.pid, "--timeout", "60")
        self.assertTrue(attach.runs(process.pid))
        return self.report(process)

    def test_under_load(self):
        def run(version, python):
            counts = self.attach_again_and_again(python, ATTACHES)
            print("| %-8s| %d attaches; meanwhile %s" % (
                version, ATTACHES, ", ".join("%s %d" % item for item in sorted(counts.items()))))
        self.each(run)

    def test_signal_storm(self):
        def run(version, python):
            counts = self.attach_again_and_again(python, IN_STORM, "storm")
            self.assertGreater(counts["SIGALRM"], IN_STORM)
        self.each(run)

    def test_two_tools_at_once(self):
        def run(version, python):
            process = self.start([python, attach.LOAD])
            for _ in range(BY_TWO):
                paths = [os.path.join(self.directory, "%s.%d.db" % (version, n)) for n in range(2)]
                tools = [attach.start_tool(process.pid, path) for path in paths]
                for tool, path in zip(tools, paths):
                    self.assertEqual((tool.communicate()[1], tool.returncode), ("", 0))
                    support.check([support.HEAPQUERY, "verify", path])
            self.report(process)
        self.each(run)


if __name__ == "__main__":
    attach.unittest.main()
