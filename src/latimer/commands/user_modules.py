"""Modules of the user's own, which metrics named `module:function` stand in."""

from __future__ import annotations


def find_own_modules() -> None:
    """Let them be imported from the working directory, behind all that is installed."""
    import os
    import sys

    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
