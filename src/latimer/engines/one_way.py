"""What engines share that have one translation for each text: rules, whatever wrote them."""

from __future__ import annotations

from collections.abc import Sequence

from latimer.errors import SettingError
from latimer.search.constraints import Constraints
from latimer.search.strategies import Beam, Search

ONE_WAY: Search = Beam(width=1)
"""What such an engine tells as its way of searching: nothing can be set."""


def check_one_way(search: Search, constraints: Sequence[Constraints]) -> None:
    """Raises SettingError for any setting of search, and for any constraint."""
    if search.kind != ONE_WAY.kind:
        raise SettingError(
            "search.kind", search.kind, "this translator does not search; leave it out"
        )
    for name, usual in ONE_WAY.model_dump().items():
        if (value := getattr(search, name)) != usual:
            raise SettingError(
                f"search.{name}", value, "this translator does not search; leave it out"
            )
    for one in constraints:
        for name in Constraints.model_fields:
            if (value := getattr(one, name)) != Constraints.model_fields[name].default:
                raise SettingError(
                    f"constraints.{name}", _shown(value),
                    "this translator obeys no constraints; leave it out",
                )  # fmt: skip


def _shown(value: object) -> object:
    return value if isinstance(value, str | int) else "given"
