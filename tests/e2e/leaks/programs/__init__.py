"""Longer programs, a file each, as somebody might have written them. A file says what is expected of it in its first
statements after the docstring: HOLDER and TYPE, and NEEDS where it needs a library."""
import ast
import glob
import os

from leaks.case import Case


def load():
    """The cases of this directory."""
    cases = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(__file__), "[a-z]*.py"))):
        with open(path) as file:
            source = file.read()
        says = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(source).body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                and node.targets[0].id in ("HOLDER", "TYPE", "NEEDS", "KIND")}
        name = os.path.splitext(os.path.basename(path))[0]
        cases.append(Case(name, says["HOLDER"], says["TYPE"], source, says.get("KIND", "container"), says.get("NEEDS", ())))
    return cases
