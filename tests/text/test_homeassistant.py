import contextlib
import json
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import write_wheel
from latimer.errors import InputError, LatimerError
from latimer.files import sha256_of
from latimer.formats.pair import Origin, Pair
from latimer.quickstart import homeassistant

COMPONENTS: dict[str, dict[str, object]] = {
    "zeta": {
        "en": {"config": {"title": "Zeta", "step": {"user": "Log in"}}, "only": "English"},
        "de": {"config": {"title": "Zeta", "step": {"user": "Anmelden"}}, "alt": "Alt"},
        "pt-BR": {"config": {"title": "Zeta BR"}},
    },
    "alpha": {"en": {"state": "On", "count": 3}, "de": {"state": "An", "count": 4}},
    "nested/part": {"en": {"state": "Off"}, "de": {"state": "Aus"}},
    "untranslated": {"en": {"a": "b", "c": "d"}},
}


def member(component: str, code: str) -> str:
    return f"homeassistant/components/{component}/translations/{code}.json"


def test_strings_are_joined_on_component_and_key(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "h.whl", COMPONENTS)
    skipped: Counter[str] = Counter()
    assert list(homeassistant.read(wheel, "de", skipped=skipped)) == [
        Pair("On", "An", Origin(member("alpha", "de"), 0, "alpha")),
        Pair("Off", "Aus", Origin(member("nested/part", "de"), 0, "nested/part")),
        Pair("Zeta", "Zeta", Origin(member("zeta", "de"), 0, "zeta")),
        Pair("Log in", "Anmelden", Origin(member("zeta", "de"), 0, "zeta")),
    ]
    assert skipped == {"untranslated": 3}


def test_any_language_may_be_the_source(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "h.whl", COMPONENTS)
    pairs = list(homeassistant.read(wheel, "pt_br", "DE"))
    assert [pair[:2] for pair in pairs] == [("Zeta", "Zeta BR")]


def test_languages(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "h.whl", COMPONENTS)
    assert homeassistant.languages(wheel) == ["de", "en", "pt-BR"]
    with pytest.raises(InputError, match=r"no language 'fr'; there are: de, en, pt-BR"):
        list(homeassistant.read(wheel, "fr"))


def test_a_truncated_wheel(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "h.whl", COMPONENTS)
    wheel.write_bytes(wheel.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"h\.whl: not a wheel, or a truncated one"):
        list(homeassistant.read(wheel, "de"))


def test_a_wheel_with_a_flipped_byte(tmp_path: Path) -> None:
    wheel = tmp_path / "h.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for code in ("en", "de"):
            archive.writestr(member("a", code), json.dumps({"key": "some value"}))
    wheel.write_bytes(wheel.read_bytes().replace(b"some value", b"some valve", 1))
    with pytest.raises(InputError, match=r"a/translations/en\.json: damaged .*CRC"):
        list(homeassistant.read(wheel, "de"))


@pytest.mark.parametrize(
    "content",
    [b"{", b'{"a": "\xff"}', b'{"a": "\\ud800"}', b"[" * 100_000],
    ids=["json", "utf-8", "surrogate", "deep"],
)
def test_a_translation_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    wheel = tmp_path / "h.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member("a", "en"), content)
        archive.writestr(member("a", "de"), "{}")
    with pytest.raises(InputError, match=r"a/translations/en\.json: not the JSON it should be"):
        list(homeassistant.read(wheel, "de"))


def test_a_zip_bomb(tmp_path: Path) -> None:
    wheel = tmp_path / "h.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member("a", "en"), b" " * (homeassistant.MAX_MEMBER_BYTES + 1))
        archive.writestr(member("a", "de"), "{}")
    with pytest.raises(InputError, match=r"unpacks to more than"):
        list(homeassistant.read(wheel, "de"))


@given(st.data())
def test_a_damaged_wheel_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    wheel = write_wheel(tmp_path_factory.mktemp("wheel") / "h.whl", COMPONENTS)
    damaged = bytearray(wheel.read_bytes())
    for _ in range(3):
        # The directory of a zip is its last part; damage there leads to the strangest places.
        place = data.draw(st.integers(len(damaged) // 2, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    wheel.write_bytes(damaged)
    with contextlib.suppress(InputError):
        list(homeassistant.read(wheel, "de"))


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "h.whl", COMPONENTS)
    damaged = bytearray(wheel.read_bytes())
    entry = damaged.index(b"PK\x01\x02")  # the first of the directory: flags at 8, name at 46
    damaged[entry + 9] |= 0x08  # "the name is UTF-8"
    damaged[entry + 46] = 0x80
    wheel.write_bytes(damaged)
    with pytest.raises(InputError, match=r"h\.whl: not a wheel, or a truncated one"):
        list(homeassistant.read(wheel, "de"))


def test_another_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other/__init__.py", "")
    with pytest.raises(InputError, match=r"other\.whl: holds no homeassistant/components"):
        list(homeassistant.read(wheel, "de"))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from instead of the network."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("LATIMER_CACHE", str(tmp_path / "cache"))
    return folder


def shelve(folder: Path) -> Path:
    """A small wheel that pip accepts under the name of the real one."""
    wheel = write_wheel(folder / homeassistant.WHEEL, COMPONENTS)
    info = "homeassistant-2026.11.0.dist-info"
    with zipfile.ZipFile(wheel, "a") as archive:
        name = "Metadata-Version: 2.1\nName: homeassistant\nVersion: 2026.11.0\n"
        archive.writestr(f"{info}/METADATA", name)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def test_fetch_downloads_once_and_mends_a_damaged_cache(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = shelve(shelf)
    monkeypatch.setattr(homeassistant, "SHA256", sha256_of(original))
    wheel = homeassistant.fetch()
    assert wheel == tmp_path / "cache" / homeassistant.WHEEL
    assert wheel.read_bytes() == original.read_bytes()
    wheel.write_bytes(b"damaged")
    assert homeassistant.fetch().read_bytes() == original.read_bytes()
    original.unlink()
    assert homeassistant.fetch() == wheel
    assert list(wheel.parent.iterdir()) == [wheel]


def test_fetch_refuses_a_wheel_with_another_sum(shelf: Path, tmp_path: Path) -> None:
    shelve(shelf)
    with pytest.raises(LatimerError, match=r"not the file it should be \(sha256 .*thrown away"):
        homeassistant.fetch()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("shelf")
def test_fetch_without_a_network_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LatimerError, match=r"is there a network\?.*--pairs FILE") as caught:
        homeassistant.fetch()
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


SLOW_PIP = """
import os, sys, time
from pathlib import Path
seen, original = Path(sys.argv[1]), Path(sys.argv[2])
dest = Path(sys.argv[sys.argv.index("--dest") + 1])
unpacked = Path(os.environ["TMPDIR"]) / "pip-unpack-made" / original.name
unpacked.parent.mkdir()
content = original.read_bytes()
for before, size in (0, 100), (100, 300), (300, len(content)):
    with unpacked.open("ab") as file:
        file.write(content[before:size])
    while not (seen / str(size)).exists():
        time.sleep(0.01)
unpacked.replace(dest / original.name)
"""


def test_fetch_tells_how_much_has_arrived(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The made-up pip goes on only when the size of what it wrote has been told."""
    original = shelve(shelf)
    size = original.stat().st_size
    seen = tmp_path / "seen"
    seen.mkdir()
    script = tmp_path / "slow_pip.py"
    script.write_text(SLOW_PIP, encoding="utf-8")
    pip = (sys.executable, str(script), str(seen), str(original))
    monkeypatch.setattr(homeassistant, "_PIP", pip)
    monkeypatch.setattr(homeassistant, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(homeassistant, "SHA256", sha256_of(original))
    told: list[tuple[int, int | None]] = []

    def listen(so_far: int, total: int | None) -> None:
        told.append((so_far, total))
        (seen / str(so_far)).touch()
        raise RuntimeError("the display broke")

    wheel = homeassistant.fetch(on_progress=listen)
    assert wheel.read_bytes() == original.read_bytes()
    sizes = [so_far for so_far, _ in told]
    assert sizes == sorted(sizes)
    assert {100, 300, size, homeassistant.WHEEL_BYTES} <= set(sizes)
    assert {total for _, total in told} == {homeassistant.WHEEL_BYTES}
    told.clear()
    assert homeassistant.fetch(on_progress=listen) == wheel
    assert told == []


def test_fetch_that_is_interrupted_leaves_nothing(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        homeassistant, "_PIP", (sys.executable, "-c", "import time; time.sleep(99)")
    )

    def interrupt(so_far: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        homeassistant.fetch(on_progress=interrupt)
    assert list((tmp_path / "cache").iterdir()) == []


def test_fetch_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LatimerError, match=r"cannot keep .*LATIMER_CACHE"):
        homeassistant.fetch(tmp_path / "file" / "cache")


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATIMER_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert homeassistant.cache_folder() == Path("/x/latimer")
    monkeypatch.setenv("LATIMER_CACHE", "/y")
    assert homeassistant.cache_folder() == Path("/y")
