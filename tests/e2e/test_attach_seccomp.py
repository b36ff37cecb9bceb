"""Targets under seccomp filters: Docker's default one works; one that would kill is refused before anything is touched."""
import os
import unittest

import attach
import support

SLOW = True
PYTHON = "/usr/bin/python3"  # Debian's, which python3-seccomp is for

# The default profile of Docker in substance: everything else fails with EPERM; new namespaces by clone() are refused.
ALLOWED = """arch_prctl accept accept4 access alarm bind brk capget capset chdir chmod chown clock_getres clock_gettime clock_nanosleep
close close_range connect copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2
epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 fallocate fchdir fchmod
fchmodat fchown fchownat fcntl fdatasync fgetxattr flock fork fstat fstatfs fsync ftruncate futex getcwd getdents
getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom
getresgid getresuid getrlimit get_robust_list getrusage getsid getsockname getsockopt get_thread_area gettid gettimeofday
getuid inotify_add_watch inotify_init inotify_init1 ioctl kill link linkat listen lseek lstat madvise membarrier
memfd_create mincore mkdir mkdirat mlock mmap mprotect mremap msync munlock munmap nanosleep newfstatat open openat
openat2 pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv prlimit64 process_vm_readv
process_vm_writev pselect6 ptrace pwrite64 pwritev read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg
rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
rt_sigreturn rt_sigsuspend rt_sigtimedwait sched_getaffinity sched_getparam sched_getscheduler sched_setaffinity
sched_yield select sendfile sendmmsg sendmsg sendto setgid setgroups setitimer setpgid setpriority setresgid setresuid
setrlimit set_robust_list setsid setsockopt set_tid_address setuid shutdown sigaltstack socket socketpair splice stat
statfs statx symlink symlinkat sync sysinfo tee tgkill time timer_create timer_delete timer_settime timerfd_create
timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utimensat vfork vmsplice wait4 waitid
write writev""".split()

FILTERED = """
import errno, seccomp, sys, time
kind, *names = sys.argv[1:]
if kind == "docker":
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    for name in names: rules.add_rule(seccomp.ALLOW, name)
    rules.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, 0x7e020000, 0))
else:
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in names: rules.add_rule(seccomp.KILL_PROCESS if kind == "kill" else seccomp.ERRNO(errno.EPERM), name)
rules.load()
"""
IDLE = FILTERED + """
print("ready", flush=True)
while True: time.sleep(0.05)
"""
# The tool in the same place: under the same filters, which it cannot read for that reason.
INSIDE = FILTERED.replace("kind, *names = sys.argv[1:]", "kind, *names = sys.argv[1].split()") + """
import os
os.execv(sys.argv[2], sys.argv[2:])
"""


def available():
    return os.geteuid() == 0 and support.run([PYTHON, "-c", "import seccomp"]).returncode == 0


@unittest.skipUnless(available(), "needs root, and Debian's python3-seccomp")
class Seccomp(attach.Case):
    def filtered(self, kind, *names):
        return self.start([PYTHON, "-c", IDLE, kind, *names])

    def test_docker_default(self):
        process = self.filtered("docker", *ALLOWED)
        self.assertEqual(attach.status(process.pid, "Seccomp"), "2")
        support.check([support.HEAPQUERY, "verify", self.check_snap(process.pid)])
        self.assertIsNone(process.poll())

    def test_docker_default_from_inside(self):
        process = self.filtered("docker", *ALLOWED)
        prefix = [PYTHON, "-c", INSIDE, "docker " + " ".join(ALLOWED)]
        support.check([support.HEAPQUERY, "verify", self.check_snap(process.pid, prefix=prefix)])
        self.assertIsNone(process.poll())

    def test_kills(self):
        for call in ("clone", "close_range", "process_vm_readv", "pipe2", "sigaltstack"):
            with self.subTest(call):
                process = self.filtered("kill", call)
                self.refused(process.pid, "seccomp filter that would kill it for " + call)
                self.assertIsNone(process.poll())

    def test_kills_seen_from_inside(self):
        process = self.filtered("kill", "sigaltstack")
        self.refused(process.pid, "would kill it for sigaltstack", prefix=[PYTHON, "-c", INSIDE, "kill sigaltstack"])
        self.assertIsNone(process.poll())

    def test_cannot_be_read(self):
        process = self.filtered("fail", "swapoff")
        inside = [PYTHON, "-c", INSIDE.replace("rules.load()", "rules.load(); rules.load()"), "fail swapon"]
        self.refused(process.pid, "--force-seccomp", prefix=inside)
        self.check_snap(process.pid, "--force-seccomp", prefix=inside)
        self.assertIsNone(process.poll())

    def test_calls_that_fail(self):
        for calls in (["process_vm_readv"], ["close_range"], ["setpriority", "setrlimit", "prlimit64"]):
            with self.subTest(calls):
                process = self.filtered("fail", *calls)
                support.check([support.HEAPQUERY, "verify", self.check_snap(process.pid)])
                self.assertIsNone(process.poll())


if __name__ == "__main__":
    unittest.main()
