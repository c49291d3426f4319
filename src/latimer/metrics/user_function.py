"""Metrics that users write: a function of two texts, named `module:function`."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from latimer.errors import InputError


def user_function(name: str, called: str) -> Callable[[str, str], float] | None:
    """The function named `module:function`; None if `name` has another form.

    `called` is its purpose in messages. Raises InputError for a module that cannot be imported and
    for an attribute that is not callable.
    """
    module, colon, attribute = name.partition(":")
    if not (module and colon and attribute):
        return None
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # whatever the user's module does when it is imported
        raise InputError(f"{called} {name}: {type(error).__name__}: {error}") from error
    if not callable(function):
        raise InputError(f"{called} {name}: not a function of two texts")
    found: Callable[[str, str], float] = function
    return found
