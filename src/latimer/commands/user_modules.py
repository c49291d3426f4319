"""Modules that users write, with the functions that `module:function` names."""

from __future__ import annotations


def find_user_modules() -> None:
    """Let them be imported from the working directory; installed modules come first."""
    import os
    import sys

    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
