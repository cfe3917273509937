"""What malloc and the kernel tell: the server's threads share few arenas, and a worker's memory stays for its next network."""

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


FAULTS = """
import resource, sys
import torch
from server.memory import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
def network():
    return [torch.ones(256, 256) for _ in range(50)]
network(), network()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
network()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_a_networks_memory_stays_for_the_next_one():
    kept, fresh = (int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)
                   for how in ("kept", "fresh"))
    assert kept < 100 < 3000 < fresh  # 50 x 64 pages of 4 KiB
