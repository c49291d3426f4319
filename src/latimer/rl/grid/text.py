"""Grid worlds as text: rules, an empty line, the drawing.

    # Sutton & Barto, example 3.5
    discount: 0.9
    step: 0
    bump: -1
    A = jump a +10

    .A...
    .....
    .a..G

Rules, each on a line of its own; lines that begin with # are comments:

    discount: NUMBER     from 0 to 1; 1 if not given
    step: NUMBER         reward of a move; -1 if not given
    bump: NUMBER         reward of a move that a wall or the edge stops; as a step if not given
    slip: NUMBER         probability of moving aside, half to the right, half to the left; 0
    moves: 4 or 8        directions; 4
    wind: NUMBERS        cells that each column blows upwards; none
    X = floor -5         entering pays -5
    X = wall
    X = end +1           entering pays 1 and ends the episode
    X = back -100        entering pays -100 and leads back to the start
    X = jump Y +10       every action in X pays 10 and leads to Y

Without its number, a symbol pays the reward of a step. Without rules the text is the drawing
alone. `.` is floor, `#` a wall, `S` the start (several: one at random; none: any floor); G ends the
episode, P ends it at -100, and C leads back to the start at -100, unless the rules say otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from latimer.errors import InputError
from latimer.rl.grid.rules import Description, Meaning, Rules

MEANINGS = {
    ".": Meaning("floor"),
    "#": Meaning("wall"),
    "S": Meaning("floor"),
    "G": Meaning("end"),
    "P": Meaning("end", -100.0),
    "C": Meaning("back", -100.0),
}
FIXED = ".#S"


def parse_grid(lines: Sequence[str], name: str) -> Description:
    """Read a description; InputError names `name`, line and column of a mistake."""
    numbered = [(number, line.rstrip()) for number, line in enumerate(lines, 1)]
    while numbered and not numbered[-1][1]:
        numbered.pop()
    while numbered and not numbered[0][1]:
        numbered.pop(0)
    gap = next((at for at, (_, line) in enumerate(numbered) if not line), None)
    head = [] if gap is None else numbered[:gap]
    drawing = numbered[len(head) + (gap is not None) :]
    while drawing and not drawing[0][1]:
        drawing.pop(0)
    if not drawing:
        raise InputError(f"{name}: no drawing; draw the cells with . # S G, one line a row")
    rules, meanings = _rules(head, name)
    _check_drawing(drawing, meanings, name)
    _check_targets(drawing, meanings, name)
    _check_wind(rules, drawing, name)
    return Description([line for _, line in drawing], meanings, rules)


def format_grid(given: Description) -> str:
    """The text that `parse_grid` reads back as the same description."""
    rules = given.rules
    lines = [f"discount: {rules.discount!r}", f"step: {rules.step!r}"]
    if rules.bump is not None:
        lines.append(f"bump: {rules.bump!r}")
    lines += [f"slip: {rules.slip!r}", f"moves: {rules.moves}"]
    if rules.wind:
        lines.append("wind: " + " ".join(map(str, rules.wind)))
    drawn = set("".join(given.rows))
    for symbol, meaning in given.meanings.items():
        if symbol in drawn and symbol not in FIXED and meaning != MEANINGS.get(symbol):
            words = [meaning.kind, meaning.target]
            words.append("" if meaning.reward is None else repr(meaning.reward))
            lines.append(f"{symbol} = " + " ".join(word for word in words if word))
    return "\n".join([*lines, "", *given.rows]) + "\n"


def _rules(head: Sequence[tuple[int, str]], name: str) -> tuple[Rules, dict[str, Meaning]]:
    given: dict[str, Any] = {}
    meanings = dict(MEANINGS)
    for number, line in head:
        where = f"{name}, line {number}"
        if line.startswith("#"):
            continue
        if len(line) > 1 and line[1:].lstrip().startswith("="):
            meanings[line[0]] = _meaning(line[0], line.partition("=")[2].split(), where)
            continue
        key, colon, value = line.partition(":")
        if not colon or key.strip() not in READERS:
            raise InputError(
                f"{where}: {line.strip()!r} is no rule; valid: {', '.join(READERS)} with a colon, "
                "or a symbol with =; an empty line must part the rules from the drawing"
            )
        given[key.strip()] = READERS[key.strip()](value.strip(), f"{where}: {key.strip()}")
    meanings |= {m.target: Meaning("floor") for m in meanings.values() if m.target not in meanings}
    meanings.pop("", None)
    return Rules(**given), meanings


def _meaning(symbol: str, words: Sequence[str], where: str) -> Meaning:
    kind, *rest = words or [""]
    if symbol in FIXED or symbol.isspace():
        raise InputError(f"{where}: the meaning of {symbol!r} is fixed; take another symbol")
    target = ""
    if kind == "jump":
        if not rest or len(rest[0]) != 1:
            raise InputError(f"{where}: write `{symbol} = jump TARGET REWARD`, TARGET one symbol")
        target, *rest = rest
    if kind not in ("floor", "wall", "end", "back", "jump") or len(rest) > 1:
        raise InputError(
            f"{where}: after = come floor, wall, end, back or jump TARGET, and perhaps a reward"
        )
    reward = _number(rest[0], f"{where}: reward") if rest else None
    return Meaning(kind, reward, target)  # type: ignore[arg-type]


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {text!r} is not a number")
    return value


def _share(text: str, where: str) -> float:
    value = _number(text, where)
    if not 0 <= value <= 1:
        raise InputError(f"{where}: {text} is outside [0, 1]")
    return value


def _moves(text: str, where: str) -> int:
    if text not in ("4", "8"):
        raise InputError(f"{where}: {text!r}; valid choices: 4, 8")
    return int(text)


def _wind(text: str, where: str) -> list[int]:
    if not all(word.isdecimal() for word in text.split()):
        raise InputError(f"{where}: one whole number for each column, with spaces between")
    return [int(word) for word in text.split()]


READERS: dict[str, Callable[[str, str], Any]] = {
    "discount": _share,
    "step": _number,
    "bump": _number,
    "slip": _share,
    "moves": _moves,
    "wind": _wind,
}


def _check_drawing(
    drawing: Sequence[tuple[int, str]], meanings: dict[str, Meaning], name: str
) -> None:
    first, width = drawing[0][0], len(drawing[0][1])
    for number, line in drawing:
        if not line:
            raise InputError(f"{name}, line {number}: an empty line inside the drawing")
        for column, symbol in enumerate(line, 1):
            if symbol not in meanings:
                raise InputError(
                    f"{name}, line {number}, column {column}: {symbol!r} has no meaning; "
                    f"known: {' '.join(meanings)}; others need a rule such as `{symbol} = end +1`"
                )
        if len(line) != width:
            column = min(len(line), width) + 1
            raise InputError(
                f"{name}, line {number}, column {column}: {len(line)} cells, but line {first} "
                f"has {width}; all lines of the drawing are equally long"
            )
    kinds = {meanings[symbol].kind for _, line in drawing for symbol in line}
    if not kinds & {"floor", "jump"}:
        raise InputError(f"{name}, line {first}, column 1: the drawing has no floor to stand on")


def _check_targets(
    drawing: Sequence[tuple[int, str]], meanings: dict[str, Meaning], name: str
) -> None:
    drawn = "".join(line for _, line in drawing)
    for number, line in drawing:
        for column, symbol in enumerate(line, 1):
            meaning, where = meanings[symbol], f"{name}, line {number}, column {column}"
            if meaning.kind == "jump" and (
                drawn.count(meaning.target) != 1
                or meanings[meaning.target].kind not in ("floor", "jump")
            ):
                raise InputError(
                    f"{where}: {symbol} jumps to {meaning.target}, which must be drawn exactly "
                    f"once, on floor; it is drawn {drawn.count(meaning.target)} times"
                )
            if meaning.kind == "back" and drawn.count("S") != 1:
                raise InputError(
                    f"{where}: {symbol} leads back to the start, so there must be exactly one S; "
                    f"there are {drawn.count('S')}"
                )


def _check_wind(rules: Rules, drawing: Sequence[tuple[int, str]], name: str) -> None:
    width = len(drawing[0][1])
    if rules.wind and len(rules.wind) != width:
        raise InputError(
            f"{name}: wind has {len(rules.wind)} numbers, but the drawing has {width} columns"
        )
