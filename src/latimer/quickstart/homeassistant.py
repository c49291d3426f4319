"""Parallel text for the quickstart: the interface strings of Home Assistant (Apache-2.0).

The PyPI wheel of Home Assistant is a zip that holds one JSON file a component and language. It is
downloaded, verified and read; it is never installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from latimer.errors import InputError, LatimerError
from latimer.files import sha256_of
from latimer.formats.pair import Origin, Pair

REQUIREMENT = "homeassistant==2026.11.0"
WHEEL = "homeassistant-2026.11.0-py3-none-any.whl"
SHA256 = "7ca5fbde9dea879ac7723949fc84347aac5182e6309c357b2e4973fd391b00f7"
WHEEL_BYTES = 67_607_712

OnProgress = Callable[[int, int | None], None]
"""Called with the bytes received and the total, None if unknown."""

MAX_MEMBER_BYTES = 32_000_000
"""A translation file that unpacks to more is refused; the real ones stay far below 1 MB."""

_MEMBER = re.compile(
    r"homeassistant/components/(?P<component>.+)/translations/(?P<code>[^/]+)\.json"
)
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    UnicodeDecodeError,
)  # fmt: skip
_PIP = (sys.executable, "-m", "pip")
_LOOK_SECONDS = 0.2
"""Seconds between two checks of how much has arrived."""
_OWN_FILE = (
    "to use your own text: latimer quickstart --pairs FILE, or latimer corpus FILE… --out DIR"
)


def cache_folder() -> Path:
    """`$LATIMER_CACHE`, or else `latimer` in `$XDG_CACHE_HOME`, or else in `~/.cache`."""
    if own := os.environ.get("LATIMER_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "latimer"


def fetch(cache: Path | None = None, on_progress: OnProgress | None = None) -> Path:
    """The verified wheel in the cache (`cache_folder()` by default), downloaded if necessary.

    `on_progress` is called several times a second during a download; exceptions that it raises are
    ignored. Raises LatimerError when the wheel cannot be fetched or has another checksum.
    """
    folder = cache or cache_folder()
    wheel = folder / WHEEL
    if wheel.is_file() and sha256_of(wheel) == SHA256:
        return wheel
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as temporary:
            fresh = _download(Path(temporary), on_progress)
            if (digest := sha256_of(fresh)) != SHA256:
                raise LatimerError(
                    f"the downloaded {WHEEL} is not the file it should be (sha256 {digest}, "
                    f"expected {SHA256}) and was thrown away; {_OWN_FILE}"
                )
            fresh.replace(wheel)
    except OSError as error:
        raise LatimerError(
            f"cannot keep {WHEEL} in {folder}: {error.strerror or error}; "
            "LATIMER_CACHE names another folder"
        ) from error
    return wheel


def _download(folder: Path, on_progress: OnProgress | None) -> Path:
    options = "--quiet --no-deps --ignore-requires-python --only-binary=:all: --no-input"
    limits = "--disable-pip-version-check --retries 2 --timeout 20"
    pip = [*_PIP, "download", *options.split(), *limits.split(), "--dest", str(folder), REQUIREMENT]

    def tell(so_far: int) -> None:
        with contextlib.suppress(Exception):  # an error of the display must not stop the download
            if on_progress is not None:
                on_progress(so_far, WHEEL_BYTES)

    code, said = _run(pip, folder, lambda: tell(_largest_file(folder)))
    fresh = folder / WHEEL
    if code or not fresh.is_file():
        lines = [line for line in said.splitlines() if line.strip()]
        reason = next((line for line in reversed(lines) if "ERROR" in line), *lines[-1:] or [""])
        raise LatimerError(
            f"cannot download {REQUIREMENT}; is there a network? (pip says: {reason[:200]}); "
            f"{_OWN_FILE}"
        )
    tell(WHEEL_BYTES)
    return fresh


def _run(command: list[str], folder: Path, look: Callable[[], None]) -> tuple[int, str]:
    """Exit code and standard error of `command`, whose temporary files are in `folder`.

    Calls `look` at regular intervals while it runs.
    """
    kept = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | kept
    ) as process:
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    said = process.communicate(timeout=_LOOK_SECONDS)[1]
                    return process.returncode, said
                look()
        except BaseException:
            process.kill()
            raise


def _largest_file(folder: Path) -> int:
    """Size of the largest file below `folder`: the part of a download that has arrived."""
    largest = 0
    for inside, _, names in os.walk(folder):  # skips what cannot be read
        for name in names:
            with contextlib.suppress(OSError):  # moved away meanwhile
                largest = max(largest, os.stat(os.path.join(inside, name)).st_size)
    return largest


def languages(wheel: Path) -> list[str]:
    """The language codes that the wheel has translations for; raises InputError as `read` does."""
    with _open(wheel) as archive:
        return sorted({code for code, _ in _members(archive, wheel)})


def read(
    wheel: Path,
    target_language: str,
    source_language: str = "en",
    skipped: Counter[str] | None = None,
) -> Iterator[Pair]:
    """The strings that both languages have, joined on component and dotted key.

    The group of a pair is its component. `skipped` counts the strings without a translation.
    Raises InputError for a language that is not there, and for a damaged or foreign file.
    """
    with _open(wheel) as archive:
        members = _members(archive, wheel)
        source_code = _choose(source_language, members, wheel)
        target_code = _choose(target_language, members, wheel)
        for (code, component), source_member in members.items():
            if code != source_code:
                continue
            target_member = members.get((target_code, component))
            sources = _strings(archive, wheel, source_member)
            targets = _strings(archive, wheel, target_member) if target_member else {}
            for key, source in sources.items():
                if key in targets:
                    origin = Origin(target_member or "", 0, component)
                    yield Pair(source, targets[key], origin)
                elif skipped is not None:
                    skipped["untranslated"] += 1


def _open(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except _DAMAGE as error:
        raise InputError(
            f"{wheel}: not a wheel, or a truncated one ({error}); fetch it again"
        ) from error
    except OSError as error:
        raise InputError(f"{wheel}: cannot be read: {error.strerror or error}") from error


def _members(archive: zipfile.ZipFile, wheel: Path) -> dict[tuple[str, str], str]:
    """(language, component) -> name of the member, sorted by component."""
    found = {}
    for name in sorted(archive.namelist()):
        if match := _MEMBER.fullmatch(name):
            found[match["code"], match["component"]] = name
    if not found:
        raise InputError(
            f"{wheel}: holds no homeassistant/components/…/translations; "
            f"of all wheels only {REQUIREMENT} is read"
        )
    return found


def _choose(wanted: str, members: dict[tuple[str, str], str], wheel: Path) -> str:
    codes = sorted({code for code, _ in members})
    for code in codes:
        if code.lower() == wanted.lower().replace("_", "-"):
            return code
    raise InputError(f"{wheel}: no language {wanted!r}; there are: {', '.join(codes)}")


def _strings(archive: zipfile.ZipFile, wheel: Path, member: str) -> dict[str, str]:
    place = f"{wheel}, {member}"
    if archive.getinfo(member).file_size > MAX_MEMBER_BYTES:
        raise InputError(f"{place}: unpacks to more than {MAX_MEMBER_BYTES:,} bytes; refused")
    try:
        data = json.loads(archive.read(member).decode("utf-8"))
        strings = dict(_flatten(data))
        "".join(strings.values()).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not the JSON it should be ({error})") from error
    except (*_DAMAGE, OSError) as error:
        raise InputError(f"{place}: damaged ({error}); fetch the wheel again") from error
    return strings


def _flatten(data: Any, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _flatten(value, f"{key}.{name}" if key else name)
    elif isinstance(data, str):
        yield key, data
