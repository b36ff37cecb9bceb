"""An editor that reloads its plugins. Each load makes a module and a class; unloading forgets the module, but the command
table of the menu keeps a bound command of every version."""
HOLDER = r".*(menu|commands|shortcuts).*"
TYPE = r"method|shop\.Command|type|function|.*Plugin.*|module|plugin.*"
import sys
import types

SOURCE = '''
import collections
class Plugin:
    """Version %(version)d of %(name)s."""
    words = ["word-%%d" %% i for i in range(60)]
    def __init__(self, editor):
        self.editor, self.calls = editor, collections.Counter()
    def complete(self, prefix):
        self.calls[prefix] += 1
        return [word for word in self.words if word.startswith(prefix)]
    def close(self):
        self.editor = None
'''


class Menu:
    def __init__(self):
        self.items, self.shortcuts = {}, {}

    def add(self, label, command, shortcut):
        self.items[label] = command
        self.shortcuts[shortcut] = command

    def remove(self, label):
        self.items.pop(label, None)


class Editor:
    def __init__(self):
        self.menu, self.plugins, self.version = Menu(), {}, 0
        self.buffer, self.undo = ["line %d" % i for i in range(100)], []

    def load(self, name):
        self.version += 1
        module = types.ModuleType("plugin_" + name)
        exec(SOURCE % {"version": self.version, "name": name}, module.__dict__)
        sys.modules[module.__name__] = module
        plugin = self.plugins[name] = module.Plugin(self)
        self.menu.add(name, plugin.complete, "ctrl-%d" % self.version)

    def unload(self, name):
        plugin = self.plugins.pop(name)
        self.menu.remove(name)
        plugin.close()
        del sys.modules["plugin_" + name]

    def edit(self, number, text):
        self.undo.append((number, self.buffer[number]))
        self.buffer[number] = text
        del self.undo[:-50]


editor = Editor()
NAMES = ("spelling", "snippets", "colors", "git")
for name in NAMES:
    editor.load(name)


def rep(n):
    for name in NAMES:
        editor.unload(name)
        editor.load(name)
    for i in range(80):
        editor.edit(i, "text %d.%d" % (n, i))
        for plugin in editor.plugins.values():
            plugin.complete("word-%d" % (i % 10))
