"""make install puts everything where it works from, and make uninstall leaves nothing. Manual pages and completions say what
--help says."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import support

PROGRAM = "import heapdump, sys; heapdump.snap(sys.argv[1])"
SLEEPER = "import sys; print('ready', flush=True); sys.stdin.read()"
TOOLS = ("heapdump", "heapdiff", "heapquery")
COMMANDS = {"heapdump": ("snap", "run"), "heapdiff": (), "heapquery": ("types", "chain", "unpack")}
BASH = """
source %(prefix)s/share/bash-completion/completions/heapdump
complete_words() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    _heapsnap "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%%s\\n' "${COMPREPLY[@]}"
}
complete_words %(words)s
"""


def make(*targets):
    subprocess.run(["make", "-s", "-C", support.ROOT, "O=" + support.BUILD, *targets], check=True, timeout=300,
                   stdout=subprocess.DEVNULL)


def options(text):
    """The options that lines of a --help begin with."""
    return set(re.findall(r"^ {1,8}(?:-\w, *)?(--[a-z][a-z-]*)", text, re.M))


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp()
        cls.prefix = os.path.join(cls.root, "usr")
        make("install", "PREFIX=" + cls.prefix)
        cls.env = support.environment()
        cls.env.pop("PYTHONPATH")
        cls.env["PATH"] = os.path.join(cls.prefix, "bin") + os.pathsep + cls.env["PATH"]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def tool(self, name):
        return os.path.join(self.prefix, "bin", name)

    def test_use(self):
        snapshot = os.path.join(self.root, "snap.db")
        env = dict(self.env, PYTHONPATH=os.path.join(self.prefix, "lib", "heapdump", "python"))
        for python in support.interpreters().values():
            support.check([python, "-c", PROGRAM, snapshot], env=env)
            support.check([self.tool("heapquery"), "verify", snapshot])
            os.unlink(snapshot)
        support.check([self.tool("heapdump"), "run", "-o", snapshot, "--at-exit", "--", python, "-c", "pass"], env=self.env)
        support.check([self.tool("heapdiff"), snapshot, shutil.copy(snapshot, snapshot + ".2.db")])

    def test_uninstall_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as stage:
            make("install", "PREFIX=/opt/heap", "DESTDIR=" + stage)
            files = [os.path.join(at, name) for at, _, names in os.walk(stage) for name in names]
            self.assertGreater(len(files), 20)
            with open(os.path.join(stage, "opt", "heap", "lib", "pkgconfig", "heapsnap.pc")) as file:
                text = file.read()
            self.assertIn("prefix=/opt/heap\n", text)
            self.assertNotIn(stage, text)
            make("uninstall", "PREFIX=/opt/heap", "DESTDIR=" + stage)
            self.assertEqual([os.path.join(at, name) for at, _, names in os.walk(stage) for name in names], [])

    def test_pkg_config(self):
        env = dict(self.env, PKG_CONFIG_PATH=os.path.join(self.prefix, "lib", "pkgconfig"))
        extension = support.check(["pkg-config", "--variable=extension", "heapsnap"], env=env).strip()
        self.assertTrue(os.path.isfile(extension), extension)
        with open(os.path.join(support.ROOT, "VERSION")) as file:
            self.assertEqual(support.check(["pkg-config", "--modversion", "heapsnap"], env=env), file.read())

    def manual(self, section, name):
        path = os.path.join(self.prefix, "share", "man", "man%d" % section, "%s.%d" % (name, section))
        with open(path) as file:
            return path, file.read()

    def test_manual_has_the_options_of_help(self):
        for name in TOOLS:
            said = options(support.check([self.tool(name), "--help"]))
            for command in COMMANDS[name]:
                said |= options(support.check([self.tool(name), command, "--help"]))
            _, page = self.manual(1, name)
            documented = set(re.findall(r"--[a-z][a-z-]*", "\n".join(
                line.replace("\\-", "-") for line in page.split("\n") if line.startswith(".B "))))
            self.assertGreater(len(said), 3, name)
            self.assertEqual(said - documented, set(), name)
            everything = said
            for command in re.findall(r"^  ([a-z]+)  ", support.check([self.tool(name), "--help"]), re.M):
                everything |= options(support.check([self.tool(name), command, "--help"]))
            self.assertEqual(documented - everything, set(), name)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_manual_is_sound(self):
        for section, name in [(1, name) for name in TOOLS] + [(5, "heapsnap")]:
            path, page = self.manual(section, name)
            done = support.run(["groff", "-man", "-ww", "-Tutf8", "-Kutf8", "-z", path])
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertIn(".SH NAME", page)
        with open(os.path.join(support.ROOT, "SPEC.md")) as file:
            titles = re.findall(r"^##+ (.*)$", file.read(), re.M)
        for title in titles:
            self.assertIn('"%s"' % title.replace("-", "\\-"), page)

    def complete(self, *words):
        quoted = " ".join("'%s'" % word for word in words)
        script = BASH % {"prefix": self.prefix, "words": quoted}
        return support.check(["bash", "-c", script], env=self.env, cwd=self.root).split()

    def test_bash_completion(self):
        self.assertEqual(self.complete("heapdump", "sn"), ["snap"])
        self.assertEqual(self.complete("heapquery", "cha"), ["chain"])
        self.assertEqual(self.complete("heapdump", "snap", "--lab"), ["--label"])
        self.assertEqual(self.complete("heapdump", "snap", "--values", "s"), ["short"])
        for name in TOOLS:
            self.assertEqual(set(self.complete(name, "--")), options(support.check([self.tool(name), "--help"])), name)
            for command in COMMANDS[name]:
                self.assertEqual(set(self.complete(name, command, "--")),
                                 options(support.check([self.tool(name), command, "--help"])), (name, command))
        for name in ("one.db", "two.txt"):
            open(os.path.join(self.root, name), "w").close()
        self.assertEqual(self.complete("heapdiff", "on"), ["one.db"])
        self.assertEqual(self.complete("heapdiff", "tw"), [])
        self.check_processes(lambda: self.complete("heapdump", "snap", "x.db", "-p", ""))

    def check_processes(self, complete):
        with subprocess.Popen([sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            self.assertIn(str(process.pid), complete())

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completion(self):
        def complete(line):
            script = "source %s/share/fish/vendor_completions.d/heapdump.fish; complete -C '%s'" % (self.prefix, line)
            done = support.check(["fish", "--no-config", "-c", script], env=self.env, cwd=self.root)
            return [row.split("\t")[0] for row in done.splitlines()]
        self.assertEqual(complete("heapdump sn"), ["snap"])
        self.assertEqual(set(complete("heapdump run --")), options(support.check([self.tool("heapdump"), "run", "--help"])))
        self.assertIn("short", complete("heapdump snap x.db --values "))
        self.check_processes(lambda: complete("heapdump snap x.db -p "))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completion(self):
        path = os.path.join(self.prefix, "share", "zsh", "site-functions", "_heapsnap")
        support.check(["zsh", "-f", "-n", path])
        script = """
            compdef() { }; compadd() { shift $(( ${@[(i)--]} %% ($# + 1) )); print -l -- $@ }
            _describe() { print -l -- ${(P)2} }; _files() { }; _default() { }
            words=(%s); CURRENT=$#words; source %s
        """

        def complete(*words):
            text = script % (" ".join("'%s'" % word for word in words), path)
            return support.check(["zsh", "-f", "-c", text], env=self.env).split("\n")
        self.assertIn("snap:write", [line.split(" ")[0] for line in complete("heapdump", "")])
        self.assertEqual(set(complete("heapdump", "run", "--")) - {""},
                         options(support.check([self.tool("heapdump"), "run", "--help"])))
        self.check_processes(lambda: [line.split(":")[0] for line in complete("heapdump", "snap", "x.db", "-p", "")])


if __name__ == "__main__":
    unittest.main()
