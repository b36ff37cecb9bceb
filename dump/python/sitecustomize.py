"""On PYTHONPATH beside the package, so that HEAPDUMP_LISTEN=1 is all that a program needs to listen for `heapdump snap`.

Loads the sitecustomize that the program would have had.
"""


def _load_next(here):
    import importlib.machinery
    import importlib.util
    import os
    import sys
    others = [entry for entry in sys.path if os.path.abspath(entry) != here]
    spec = importlib.machinery.PathFinder.find_spec(__name__, others)
    if spec and spec.loader:
        module = importlib.util.module_from_spec(spec)
        sys.modules[__name__] = module
        spec.loader.exec_module(module)


def _main():
    import os
    if os.environ.get("HEAPDUMP_LISTEN") == "1":
        import heapdump  # which listens
    _load_next(os.path.dirname(os.path.abspath(__file__)))


_main()
