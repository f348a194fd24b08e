"""Read a pricing game: firms that learn to price in a repeated static game, from a small YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from sim.errors import Fault, InputError
from sim.scenario.checks import fault_at, validated
from sim.scenario.reader import read_text, read_yaml
from sim.scenario.settings import Group, Real, Whole, number
from sim.scenario.static_market import assignments
from sim.scenario.static_settings import Label
from sim.scenario.tree import Tree

KEY = "qlearning"
LARGEST_TABLE = 2**25  # entries of all firms' tables together


class LearningFirm(Group):
    """One firm with one product."""

    quality: Real = number("a, mean utility of the product without price", "money")
    cost: Real = number("marginal cost", "money", ge=0.0)


class PriceGrid(Group):
    """The prices that firms choose among."""

    count: Whole = number("prices a firm", "count", ge=2, le=1000)
    beyond: Real | None = number(
        "xi: how far the grid goes beyond Nash and joint prices",
        "share of their distance",
        default=None,
        ge=0.0,
        le=5.0,
    )
    low: Real | None = number("lowest price, in place of beyond", "money", default=None)
    high: Real | None = number("highest price, in place of beyond", "money", default=None)


class LearningRates(Group):
    """How firms learn."""

    alpha: Real = number("learning rate", "share", gt=0.0, le=1.0)
    beta: Real = number("decay of exploration", "a period", gt=0.0, le=1.0)
    delta: Real = number("discount factor", "a period", ge=0.0, lt=1.0)


class Stop(Group):
    """When a session ends."""

    patience: Whole = number("periods without a change of greedy actions", "periods", ge=1)
    most: Whole = number("periods after which it is given up", "periods", ge=1, le=10**12)


class PricingGame(Group):
    """The whole file."""

    qlearning: Literal[1]
    name: str = Field(min_length=1, max_length=200)
    question: str = Field(default="", max_length=500)
    firms: dict[Label, LearningFirm] = Field(min_length=1, max_length=20)
    outside: Real = number("a0, utility of buying from nobody", "money")
    scale: Real = number("mu, horizontal differentiation", "money", gt=0.0, le=1e6)
    prices: PriceGrid
    learning: LearningRates
    stop: Stop
    sessions: Whole = number("independent sessions", "count", ge=1, le=1_000_000)
    seed: Whole = number("seed", "count", ge=0, le=2**63 - 1)


def is_pricing_game(path: str | Path) -> bool:
    """Whether a file says that it is a pricing game; a file that cannot be read is none."""
    try:
        return KEY in read_yaml(read_text(Path(path), str(path)), str(path)).data
    except InputError:
        return False


def load_pricing_game(path: str | Path, sets: Sequence[str] = ()) -> PricingGame:
    """Load and check a pricing game.

    Parameters
    ----------
    path
        The YAML file.
    sets
        ``path=value`` of the command line; they win over the file.

    Raises
    ------
    InputError
        All faults.
    """
    faults: list[Fault] = []
    document = read_yaml(read_text(Path(path), str(path)), str(path))
    tree = assignments(sets, faults).over(Tree(document.data, document.places))
    game = validated(PricingGame, tree, (), faults)
    if game is not None:
        _check_grid(game, tree, faults)
    if game is None or faults:
        raise InputError(faults)
    return game


def _check_grid(game: PricingGame, tree: Tree, faults: list[Fault]) -> None:
    prices, firms = game.prices, len(game.firms)

    def add(key: str, value: object, expected: str) -> None:
        faults.append(fault_at(tree, ("prices", key), value, expected))

    stated = [key for key in ("low", "high") if getattr(prices, key) is not None]
    if prices.beyond is not None and stated:
        add(stated[0], getattr(prices, stated[0]), "beyond, or low and high, not both")
    elif prices.beyond is None and len(stated) < 2:
        add("beyond", None, "beyond, or low and high")
    elif prices.low is not None and prices.high is not None and prices.high <= prices.low:
        add("high", prices.high, f"a price above low, {prices.low:g}")
    if firms == 1 and prices.beyond is not None:
        add("beyond", prices.beyond, "low and high: for one firm Nash and joint prices are one")
    entries = firms * prices.count ** (firms + 1)
    if entries > LARGEST_TABLE:
        expected = f"at most {LARGEST_TABLE:,} entries of Q, firms x prices^(firms + 1)"
        add("count", f"{prices.count} ({entries:,} entries)", expected)
