"""Imports run one way: no module needs, even later or for types alone, one that needs it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"


def modules(package):
    folder = SOURCE.joinpath(*package.split("."))
    for file in folder.rglob("*.py"):
        yield ".".join(file.relative_to(SOURCE).with_suffix("").parts), file


def imported(file, known):
    """The modules that a file imports anywhere, under TYPE_CHECKING and in functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            each = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from each & known
            yield from {node.module} & known


@pytest.mark.parametrize("package", ["latimer.rl.mdp", "latimer.rl.planning", "latimer.rl.deep"])
def test_a_package_has_no_circle(package):
    found = dict(modules(package))
    assert len(found) > 5
    graph = {name: set(imported(file, set(found))) for name, file in found.items()}
    assert any(graph.values())
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
