import pytest

from latimer.errors import InputError
from latimer.text.language import best, check_code, matches


@pytest.mark.parametrize(
    ("code", "wanted", "fits"),
    [
        ("en", "en", True),
        ("EN_us", "en-US", True),
        ("en-GB", "en", True),
        ("en", "en_GB", True),
        ("en-GB", "en-US", False),
        ("eng", "en", False),
        ("", "en", False),
    ],
)
def test_matches(code: str, wanted: str, fits: bool) -> None:
    assert matches(code, wanted) is fits


def test_the_exact_code_is_best() -> None:
    assert best(["de-AT", "de", "de-CH"], "de") == "de"
    assert best(["fr", "de-AT", "de-CH"], "de") == "de-AT"
    assert best(["fr"], "de") is None


@pytest.mark.parametrize("code", ["", "../x", "a/b", "de de", "-"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(InputError, match="--source"):
        check_code(code, "--source")
