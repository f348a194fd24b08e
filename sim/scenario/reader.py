"""The one reader of YAML: untrusted text to plain mappings, with the place of every value.

Refused are duplicate keys, tags, anchors and aliases, merge keys, several documents, NaN
and infinity, and text that is too large, too deep or not UTF-8.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from sim.errors import Fault, InputError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_KEY = 200

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.?(inf|nan|infinity)", re.IGNORECASE)
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


# Of a path in a message.
LONGEST_PATH = 300


def read_text(path: Path, name: str) -> str:
    """Read a file of text.

    Raises
    ------
    InputError
        It is missing, too large, or not UTF-8.
    """
    told = name if len(name) <= LONGEST_PATH else f"{name[:LONGEST_PATH]}..."

    def refuse(expected: str) -> InputError:
        return InputError([Fault(told, 0, "", "", expected)])

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


def read_yaml(text: str, name: str, faults: list[Fault] | None = None) -> Document:
    """Parse one YAML document into plain mappings, lists and scalars.

    Parameters
    ----------
    text
        The document.
    name
        File name for messages.
    faults
        Receives faults of single values, which then read as null, so that those of others can be
        told with them; without it they are raised.

    Raises
    ------
    InputError
        The text is no YAML mapping, or uses what is refused.
    """
    document = Document(name, {}, {})
    try:
        events = _events(text, name)
        first = next(events, None)
        if not isinstance(first, MappingStartEvent):
            raise InputError([Fault(name, 1, "", "", "a mapping such as 'scenario: 1'")])
        data = _value(first, (), events, document)
        # A second document, if there is one, is refused on the way to the end.
        for _ in events:
            pass
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else _line_of(text, error)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None)
        expected = f"YAML ({shown(problem or 'it cannot be read', 120)})"
        raise InputError([*document.faults, Fault(name, line, "", "", expected)]) from None
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError, IndexError) as error:
        fault = Fault(name, 1, "", "", f"YAML ({shown(str(error), 120)})")
        raise InputError([fault]) from None
    if document.faults and faults is None:
        raise InputError(document.faults)
    if faults is not None:
        faults += document.faults
    document.data = data
    return document


def _line_of(text: str, error: YAMLError) -> int:
    """Line of a character that YAML does not allow."""
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _events(text: str, name: str) -> Iterator[Event]:
    """Events of values, without bombs: one document, few levels, few values, no aliases."""
    depth = documents = values = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InputError([Fault(name, line, "", "---", "one document in the file")])
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise InputError([Fault(name, line, "", "", "no anchors and no aliases")])
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        values += isinstance(event, NodeEvent)
        if depth > MAX_DEPTH:
            raise InputError([Fault(name, line, "", "", f"at most {MAX_DEPTH} levels")])
        if values > MAX_VALUES:
            raise InputError([Fault(name, line, "", "", f"at most {MAX_VALUES:,} values")])
        if isinstance(event, NodeEvent | CollectionEndEvent):
            yield event


def _value(event: Event, path: Path_, events: Iterator[Event], document: Document) -> Any:
    line = event.start_mark.line + 1
    document.places[path] = (document.file, line)
    tag = getattr(event, "tag", None)
    if tag is not None:
        document.faults.append(Fault(document.file, line, _dotted(path), shown(tag), "no tags"))
    if isinstance(event, MappingStartEvent):
        return _mapping(path, events, document)
    if isinstance(event, CollectionStartEvent):
        items: list[Any] = []
        for item in events:
            if isinstance(item, CollectionEndEvent):
                break
            items.append(_value(item, (*path, str(len(items))), events, document))
        return items
    assert isinstance(event, ScalarEvent)
    return None if tag is not None else _scalar(event, path, line, document)


def _mapping(path: Path_, events: Iterator[Event], document: Document) -> dict[str, Any]:
    result: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key in events:
        if isinstance(key, CollectionEndEvent):
            break
        line = key.start_mark.line + 1
        refused = ""
        if not isinstance(key, ScalarEvent):
            _value(key, path, events, document)
            name, refused = "", "a plain key"
        else:
            name = key.value
        if not refused and getattr(key, "tag", None) is not None:
            refused = "no tags"
        elif name == "<<":
            refused = "no merge keys"
        elif len(name) > MAX_KEY:
            refused = f"a key of at most {MAX_KEY} letters"
        elif name in result:
            refused = f"each key once (it stands in line {first[name]} already)"
        here = (*path, name)
        if refused:
            document.faults.append(Fault(document.file, line, _dotted(here), "", refused))
            # Faults below it are told too.
            _value(next(events), here, events, document)
            continue
        first[name] = line
        result[name] = _value(next(events), here, events, document)
        document.places[here] = (document.file, line)
    return result


def _dotted(path: Path_) -> str:
    return ".".join(shown(key) for key in path)


def _scalar(event: ScalarEvent, path: Path_, line: int, document: Document) -> Any:
    text = event.value
    if event.style in ('"', "'", "|", ">"):
        return text
    if text in _NOTHING:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text) and len(text) <= 19:
        return int(text)
    value = float(text) if _FLOAT.fullmatch(text) else 0.0
    if _NOT_FINITE.fullmatch(text) or not math.isfinite(value):
        expected = "a finite number"
        document.faults.append(
            Fault(document.file, line, _dotted(path), shown(text), expected)
        )
        return None
    return value if _FLOAT.fullmatch(text) else text
