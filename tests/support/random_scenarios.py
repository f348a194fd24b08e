"""Scenarios drawn from the published schema: any key it knows, any value it allows."""

from __future__ import annotations

import csv
import json
import string
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.firm_items import FIRM_BOUNDS, FIRM_ITEMS
from sim.scenario.scenario import Scenario

BASE = "base/china_nev_2024.yaml"
MARKET = Path(__file__).resolve().parents[2] / "scenarios/markets/china_nev_2024"
KINDS = ("mou", "joint_development", "platform", "capital", "joint_venture", "merger")
# Keys whose values are names of firms, by the last part of their path.
OF_FIRMS = {
    "firm", "firms", "to", "holder", "target", "investor", "acquirer", "members",
    "closure_firms", "leader", "leaders",
}  # fmt: skip
QUARTERS = 12
# Left to the test: they say how much is run and kept, not what the world is.
NOT_DRAWN = {
    "extends", "scenario", "name", "question", "market", "horizon", "replicates", "seed",
    "baseline", "until", "record", "arms", "sweep", "kinds", "held",
}  # fmt: skip
# What happens and who deals with whom is where worlds differ most.
OFTEN = {"events": 0.6, "alliances": 0.4, "conduct": 0.5, "injections": 0.3}
# A world of 4,096 types is no other world than one of 128, only a slower one.
MOST = {"types": 128}


def _rows(name: str) -> list[dict[str, str]]:
    with (MARKET / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Drawer:
    """Draws one scenario after another from a JSON Schema.

    Parameters
    ----------
    schema
        What ``./run_sim.py schema`` prints.
    seed
        Of the draws.
    """

    def __init__(self, schema: dict[str, Any], seed: int) -> None:
        self.schema = schema
        self.rng = np.random.default_rng(seed)
        self.firms = [row["firm_id"] for row in _rows("firms")]
        self.lines = [row["line_id"] for row in _rows("lines")]
        self.figures = {
            (row["firm_id"], row["item"]): float(row["value"])
            for row in _rows("firm_values")
            if row["item"] in FIRM_ITEMS
        }

    def world(self, structural: bool) -> dict[str, Any]:
        """A few keys of the top level, each with a few of its own."""
        keys = [key for key in self.schema["properties"] if key not in NOT_DRAWN]
        chosen = [key for key in keys if self.rng.random() < OFTEN.get(key, 0.2)]
        drawn = {key: self.value(self.schema["properties"][key], key) for key in chosen}
        return drawn if structural else self._without_structural(self.schema, drawn)

    def value(self, schema: dict[str, Any], key: str) -> Any:
        """A value that a schema allows; ``key`` is the name it stands under."""
        if "$ref" in schema:
            return self.value(self.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]], key)
        if "anyOf" in schema:
            given = [each for each in schema["anyOf"] if each.get("type") != "null"]
            return self.value(given[self.rng.integers(len(given))], key)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][self.rng.integers(len(schema["enum"]))]
        kind = schema["type"]
        if kind == "object":
            return self._object(schema, key)
        if kind == "array":
            return self._array(schema, key)
        if kind == "boolean":
            return bool(self.rng.random() < 0.5)
        return self._text(schema, key) if kind == "string" else self._number(schema, key)

    def at(self, path: list[str]) -> dict[str, Any] | None:
        """The schema of a path, None where it knows none."""
        found: dict[str, Any] = self.schema
        for key in path:
            found = self._inner(found)
            patterns = list(found.get("patternProperties", {}).values())
            rule = found.get("properties", {}).get(key, patterns[0] if patterns else None)
            if rule is None:
                return None
            found = rule
        return found

    def _inner(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What stands behind references and choices, null aside."""
        while "$ref" in schema or "anyOf" in schema:
            if "$ref" in schema:
                schema = self.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
            else:
                schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        return schema

    def _object(self, schema: dict[str, Any], key: str) -> dict[str, Any]:
        if key in self.firms and "properties" not in schema:
            return self._figures(key)
        if patterns := schema.get("patternProperties"):
            rule = next(iter(patterns.values()))
            names = self._names(key, int(self.rng.integers(1, 4)))
            return {name: self.value(rule, name) for name in names}
        properties = schema.get("properties", {})
        if key == "when" or "cost_plus" in properties:
            # One of several: a rule of conduct, a condition.
            names = [str(self.rng.choice(list(properties)))]
        else:
            names = [name for name in properties if self.rng.random() < 0.5]
        return {name: self.value(properties[name], name) for name in names}

    def _figures(self, firm: str) -> dict[str, float]:
        """Figures of a firm around those of the market's table."""
        items = [item for item in FIRM_ITEMS if (firm, item) in self.figures]
        found = {}
        for item in self.rng.permutation(items)[: self.rng.integers(1, 4)]:
            low, high = FIRM_BOUNDS.get(str(item), (-np.inf, np.inf))
            value = self.figures[firm, str(item)] * np.exp(self.rng.normal(0, 0.7))
            found[str(item)] = float(min(max(value, low), high))
        return found

    def _names(self, key: str, count: int) -> list[str]:
        if key in ("firms", "rules", "entries"):
            return [str(name) for name in self.rng.choice(self.firms, count, replace=False)]
        letters = list(string.ascii_lowercase)
        return ["".join(self.rng.choice(letters, 4)) for _ in range(count)]

    def _array(self, schema: dict[str, Any], key: str) -> list[Any]:
        if first := schema.get("prefixItems"):
            return sorted(self.value(each, key) for each in first)
        count = max(schema.get("minItems", 0), int(self.rng.integers(1, 4)))
        drawn = [self.value(schema["items"], key) for _ in range(count)]
        return list(dict.fromkeys(drawn)) if all(isinstance(item, str) for item in drawn) else drawn

    def _text(self, schema: dict[str, Any], key: str) -> str:
        if "Q[1-4]" in schema.get("pattern", ""):
            # Now and then one quarter before the start or one after the end.
            quarter = int(self.rng.integers(-1, QUARTERS + 1))
            return f"{2025 + quarter // 4}Q{quarter % 4 + 1}"
        if key in OF_FIRMS:
            return str(self.rng.choice(self.firms))
        if key in ("line", "lines"):
            return str(self.rng.choice(self.lines))
        if key == "kind":
            return str(self.rng.choice(KINDS))
        return "".join(self.rng.choice(list(string.ascii_lowercase), 5))

    def _number(self, schema: dict[str, Any], key: str) -> float | int:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -np.inf))
        high = MOST.get(key, schema.get("maximum", schema.get("exclusiveMaximum", np.inf)))
        shape = self.rng.random()
        if shape < 0.15 and np.isfinite(low) and "exclusiveMinimum" not in schema:
            value = low
        elif shape < 0.25 and np.isfinite(high) and "exclusiveMaximum" not in schema:
            value = high
        elif shape < 0.6 and np.isfinite(low) and np.isfinite(high):
            value = self.rng.uniform(low, high)
        else:
            # Small against its bound, as most settings are.
            sign = 1 if low >= 0 or self.rng.random() < 0.5 else -1
            value = sign * 10 ** self.rng.uniform(-3, 1)
        value = float(np.clip(value, low, high))
        return round(value) if schema["type"] == "integer" else value

    def _without_structural(self, schema: dict[str, Any], value: Any) -> Any:
        """The same without what makes a new calibration, which takes longer than the run."""
        if "$ref" in schema:
            schema = self.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        if not isinstance(value, dict):
            return value
        rules = schema.get("properties", {})
        kept = {}
        for key, item in value.items():
            rule = rules.get(key, next(iter(schema.get("patternProperties", {"": {}}).values())))
            inner = [each for each in rule.get("anyOf", [rule]) if each.get("type") != "null"]
            if "structural" not in json.dumps([{k: v for k, v in each.items() if k == "setting"}
                                               for each in (rule, *inner)]):
                kept[key] = self._without_structural(inner[0], item)
        return kept


def valid_scenario(drawer: Drawer, folder: Path, structural: bool) -> tuple[Scenario, int]:
    """Draw until the loader takes one; what it refuses is taken out, fault by fault.

    Returns
    -------
    tuple
        The scenario, and how many values it was relieved of.
    """
    while True:
        text: dict[str, Any] = {
            "scenario": 1, "name": "drawn", "extends": BASE, "replicates": 1, "baseline": "solo",
            "record": "full", "arms": {"solo": {}},
            "horizon": {"start": "2025Q1", "quarters": QUARTERS},
            **drawer.world(structural),
        }  # fmt: skip
        taken = 0
        for _ in range(30):
            file = folder / "drawn.yaml"
            file.write_text(json.dumps(text), encoding="utf-8")
            try:
                return load(file), taken
            except InputError as error:
                for fault in error.faults:
                    path = fault.path.split(".")
                    if not _filled(text, path, drawer):
                        taken += _take_out(text, path)


def _filled(tree: dict[str, Any], path: list[str], drawer: Drawer) -> bool:
    """Draw what a path names if its place is there and empty."""
    inner: Any = tree
    for key in path[:-1]:
        inner = inner.get(key) if isinstance(inner, dict) else None
    rule = drawer.at(path)
    if len(path) < 2 or not isinstance(inner, dict) or path[-1] in inner or rule is None:
        return False
    inner[path[-1]] = drawer.value(rule, path[-1])
    return True


def _take_out(tree: dict[str, Any], path: list[str]) -> int:
    """Remove what a path names, or the nearest thing above it that was drawn."""
    for end in range(len(path), 0, -1):
        inner: Any = tree
        for key in path[: end - 1]:
            inner = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and path[end - 1] in inner:
            del inner[path[end - 1]]
            return 1
    return 0
