"""What ships: scenarios by file, and the schema of their settings."""

from __future__ import annotations

from typing import Any

from sim.errors import InputError
from sim.scenario.load import load
from sim.scenario.market_tables import SCENARIOS
from sim.scenario.quarters import Quarter
from sim.scenario.world import Heading, WorldSettings


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


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario's heading and world settings."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario",
        "heading": _schema(Heading),
        "world": _schema(WorldSettings),
    }


def _schema(model: type[Heading] | type[WorldSettings]) -> dict[str, Any]:
    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        return str(value) if isinstance(value, Quarter) else value

    result: dict[str, Any] = clean(model.model_json_schema(by_alias=True))
    return result
