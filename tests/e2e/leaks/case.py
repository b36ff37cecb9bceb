"""What a case is."""
import collections

# `source` is that of a module `shop` with a function rep(n). `holder` is a pattern for the path of the first suspect's holder
# (or for its own path, where a root or a size is meant), `type` one for its type; both match the whole text. A case with
# neither is no leak. `kind` is the suspect's. `needs`: modules that must be there. `second`: (holder, type) of a suspect that is listed after the first. `two`: two snapshots tell it.
Case = collections.namedtuple("Case", "name holder type source kind needs second two",
                              defaults=("container", (), None, True))

RECORD = '''
class Record:
    def __init__(self, n):
        self.n, self.rows = n, [str(n) * 5 + str(i) for i in range(20)]
'''


def silent(name, source, needs=()):
    """A program that does not leak."""
    return Case(name, None, None, source, needs=needs)
