"""Runs in the interpreter under test: asks the agent for snapshots in ways that it must refuse, or that are hard.

usage: layout_target.py AGENT.so CASE; prints a JSON list: the agent's error, its detail, the bytes of the stream.
"""
import ctypes
import json
import sys

import agent_driver

RUNTIME, UNICODE = agent_driver.SYMBOLS.index("_PyRuntime"), agent_driver.SYMBOLS.index("PyUnicode_Type")
PROCESS_VM_READV, EPERM = 310, 1


def forbid_process_vm_readv():
    """A seccomp filter as containers have it: the system call fails with EPERM."""
    class Instruction(ctypes.Structure):
        _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_uint16), ("filter", ctypes.POINTER(Instruction))]
    load, equal, give, error, allow = 0x20, 0x15, 0x06, 0x00050000, 0x7fff0000
    code = (Instruction * 4)((load, 0, 0, 0), (equal, 0, 1, PROCESS_VM_READV), (give, 0, 0, error | EPERM),
                             (give, 0, 0, allow))
    program = Program(4, code)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.byref(program), 0, 0):
        sys.exit("prctl: errno %d" % ctypes.get_errno())


def main(path, case):
    agent = agent_driver.Agent(path)
    request, keep = agent.request, None
    if case == "unsupported":
        request.py_hex = 0x030700f0
    elif case == "debug build":
        request.py_debug, request.py_hex = 1, 0x030c00f0
    elif case == "another version":
        request.py_hex = 0x030b00f0 if sys.version_info >= (3, 12) else 0x030c00f0
    elif case == "free-threaded":
        keep = (ctypes.c_uint64 * 4096)()
        keep[0] = int.from_bytes(b"xdebugpy", "little")
        keep[2] = 1
        request.py_hex = 0x030d00f0
        request.symbols[RUNTIME] = ctypes.addressof(keep)
    elif case == "runtime in no man's land":
        request.symbols[RUNTIME] = 1 << 45
    elif case == "a wrong type":
        request.symbols[UNICODE] = request.symbols[UNICODE - 2]
    elif case == "no address":
        request.symbols[RUNTIME] = 0
    elif case == "protocol":
        request.protocol = 99
    elif case == "seccomp":
        forbid_process_vm_readv()
    try:
        stream = agent.snap()
        print(json.dumps([0, "", len(stream)]))
    except agent_driver.AgentError as error:
        print(json.dumps([error.args[0], error.args[2], 0]))
    del keep


main(*sys.argv[1:])
