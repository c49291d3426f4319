"""Keep glibc from giving big buffers back to the system after every use.

A training step makes and drops temporaries of many megabytes. By default glibc maps each one
anew and the kernel zeroes its pages again at every first touch; held on to, they are free.
"""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -3, -4, -8
_LARGEST = 1 << 30


def keep_freed_memory() -> bool:
    """Let this process reuse freed buffers of any size; False (and no effect) without glibc."""
    if platform.libc_ver()[0] != "glibc":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    # The threshold alone is capped at 32 MiB, so mapping is switched off altogether as well.
    mallopt(_M_MMAP_THRESHOLD, _LARGEST)
    # The arenas of further threads hold no buffer beyond 64 MiB, so all use the main one.
    mallopt(_M_ARENA_MAX, 1)
    return bool(mallopt(_M_TRIM_THRESHOLD, _LARGEST)) and bool(mallopt(_M_MMAP_MAX, 0))
