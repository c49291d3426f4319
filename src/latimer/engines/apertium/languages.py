"""Codes of languages as Apertium's modes have them, and the Debian packages with the modes."""

from __future__ import annotations

from latimer.model.config import Languages

THREE_LETTERS = {
    "af": "afr", "an": "arg", "ast": "ast", "be": "bel", "bg": "bul", "br": "bre", "ca": "cat",
    "da": "dan", "en": "eng", "eo": "epo", "es": "spa", "eu": "eus", "fr": "fra", "frp": "frp",
    "gl": "glg", "hbs": "hbs", "hi": "hin", "id": "ind", "is": "isl", "it": "ita", "mk": "mkd",
    "ms": "zlm", "nb": "nob", "nl": "nld", "nn": "nno", "no": "nor", "oc": "oci", "pl": "pol",
    "pt": "por", "ro": "ron", "ru": "rus", "sc": "srd", "sl": "slv", "sv": "swe", "szl": "szl",
    "uk": "ukr", "ur": "urd",
}  # fmt: skip
"""ISO 639-3 codes by the codes that Latimer uses: two letters where ISO 639-1 has any."""

_TWO_LETTERS = {three: code for code, three in THREE_LETTERS.items()}

PACKAGES = (
    "apertium-afr-nld", "apertium-arg-cat", "apertium-bel-rus", "apertium-br-fr",
    "apertium-cat-ita", "apertium-cat-srd", "apertium-dan-nor", "apertium-en-gl",
    "apertium-eng-cat", "apertium-eng-spa", "apertium-eo-ca", "apertium-eo-en", "apertium-eo-es",
    "apertium-eo-fr", "apertium-es-gl", "apertium-es-pt", "apertium-es-ro", "apertium-eu-en",
    "apertium-eu-es", "apertium-fr-es", "apertium-fra-cat", "apertium-fra-frp",
    "apertium-hbs-eng", "apertium-hbs-mkd", "apertium-hbs-slv", "apertium-ind-zlm",
    "apertium-isl-eng", "apertium-isl-swe", "apertium-mkd-bul", "apertium-mkd-eng",
    "apertium-nno-nob", "apertium-oc-ca", "apertium-oc-es", "apertium-oci-fra",
    "apertium-pol-szl", "apertium-por-cat", "apertium-pt-gl", "apertium-rus-ukr",
    "apertium-spa-arg", "apertium-spa-ast", "apertium-spa-cat", "apertium-spa-ita",
    "apertium-srd-ita", "apertium-swe-dan", "apertium-swe-nor", "apertium-urd-hin",
)  # fmt: skip
"""The pairs that Debian 12 has; each package holds one direction or both."""


def code_of(word: str) -> str:
    """Latimer's code of a language for one of Apertium's, such as `en` for `eng_US`."""
    bare = word.partition("_")[0]
    return _TWO_LETTERS.get(bare, bare)


def languages_of(mode: str) -> Languages:
    """From which language into which a mode such as `eng-spa` translates."""
    source, _, target = mode.partition("-")
    return Languages(source=code_of(source), target=code_of(target))


def mode_names(pair: str) -> list[str]:
    """The names that a mode for a pair such as `en-es` may have, the pair itself first."""
    source, _, target = pair.partition("-")
    names = [
        f"{a}-{b}"
        for a in (source, THREE_LETTERS.get(source, source))
        for b in (target, THREE_LETTERS.get(target, target))
    ]
    return list(dict.fromkeys(names))


def package_of(pair: str) -> str | None:
    """The Debian package for a pair such as `en-es`; None where Debian has none."""
    wanted = {code_of(word) for word in pair.split("-")}
    for package in PACKAGES:
        if {code_of(word) for word in package.split("-")[1:]} == wanted:
            return package
    return None
