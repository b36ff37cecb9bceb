"""The snapshot child: ends at once when the tool has gone, and waits for one that is slow."""
import os
import signal
import time

import attach
import support

SLOW = True
# More than the pipe between child and tool holds. The argument tells the child from other processes.
TARGET = """
import time
held = [[n, str(n), float(n)] for n in range(400_000)]
print("ready", flush=True)
time.sleep(600)
"""
TICKS_S = 1.2  # two ticks of the child's clock, which are signals: they must not end its wait
GONE_S = 20    # at once, on a machine that may be busy; a child that does not notice waits for a minute


class Child(attach.Case):
    def find_child(self, target):
        with open("/proc/%d/cmdline" % target.pid) as file:
            wanted = file.read()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/comm" % pid) as comm, open("/proc/%s/cmdline" % pid) as cmdline:
                    if comm.read() == "heapdump-snap\n" and cmdline.read() == wanted:
                        return int(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        return None

    def wait(self, what, state):
        until = time.monotonic() + attach.START_S
        while True:
            seen = state()
            if seen:
                return seen
            self.assertLess(time.monotonic(), until, what)

    def reads(self, child):
        """The tool has read something: then the child has let go of its own end of the pipe."""
        return not os.path.lexists("/proc/%d/fd/0" % child)

    def stopped_tool(self):
        """A target, its snapshot child that waits for more to be read, and the tool, which is stopped."""
        target = self.start([next(iter(support.interpreters().values())), "-c", TARGET, self.directory])
        tool = attach.start_tool(target.pid, os.path.join(self.directory, "snap.db"))
        for last in (tool.stderr.close, tool.wait, tool.kill):
            self.addCleanup(last)
        child = self.wait("no child", lambda: self.find_child(target))
        self.wait("the tool does not read", lambda: self.reads(child))
        tool.send_signal(signal.SIGSTOP)
        self.wait("the child does not wait", lambda: attach.status(child, "State")[0] == "S")
        return target, child, tool

    def test_tool_dies(self):
        target, child, tool = self.stopped_tool()
        tool.kill()
        killed = time.monotonic()
        self.wait("the child stays", lambda: not os.path.exists("/proc/%d" % child))
        self.assertLess(time.monotonic() - killed, GONE_S)
        support.check([support.HEAPQUERY, "verify", self.check_snap(target.pid)])

    def test_tool_is_slow(self):
        _, child, tool = self.stopped_tool()
        time.sleep(TICKS_S)
        self.assertEqual(attach.status(child, "State")[0], "S")
        tool.send_signal(signal.SIGCONT)
        self.assertEqual((tool.communicate()[1], tool.returncode), ("", 0))
        support.check([support.HEAPQUERY, "verify", os.path.join(self.directory, "snap.db")])
        self.wait("the child stays", lambda: not os.path.exists("/proc/%d" % child))


if __name__ == "__main__":
    attach.unittest.main()
