"""No module of a package imports, at run time or for types, one that imports it."""

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


PACKAGES = [
    "latimer.compare", "latimer.engines", "latimer.formats", "latimer.metrics", "latimer.model",
    "latimer.nn",
    "latimer.recipe", "latimer.rl", "latimer.search", "latimer.text", "latimer.train",
]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_no_circle(package):
    found = dict(modules(package))
    assert len(found) > 5
    graph = {name: set(imported(file, set(found))) for name, file in found.items()}
    assert any(graph.values())
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_a_circle_would_be_found(tmp_path):
    (tmp_path / "a.py").write_text("if TYPE_CHECKING:\n    from p.b import x\n", "utf-8")
    (tmp_path / "b.py").write_text("def f():\n    from p import a\n", "utf-8")
    graph = {f"p.{n}": set(imported(tmp_path / f"{n}.py", {"p.a", "p.b"})) for n in "ab"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()
