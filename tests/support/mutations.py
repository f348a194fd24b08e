"""Every leaf and key of a YAML text, spoilt in every way that a hand or a file system spoils it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sim.scenario.reader import read_yaml

Path_ = tuple[str, ...]

# Text put in place of a value, by what it is.
VALUES = {
    "word": "wrong_type",
    "quoted number": "'1.5'",
    "truth": "true",
    "nothing": "null",
    "empty": "",
    "tilde": "~",
    "nan": ".nan",
    "bare nan": "nan",
    "infinity": "-.inf",
    "overflow": "1e999",
    "huge": "99999999999999999999",
    "huge int": "999999999999999999",
    "negative": "-1",
    "zero": "0",
    "tiny": "1e-300",
    "fraction": "0.123456789",
    "list": "[1, 2]",
    "empty list": "[]",
    "mapping": "{a: 1}",
    "empty mapping": "{}",
    "deep": "[" * 30 + "]" * 30,
    "unicode": "零跑\U0001F697é",
    "bidi": '"\\u202Eabc"',
    "escape": '"\\e[31m\\a\\0\\n"',
    "raw control": "\x1b[31m",
    "long": "x" * 3000,
    "long number": "1" * 3000,
    "tag": "!!python/object/apply:os.system [touch owned]",
    "anchor": "&a 1",
    "alias": "*a",
    "quarter": "2099Q4",
    "date": "2025-03-03",
    "open quote": "'",
    "open list": "[",
    "colon": "a: b: c",
    "comment": "# gone",
    "path": "../../../etc/passwd",
    "percent": "%TAG ! x",
    "separator": "\n---\n",
    "tab": "\tx",
    "next line": "a\u2028b\u0085c",
    "signed": "+.5e+1",
}


def misspelt(name: str) -> str:
    """A name with two letters changed places, or one doubled."""
    middle = len(name) // 2
    turned = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]
    return turned if len(name) > 2 and turned != name else name + name[-1]


def keys_in_place_of(name: str, sibling: str) -> dict[str, str]:
    """Text put in place of a key, by what it is."""
    return {
        "misspelt": misspelt(name),
        "upper": name.upper(),
        "doubled": sibling,
        "number": "1",
        "nothing": "null",
        "unicode": "零跑",
        "escape": '"\\e[2J"',
        "long": "k" * 3000,
        "merge": "<<",
        "tagged": f"!!str {name}",
        "anchored": f"&k {name}",
        "list": "[a]",
        "quoted": f"'{name} '",
        "dotted": f"{name}.{name}",
    }


@dataclass(frozen=True)
class Mutant:
    """A spoilt text.

    Attributes
    ----------
    path
        What was spoilt.
    how
        ``value: nan``, ``key: misspelt``, ``deleted``.
    """

    path: Path_
    how: str
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """All mutants of a text, in a fixed order."""
    root = YAML(typ="rt", pure=True).compose(text)
    for path, key, value, sibling in _entries(root, ()):
        if key is not None:
            for how, new in keys_in_place_of(key.value, sibling).items():
                yield Mutant(path, f"key: {how}", _replaced(text, key, new))
            yield Mutant(path, "deleted", _without(text, path))
        if isinstance(value, ScalarNode):
            for how, new in VALUES.items():
                yield Mutant(path, f"value: {how}", _replaced(text, value, new))
        else:
            for how in ("nothing", "word", "list", "mapping", "empty mapping", "zero", "nan"):
                yield Mutant(path, f"whole: {how}", _with(text, path, VALUES[how]))


def _entries(
    node: Node, path: Path_
) -> Iterator[tuple[Path_, ScalarNode | None, Node, str]]:
    if isinstance(node, MappingNode):
        names = [key.value for key, _ in node.value]
        for number, (key, value) in enumerate(node.value):
            here = (*path, key.value)
            yield here, key, value, names[number - 1]
            yield from _entries(value, here)
    elif isinstance(node, SequenceNode):
        for number, item in enumerate(node.value):
            yield (*path, str(number)), None, item, ""
            yield from _entries(item, (*path, str(number)))


def _replaced(text: str, node: Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _without(text: str, path: Path_) -> str:
    data = read_yaml(text, "shipped").data
    parent: Any = data
    for key in path[:-1]:
        parent = parent[int(key)] if isinstance(parent, list) else parent[key]
    del parent[path[-1]]
    # JSON is YAML, a key a line.
    return json.dumps(data, indent=1)


MARK = "put something here"


def _with(text: str, path: Path_, new: str) -> str:
    data = read_yaml(text, "shipped").data
    parent: Any = data
    for key in path[:-1]:
        parent = parent[int(key)] if isinstance(parent, list) else parent[key]
    parent[int(path[-1]) if isinstance(parent, list) else path[-1]] = MARK
    return json.dumps(data, indent=1).replace(json.dumps(MARK), new)
