import pytest
from hypothesis import given
from hypothesis import strategies as st

from latimer.errors import InputError
from latimer.strict_yaml import dump, parse

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    st.sampled_from(["no", "yes", "1e-3", "null", "~", "", "010", "2016-05-01", "1:30", "=", "<<"]),
)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
TREES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner)), max_leaves=10
)


@given(TREES)
def test_parsing_undoes_dumping(tree: object) -> None:
    assert parse(dump(tree), "x")[0] == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("+1.5E2", 150.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("010", 10),
        ("-7", -7),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("2016-05-01", "2016-05-01"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("'1'", "1"),
    ],
)
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    parsed, _ = parse(text, "x")
    assert parsed == value
    assert type(parsed) is type(value)


def test_each_key_knows_its_line() -> None:
    text = "# a comment\na:\n  b: 1\n\n  c: {d: 2}\ne: [1]\n"
    tree, lines = parse(text, "x")
    assert tree == {"a": {"b": 1, "c": {"d": 2}}, "e": [1]}
    assert lines == {"a": 2, "a.b": 3, "a.c": 5, "a.c.d": 5, "e": 6}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2", r"^r\.yaml, line 2: not valid YAML: expected ',' or ']'"),
        ("a:\n\tb: 1", r"^r\.yaml, line 2: not valid YAML: found character '\\t'"),
        ("a:\n  b: 1\n  b: 2", r"^r\.yaml, line 3: not valid YAML: a\.b stands here twice"),
        ("a: &x 1\nb: *x", r"^r\.yaml, line 2: not valid YAML: aliases"),
        ("a: 1\nb: !!python/object:os.system x", r"^r\.yaml, line 2: not valid YAML: could not"),
        ("? [1]\n: 2", r"^r\.yaml, line 1: not valid YAML: a key must be a plain name"),
        ("a: 1\n---\na: 2", r"^r\.yaml, line 2: not valid YAML: but found another document"),
        ("a: 1\nb: \x07", r"^r\.yaml, line 2: not valid YAML: an invisible control character"),
        ("[" * 5000, r"^r\.yaml: not valid YAML: "),
        ("a: !!int x", r"^r\.yaml"),
        ("a: " + "9" * 5000, r"^r\.yaml: not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse(text, "r.yaml")
    assert "\n" not in str(caught.value)
