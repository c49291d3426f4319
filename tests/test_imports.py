"""No module of a package imports, at run time or for types, one that imports it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"


def modules(package):
    folder = SOURCE.joinpath(*package.split("."))
    for file in folder.rglob("*.py"):
        name = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), file


def imported(file, known):
    """The modules that a file imports anywhere, under TYPE_CHECKING and in functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield from {submodule if submodule in known else node.module} & known


PACKAGES = [
    "latimer.formats", "latimer.metrics", "latimer.nn", "latimer.recipe", "latimer.rl.deep",
    "latimer.rl.mdp", "latimer.rl.planning", "latimer.text", "latimer.train",
]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_no_circle(package):
    found = dict(modules(package))
    assert len(found) > 5
    graph = {name: set(imported(file, set(found))) for name, file in found.items()}
    assert any(graph.values())
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
