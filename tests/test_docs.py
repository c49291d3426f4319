"""What the documents tell people to type exists: commands, options, recipes, links, targets."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from command_line import parse
from latimer.recipe import load_recipe, recipe_names

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    for document in DOCUMENTS:
        for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
            if kind == language:
                yield document.name, text


def commands():
    for name, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            if re.search(r"(^|/|\s|-m )latimer(\.cli)?\s", line) and not line.startswith("pip"):
                yield pytest.param(line, id=f"{name}: {line[:60]}")


@pytest.mark.parametrize("line", commands())
def test_commands_have_these_options(line):
    parse(line.replace("-m latimer.cli", "latimer"))


def test_there_are_commands_to_test():
    assert len(list(commands())) > 10


@pytest.mark.parametrize("line", [line for line in commands() if " train " in line.values[0]])
def test_overrides_name_keys_of_a_recipe(line):
    _, values = parse(line.replace("-m latimer.cli", "latimer"))
    files = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
    load_recipe("tiny", [*files, *(values["overrides"] or [])])
    assert values["recipe"].endswith(".yaml") or values["recipe"] in recipe_names()


@pytest.mark.parametrize("text", [text for _, text in blocks("yaml")])
def test_recipes_in_the_text_are_read(text, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    load_recipe(path)


@pytest.mark.parametrize("text", [text for _, text in blocks("python")])
def test_python_in_the_text_compiles_and_its_imports_exist(text):
    compile(text, "document", "exec")
    exec("\n".join(re.findall(r"^(?:import|from) .*$", text, re.MULTILINE)), {})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not re.match(r"https?:", target):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_anchors_are_headings(document):
    text = document.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= slugs


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    told = {
        target
        for document in DOCUMENTS
        for target in re.findall(
            r"(?:^    |`)make ([\w-]+)", document.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert {"quickstart", "test", "lint"} <= told <= targets


def test_every_installed_version_is_pinned():
    """Direct dependencies and those of the extras all stand in constraints.txt."""

    def name(requirement):
        return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {name(line) for line in lines if "==" in line}
    assert {name(requirement) for requirement in needed} <= pinned
