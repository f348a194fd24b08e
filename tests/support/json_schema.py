"""A small judge of JSON Schema: the keywords that ours uses, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

KNOWN = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "description", "enum",
    "exclusiveMaximum", "exclusiveMinimum", "items", "maxItems", "maxLength", "maximum",
    "minItems", "minLength", "minimum", "pattern", "patternProperties", "prefixItems", "properties",
    "propertyNames", "setting", "title", "type", "unit",
}
KINDS = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "number": (int, float), "integer": int,
}


def complaints(
    schema: dict[str, Any], value: Any, whole: dict[str, Any], path: str = ""
) -> Iterator[str]:
    """Yield what a schema has against a value."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        yield from complaints(whole["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, whole, path)
    if "anyOf" in schema:
        tries = [list(complaints(each, value, whole, path)) for each in schema["anyOf"]]
        if all(tries):
            yield max(tries, key=lambda found: max(len(text.split(":")[0]) for text in found))[0]
    if "type" in schema:
        kind = KINDS[schema["type"]]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            yield f"{path}: not {schema['type']}"
            return
    if "const" in schema and value != schema["const"]:
        yield f"{path}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: not among {schema['enum']}"
    yield from _bounds(schema, value, path)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        more = schema.get("additionalProperties", True)
        for key, item in value.items():
            here = f"{path}.{key}"
            if "propertyNames" in schema:
                yield from complaints(schema["propertyNames"], key, whole, here)
            like = next((rule for text, rule in patterns.items() if re.search(text, key)), None)
            if key in known or like is not None:
                yield from complaints(known.get(key, like), item, whole, here)
            elif more is False:
                yield f"{here}: not a key"
            elif isinstance(more, dict):
                yield from complaints(more, item, whole, here)
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        for number, item in enumerate(value):
            rule = first[number] if number < len(first) else schema.get("items", {})
            yield from complaints(rule, item, whole, f"{path}.{number}")


def _bounds(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        inside = low <= value <= high
        inside &= "exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"]
        inside &= "exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"]
        if not inside:
            yield f"{path}: out of bounds"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: not as {schema['pattern']}"
    if isinstance(value, str | list):
        size = "Length" if isinstance(value, str) else "Items"
        count = len(value)
        if not schema.get(f"min{size}", 0) <= count <= schema.get(f"max{size}", count):
            yield f"{path}: of length {count}"
