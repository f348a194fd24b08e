"""What ships: scenarios by file, and the schema of their settings."""

from __future__ import annotations

from typing import Any

from sim.errors import InputError
from sim.scenario.changes import DESIGNS
from sim.scenario.designs import LATIN_HYPERCUBE, SOBOL, TABLE, ZIP
from sim.scenario.load import load
from sim.scenario.market_tables import SCENARIOS
from sim.scenario.pricing_game import load_pricing_game
from sim.scenario.static_market import load_static_market
from sim.scenario.sweep import MAX_DRAWN
from sim.scenario.world import Heading, WorldSettings

BOUNDS = {
    "gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum",
}  # fmt: skip


def shipped() -> list[tuple[str, str, str]]:
    """File, name and question of every scenario under ``scenarios/``."""
    found = []
    for path in sorted([*SCENARIOS.glob("*.yaml"), *SCENARIOS.glob("base/*.yaml")]):
        name = f"scenarios/{path.relative_to(SCENARIOS)}"
        try:
            scenario = load(path)
        except InputError as error:
            found.append((name, "not valid", str(error.faults[0])))
            continue
        found.append((name, scenario.name, scenario.heading.question))
    return found


def shipped_static_markets() -> list[tuple[str, str, str]]:
    """File, name and question of every static market under ``scenarios/merger``."""
    found = []
    for path in sorted(SCENARIOS.glob("merger/*.yaml")):
        market = load_static_market(path)
        found.append((f"scenarios/{path.relative_to(SCENARIOS)}", market.name, market.question))
    return found


def shipped_pricing_games() -> list[tuple[str, str, str]]:
    """File, name and question of every pricing game under ``scenarios/qlearning``."""
    found = []
    for path in sorted(SCENARIOS.glob("qlearning/*.yaml")):
        game = load_pricing_game(path)
        found.append((f"scenarios/{path.relative_to(SCENARIOS)}", game.name, game.question))
    return found


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for editors.

    A file may leave out what it extends, and null removes, so nothing is required and null may
    stand everywhere; the loader alone knows whether a scenario is whole.
    """
    heading, world = _schema(Heading), _schema(WorldSettings)
    definitions = {**heading.pop("$defs", {}), **world.pop("$defs", {})}
    definitions["World"] = world
    numbers = {"type": "array", "items": {"type": "number"}}
    design = {
        "anyOf": [
            {"type": "null"},
            numbers,
            {
                "type": "object",
                "properties": dict.fromkeys(DESIGNS, numbers),
                "additionalProperties": False,
            },
        ]
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario",
        "type": "object",
        "properties": {
            "extends": {"type": "string", "description": "a scenario file to start from"},
            **heading["properties"],
            "arms": _named({"$ref": "#/$defs/World"}, "treatments of the same world"),
            "sweep": _sweep(design, numbers),
            "kinds": _named({"$ref": "#/$defs/Contract"}, "presets of contracts"),
            "held": {"$ref": "#/$defs/World", "description": "what calibration holds instead"},
            **world["properties"],
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _sweep(design: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    """What a sweep holds: designs of several settings by their names, all else by path."""
    ends = {**numbers, "minItems": 2, "maxItems": 2}
    sample = _or_null(
        {
            "type": "object",
            "properties": {
                "points": {"type": "integer", "minimum": 1, "maximum": MAX_DRAWN},
                "seed": {"type": "integer", "minimum": 0},
                "settings": _named(ends, "low and high by dotted path"),
            },
            "additionalProperties": False,
        }
    )
    table = {"type": "string", "description": "a CSV file with a path a column, or its text"}
    several = {
        ZIP: _or_null(_named(numbers, "values by dotted path, moved together")),
        LATIN_HYPERCUBE: sample,
        SOBOL: sample,
        TABLE: _or_null(table),
    }
    return {**_named(design, "values by dotted path of a world setting"), "properties": several}


def _named(item: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": {"anyOf": [item, {"type": "null"}]},
    }


def _schema(model: type[Heading] | type[WorldSettings]) -> dict[str, Any]:
    """Schema of a model in which nothing is required and null may stand for every value."""

    def loose(schema: Any) -> Any:
        if isinstance(schema, list | tuple):
            return [loose(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        result = {
            key: loose(value) for key, value in schema.items() if key not in ("required", "default")
        }
        for name, keyword in BOUNDS.items():
            # Pydantic leaves the bounds of a number that may be missing under its own names.
            if name in result:
                result[keyword] = result.pop(name)
        for key in ("properties", "patternProperties"):
            if key in result:
                result[key] = {name: _or_null(item) for name, item in result[key].items()}
        if "patternProperties" in result:
            # The pattern is that of a name, and nothing else may be one.
            result["additionalProperties"] = False
        elif isinstance(result.get("additionalProperties"), dict):
            result["additionalProperties"] = _or_null(result["additionalProperties"])
        return result

    result: dict[str, Any] = loose(model.model_json_schema(by_alias=True))
    return result


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {key: schema[key] for key in ("title", "description") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in told}
    return {**told, "anyOf": [rest, {"type": "null"}]}
