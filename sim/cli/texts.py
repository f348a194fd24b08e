"""Verbs that read scenarios and make no batch: validate, show, list, schema."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from sim.cli.options import add_hold
from sim.errors import Fault, InputError, printable

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.scenario.tree import Tree


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser("validate", help="check scenarios; all faults at once")
    verb.add_argument("files", nargs="+", metavar="FILE")
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--text", action="store_true", help="the text alone, not its market")
    add_hold(verb)
    verb.set_defaults(handler=validate)
    verb = subparsers.add_parser("show", help="print a scenario resolved")
    verb.add_argument("file", nargs="?", metavar="FILE")
    verb.add_argument("--arm", help="the world settings of one arm")
    verb.add_argument(
        "--diff", nargs=2, metavar=("A", "B"),
        help="only what differs: between two arms of FILE, or without FILE between two files",
    )
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--sources", action="store_true", help="one line a value, with who set it")
    verb.set_defaults(handler=show)
    verb = subparsers.add_parser("list", help="the scenarios that ship, with their questions")
    verb.set_defaults(handler=listing)
    verb = subparsers.add_parser("schema", help="JSON Schema of a scenario file, for editors")
    verb.set_defaults(handler=schema)


def validate(options: argparse.Namespace) -> int:
    """Check files; every fault of every file, then the market and its first prices."""
    from sim.scenario import load
    from sim.scenario.pricing_game import is_pricing_game, load_pricing_game
    from sim.scenario.static_market import is_static_market, load_static_market

    faults: list[Fault] = []
    sound = True
    for file in options.files:
        try:
            if is_static_market(file):
                market = load_static_market(file, options.sets)
                print(
                    f"{printable(file)}: valid; a static market of {len(market.products)} "
                    f"products, {len(market.firms)} firms and {len(market.deals)} deals"
                )
                continue
            if is_pricing_game(file):
                game = load_pricing_game(file, options.sets)
                print(
                    f"{printable(file)}: valid; a pricing game of {len(game.firms)} firms, "
                    f"{game.prices.count} prices and {game.sessions} sessions"
                )
                continue
            scenario = load(file, options.sets)
            if options.hold_calibration:
                scenario = scenario.holding_calibration()
            _check_until(scenario)
        except InputError as error:
            faults += error.faults
            continue
        for notice in scenario.notices:
            print(notice, file=sys.stderr)
        points = len(scenario.points())
        replicates = scenario.most_replicates
        runs = len(scenario.arms) * points * replicates
        upto = "" if scenario.heading.until is None else "at most "
        print(
            f"{printable(file)}: valid; {len(scenario.arms)} arms x {points} points x "
            f"{upto}{replicates} replicates = {runs:,} runs"
        )
        if not options.text:
            sound &= _validate_market(scenario)
    if faults:
        raise InputError(faults)
    return 0 if sound else 1


def _check_until(scenario: Scenario) -> None:
    """Raise InputError where a stopping rule asks for a measure that there is not."""
    if scenario.heading.until is not None:
        from sim.studies.until import stopping_rule

        stopping_rule(scenario)


def _validate_market(scenario: Scenario) -> bool:
    from sim.batch.check import check_prices

    found = check_prices(scenario)
    kept = ", held as the file is written" if scenario.held else ""
    points = len(scenario.points())
    print(f"  market: calibrates at {found.calibrations} of {points} points{kept}")
    if found.markets:
        print(
            f"  prices: {found.markets} quarters of {len(scenario.arms)} arms, estimated error at "
            f"most {found.error:.0e};\n          a firm's own best reply, solved alone, moves a "
            f"price by at most {found.move:.0e},\n          and repricing one line alone, however "
            f"far, gains at most {found.gain:.0e}"
        )
    for finding in found.findings:
        print(f"  {printable(finding)}", file=sys.stderr)
    return not found.findings


def show(options: argparse.Namespace) -> int:
    """Print a scenario or one arm, resolved, or what differs between two."""
    if options.diff and options.file is None:
        return _show_two_files(options)
    if options.file is None:
        raise InputError([Fault("command line", 0, "FILE", "", "a scenario file to show")])

    from sim.scenario import load
    from sim.scenario.market_values import over_market
    from sim.scenario.present import arm_yaml, differences, printed_differences, sources

    scenario = load(options.file, options.sets)
    for notice in scenario.notices:
        print(notice, file=sys.stderr)
    if options.diff:
        arms = _arms(options.diff, "--diff", scenario)
        first, second = over_market(arms, [scenario.heading.market] * 2)
        print(printed_differences(differences(first, second), tuple(options.diff)), end="")
    elif options.arm is None:
        print(scenario.sources() if options.sources else scenario.resolved_yaml(), end="")
    else:
        (tree,) = _arms([options.arm], "--arm", scenario)
        market = scenario.heading.market
        print(sources(tree, market) if options.sources else arm_yaml(tree), end="")
    return 0


def _arms(names: list[str], option: str, scenario: Scenario) -> list[Tree]:
    """World settings of some arms, with the presets of their contracts."""
    from sim.scenario.checks import nearest
    from sim.scenario.resolve import expand_kinds

    expected = "one of the arms " + ", ".join(scenario.arms)
    faults = [
        Fault("command line", 0, option, name, expected, nearest(name, scenario.arms))
        for name in names
        if name not in scenario.arms
    ]
    if faults:
        raise InputError(faults)
    return [expand_kinds(scenario.world(name, {}), scenario.tree, (), []) for name in names]


def _show_two_files(options: argparse.Namespace) -> int:
    from sim.scenario import load
    from sim.scenario.market_values import over_market
    from sim.scenario.present import differences, printed_differences

    scenarios, faults = [], []
    for file in options.diff:
        try:
            scenarios.append(load(file, options.sets))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    first, second = over_market(
        [scenario.settled for scenario in scenarios],
        [scenario.heading.market for scenario in scenarios],
    )
    print(printed_differences(differences(first, second), tuple(options.diff)), end="")
    return 0


def listing(_: argparse.Namespace) -> int:
    """Print the scenarios that ship, the static markets and the pricing games."""
    from sim.scenario.catalogue import shipped, shipped_pricing_games, shipped_static_markets

    for file, name, question in [
        *shipped(), *shipped_static_markets(), *shipped_pricing_games()
    ]:
        print(f"{file}\n    {printable(name)}\n    {printable(question)}")
    return 0


def schema(_: argparse.Namespace) -> int:
    """Print the JSON Schema of a scenario file."""
    from sim.scenario.catalogue import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0
