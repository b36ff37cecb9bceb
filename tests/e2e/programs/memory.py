"""usage: memory.py CASE DIRECTORY: snapshots before, between and after two rounds of what CASE says.

Each comes with what the C library says of itself at that time, as JSON beside it.
"""
import ctypes
import io
import json
import mmap
import os
import sys
import threading

import heapdump

libc = ctypes.CDLL(None, use_errno=True)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free.restype = None
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
kept = []


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


class Record:
    def __init__(self, number):
        self.number, self.name, self.parts = number, str(number), [number]


def allocate(count, size):
    """Addresses of blocks of the C library, each touched."""
    blocks = [libc.malloc(size) for _ in range(count)]
    for block in blocks:
        libc.memset(block, 1, size)
    return blocks


def objects():
    kept.append([Record(i + 1000000) for i in range(60000)])


def native():
    """Small and large blocks that nobody remembers."""
    for block in allocate(10000, 1000) + allocate(20, 400000):
        pass


def fragments():
    """Of 400,000 small bytes one in 64 is kept: no page of the others becomes free."""
    kept.append([b"%040d" % i for i in range(400000)][::64])


def freed():
    """What free() keeps: small chunks that look used, and larger ones between those that are."""
    for block in allocate(100000, 72):
        libc.free(block)
    blocks = allocate(10000, 1000)
    for block in blocks[::2]:
        libc.free(block)


def in_threads():
    """Blocks in the heaps of other threads, and the stacks of those threads."""
    started = threading.Barrier(5)

    def work():
        kept.append([bytearray(2000) for _ in range(2000)])
        allocate(1000, 1000)
        started.wait()
        forever.wait()

    forever = threading.Event()
    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()
    started.wait()


def arrays():
    """Buffers of numpy: half of them touched, half not."""
    import numpy
    kept.append([numpy.ones(500000) for _ in range(5)])
    kept.append([numpy.zeros(500000) for _ in range(5)])


def buffers():
    """Memory of objects that sys.getsizeof() knows nothing of."""
    kept.append([ctypes.create_string_buffer(20000) for _ in range(400)])
    for _ in range(100):
        text = io.StringIO("x" * 20000)
        text.read(1)
        kept.append(text)


def mapped():
    """Memory mapped for no file, which no allocator knows."""
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    address = libc.mmap(None, 20 << 20, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    libc.memset(address, 1, 20 << 20)


def damaged():
    """A chunk whose header contradicts itself, as where a thread is stopped within malloc(); more of the heap follows."""
    block = allocate(100, 1000)[50]
    ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value = 2  # no size, and a flag that belongs elsewhere


def steady():
    """Work that leaves nothing behind."""
    sum(len(str(i)) for i in range(100000))


def snap(directory, number):
    libc.mallinfo2.restype = Mallinfo
    info = libc.mallinfo2()
    with open(os.path.join(directory, "%d.json" % number), "w") as file:
        json.dump({name: getattr(info, name) for name, _ in Mallinfo._fields_}, file)
    heapdump.snap(os.path.join(directory, "%d.db" % number))


def main():
    case, directory = globals()[sys.argv[1]], sys.argv[2]
    if case is arrays:
        import numpy  # noqa: F401  its import is no part of the case
    heapdump.snap(os.path.join(directory, "first.db"))  # what the package itself needs is allocated now
    snap(directory, 0)
    for number in (1, 2):
        case()
        snap(directory, number)


if __name__ == "__main__":
    main()
