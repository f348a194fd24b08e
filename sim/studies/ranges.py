"""Which settings a study varies, within which ranges, and whose ranges they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from sim.errors import Fault, InputError
from sim.scenario.checks import is_number, is_structural, is_whole, nearest
from sim.scenario.market_tables import read_market
from sim.scenario.priors import sensitivity_set
from sim.scenario.scenario import Scenario
from sim.studies.points import concerns

FloatArray = NDArray[np.float64]
TYPED = "command line"
STRUCTURAL, HELD = "structural", "structural, held"
# Settings named in a sentence; tables name all.
MOST_NAMED = 6


@dataclass(frozen=True)
class Range:
    """A setting with the range within which it is varied.

    Attributes
    ----------
    path
        Path of the setting.
    value
        Its value in the scenario; NaN where the range was typed and the file has none.
    low, high
        Ends of the range.
    setting
        ``structural`` (the market is calibrated again), ``structural, held`` (it would be, but
        for ``--hold-calibration``) or ``counterfactual``.
    source
        Whose range it is.
    """

    path: str
    value: float
    low: float
    high: float
    setting: str
    source: str


def firms_of(scenario: Scenario) -> tuple[str, ...]:
    """Firms of the scenario's market."""
    return tuple(row.firm_id for row in read_market(scenario.heading.market).firms)


def focus_of(scenario: Scenario) -> tuple[str, ...]:
    """Firms that the scenario's arms are about; the first two of its market without any."""
    named = [name for arm in scenario.arms for name in scenario.concerned(arm)]
    return tuple(dict.fromkeys(named)) or firms_of(scenario)[:2]


def known_ranges(scenario: Scenario) -> tuple[Range, ...]:
    """Every range of the scenario's assumptions, each with its source."""
    tables = read_market(scenario.heading.market)
    return tuple(
        Range(
            prior.path,
            prior.value,
            prior.low,
            prior.high,
            kind_of(scenario, tuple(prior.path.split("."))),
            prior.basis,
        )
        for prior in sensitivity_set(scenario, tables, focus_of(scenario))
    )


def chosen_ranges(scenario: Scenario, texts: Sequence[str]) -> tuple[Range, ...]:
    """The ranges that a person asked for; all that are known without any text.

    Parameters
    ----------
    scenario
        For its assumptions and arms.
    texts
        Each ``PATH`` of a known range (``*`` and ``?`` match any letters), or ``PATH=LOW:HIGH``
        for any number of the world settings. A later text wins over an earlier one.

    Raises
    ------
    InputError
        All faults of the texts.
    """
    known = {each.path: each for each in known_ranges(scenario)}
    if not texts:
        return tuple(known.values())
    faults: list[Fault] = []
    chosen: dict[str, Range] = {}
    for text in texts:
        path, equals, _ = text.partition("=")
        if equals:
            typed = read_range("--vary", text, scenario, faults)
            if typed is not None:
                chosen[path] = typed
            continue
        matching = [name for name in known if fnmatchcase(name, path)]
        chosen.update({name: known[name] for name in matching})
        if not matching:
            near = nearest(path, known)
            expected = "a setting with a known range, or PATH=LOW:HIGH"
            faults.append(Fault(TYPED, 0, "--vary", path, expected, near))
    if faults:
        raise InputError(faults)
    return tuple(chosen.values())


def read_range(
    option: str, text: str, scenario: Scenario, faults: list[Fault]
) -> Range | None:
    """Read ``PATH=LOW:HIGH``; what is wrong is added to ``faults``.

    Both ends must make a valid world in at least one arm.
    """
    path, _, ends = text.partition("=")
    keys = tuple(path.split("."))
    expected = "PATH=LOW:HIGH with the path of a number, such as conduct.war_intensity=0:1.5"
    low, high = _ends(ends)
    if not is_number(keys) or not low < high:
        faults.append(Fault(TYPED, 0, option, text, expected))
        return None
    holders = [arm for arm in scenario.arms if concerns(scenario, arm, path)]
    if not holders:
        faults.append(Fault(TYPED, 0, option, path, "a setting of at least one arm"))
        return None
    before = len(faults)
    for end in (low, high):
        try:
            scenario.settings(holders[0], {path: whole(path, end)})
        except InputError as error:
            faults += [
                Fault(TYPED, 0, f"{option} {path}", f"{end:g}", fault.expected)
                for fault in error.faults
            ]
    if len(faults) > before:
        return None
    found = scenario.world(holders[0], {}).get(keys)
    value = float(found) if isinstance(found, int | float) else math.nan
    return Range(path, value, low, high, kind_of(scenario, keys), TYPED)


def kind_of(scenario: Scenario, path: tuple[str, ...]) -> str:
    """Kind of a setting in a scenario: as :class:`Range` says."""
    if not is_structural(path):
        return "counterfactual"
    return HELD if scenario.held else STRUCTURAL


def calibrated_again(scenario: Scenario, ranges: Sequence[Range]) -> str:
    """Say for which settings the market is calibrated again."""
    if scenario.held:
        held = [each.path for each in ranges if each.setting == HELD]
        less = f"; so held: {_named(held)}" if held else ""
        return (
            "The market stays calibrated as the file is written (--hold-calibration); what only "
            f"the calibration reads moves nothing{less}."
        )
    again = [each.path for each in ranges if each.setting == STRUCTURAL]
    if not again:
        return "No setting calibrates the market again: the calibrated world is held."
    return f"The market of 2024 is calibrated again at each value of {_named(again)}."


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - MOST_NAMED
    return ", ".join(paths[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def at(ranges: Sequence[Range], unit: FloatArray) -> list[tuple[tuple[str, float], ...]]:
    """Settings of design points given in the unit cube, (P, D), in the order of the ranges."""
    low = np.array([each.low for each in ranges])
    high = np.array([each.high for each in ranges])
    scaled = low + (high - low) * unit
    return [
        tuple(
            (each.path, whole(each.path, float(value)))
            for each, value in zip(ranges, row, strict=True)
        )
        for row in scaled
    ]


def whole(path: str, value: float) -> float:
    """The nearest value that a setting can take: a whole number where it counts something."""
    return round(value) if is_whole(tuple(path.split("."))) else value


def _ends(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        ends = float(low), float(high)
    except ValueError:
        return math.nan, math.nan
    return ends if all(map(math.isfinite, ends)) else (math.nan, math.nan)
