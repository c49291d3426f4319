"""The kinds of models that a folder may hold, and what to do with each."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from latimer.errors import InputError

ModelKind = Literal["translator", "language_model", "critic"]


@dataclass(frozen=True)
class KindOfModel:
    """How messages and model cards speak of a kind of model.

    name: with its article; made_by, used_by: commands, FOLDER standing for the model's own folder.
    """

    name: str
    made_by: str
    used_by: str

    def use(self, folder: Path) -> str:
        """The command that uses the model in `folder`."""
        return self.used_by.replace("FOLDER", shlex.quote(str(folder)))


MODEL_KINDS: dict[ModelKind, KindOfModel] = {
    "translator": KindOfModel(
        "a translator", "latimer train RECIPE", "latimer translate FOLDER < text.txt"
    ),
    "language_model": KindOfModel(
        "a language model", "latimer train language_model", "latimer perplexity FOLDER text.txt"
    ),
    "critic": KindOfModel(
        "a critic",
        "latimer improve MODEL --objective critic",
        "latimer.model.folder.load_critic('FOLDER')",
    ),
}


def check_kind(folder: Path, found: ModelKind, *allowed: ModelKind) -> None:
    """Raises InputError unless the model in `folder`, of the kind `found`, is of one `allowed`."""
    if found in allowed:
        return
    this, other = MODEL_KINDS[found], MODEL_KINDS[allowed[0]]
    raise InputError(
        f"{folder}: {this.name}, but {other.name} is needed; `{other.made_by}` makes one, "
        f"and this one is for `{this.use(folder)}`"
    )
