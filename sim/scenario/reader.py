"""The one reader of YAML: untrusted text to plain mappings, with the place of every value.

Refused are duplicate keys, tags, anchors and aliases, merge keys, several documents, NaN
and infinity, and text that is too large, too deep or not UTF-8.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, DocumentStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sim.errors import Fault, InputError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 50_000

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)")
_TRUTH = {"true": True, "True": True, "false": False, "False": False}
_NOTHING = {"", "~", "null", "Null", "NULL"}

Place = tuple[str, int]
Path_ = tuple[str, ...]


@dataclass
class Document:
    """Plain data of one file, with places by path."""

    file: str
    data: dict[str, Any]
    places: dict[Path_, Place]
    faults: list[Fault] = field(default_factory=list)


def shown(value: object, limit: int = 60) -> str:
    """A value as text that fits a line and cannot disturb a terminal."""
    text = ascii(value) if not isinstance(value, str) else ascii(value)[1:-1]
    return text if len(text) <= limit else text[: limit - 3] + "..."


def read_text(path: Path, name: str) -> str:
    """Read a file of text.

    Raises
    ------
    InputError
        It is missing, too large, or not UTF-8.
    """

    def refuse(expected: str) -> InputError:
        return InputError([Fault(name, 0, "", "", expected)])

    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise refuse("a file that exists") from None
    except OSError as error:
        raise refuse(f"a file that can be read ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise refuse(f"at most {MAX_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refuse(f"UTF-8 text (byte {error.start} is not)") from None


def read_yaml(text: str, name: str) -> Document:
    """Parse one YAML document into plain mappings, lists and scalars.

    Parameters
    ----------
    text
        The document.
    name
        File name for messages.

    Raises
    ------
    InputError
        The text is no YAML mapping, or uses what is refused.
    """
    node = _compose(text, name)
    document = Document(name, {}, {})
    if not isinstance(node, MappingNode):
        raise InputError([Fault(name, 1, "", "", "a mapping such as 'scenario: 1'")])
    data = _plain(node, (), document)
    if document.faults:
        raise InputError(document.faults)
    assert isinstance(data, dict)
    document.data = data
    return document


def _compose(text: str, name: str) -> Node | None:
    """Build the node tree, after a pass over the events that refuses bombs."""
    try:
        depth = documents = 0
        for count, event in enumerate(YAML(typ="rt", pure=True).parse(text), 1):
            kind = type(event).__name__
            line = event.start_mark.line + 1
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise InputError([Fault(name, line, "", "---", "one document in the file")])
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                raise InputError([Fault(name, line, "", "", "no anchors and no aliases")])
            depth += kind in ("MappingStartEvent", "SequenceStartEvent")
            depth -= kind in ("MappingEndEvent", "SequenceEndEvent")
            if depth > MAX_DEPTH:
                raise InputError([Fault(name, line, "", "", f"at most {MAX_DEPTH} levels")])
            if count > MAX_NODES:
                raise InputError([Fault(name, line, "", "", f"at most {MAX_NODES:,} values")])
        node: Node | None = YAML(typ="rt", pure=True).compose(text)
        return node
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 0
        problem = getattr(error, "problem", None) or "it cannot be read"
        fault = Fault(name, line, "", "", f"YAML ({shown(problem, 120)})")
        raise InputError([fault]) from None
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        fault = Fault(name, 0, "", "", f"YAML ({shown(str(error), 120)})")
        raise InputError([fault]) from None


def _plain(node: Node, path: Path_, document: Document) -> Any:
    line = node.start_mark.line + 1
    document.places[path] = (document.file, line)
    dotted = ".".join(path)
    tag = str(node.ctag) if getattr(node, "ctag", None) else str(node.tag)
    if tag and not tag.startswith("tag:yaml.org,2002:") and tag not in ("None", "!"):
        document.faults.append(Fault(document.file, line, dotted, tag, "no tags"))
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, SequenceNode):
        return [
            _plain(item, (*path, str(number)), document)
            for number, item in enumerate(node.value)
        ]
    assert isinstance(node, ScalarNode)
    return _scalar(node, dotted, line, document)


def _mapping(node: MappingNode, path: Path_, document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            document.faults.append(Fault(document.file, line, ".".join(path), "", "a plain key"))
            continue
        name = key.value
        dotted = ".".join((*path, shown(name)))
        if name == "<<":
            document.faults.append(Fault(document.file, line, dotted, "<<", "no merge keys"))
            continue
        if name in result:
            expected = f"each key once (it stands in line {first[name]} already)"
            document.faults.append(Fault(document.file, line, dotted, "", expected))
            continue
        first[name] = line
        result[name] = _plain(value, (*path, name), document)
        document.places[(*path, name)] = (document.file, line)
    return result


def _scalar(node: ScalarNode, dotted: str, line: int, document: Document) -> Any:
    text = node.value
    if node.style in ('"', "'", "|", ">"):
        return text
    if text in _NOTHING:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _NOT_FINITE.fullmatch(text) or text.lower() in ("nan", "inf", "infinity", "-inf"):
        document.faults.append(Fault(document.file, line, dotted, text, "a finite number"))
        return None
    if _INTEGER.fullmatch(text) and len(text) <= 19:
        return int(text)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if not math.isfinite(value):
            document.faults.append(
                Fault(document.file, line, dotted, shown(text), "a finite number")
            )
            return None
        return value
    return text
