"""`latimer translate --glossary` and `--must`, through the real command."""

import pytest
from command import complaint, latimer

import latimer as library
from asking import asked
from latimer.errors import InputError
from latimer.model.folder import load_model
from latimer.text.glossary import Glossary
from tiny_model import sentences

TEXTS = sentences(12, seed=5)


@pytest.fixture(scope="module")
def plain(model_folder):
    return [t.text for t in library.load(model_folder, precision="fp32").translate(TEXTS)]


def translate(folder, *options, texts=TEXTS):
    text = "".join(line + "\n" for line in texts).encode()
    run = latimer("translate", folder, "--set", "engine.precision=fp32", *options, stdin=text)
    assert run.returncode == 0, run.stderr
    return run.stdout.decode().splitlines()


def test_terms_in_terms_out(model_folder, plain, tmp_path):
    first, second = (line.strip(".").split()[-1] for line in TEXTS[:2])
    path = tmp_path / "terms.tsv"
    path.write_text(f"{first.lower()}\tvazo quinka\n{second.lower()}\tnerlo\n")
    found = translate(model_folder, "--glossary", path)
    assert "vazo quinka" in found[0]
    assert "nerlo" in found[1]
    for text, before, after in zip(TEXTS, plain, found, strict=True):
        words = text.lower().strip(".").split()
        if first.lower() not in words and second.lower() not in words:
            assert after == before
    assert found != plain
    in_python = library.load(model_folder, precision="fp32").translate(
        TEXTS, **asked(glossary={first.lower(): "vazo quinka", second.lower(): "nerlo"})
    )
    assert [t.text for t in in_python] == found


def test_phrases_of_all_lines_in_all_of_the_nbest(model_folder):
    options = ("--must", "zovami", "--must", "su tika", "--beam", 8, "--nbest", 3)
    shown = translate(
        model_folder,
        *options,
        "--set",
        "constraints.no_repeat=6",
        "--prefix",
        "Ka",
        texts=TEXTS[:3],
    )
    texts = [line.split(" ||| ")[1] for line in shown]
    assert len(texts) == 9
    for text in texts:
        assert text.startswith("Ka")
        assert "zovami" in text
        assert "su tika" in text


@pytest.mark.parametrize("beam", [1, 5])
def test_a_very_narrow_beam_and_a_short_limit_suffice(model_folder, beam):
    model = load_model(model_folder)
    size = len(model.vocabulary.encode_targets(["su tika zovami"])[0])
    options = ("--must", "su tika zovami", "--beam", beam, "--max-length", size + 1)
    for text in translate(model_folder, *options):
        assert "su tika zovami" in text


def test_a_phrase_longer_than_the_usual_limit_has_room(model_folder):
    phrase = " ".join(["zovami quinka nerlo vazo"] * 4)
    model = load_model(model_folder)
    pieces, longest = len(model.vocabulary.encode_targets([phrase])[0]), 2 * 4 + 10
    assert pieces > longest
    assert len(model.vocabulary.encode_source("Mi.")[0]) < 4
    assert phrase in translate(model_folder, "--must", phrase, texts=["Mi."])[0]


TERMS = {
    "unknown": ("kalo\tvazo\nmi\tvazo 日\n", "line 2: 'vazo 日' cannot be written", "lacks '日'"),
    "placeholder": ("mi\tvazo {name}\n", "line 1: 'vazo {name}' holds the placeholder", ""),
    "long": ("mi\tvazo quinka nerlo\n", "line 1: 'vazo quinka nerlo': the", "max_length 4"),
    "repeats": ("mi\tvazo vazo\n", "line 1: 'vazo vazo': 1 pieces in a row", "no_repeat 1"),
    "both": ("kalo\tvazo\nmi\tnerlo\n", "text 'kalo mi': ", "no_repeat 1"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "text", "messages"),
    [
        ([], TERMS["unknown"][0], TERMS["unknown"][1:]),
        ([], TERMS["placeholder"][0], TERMS["placeholder"][1:]),
        (["--max-length", 4], TERMS["long"][0], TERMS["long"][1:]),
        (["--set", "constraints.no_repeat=1"], TERMS["repeats"][0], TERMS["repeats"][1:]),
        (["--sample"], "mi\tvazo\n", ("phrases and glossaries are for search.kind beam", "")),
        (["--must", ""], "mi\tvazo\n", ("constraints.phrases: '' is empty", "")),
        ([], "mi vazo\n", ("terms.tsv, line 1: a source term, one tab", "")),
        (
            ["--must", "vazo", "--must", "quinka", "--max-length", 3], "mi\tlo\n",
            ("phrases: 'vazo'; constraints.phrases: 'quinka': the", "max_length 3"),
        ),
        (
            ["--prefix", "Kalo su", "--max-length", 5, "--must", "lo lo"], "mi\tlo\n",
            ("of the prefix do not fit", "max_length 5"),
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_input_is_read(
    model_folder, options, text, messages, tmp_path
):
    path = tmp_path / "terms.tsv"
    path.write_text(text)
    run = latimer("translate", model_folder, "--glossary", path, *options, stdin=b"kalo mi\n")
    message = complaint(run, 2)
    for part in messages:
        assert part in message
    assert run.stdout == b""


def test_terms_that_exclude_each_other_in_one_line_are_named(model_folder):
    translator = library.load(model_folder)
    glossary = Glossary.of({"kalo": "vazo quinka", "mi": "vazo ner"})
    assert "vazo" in translator.translate(["kalo"], **asked(glossary=glossary, no_repeat=1))[0].text
    with pytest.raises(InputError) as refused:
        translator.translate(["kalo mi"], **asked(glossary=glossary, no_repeat=1))
    message = str(refused.value)
    for part in (
        "text 'kalo mi': ",
        "glossary['kalo']: 'vazo quinka'",
        "glossary['mi']",
        "no_repeat 1",
    ):
        assert part in message


def test_a_prefix_that_uses_up_what_may_not_be_repeated_is_named(model_folder):
    translator = library.load(model_folder)
    with pytest.raises(InputError) as refused:
        translator.translate(["kalo"], **asked(must=["vazo"], prefix="vazo vazo ner", no_repeat=1))
    assert "no translation agrees with no_repeat 1 and the prefix" in str(refused.value)


@pytest.mark.parametrize("phrases", [["vazo quinka", "vazo"], ["vazo quinka", "quinka nerlo"]])
def test_phrases_that_one_place_can_hold_repeat_nothing(model_folder, phrases):
    translator = library.load(model_folder)
    (found,) = translator.translate(["kalo mi"], **asked(must=phrases, no_repeat=2, beam=8))
    assert all(phrase in found.text for phrase in phrases)


@pytest.mark.parametrize(
    "text", ["<kalo> su", "{kalo} su", "https://kalo.example su", "%(kalo)s su", "`kalo` su"]
)
def test_terms_are_not_looked_for_in_placeholders(model_folder, text):
    translator = library.load(model_folder)
    plain, found = (
        translator.translate([text, "kalo su"], **asked(glossary=terms))
        for terms in (None, {"kalo": "vazo quinka"})
    )
    assert found[0].text == plain[0].text
    assert "vazo quinka" in found[1].text
    with pytest.raises(InputError, match=r"glossary\['{kalo} su'\]: '{kalo} su' holds a place"):
        translator.translate([text], **asked(glossary={"{kalo} su": "vazo"}))
