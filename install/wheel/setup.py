"""Makes the wheel of what `make wheel` has laid out beside this file: the package, and the programs, the agent and the SQLite
extension where `make install` puts them below a prefix, which for pip is that of the environment.

Nothing in it depends on a version of Python: the agent is one for all, and is loaded by ctypes.
"""
import os

from setuptools import setup
from wheel.bdist_wheel import bdist_wheel


class OnePerPlatform(bdist_wheel):
    def finalize_options(self):
        bdist_wheel.finalize_options(self)
        self.root_is_pure = False

    def get_tag(self):
        return "py3", "none", "linux_x86_64"


def data_files():
    """[(directory below the prefix, files)] of all that lies in data/."""
    found = []
    for at, _, names in os.walk("data"):
        if names:
            found.append((os.path.relpath(at, "data"), [os.path.join(at, name) for name in sorted(names)]))
    return sorted(found)


with open("VERSION") as version_file:
    version = version_file.read().strip()

setup(
    name="heapsnap",
    version=version,
    description="Find what a Python process keeps alive, and who holds it",
    license="MIT",
    python_requires=">=3.8",
    packages=["heapdump", "heapdump._run"],
    data_files=data_files(),
    # The name is that of the module, so that -p heapdump.pytest and this entry point are one plugin.
    entry_points={"pytest11": ["heapdump.pytest = heapdump.pytest"]},
    cmdclass={"bdist_wheel": OnePerPlatform},
    zip_safe=False,
)
