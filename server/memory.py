"""What the C library does with memory that was freed, where it is glibc."""

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # as in malloc.h
_BLOCK = 4 * 1024 * 1024  # bytes; the pixels of usual pictures are less


def return_large_blocks() -> None:
    """Have blocks of several MB go back to the system as soon as they are freed.

    glibc would come to keep them, for each thread that ever decoded a large picture.
    """
    with suppress(AttributeError, OSError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _BLOCK)
        libc.mallopt(_M_TRIM_THRESHOLD, 2 * _BLOCK)


def return_what_is_free() -> None:
    """Return what loading took and freed: it would keep about 0.5 KiB for each of many entries."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
