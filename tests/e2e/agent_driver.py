"""Calls the agent of the running interpreter directly, through ctypes, and gives the stream it writes.

For tests that look at the agent alone; the package `heapdump` is what people use.
"""
import ctypes
import os
import sys
import threading

SYMBOLS = """_PyRuntime Py_Version PyType_Type PyBaseObject_Type PyDict_Type PyList_Type PyTuple_Type PySet_Type
PyFrozenSet_Type PyUnicode_Type PyBytes_Type PyByteArray_Type PyLong_Type PyBool_Type PyFloat_Type PyComplex_Type
PyFunction_Type PyMethod_Type PyCFunction_Type PyCell_Type PyCode_Type PyModule_Type PyFrame_Type PyGen_Type
PyCoro_Type PyAsyncGen_Type PySlice_Type PyRange_Type PyMemoryView_Type PyProperty_Type _Py_NoneStruct
PyFrozenDict_Type PyODict_Type""".split()


class Request(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("protocol", ctypes.c_uint32), ("symbols", ctypes.c_uint64 * 48),
                ("py_hex", ctypes.c_uint32), ("py_debug", ctypes.c_uint32), ("values", ctypes.c_uint32),
                ("stream_fd", ctypes.c_int32), ("collector_path", ctypes.c_uint64),
                ("collector_argv", ctypes.c_uint64), ("collector_envp", ctypes.c_uint64),
                ("collector_stdin", ctypes.c_int32), ("collector_stdout", ctypes.c_int32),
                ("error", ctypes.c_int32), ("os_errno", ctypes.c_int32), ("pause_ns", ctypes.c_uint64),
                ("child_pid", ctypes.c_int32), ("collector_pid", ctypes.c_int32), ("detail", ctypes.c_char * 128),
                ("reap", ctypes.c_uint32), ("reserved", ctypes.c_uint32 * 15)]


def _address(name):
    try:
        return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, name))
    except ValueError:
        return 0


class AgentError(Exception):
    """The agent refused; args are its code, errno and detail."""


class Agent:
    """One request, made once, so that taking a snapshot creates few objects."""

    def __init__(self, path, values=0):
        self.library = ctypes.PyDLL(path)
        self.request = Request()
        self.request.size = ctypes.sizeof(Request)
        self.request.protocol = 2
        for i, name in enumerate(SYMBOLS):
            self.request.symbols[i] = _address(name)
        self.request.py_hex = sys.hexversion
        self.request.py_debug = int(hasattr(sys, "gettotalrefcount"))
        self.request.values = values

    def snap_to(self, fd):
        """Starts a snapshot whose stream goes to a descriptor; returns while it is being written."""
        self.request.stream_fd = fd
        error = self.library.hs_agent_snap(ctypes.byref(self.request))
        if error:
            raise AgentError(error, self.request.os_errno, self.request.detail.decode())

    def snap(self):
        """The whole stream, as bytes."""
        reader, writer = os.pipe()
        chunks = []

        def drain():
            while True:
                chunk = os.read(reader, 1 << 20)
                if not chunk:
                    return
                chunks.append(chunk)
        thread = threading.Thread(target=drain)
        try:
            thread.start()
            try:
                self.snap_to(writer)
            finally:
                os.close(writer)
                thread.join()
        finally:
            os.close(reader)
        return b"".join(chunks)


if __name__ == "__main__":
    stream = Agent(sys.argv[1]).snap()
    with open(sys.argv[2], "wb") as file:
        file.write(stream)
    print(len(stream), stream[:8])
