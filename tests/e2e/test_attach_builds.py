"""Processes that are refused by name before anything is touched: other builds, Pythons that do not run, missing rights."""
import os
import shutil
import struct
import unittest

import attach
import support
from test_attach_matrix import LIBRARY

SLOW = True
IDLE = "import time; print('ready', flush=True); time.sleep(600)"
SYSTEM_PYTHON = "/usr/bin/python3"  # one that every user can run
UID = 1 << 24  # of a user who has no other process

NOT_DUMPABLE = "import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n" + IDLE
ONE_PROCESS = "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n" + IDLE


def elf32():
    """A static program for 32-bit x86: one segment with the headers, the code and the text (System V ABI)."""
    base = 0x10000
    text = base + 52 + 32 + 33
    code = struct.pack("<BIBIBIBIH", 0xb8, 4, 0xbb, 1, 0xb9, text, 0xba, 6, 0x80cd)  # write(1, text, 6)
    code += struct.pack("<BIHH", 0xb8, 29, 0x80cd, 0xf7eb)  # pause(), again and again
    code = code.ljust(33, b"\x90") + b"ready\n"
    size = 52 + 32 + len(code)
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + 52 + 32, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    return header + struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 4096) + code


class Builds(attach.Case):
    def compile(self, source, *flags):
        path = os.path.join(self.directory, "%s%d" % (source, len(os.listdir(self.directory))))
        support.check(["gcc", "-rdynamic", *flags, "-o", path, os.path.join(support.HERE, source + ".c"), "-ldl"])
        return path

    def refused_untouched(self, process, said):
        self.refused(process.pid, said)
        self.assertTrue(attach.runs(process.pid))

    def test_by_version(self):
        """A process that would abort if anything of it were called."""
        for said, *flags in (
                ("free-threaded build of Python 3.14", "-DVERSION=0x030e06f0", "-DFREE_THREADED=1"),
                ("Python 3.16, which this heapdump does not know", "-DVERSION=0x031000a1"),
                ("Python 3.14.4, whose collector is not supported", "-DVERSION=0x030e04f0"),
                ("debug build of Python 3.13", "-DVERSION=0x030d05f0", "-DDEBUG_BUILD"),
                ("Python 4", "-DVERSION=0x04000000")):
            with self.subTest(said):
                self.refused_untouched(self.start([self.compile("fake_python", *flags)]), said)

    def test_musl(self):
        loader = os.path.join(self.directory, "ld-musl-x86_64.so.1")
        fake = self.compile("fake_python", "-DVERSION=0x030c05f0")
        shutil.copy(fake, loader)
        self.refused_untouched(self.start([fake, loader]), "runs on the musl C library")

    def test_32_bit(self):
        path = os.path.join(self.directory, "program")
        with open(path, "wb") as file:
            file.write(elf32())
        os.chmod(path, 0o755)
        try:
            process = self.start([path])
        except OSError as error:
            self.skipTest("32-bit programs do not run here: %s" % error)
        self.refused_untouched(process, "is a 32-bit program")

    def test_not_initialized(self):
        embedding = self.compile("embedding")
        for version, python in support.interpreters().items():
            with self.subTest(version):
                library, prefix, loader = support.check([python, "-c", LIBRARY]).split("\n")[:3]
                if library:
                    process = self.start([*loader.split(), embedding, library, prefix, ""])
                    self.refused_untouched(process, "has loaded Python but does not run it")

    def test_remote_debugging_disabled(self):
        for version, python in support.interpreters().items():
            if tuple(map(int, version.split(".")[:2])) >= (3, 14):
                with self.subTest(version):
                    process = self.start([python, "-X", "disable-remote-debug", "-c", IDLE])
                    self.refused_untouched(process, "-X disable-remote-debug")


@unittest.skipIf(os.geteuid() or not shutil.which("setpriv"), "needs root and setpriv")
class Rights(attach.Case):
    USER = ("setpriv", "--reuid", str(UID), "--regid", str(UID), "--clear-groups")

    def test_not_dumpable(self):
        os.chmod(self.directory, 0o777)
        process = self.start([*self.USER, SYSTEM_PYTHON, "-c", NOT_DUMPABLE])
        self.refused(process.pid, "may not be traced (it runs a set-uid program, or has forbidden it); try: sudo",
                     prefix=self.USER)
        self.check_snap(process.pid)  # root may

    def test_root_without_the_capability(self):
        process = self.start([SYSTEM_PYTHON, "-c", IDLE])
        without = ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
        self.refused(process.pid, "run it with the capability SYS_PTRACE", prefix=without)
        self.assertTrue(attach.runs(process.pid))

    def test_no_more_processes(self):
        process = self.start([*self.USER, SYSTEM_PYTHON, "-c", ONE_PROCESS])
        self.refused(process.pid, "raise its limit of processes")
        self.assertTrue(attach.runs(process.pid))


if __name__ == "__main__":
    unittest.main()
