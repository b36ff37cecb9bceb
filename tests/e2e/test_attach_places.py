"""Targets in other roots, namespaces and users' hands; targets that would get our child for their own."""
import glob
import json
import os
import shutil
import time
import unittest

import attach
import support

SLOW = True
PYTHON = "/usr/bin/python3"  # one that every user can run
IDLE = "import time; print('ready', flush=True); time.sleep(600)"

# Waits for any child all the time, and counts what it did not start: there must be nothing.
WAITER = """
import ctypes, json, os, select, signal, sys, time
if "subreaper" in sys.argv: assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0
signals = []
signal.signal(signal.SIGCHLD, lambda *_: signals.append(1))
reader, writer = os.pipe(); os.set_blocking(writer, False); signal.set_wakeup_fd(writer)
seen = []
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.002)[0]:
    try: seen.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError: pass
left = open("/proc/self/task/%d/children" % os.getpid()).read().split()
print(json.dumps({"seen": [one for one in seen if one[0]], "signals": len(signals), "left": left}), flush=True)
"""


def root_and(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if os.geteuid() != 0:
        return "needs root"
    if missing:
        return "needs " + ", ".join(missing)
    works = support.run(["unshare", "-m", "true"])
    return "" if works.returncode == 0 else "no namespaces here: " + works.stderr.strip()


WHY_NOT = root_and("unshare", "chroot", "setpriv", "mount")


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Places(attach.Case):
    def inside(self, pid):
        """The Python below unshare, chroot and sh."""
        while True:
            with open("/proc/%d/task/%d/children" % (pid, pid)) as children:
                below = children.read().split()
            if not below:
                return pid
            pid = int(below[0])

    def start_in(self, script, program=IDLE, *arguments, unshare=("-m",), python=PYTHON):
        """Starts Python in namespaces of its own, where `script` (sh) has changed what is mounted."""
        script += "\nexec \"$@\""
        process = self.start(["unshare", *unshare, "sh", "-ec", script, "sh", python, "-c", program, *arguments])
        return process, self.inside(process.pid)

    def snapped(self, pid, **options):
        path = self.check_snap(pid, **options)
        support.check([support.HEAPQUERY, "verify", path])
        return path

    def hide_tool(self):
        """The target does not see where this tool is installed: it must be brought the agent."""
        return "mount --make-rprivate /\nmount -t tmpfs none '%s'\n" % support.BUILD

    def no_copy_left(self, pid):
        for place in ("tmp", "var/tmp", "dev/shm", "run"):
            names = os.listdir("/proc/%d/root/%s" % (pid, place))
            self.assertEqual([name for name in names if name.startswith(".heapdump-")], [], place)

    def test_mount_namespace(self):
        _, pid = self.start_in(self.hide_tool())
        self.snapped(pid)
        self.no_copy_left(pid)

    def test_read_only_root(self):
        _, pid = self.start_in(self.hide_tool() + "mount -t tmpfs none /tmp\nmount -o remount,ro,bind /")
        self.snapped(pid)
        self.no_copy_left(pid)

    def test_no_execution_in_tmp(self):
        script = "".join("mount -t tmpfs -o noexec none %s\n" % place for place in ("/tmp", "/var/tmp"))
        _, pid = self.start_in(self.hide_tool() + script + "mount -t tmpfs none /dev/shm")
        self.snapped(pid)
        self.no_copy_left(pid)

    def test_nowhere_to_load_from(self):
        script = "".join("mount -t tmpfs -o noexec none %s\n" % place
                         for place in ("/tmp", "/var/tmp", "/dev/shm", "/run"))
        _, pid = self.start_in(self.hide_tool() + script)
        self.refused(pid, "can load the agent from nowhere")
        self.assertTrue(attach.runs(pid))

    def test_chroot(self):
        root = os.path.join(self.directory, "root")
        os.mkdir(root)
        script = self.hide_tool() + "mount --rbind / '%s'\nset -- chroot '%s' \"$@\"" % (root, root)
        process, pid = self.start_in(script)
        self.assertEqual(os.readlink("/proc/%d/root" % pid), root)
        self.snapped(pid)
        self.no_copy_left(pid)
        self.end_of(process)

    def test_another_distribution(self):
        """Another root with another C library, as in a container: nothing of the tool or of this system is to be seen there."""
        pythons = sorted(glob.glob(os.path.join(support.ROOT, "pythons", "sid", "usr", "bin", "python3.[0-9][0-9]")))
        if not pythons:
            self.skipTest("no CPython of another distribution: make pythons")
        root = os.path.join(support.ROOT, "pythons", "sid")
        for python in pythons:
            with self.subTest(python):
                process = self.start(["chroot", root, python[len(root):], "-c", IDLE])
                self.assertEqual(os.readlink("/proc/%d/root" % process.pid), root)
                self.snapped(process.pid)
                self.no_copy_left(process.pid)
                rows = map(json.loads, support.check([support.HEAPDUMP, "list", "--json"]).splitlines())
                row = next(row for row in rows if row["pid"] == process.pid)
                self.assertEqual((row["can_snap"], row["command"]), (True, python[len(root):] + " -c"))

    def end_of(self, process):
        process.kill()
        process.wait()

    def test_user_mount_and_pid_namespaces(self):
        process, pid = self.start_in(self.hide_tool(), unshare=("-Urmpf", "--mount-proc", "--kill-child"))
        self.assertEqual(attach.status(pid, "NSpid").split()[-1], "1")
        for _ in range(3):
            self.snapped(pid)
        self.assertEqual(attach.status(pid, "Threads"), "1")

    def test_other_user(self):
        process = self.start(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", PYTHON, "-c", IDLE])
        path = self.snapped(process.pid)
        self.assertEqual(os.stat(path).st_uid, 0)

    def test_refused_to_another_user(self):
        process = self.start([PYTHON, "-c", IDLE])
        os.chmod(self.directory, 0o777)
        nobody = ("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups")
        self.refused(process.pid, "belongs to another user; try: sudo", prefix=nobody)

    def test_init_of_its_namespace(self):
        process, pid = self.start_in("", WAITER, unshare=("-mpf", "--mount-proc", "--kill-child"))
        self.assertEqual(attach.status(pid, "NSpid").split()[-1], "1")
        self.waits_for_nothing(process, pid)

    def test_subreaper_and_waiter(self):
        for version, python in support.interpreters().items():
            for kind in ("subreaper", "plain"):
                with self.subTest(version, kind=kind):
                    process = self.start([python, "-c", WAITER, kind])
                    self.waits_for_nothing(process, process.pid)

    def waits_for_nothing(self, process, pid):
        for _ in range(3):
            self.snapped(pid)
        time.sleep(0.1)
        out, _ = process.communicate("\n", timeout=60)
        self.assertEqual(json.loads(out), {"seen": [], "signals": 0, "left": []})

    def test_owned_by_the_caller_of_sudo(self):
        process = self.start([PYTHON, "-c", IDLE])
        path = self.snapped(process.pid, env=support.environment(SUDO_UID="65534", SUDO_GID="65534"))
        self.assertEqual((os.stat(path).st_uid, os.stat(path).st_mode & 0o777), (65534, 0o600))


if __name__ == "__main__":
    unittest.main()
