"""That the server's threads share few of malloc's arenas, as malloc itself tells."""

import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from server.memory import few_arenas
if sys.argv[1] == "few":
    few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(8)
def work():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_threads_share_two_arenas():
    few, many = (subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, text=True, check=True).stdout.count("<heap nr=")
                 for how in ("few", "many"))
    assert 1 <= few <= 2 < many
