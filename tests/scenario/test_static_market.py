"""Static markets as read: what is meant, and every fault at once with its place."""

import random
from pathlib import Path

import numpy as np
import pytest
from mutations import mutants
from static_markets import MERGER, beers, written

from sim.errors import InputError
from sim.scenario.static_market import load_static_market

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "merger").glob("*.yaml"))
SEED = 20250303

PRODUCTS = """\
market_ids,product_ids,firm_ids,nesting_ids,shares,prices,size
a,one,F,x,0.1,2.0,0.5
a,two,G,x,0.2,3.0,1.5
b,one,F,x,0.3,4.0,2.5
"""
AGENTS = """\
market_ids,weights,nodes0,nodes1,income
a,0.5,-1.0,0.5,2.0
a,0.5,1.0,-0.5,4.0
b,1.0,0.0,0.0,8.0
"""
TABLES = """\
static_market: 1
name: Tables
tables: {products: p.csv, agents: a.csv, market: a}
parameters:
  alpha: -3
  x2: [constant, size, prices]
  sigma: {constant: 2, size: {constant: 0.5, size: 1}}
  pi: {prices: {income: 0.25, 1/income: -4}, size: {income: 0.1}}
  rho: 0.3
deals: {d: {kind: merger, acquirer: F, target: G}}
"""


def tables(folder, text=TABLES, products=PRODUCTS, agents=AGENTS):
    written(folder, products, "p.csv")
    written(folder, agents, "a.csv")
    return load_static_market(written(folder, text))


def faults(call):
    with pytest.raises(InputError) as refusal:
        call()
    return refusal.value.faults


def test_types_are_made_by_pyblps_formula(tmp_path):
    read = tables(tmp_path)
    assert read.products == ("one", "two")
    assert read.outside_share == pytest.approx(0.7)
    tastes = read.tastes
    # Agent 0: nu = (-1, 0.5), income 2; Sigma rows: constant (2, 0), size (0.5, 1).
    constant, size = 2 * -1.0, 0.5 * -1.0 + 1 * 0.5 + 0.1 * 2.0
    np.testing.assert_allclose(tastes.mu[0], [constant + size * 0.5, constant + size * 1.5])
    np.testing.assert_allclose(tastes.alpha, [3 - 0.25 * 2 + 4 / 2, 3 - 0.25 * 4 + 4 / 4])
    np.testing.assert_allclose(tastes.weights, [0.5, 0.5])
    np.testing.assert_allclose(read.rho, [0.3])


def test_options_win_over_the_file(tmp_path):
    written(tmp_path, PRODUCTS, "p.csv")
    written(tmp_path, AGENTS, "a.csv")
    path = written(tmp_path, TABLES)
    deal = {"kind": "alliance", "members": ["F", "G"], "weight": 0.5}
    read = load_static_market(
        path, ["parameters.alpha=-4", "parameters.rho=0.1"], {"deals": {"new": deal}}
    )
    assert [each.name for each in read.deals] == ["new"]
    assert read.deals[0].weight == 0.5
    assert read.alpha == 4.0
    assert read.rho[0] == 0.1


def test_small_yaml_as_read(tmp_path):
    lines = ("outside: unknown", "market_elasticity: -0.5", "net_share: 0.8", MERGER)
    read = load_static_market(written(tmp_path, beers(lines=lines)))
    assert read.outside_share is None
    assert read.firms == ("One", "Two", "Three", "Four", "Five")
    assert read.margins[0] == 0.383
    assert np.isnan(read.margins[1:]).all()
    assert (read.net_share, read.market_size, read.alpha) == (0.8, 1.0, None)


@pytest.mark.parametrize(
    ("old", "new", "path", "expected", "near"),
    [
        ("outside: 0.2", "", "outside", "since the shares sum to 1", ""),
        ("outside: 0.2", "outside: 1.0", "outside", "a share from 0, under 1", ""),
        ("outside: 0.2", "outsid: 0.2", "outsid", "one of static_market", "outside"),
        ("price: 0.0441", "price: -1", "products.Old Style.price", "greater than 0", ""),
        ("price: 0.0441", "price: cheap", "products.Old Style.price", "a number", ""),
        ("price: 0.0441", "pric: 1", "products.Old Style.pric", "one of", "price"),
        ("share: 0.066", "share: 0", "products.Old Style.share", "greater than 0", ""),
        ("share: 0.066", "share: 0.9", "products", "sum to at most 1", ""),
        ("margin: 0.383", "margin: 1.2", "products.Old Style.margin", "less than 1", ""),
        ("firm: Two", "firm: ''", "products.Bud.firm", "a name", ""),
        ("firm: Two", "nest: A, firm: Two", "products.Old Style.nest", "as the other", ""),
        ("target: Two", "target: Tow", "deals.deal.target", "a firm: One", "Two"),
        ("target: Two", "target: One", "deals.deal.target", "each firm once", ""),
        (", target: Two", "", "deals.deal.target", "a merger needs it", ""),
        ("kind: merger", "kind: merge", "deals.deal.kind", "'merger', 'stake' or", "merger"),
        ("kind: merger", "kind: stake", "deals.deal.investor", "a stake needs it", ""),
        ("target: Two", "target: Two, share: 0.2", "deals.deal.share", "no such key", ""),
        ("target: Two", "target: Two, cost_saving: 1.5", "deals.deal.cost_saving", "from -1", ""),
        ("target: Two", "target: Two, cost_saving: {Bdu: 0.1}", "deals.deal.cost_saving.Bdu",
         "a firm or a product", "Bud"),
        (MERGER, "", "deals", "at least one deal", ""),
        ("kind: merger, acquirer: One, target: Two",
         "kind: alliance, members: [One, Two], weight: 1.5", "deals.deal.weight", "from 0 to 1",
         ""),
        ("kind: merger, acquirer: One, target: Two",
         "kind: alliance, members: [One, Two], weight: {Tow: 0.5}", "deals.deal.weight.Tow",
         "a member", "Two"),
        (MERGER, MERGER + "\nholdings: {h: {holder: One, target: One, share: 0.1}}",
         "holdings.h.holder", "another firm", ""),
        (MERGER, MERGER + "\nholdings: {h: {holder: Six, target: One, share: 0.1}}",
         "holdings.h.holder", "a firm", ""),
        (MERGER, MERGER + "\nholdings: {h: {holder: Two, target: One, share: 0.7},"
         " i: {holder: Five, target: One, share: 0.7}}", "holdings", "not add to over 1", ""),
        (MERGER, MERGER + "\nowners: {fund: {stakes: {One: 0.5, Tow: 0.1}}}",
         "owners.fund.stakes.Tow", "a firm", "Two"),
        (MERGER, MERGER + "\nowners: {fund: {stakes: {One: 0.5}}, bank: {stakes: {One: 0.6}}}",
         "holdings", "not add to over 1", ""),
        (MERGER, MERGER + "\nowners: {fund: {stakes: {}}}", "owners.fund.stakes", "at least 1",
         ""),
        (MERGER, MERGER + "\nparameters: {rho: 0.5}", "parameters.rho", "no nesting parameter", ""),
        (MERGER, MERGER + "\nparameters: {alpha: 2}", "parameters.alpha", "less than or equal", ""),
        (MERGER, MERGER + "\nparameters: {alpha: 0}", "parameters.alpha", "a negative price", ""),
        (MERGER, MERGER + "\nmarket_elasticity: 0.5", "market_elasticity", "less than 0", ""),
        (MERGER, MERGER + "\ntables: {products: p.csv}", "products", "not both", ""),
    ],
)
def test_each_fault_of_the_yaml(tmp_path, old, new, path, expected, near):
    text = beers(lines=("outside: 0.2", MERGER))
    assert text.count(old) == 1
    found = faults(lambda: load_static_market(written(tmp_path, text.replace(old, new))))
    fitting = [fault for fault in found if fault.path == path]
    assert fitting, found
    assert expected in fitting[0].expected
    assert fitting[0].nearest == near
    assert fitting[0].line > 0


@pytest.mark.parametrize(
    ("where", "old", "new", "line", "column", "expected", "near"),
    [
        ("p", "prices", "price", 1, "prices", "a column of this name", "price"),
        ("p", ",size", ",shares", 1, "shares", "each column once", ""),
        ("p", "0.2,3.0", "0.2,-3.0", 3, "prices", "a number above 0", ""),
        ("p", "0.2,3.0", "0.2,nan", 3, "prices", "a number above 0", ""),
        ("p", "0.2,3.0", "0.2,1_0", 3, "prices", "a number above 0", ""),
        ("p", "0.2,3.0", "0.2,１", 3, "prices", "a number above 0", ""),
        ("p", "0.2,3.0", "0,3.0", 3, "shares", "above 0, under 1", ""),
        ("p", "0.2,3.0", "1.2,3.0", 3, "shares", "above 0, under 1", ""),
        ("p", "0.2,3.0,1.5", "0.2,3.0", 3, "", "7 cells", ""),
        ("p", "3.0,1.5", "3.0,big", 3, "size", "a finite number", ""),
        ("p", "two", "one", 3, "product_ids", "it stands in line 2 already", ""),
        ("p", "two,G", "two,", 3, "firm_ids", "a name of 1", ""),
        ("p", "a,one", '"a,one', 4, "", "a CSV table", ""),
        ("a", "weights", "weight", 1, "weights", "a column of this name", "weight"),
        ("a", "nodes1", "node1", 1, "nodes1", "a column of this name", "node1"),
        ("a", "income", "incme", 1, "income", "a column of this name", "incme"),
        ("a", "-1.0,0.5,2.0", "-1.0,0.5,inf", 2, "income", "a finite number", ""),
        ("a", "-1.0,0.5,2.0", "-1.0,0.5,0", 2, "income", "not zero", ""),
        ("a", "1.0,-0.5,4.0", "1.0,-0.5,40", 3, "alpha", "would like higher prices", ""),
        ("m", "market: a", "market: c", 0, "market_ids", "a market of this table", ""),
        ("m", ", market: a", "", 0, "market_ids", "one of a, b", ""),
        ("m", "p.csv", "q.csv", 0, "", "a file that exists", ""),
        ("m", "p.csv", "'p\\0.csv'", 0, "", "a file that", ""),
        ("m", "x2: [constant, size,", "x2: [constant, siz,", 6, "parameters.x2.1", "a column of",
         "size"),
        ("m", "{constant: 2,", "{constnt: 2,", 7, "parameters.sigma.constnt", "parameters.x2",
         "constant"),
        ("m", "size: {constant: 0.5", "size: {cost: 0.5", 7, "parameters.sigma.size.cost",
         "parameters.x2", "constant"),
        ("m", "pi: {prices", "pi: {price", 8, "parameters.pi.price", "parameters.x2", "prices"),
        ("m", "  alpha: -3\n", "", 4, "parameters.alpha", "since agents stand", ""),
        ("m", ", agents: a.csv", "", 6, "parameters.x2", "an agents table", ""),
        ("m", "rho: 0.3", "rho: {y: 0.3}", 9, "parameters.rho.y", "a nest of the products", ""),
    ],
)
def test_each_fault_of_the_tables(tmp_path, where, old, new, line, column, expected, near):
    texts = {"p": PRODUCTS, "a": AGENTS, "m": TABLES}
    assert texts[where].count(old) >= 1
    texts[where] = texts[where].replace(old, new, 1)
    found = faults(lambda: tables(tmp_path, texts["m"], texts["p"], texts["a"]))
    fitting = [fault for fault in found if fault.path == column and expected in fault.expected]
    assert fitting, found
    assert (fitting[0].line, fitting[0].nearest) == (line, near)


def test_all_faults_of_file_and_tables_are_told_at_once(tmp_path):
    found = faults(
        lambda: tables(
            tmp_path,
            TABLES.replace("target: G", "target: H").replace("rho: 0.3", "rho: {y: 0.1}"),
            PRODUCTS.replace("0.1,2.0", "-1,x"),
        )
    )
    assert {fault.path for fault in found} >= {
        "shares", "prices", "deals.d.target", "parameters.rho.y", "parameters.rho",
    }


def test_faults_of_the_command_line_have_no_line(tmp_path):
    path = written(tmp_path, beers())
    found = faults(lambda: load_static_market(path, ["alpha", "outside=[", "outsid=1"]))
    assert {fault.file for fault in found} == {"command line"}
    found = faults(lambda: load_static_market(path, (), {}, ["merge"]))
    assert [(fault.path, fault.value) for fault in found] == [("--deal", "merge")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_valid(path):
    assert load_static_market(path).deals


def judged(place, file, mutant):
    place.write_text(mutant.text, encoding="utf-8", newline="")
    try:
        load_static_market(place)
    except InputError as refusal:
        shown = [str(fault) for fault in refusal.faults]
        if not shown or not all(text.isprintable() and len(text) < 1500 for text in shown):
            return f"{file.name}: {mutant.path}: {mutant.how}: {shown}"
    return None


def test_spoilt_files_are_refused_or_read_and_never_anything_else(tmp_path):
    for table in (ROOT / "scenarios" / "merger").glob("*.csv"):
        written(tmp_path, table.read_text(encoding="utf-8"), table.name)
    every = [
        (path, mutant) for path in SHIPPED for mutant in mutants(path.read_text(encoding="utf-8"))
    ]
    chosen = random.Random(SEED).sample(every, 200)
    found = [judged(tmp_path / "market.yaml", path, mutant) for path, mutant in chosen]
    assert [each for each in found if each is not None] == []


@pytest.mark.slow
def test_every_spoilt_file(tmp_path):
    for table in (ROOT / "scenarios" / "merger").glob("*.csv"):
        written(tmp_path, table.read_text(encoding="utf-8"), table.name)
    found = [
        judged(tmp_path / "market.yaml", path, mutant)
        for path in SHIPPED
        for mutant in mutants(path.read_text(encoding="utf-8"))
    ]
    assert [each for each in found if each is not None] == []


def test_a_value_that_is_no_number_does_not_hide_the_other_faults(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "static_market: 1\nname: bad\nmarket_size: -5\noutside: 0.5\nproducts:\n"
        "  A: {firm: One, price: .nan, share: 0.2}\n  B: {firm: Two, price: 1, share: 0}\n"
    )
    with pytest.raises(InputError) as caught:
        load_static_market(path)
    told = [(fault.line, fault.path) for fault in caught.value.faults]
    assert sorted(told) == [
        (3, "market_size"), (6, "products.A.price"), (7, "products.B.share"),
    ]


def test_faults_of_settings_and_of_both_tables_are_told_at_once(tmp_path):
    products, agents = tmp_path / "products.csv", tmp_path / "agents.csv"
    products.write_text("market_ids,firm_ids,shares,prices\n1,a,0,1\n1,b,0.2,-3\n")
    agents.write_text("market_ids,weights,nodes0\n1,nan,0.1\n1,0.5,inf\n")
    tables = {"tables": {"products": str(products), "agents": str(agents)}}
    draws = ["parameters.x2=[constant]", "parameters.sigma.constant=1"]

    def told(*sets):
        with pytest.raises(InputError) as caught:
            load_static_market(None, [*draws, *sets], tables)
        return {
            (fault.file, fault.line, fault.path)
            for fault in caught.value.faults
            if fault.path != "deals"
        }

    cells = {(str(products), 2, "shares"), (str(products), 3, "prices")}
    assert told("parameters.alpha=0.5") == cells | {("command line", 0, "parameters.alpha")}
    assert told("parameters.alpha=-0.5") == cells | {
        (str(agents), 2, "weights"), (str(agents), 3, "nodes0"),
    }
