"""What the documents tell people to type exists and, where it takes seconds, works."""

import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from benchmarks.suites import BENCHMARKS
from command_line import commands as all_commands
from command_line import parse
from latimer.recipe import load_any_recipe, recipe_names

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *PAGES,
    *sorted((ROOT / "research").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"^<!-- run -->\n```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


def text_of(document):
    return document.read_text(encoding="utf-8")


def blocks(language):
    for name, document in zip(NAMES, DOCUMENTS, strict=True):
        for kind, text in BLOCK.findall(text_of(document)):
            if kind == language:
                yield name, text


def lines(program):
    """Lines of `sh` blocks that call `program`, each with the page as its name."""
    for name, text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            if re.search(rf"(^|/|\s|-m ){program}\s", line) and not line.startswith("pip"):
                yield pytest.param(line, id=f"{name}: {line[:60]}")


def commands():
    return lines(r"latimer(\.cli)?")


@pytest.mark.parametrize("line", commands())
def test_commands_have_these_options(line):
    parse(line.replace("-m latimer.cli", "latimer"))


def test_there_are_commands_to_test():
    assert len(list(commands())) > 50


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_commands_stand_in_blocks_that_are_parsed(document):
    """No indented block hides a command; commands within a sentence exist and have the options."""
    text = BLOCK.sub("", text_of(document))
    assert not re.findall(r"^ {4}(?:latimer|python -m benchmarks) .*$", text, re.MULTILINE)
    for command in re.findall(r"`latimer ([a-z]+[^`]*)`", text):
        name, *words = command.split()
        assert name in all_commands(), command
        named = all_commands()[name]
        if hasattr(named, "commands") and words:
            named = named.commands[words[0]]
        known = {option for param in named.params for option in param.opts}
        assert {word for word in words if word.startswith("--")} <= known | {"--help"}, command


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_benchmarks_that_are_named_exist(document):
    for words in re.findall(r"python -m benchmarks([^`\n|]*)", text_of(document)):
        first, *rest = words.split() or [""]
        if words.startswith("."):
            assert (ROOT / "benchmarks" / f"{first[1:]}.py").exists(), words
        elif first == "run":
            names = [word for word in rest if re.fullmatch(r"[a-z]\w*", word)]
            assert rest[0].startswith(("--", "NAME")) or names[0] in BENCHMARKS, words
        else:
            assert first == "list", words


@pytest.mark.parametrize("line", [line for line in commands() if " train " in line.values[0]])
def test_overrides_name_keys_of_a_recipe(line):
    _, values = parse(line.replace("-m latimer.cli", "latimer"))
    files = [f"data.{part}.{side}=x" for part in ("train", "dev") for side in ("source", "target")]
    name = values["recipe"] if values["recipe"] in recipe_names() else "tiny"
    load_any_recipe(name, [*files, *(values["overrides"] or [])])
    assert values["recipe"].endswith(".yaml") or values["recipe"] in recipe_names()


@pytest.mark.parametrize("text", [text for _, text in blocks("yaml")])
def test_recipes_in_the_text_are_read(text, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    load_any_recipe(path)


@pytest.mark.parametrize("text", [text for _, text in blocks("python")])
def test_python_in_the_text_compiles_and_its_imports_exist(text):
    compile(text, "document", "exec")
    exec("\n".join(re.findall(r"^(?:import|from) .*$", text, re.MULTILINE)), {})


@pytest.mark.parametrize(
    "page",
    [
        "tutorials/sarsa-and-q-learning.md",
        "how-to/plan-in-your-own-world.md",
        "how-to/use-your-own-reward.md",
        "concepts/reward.md",
    ],
)
def test_python_of_pages_without_a_test_of_their_own_runs(page):
    pytest.importorskip("numba")
    examples = [text for kind, text in BLOCK.findall(text_of(DOCS / page)) if kind == "python"]
    assert examples
    for text in examples:
        exec(compile(text, page, "exec"), {"__name__": "guide"})


@pytest.mark.parametrize("block", [block for page in PAGES for block in RUN.findall(text_of(page))])
def test_marked_commands_run(block, tmp_path, monkeypatch):
    pytest.importorskip("numba")
    from command import latimer

    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "latimer"
        run = latimer(*arguments)
        assert run.returncode == 0, run.stderr.decode()
        assert run.stdout, line


def test_the_world_of_the_guide_can_be_planned_in(tmp_path):
    pytest.importorskip("numba")
    from latimer.rl import policy_iteration
    from latimer.rl.grid.grid_world import GridWorld

    for page in ("how-to/plan-in-your-own-world.md", "reference/grid-worlds.md"):
        drawings = re.findall(r"^```\w*\n(discount.*?)^```$", text_of(DOCS / page), re.M | re.S)
        assert len(drawings) == 1
        assert policy_iteration(GridWorld.from_text(drawings[0]).mdp()).converged


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_and_pictures_lead_somewhere(document):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text_of(document)):
        if re.match(r"https?:", target):
            continue
        path = document.parent / target if target else document
        assert path.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in slugs(text_of(path)), f"{document.name}: {target}#{anchor}"


def slugs(text):
    """The anchors of a page's headings, as MkDocs makes them."""
    from unicodedata import normalize

    titles = re.findall(r"^#+ (.*)$", BLOCK.sub("", text), re.MULTILINE)
    plain = [normalize("NFKD", title).encode("ascii", "ignore").decode() for title in titles]
    words = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in plain]
    return {re.sub(r"[-\s]+", "-", title) for title in words}


def test_every_picture_is_shown():
    text = "".join(map(text_of, DOCUMENTS))
    shown = set(re.findall(r"images/([\w-]+\.\w+)\)", text))
    kept = {path.name for path in (DOCS / "images").iterdir() if path.suffix != ".py"}
    assert kept - {"__pycache__"} == shown


def test_every_page_is_in_the_navigation():
    named = re.findall(r"[\w./-]+\.md", text_of(ROOT / "mkdocs.yml"))
    assert sorted(named) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    told = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^    |^|`)make ([a-z-]+)`?(?= |`|$)", text_of(document), re.M)
        if document.name != "notebook.md"
    }
    assert {"quickstart", "test", "lint", "docs", "install"} <= told
    assert told <= targets


def test_every_installed_version_is_pinned():
    """Direct dependencies and those of the extras all stand in constraints.txt."""

    def name(requirement):
        return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {name(line) for line in lines if "==" in line}
    assert {name(requirement) for requirement in needed} <= pinned
