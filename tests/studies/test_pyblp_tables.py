"""A study from tables with PyBLP's column names, against PyBLP's own equilibria."""

import csv

import numpy as np
import pytest
from pyblp_reference import reference

from sim.scenario.static_market import load_static_market
from sim.studies.merger import study_merger
from sim.studies.static_market import build_market

DEALS = """
deals:
  merge: {kind: merger, acquirer: 18, target: 16}
  merge_synergy: {kind: merger, acquirer: 18, target: 16, cost_saving: 0.05}
  silent25: {kind: stake, investor: 18, target: 16, share: 0.25}
  cross50: {kind: alliance, members: [18, 16], weight: 0.5}
"""


def write(path, headings, columns):
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(headings)
        writer.writerows([repr(value) if isinstance(value, float) else value for value in row]
                         for row in zip(*columns, strict=True))


@pytest.fixture(scope="module")
def autos(tmp_path_factory):
    """The automobiles of 1979 as PyBLP's users keep them."""
    folder, case = tmp_path_factory.mktemp("autos"), reference("rcl_blp1979")
    names = ("hpwt", "air", "mpd", "space")
    ids = [f"{name} {number}" for number, name in enumerate(case["in__product_ids"])]
    write(
        folder / "products.csv",
        ("market_ids", "product_ids", "firm_ids", "shares", "prices", *names),
        (
            ["1979"] * len(ids), ids, case["in__firm_ids"].tolist(),
            case["in__observed_shares"].tolist(), case["in__observed_prices"].tolist(),
            *case["in__x2"][:, 1:].T.tolist(),
        ),
    )
    nodes = case["in__nodes"]
    write(
        folder / "agents.csv",
        ("market_ids", "weights", *(f"nodes{k}" for k in range(5)), "income"),
        (
            ["1979"] * len(nodes), case["in__agent_weights"].tolist(), *nodes.T.tolist(),
            case["in__income"].tolist(),
        ),
    )
    sigma = dict(zip(("constant", *names), case["in__sigma"].tolist(), strict=True))
    text = f"""
static_market: 1
name: Automobiles
tables: {{products: products.csv, agents: agents.csv}}
parameters:
  alpha: 0
  x2: [constant, hpwt, air, mpd, space, prices]
  sigma: {sigma}
  pi: {{prices: {{1/income: {float(case["in__pi_price"])!r}}}}}
{DEALS}"""
    path = folder / "market.yaml"
    path.write_text(text.replace("'", ""), encoding="utf-8")
    return case, study_merger(build_market(load_static_market(path)))


def test_the_market_before(autos):
    case, study = autos
    side = study.baseline.side
    np.testing.assert_allclose(study.baseline.market.costs, case["pre__costs"], rtol=1e-10)
    np.testing.assert_allclose(side.prices, case["pre__prices"], rtol=1e-10)
    assert side.hhi == pytest.approx(float(case["pre__hhi"]), abs=1e-6)


@pytest.mark.parametrize("number", range(4))
def test_each_deal(autos, number):
    case, study = autos
    outcome = study.deals[number]
    name = outcome.deal.name
    assert outcome.equilibrium.converged
    np.testing.assert_allclose(outcome.after.prices, case[f"{name}__prices"], rtol=1e-9)
    np.testing.assert_allclose(outcome.after.shares, case[f"{name}__shares"], rtol=1e-8)
    assert outcome.after.hhi == pytest.approx(float(case[f"{name}__hhi"]), abs=1e-6)
    fall = float(case["pre__consumer_surplus"] - case[f"{name}__consumer_surplus"])
    assert outcome.buyers_lose == pytest.approx(fall, rel=1e-9)
