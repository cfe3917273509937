"""What malloc and the kernel tell: the server's threads share few arenas, and a worker's memory stays for its next network."""

import os
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
import resource
import torch
from server.memory import keep_freed
def fresh_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    network = [torch.ones(256, 256) for _ in range(50)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(fresh_pages() for _ in range(6)))
keep_freed()
print(min(fresh_pages() for _ in range(6)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's malloc")
def test_a_networks_memory_stays_for_the_next_one():
    """Against malloc's first limit, which it may raise by itself: each tensor is a mapping of its own, of 64 pages."""
    told = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True,
                          env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"})
    fresh, kept = map(int, told.stdout.split())
    assert kept < 100 < 3000 < fresh


def test_the_garbage_collector_leaves_alone_what_is_loaded_and_nothing_else():
    code = """
import gc
from server.memory import keep_loaded
class Cycle:
    def __init__(self): self.itself = self
loaded = Cycle()
keep_loaded()
later = Cycle()
found = gc.get_objects()
print([any(one is thing for one in found) for thing in (loaded, later)])
del later, found
print(gc.collect() > 0)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["[False, True]", "True"]
