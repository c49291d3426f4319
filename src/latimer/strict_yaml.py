"""YAML that says where it is wrong: no duplicate keys, no aliases, no surprises.

Scalars follow the core schema of YAML 1.2, so `no` is the code of Norwegian rather than false,
`1e-3` is a number and `2016-05-01` is text; PyYAML alone follows YAML 1.1.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from latimer.errors import InputError

_SCALARS = [
    ("null", r"^(?:~|null|Null|NULL|)$", [*"~nN", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    (
        "float",
        r"^[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))$|^\.nan$",
        list("-+.0123456789"),
    ),
]


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - declared so by PyYAML

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(None, None, "aliases (*) are not used", self.get_mark())
        return super().compose_node(parent, index)

    def construct_yaml_int(self, node: Any) -> int:
        return int(self.construct_scalar(node))  # YAML 1.1 reads 010 as eight

    def construct_yaml_float(self, node: Any) -> float:
        text = str(self.construct_scalar(node)).lower()
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))


class _Dumper(yaml.SafeDumper):
    """Quotes whatever `_Loader` would not read as text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _name, _pattern, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


def parse(text: str, name: str) -> tuple[Any, dict[str, int]]:
    """Plain values, and the line of each dotted key; `name` is for the complaint.

    Raises InputError naming the line for a syntax error, a duplicate key, an alias or a tag.
    """
    lines: dict[str, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return (None if node is None else _plain(loader, node, "", lines)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(
            f"{name}{line}: not valid YAML: {error.problem or error.context}"
        ) from error
    except yaml.reader.ReaderError as error:
        line = f", line {text.count(chr(10), 0, error.position) + 1}"
        raise InputError(f"{name}{line}: not valid YAML: an invisible control character") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(f"{name}: not valid YAML: {error}") from error


def _plain(loader: _Loader, node: Any, prefix: str, lines: dict[str, int]) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item, prefix, {}) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    plain: dict[str, Any] = {}
    for key_node, value_node in node.value:
        mark = key_node.start_mark
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(None, None, "a key must be a plain name", mark)
        key = str(key_node.value)
        if key in plain:
            raise yaml.MarkedYAMLError(None, None, f"{prefix}{key} stands here twice", mark)
        lines[f"{prefix}{key}"] = mark.line + 1
        plain[key] = _plain(loader, value_node, f"{prefix}{key}.", lines)
    return plain


def dump(value: Any) -> str:
    """YAML that `parse` reads as the same values, keys in the given order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
