"""Programs that leak, and programs that do not, with the answer expected of heapdiff.

basic.py holds one small program a kind, more.py the standard library's further kinds, corners.py its registries and caches, libraries.py leaks through libraries,
silent.py what is no leak; programs/ holds longer ones, a file each. runner.py runs and judges them.
"""
