"""Verbs that ask a static market questions: merger, qlearning."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from sim.errors import Fault, InputError

MERGER_HELP = """\
A deal in one static market of any industry: prices, shares, profits and buyers before and after.

Two ways in.

(a) A small YAML with prices, shares and what is known of margins:

  static_market: 1
  name: Six beers
  money: USD
  market_size: 1250         # potential buyers (default 1: all amounts are per potential buyer)
  outside: 0.2              # share that takes none; none: everyone buys; unknown: to be found
  market_elasticity: -0.5   # may be left out, as may every margin that is not known
  products:
    Old Style: {firm: One, price: 0.0441, share: 0.066, margin: 0.3830}
    Bud:       {firm: Two, price: 0.0328, share: 0.172}
    ...                     # further keys: nest, capacity (in units of market_size)
  parameters: {alpha: -62.5, rho: 0.5}  # where known; rho also by nest {Light: 0.3},
                                        # unknown (one for all) or unknown_by_nest
  holdings:                 # stakes that stand already
    old: {holder: Two, target: Three, share: 0.10, control: silent}
  owners:                   # outside owners of several firms; control proportional or silent
    fund: {stakes: {One: 0.10, Two: 0.20}, control: proportional}
  deals:
    merger: {kind: merger, acquirer: One, target: Two, cost_saving: 0.05}
    stake:  {kind: stake, investor: One, target: Two, share: 0.3, control: proportional}
    allies: {kind: alliance, members: [One, Two], cost_saving: {One: 0.03}, weight: 0.5}
                            # weight on the others' profit, 0 by default; or {One: 0.5, Two: 0.3}

Demand is logit, nested logit where products have nests. Price coefficient, outside share and
nesting parameter, where not stated, are found from the margins (Lerner indices) and the market
elasticity; the program says when they are over- or under-identified and what it could not match.

(b) Tables with PyBLP's column names: products (market_ids, firm_ids, shares, prices, and
product_ids, nesting_ids, margins, capacities where they stand) and agents (market_ids, weights,
nodes0, nodes1, ..., demographics), with the parameters of random-coefficients (nested) logit:

  static_market: 1
  name: Cars
  tables: {products: products.csv, agents: agents.csv, market: "1979"}
  parameters:
    alpha: -0.5             # mean price coefficient
    x2: [constant, prices, size]         # in the order of nodes0, nodes1, nodes2
    sigma: {constant: 1.5, size: 0.8}    # {prices: {constant: 0.1, prices: 0.2}} if correlated
    pi: {prices: {1/income: -40}}        # a demographic, or one over it
    rho: 0.4
  deals: {merger: {kind: merger, acquirer: "18", target: "16"}}

Control of a stake: silent (cash-flow rights only), proportional, full. Costs come from the
first-order conditions at observed prices. Exit status: 0 done; 1 some prices were not found
(they are not shown); 2 bad input, all faults at once, nothing written.
"""

EXAMPLES = """\
examples:
  run_sim.py merger scenarios/merger/six_beers.yaml
  run_sim.py merger scenarios/merger/six_beers.yaml --merge Three Four --saving 0.02
  run_sim.py merger scenarios/merger/cars.yaml --stake Borealis Corvid 0.25 --out results/stake
  run_sim.py merger --products p.csv --agents a.csv --market 1979 --merge 18 16 \\
      --set parameters.alpha=-0.5 --set 'parameters.x2=[constant]' --set parameters.sigma.constant=2
"""

QLEARNING_HELP = """\
Firms that learn to price by Q-learning, alone in a static logit market: the experiment of Calvano,
Calzolari, Denicolo & Pastorello (2020, American Economic Review). Prints Nash and joint prices,
the profit gain Delta with its interval (0 at Nash, 1 at joint profit), how many sessions converged
and how fast they ran. Any number of firms, costs and qualities, memory of one period; the table of
all firms has firms x prices^(firms + 1) entries.

Exit status: 0 done; 1 some sessions did not converge; 2 bad input.
"""


def add_verbs(subparsers: Any) -> None:
    """Register the verbs of this group."""
    verb = subparsers.add_parser(
        "merger",
        help="a merger, stake or alliance in one static market of any industry",
        description=MERGER_HELP,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("file", metavar="FILE", nargs="?", help="the small YAML")
    verb.add_argument("--products", metavar="CSV", help="products table, instead of FILE's")
    verb.add_argument("--agents", metavar="CSV", help="agents table, instead of FILE's")
    verb.add_argument("--market", metavar="ID", help="which of the tables' markets")
    verb.add_argument(
        "--deal", action="append", default=[], metavar="NAME", help="only this deal of FILE"
    )
    verb.add_argument(
        "--merge", nargs=2, metavar=("ACQUIRER", "TARGET"), help="a merger instead of FILE's deals"
    )
    verb.add_argument(
        "--stake", nargs=3, metavar=("INVESTOR", "TARGET", "SHARE"),
        help="a stake instead of FILE's deals",
    )
    verb.add_argument(
        "--control", choices=("silent", "proportional", "full"), help="of --stake (silent)"
    )
    verb.add_argument(
        "--alliance", nargs="+", metavar="FIRM", help="an alliance instead of FILE's deals"
    )
    verb.add_argument(
        "--weight", type=float, help="of each member of --alliance on the others' profit (0)"
    )
    verb.add_argument(
        "--saving", type=float, help="share of the parties' marginal cost saved in that deal (0)"
    )
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--out", type=Path, metavar="FOLDER", help="write CSV tables there")
    verb.set_defaults(handler=merger)
    verb = subparsers.add_parser(
        "qlearning",
        help="firms that learn to price in a static market",
        description=QLEARNING_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("file", metavar="FILE")
    verb.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="sets")
    verb.add_argument("--sessions", type=_count, metavar="N", help="in place of FILE's")
    verb.add_argument(
        "--workers", type=_count, default=os.cpu_count() or 1,
        help="sessions side by side; the numbers are the same for any",
    )
    verb.add_argument("--out", type=Path, metavar="FOLDER", help="write sessions.csv there")
    verb.set_defaults(handler=qlearning)


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a whole number of at least 1")
    return value


def merger(options: argparse.Namespace) -> int:
    """Print a market before and after its deals; write tables if asked."""
    changes = _changes(options)
    from sim.scenario.static_market import load_static_market

    read = load_static_market(options.file, options.sets, changes, options.deal)

    from sim.studies.merger import study_merger
    from sim.studies.merger_text import printed_study
    from sim.studies.static_market import build_market

    study = study_merger(build_market(read))
    print(printed_study(study), end="")
    if options.out is not None:
        from sim.studies.merger_tables import write_study

        written = write_study(study, options.out)
        print(f"{len(written)} tables in {options.out}", file=sys.stderr)
    return 0 if study.converged else 1


def qlearning(options: argparse.Namespace) -> int:
    """Play the sessions of a pricing game and print what was learnt."""
    from sim.scenario.pricing_game import load_pricing_game

    sets = options.sets + ([] if options.sessions is None else [f"sessions={options.sessions}"])
    game = load_pricing_game(options.file, sets)

    from sim.studies.qlearning import study_learning
    from sim.studies.qlearning_text import printed_learning, write_sessions

    study = study_learning(game, options.workers)
    print(printed_learning(study), end="")
    if options.out is not None:
        print(f"sessions in {write_sessions(study, options.out)}", file=sys.stderr)
    return 0 if study.converged.all() else 1


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    """Settings that the options stand for; all their faults at once."""
    faults: list[Fault] = []

    def fault(option: str, value: object, expected: str) -> None:
        faults.append(Fault("command line", 0, option, str(value), expected))

    if options.file is None and options.products is None:
        fault("FILE", "", "a YAML file, or --products CSV")
    deals: dict[str, Any] = {}
    saving = {} if options.saving is None else {"cost_saving": options.saving}
    if options.merge is not None:
        acquirer, target = options.merge
        deals["merger"] = {"kind": "merger", "acquirer": acquirer, "target": target, **saving}
    if options.stake is not None:
        investor, target, text = options.stake
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not 0.0 < share <= 1.0:
            fault("--stake", text, "a share above 0, at most 1")
        deals["stake"] = {
            "kind": "stake", "investor": investor, "target": target, "share": share,
            "control": options.control or "silent", **saving,
        }
    elif options.control is not None:
        fault("--control", options.control, "--stake beside it")
    if options.alliance is not None:
        deals["alliance"] = {"kind": "alliance", "members": options.alliance, **saving}
        if options.weight is not None:
            deals["alliance"]["weight"] = options.weight
    elif options.weight is not None:
        fault("--weight", options.weight, "--alliance beside it")
    if saving and not deals:
        fault("--saving", options.saving, "--merge, --stake or --alliance beside it")
    if deals and options.deal:
        fault("--deal", options.deal[0], "a deal of FILE, or one of the command line, not both")
    if faults:
        raise InputError(faults)
    changes: dict[str, Any] = {"deals": deals} if deals else {}
    tables = {
        key: value
        for key, value in (
            ("products", options.products), ("agents", options.agents), ("market", options.market),
        )
        if value is not None
    }
    if tables:
        changes["tables"] = tables
    return changes
