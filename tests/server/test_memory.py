"""Memory that was freed goes back to the system."""

import subprocess
import sys

import pytest

PROGRAM = """
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from PIL import Image
from server import memory
{call}
together = Barrier(4)

def picture(_):
    for size in (1000, 3000, 7000):
        Image.new("RGB", (size, size), "red")
        together.wait()

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000

before = resident()
with ThreadPoolExecutor(4) as pool:
    list(pool.map(picture, range(4)))
{then}
print(resident() - before)
"""


def grown(call: str, then: str = "") -> float:
    """By how many MB a process has grown that had four pictures of 196 MB at once."""
    program = PROGRAM.format(call=call, then=then)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_large_blocks_go_back_when_they_are_freed() -> None:
    assert grown("memory.return_large_blocks()") < 100


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_all_that_is_free_goes_back_when_asked() -> None:
    assert grown("", "memory.return_what_is_free()") < 100
