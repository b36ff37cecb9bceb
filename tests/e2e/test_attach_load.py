"""Attaching again and again to a program under load that checks itself; a storm of signals; two tools."""
import os

import attach
import support

SLOW = True
LONG = True
ATTACHES = 100  # in all, for each situation; `make soak` does more


class Load(attach.Case):
    def attach_again_and_again(self, python, times, *mode):
        process = self.start([python, attach.LOAD, *mode])
        for _ in range(times):
            self.check_snap(process.pid, "--timeout", "30")
        self.assertTrue(attach.runs(process.pid))
        return self.report(process)

    def test_under_load(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                counts = self.attach_again_and_again(python, ATTACHES)
                print("%s: %d attaches; meanwhile %s" % (version, ATTACHES, counts))

    def test_signal_storm(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                counts = self.attach_again_and_again(python, ATTACHES // 4, "storm")
                self.assertGreater(counts["SIGALRM"], ATTACHES // 4)

    def test_two_tools_at_once(self):
        for version, python in support.interpreters().items():
            with self.subTest(version):
                process = self.start([python, attach.LOAD])
                for _ in range(ATTACHES // 10):
                    paths = [os.path.join(self.directory, "%d.db" % n) for n in range(2)]
                    tools = [attach.start_tool(process.pid, path) for path in paths]
                    for tool, path in zip(tools, paths):
                        self.assertEqual((tool.communicate()[1], tool.returncode), ("", 0))
                        support.check([support.HEAPQUERY, "verify", path])
                self.report(process)


if __name__ == "__main__":
    attach.unittest.main()
