"""Keep glibc from returning large freed buffers to the system.

A training step allocates and frees temporaries of many megabytes. By default glibc maps each of
them again and the kernel zeroes its pages on first use; buffers that glibc keeps cost nothing.
"""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -3, -4, -8
_LARGEST = 1 << 30


def keep_freed_memory() -> bool:
    """Let this process reuse freed buffers of any size; returns False without glibc."""
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    # The threshold alone is capped at 32 MiB, so mapping is switched off altogether as well.
    mallopt(_M_MMAP_THRESHOLD, _LARGEST)
    # Arenas of other threads cannot hold a buffer above 64 MiB, so all threads use the main one.
    mallopt(_M_ARENA_MAX, 1)
    return bool(mallopt(_M_TRIM_THRESHOLD, _LARGEST)) and bool(mallopt(_M_MMAP_MAX, 0))
