"""Imports run one way: no module needs, even later or for types alone, one that needs it."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"


def modules(package):
    folder = SOURCE.joinpath(*package.split("."))
    for file in folder.rglob("*.py"):
        name = ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        yield name.removesuffix(".__init__"), file


def imported(file, known):
    """The modules that a file imports anywhere, under TYPE_CHECKING and in functions too.

    `from package import module` counts as the module alone.
    """
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, file
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from {whole if whole in known else node.module} & known


def test_decision_processes_import_in_one_direction():
    found = dict(modules("latimer.rl"))
    assert len(found) > 50
    graph = {name: set(imported(file, set(found))) for name, file in found.items()}
    assert sum(map(len, graph.values())) > 100
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_a_circle_would_be_found(tmp_path):
    (tmp_path / "a.py").write_text("if TYPE_CHECKING:\n    from p.b import x\n", "utf-8")
    (tmp_path / "b.py").write_text("def f():\n    from p import a\n", "utf-8")
    graph = {f"p.{n}": set(imported(tmp_path / f"{n}.py", {"p.a", "p.b"})) for n in "ab"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()
