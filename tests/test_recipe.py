import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.nn import names
from latimer.nn.description import NetworkDescription
from latimer.recipe import (
    Recipe,
    build_recipe,
    dump_recipe,
    load_any_recipe,
    load_recipe,
    recipe_names,
)
from latimer.recipe.data import SubwordsSection
from latimer.recipe.help import keys, markdown
from latimer.reference import PAGES, write_pages

FILES = [
    *("data.train.source=a.en", "data.train.target=a.de"),
    *("data.dev.source=b.en", "data.dev.target=b.de"),
]
DATA = {
    "train": {"source": "a.en", "target": "a.de"},
    "dev": {"source": "b.en", "target": "b.de"},
}


def write(folder: Path, text: str) -> Path:
    path = folder / "my.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_and_its_overrides(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 5\ntraining:\n  warmup: 7\n  clip: 2\nmodel:\n")
    recipe = load_recipe(path, [*FILES, "training.clip=0.5", "data.source_language=no"])
    assert (recipe.seed, recipe.training.warmup, recipe.training.clip) == (5, 7, 0.5)
    assert recipe.data.train.source == Path("a.en")
    assert recipe.data.source_language == "no"
    assert recipe.data.test is None
    assert recipe.model == NetworkDescription()


def test_the_last_override_wins() -> None:
    recipe = load_recipe("small", [*FILES, "seed=1", "training.max_epochs=3", "seed=2"])
    assert (recipe.seed, recipe.training.max_epochs) == (2, 3)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_of_the_package_loads(name: str) -> None:
    recipe = load_any_recipe(name, FILES)
    assert recipe.data.train.source == Path("a.en")


def test_a_recipe_of_phrases_is_none_of_a_network() -> None:
    with pytest.raises(InputError, match=r"koehn2003.yaml, line 4: a recipe of the engine phrases"):
        load_recipe("koehn2003", FILES)


def test_a_file_hides_a_recipe_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "small").write_text("seed: 77\n")
    monkeypatch.chdir(tmp_path)
    assert load_recipe("small", FILES).seed == 77


WRONG = [  # a line of the recipe (its third), what is said of it
    (
        "  learnin_rate: 1",
        "unknown key training.learnin_rate; did you mean training.learning_rate?",
    ),
    (
        "  cell: gru",
        "unknown key training.cell; did you mean model.cell? Valid keys of training: b",
    ),
    ("  zzz: 1", "unknown key training.zzz. Valid keys of training: batch_tokens, max_minutes, "),
    ("  warmup: abc", "training.warmup is 'abc'; allowed: a whole number, at least 0"),
    ("  warmup: -1", "training.warmup is -1; allowed: a whole number, at least 0"),
    ("  warmup: 2.5", "training.warmup is 2.5; allowed: a whole number, at least 0"),
    ("  warmup: true", "training.warmup is true; allowed: a whole number, at least 0"),
    ("  warmup:", "training.warmup is null; allowed: a whole number, at least 0"),
    ("  warmup: [1]", "training.warmup is [1]; allowed: a whole number"),
    ("  batch_tokens: 0", "training.batch_tokens is 0; allowed: a whole number, at least 1"),
    ("  max_minutes: 0", "training.max_minutes is 0; allowed: a number, more than 0, or null"),
    ("  learning_rate: .inf", "training.learning_rate is inf; allowed: a number, more than 0"),
    ("  clip: .nan", "training.clip is nan; allowed: a number, more than 0"),
    (
        "  label_smoothing: 1",
        "training.label_smoothing is 1; allowed: a number, at least 0 and less",
    ),
    ("  schedule: inverse_sqr", "'inverse_sqr' (did you mean inverse_sqrt?); allowed: one of pl"),
    ("model: 3", "model is a section; write its keys below it, indented: kind, cell"),
    (
        "model: {dropout: 1.0}",
        "model.dropout is 1.0; allowed: a number, at least 0 and less than 1",
    ),
    ("model: {encoder_size: 0}", "model.encoder_size is 0; allowed: a whole number, at least 1"),
    ("model: {decoder_layers: 1000}", "model.decoder_layers is 1000; allowed: a whole number, at"),
    (
        "model: {attention: luong_cat}",
        "model.attention is 'luong_cat' (did you mean luong_concat?); allowed: one of bahdanau",
    ),
    ("subwords: {kind: BPE}", "subwords.kind is 'BPE'; allowed: one of bpe, unigram, char, word"),
    ("subwords: {joint: no}", "subwords.joint is 'no'; allowed: true or false"),
    ("data: {source_language: 3}", "data.source_language is 3; allowed: text"),
    (
        "data: {test: x.en}",
        "data.test is a section; write its keys below it, indented: source, tar",
    ),
    ("data: {tset: x.en}", "unknown key data.tset; did you mean data.test?"),
    ("seed: -1", "seed is -1; allowed: a whole number, at least 0 and at most 4,294,967,295"),
    (
        "traning: {}",
        "unknown key traning; did you mean training? Valid keys: engine, seed, start, data,",
    ),
    ("warmup: 3", "unknown key warmup; did you mean training.warmup?"),
]


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_a_wrong_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"training:\n  average: 3\n{line}\n")
    with pytest.raises(InputError) as caught:
        load_recipe(path, FILES)
    assert str(caught.value).startswith(f"{path}, line 3: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


IMPOSSIBLE = [
    (["model.readout=128"], "model.tied: 'all' needs model.readout (128) to equal model.embedding"),
    (["subwords.joint=false"], "model.tied: 'all' needs subwords.joint to be true"),
    (["model.tied=inputs", "subwords.joint=false"], "model.tied: 'inputs' needs subwords.joint"),
    (
        ["training.max_updates=10", "training.warmup=11"],
        "training.warmup: 11 updates of warm-up do",
    ),
    (["training.patience=", "training.max_minutes="], "training.patience: nothing ends the train"),
    (
        ["model.bridge=copy"],
        "model.bridge: 'copy' does not go with model.encoder_directions 'both'; set that to",
    ),
    (
        ["model.input_feeding=true"],
        "model.input_feeding: true does not go with model.attention 'bahdanau'",
    ),
    (["model.residual=true"], "model.residual: true does not go with model.residual_from 2, as t"),
    (
        ["model.residual=true", "model.encoder_layers=2", "model.encoder_directions=first"],
        "model.residual: true does nothing with model.encoder_layers 2, model.decoder_layers 1 and",
    ),
    (
        ["model.kind=language_model"],
        "model.attention: 'bahdanau' does not go with model.kind 'language_model'",
    ),
    (
        ["search.coverage_penalty=0.2", "model.attention=none", "model.lexical_prior=0"],
        "search.coverage_penalty: 0.2 does not go with model.attention none",
    ),
    (["training.schedule=inverse_sqrt", "training.warmup=0"], "training.warmup: 0 does not go wi"),
]


@pytest.mark.parametrize(("overrides", "message"), IMPOSSIBLE)
def test_an_impossible_combination_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("small", [*FILES, *overrides])
    assert f": {message}" in str(caught.value)


POSSIBLE = [
    ["model.tied=inputs", "model.readout=128"],
    ["model.tied=target", "subwords.joint=false"],
    ["model.tied=none", "subwords.joint=false", "model.readout=100"],
    ["training.max_updates=10", "training.warmup=10"],
    ["training.patience=", "training.max_minutes=0.5"],
]


@pytest.mark.parametrize("overrides", POSSIBLE)
def test_its_possible_neighbours_are_not(overrides: list[str]) -> None:
    load_recipe("small", [*FILES, *overrides])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.cell=gruu",
            "--set model.cell=gruu: model.cell is 'gruu' (did you mean gru?); allow",
        ),
        ("model.cel=gru", "--set model.cel=gru: unknown key model.cel; did you mean model.cell?"),
        ("training.a.b=1", "--set training.a.b=1: unknown key training.a. Valid keys of training"),
        ("training.clip.b=1", "--set training.clip.b=1: training.clip is not a section"),
        ("training=1", "--set training=1: training is a section"),
        ("seed", "--set seed: write it as section.key=value"),
        ("=3", "--set =3: write it as section.key=value"),
        ("a..b=3", "--set a..b=3: write it as section.key=value"),
        ("seed=[1]", "--set seed=[1]: the value must be a single"),
        ("seed=[1", "--set seed=[1, line 1: not valid YAML"),
    ],
)
def test_a_wrong_override_is_named(override: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, "training: {clip: 2}")
    with pytest.raises(InputError) as caught:
        load_recipe(path, [*FILES, override])
    assert str(caught.value).startswith(message)


def test_missing_files_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "data: {train: {source: a.en}}")
    with pytest.raises(InputError, match=r"my\.yaml: data\.train\.target is missing.*--set data\."):
        load_recipe(path)
    with pytest.raises(
        InputError, match=r"small\.yaml: data is missing.*--set data\.train\.source="
    ):
        load_recipe("small")
    with pytest.raises(
        InputError, match=r"line 1: unknown key data\.trian; did you mean data\.train"
    ):
        load_recipe(write(tmp_path, "data: {trian: {source: a, target: b}}"))


def test_no_such_recipe_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=rf"none\.yaml: no such recipe.*{', '.join(recipe_names())}"
    ):
        load_recipe(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seed: \xff", r"my\.yaml, line 1, byte 7: not UTF-8"),
        (b"- 1", "made of sections"),
        (b"seed", "made of sections"),
        (b"seed: 1\nseed: 2", "line 2: not valid YAML: seed stands here twice"),
    ],
)
def test_a_file_that_is_no_recipe(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_recipe(tmp_path / "my.yaml", FILES)


TRAINING = {
    "batch_tokens": st.integers(1, 10**6),
    "max_minutes": st.none() | st.floats(1e-6, 1e9),
    "learning_rate": st.floats(1e-9, 100),
    "warmup": st.integers(0, 1000),
    "label_smoothing": st.floats(0, 0.99),
    "precision": st.sampled_from(["auto", "fp32", "bf16"]),
    "threads": st.none() | st.integers(1, 64),
}
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(
    st.fixed_dictionaries({}, optional=TRAINING),
    st.fixed_dictionaries({}, optional={"source_language": WORDS, "target_language": WORDS}),
)
def test_dumping_round_trips(training: dict[str, Any], languages: dict[str, str]) -> None:
    from tempfile import TemporaryDirectory

    recipe = build_recipe({"data": {**DATA, **languages}, "training": training})
    with TemporaryDirectory() as folder:
        assert load_recipe(write(Path(folder), dump_recipe(recipe))) == recipe
    for key, value in training.items():
        assert getattr(recipe.training, key) == value


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.kind=bem", "search.kind is 'bem'; did you mean beam? allowed: one of beam"),
        ("search.widht=3", "search.widht is 3; there is no such setting; did you mean width?"),
        ("search.samples=3", "search.samples is 3; search.kind beam has no such setting, it bel"),
        ("search.nbest=9", "search.nbest is 9; at most the width of the beam, 5, is possible"),
        ("search=3", "search is 3; its settings are written below it"),
        ("constraints.max_length=0", "constraints.max_length is 0; allowed: a whole number"),
    ],
)
def test_searches_and_constraints_are_refused_as_everywhere(override: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        load_recipe("small", [*FILES, override])
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_dump_writes_every_key_out() -> None:
    text = dump_recipe(load_recipe("small", [*FILES, "data.test.source=c", "data.test.target=d"]))
    by_kind = ("objective.", "search.")
    dumped = [key.rpartition(".")[2] for key, _ in keys() if not key.startswith(by_kind)]
    assert all(f"{key}:" in text for key in dumped)
    assert "objective:\n  kind: likelihood\n" in text
    assert "search:\n  width: 5\n" in text


def test_every_key_is_described() -> None:
    assert all(field.description and f"| `{key}` |" in markdown() for key, field in keys())


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str, tmp_path: Path) -> None:
    page = Path(__file__).parents[1] / "docs" / "reference" / name
    write_pages(tmp_path)
    written = (tmp_path / name).read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8") == written, f"{page} is out of date: make reference"


def test_names_are_those_of_the_parts() -> None:
    from latimer.text.vocabulary.subwords import Kind

    assert set(names.CELLS) == set(get_args(names.CellName))
    assert set(names.ATTENTIONS) == set(get_args(names.AttentionName))
    assert set(names.DECODERS) == set(get_args(names.DecoderName))
    assert SubwordsSection.model_fields["kind"].annotation == Kind


@pytest.mark.parametrize("tied", get_args(names.Tied))
def test_every_way_of_tying_builds(tied: str) -> None:
    from networks import build_from_keys

    small = {"embedding": 4, "encoder_size": 4, "decoder_size": 4, "attention_size": 4}
    build_from_keys(source_vocab=9, target_vocab=9, tied=tied, readout=4, **small)


def test_reading_a_recipe_does_not_load_the_networks() -> None:
    code = "import sys, latimer.recipe, latimer.recipe.help; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_recipe_cannot_be_changed_in_passing() -> None:
    recipe: Recipe = load_recipe("tiny", FILES)
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 3
