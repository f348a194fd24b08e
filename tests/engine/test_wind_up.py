"""A firm that cannot pay: who takes it over, who buys its plants, where its buyers go."""

from functools import cache

import numpy as np
import pytest
from planned_events import FEW
from worlds import run_of, walk

from sim.finance.books import annuity
from sim.kernels.demand import shares
from sim.quarter.context import first_state

# NIO has neither cash nor anybody behind it, so it leaves at once.
POOR = tuple(
    f"firms.nio.{name}=0" for name in ("cash", "credit_line", "owner_support", "state_backstop")
)
CALM = ("luck.on=false", "finance.equity_market=false", "conduct.mu_max=0")


@cache
def seen(*sets, quarters=1):
    kept = []

    def after(state, work):
        kept.append((state.copy(), work))

    run = run_of("solo", (*FEW, *CALM, *POOR, *sets))
    walk(run, quarters, after)
    return run, kept


def told(kept, kind):
    events = [(t, each) for t, (_, work) in enumerate(kept) for each in work.events]
    return [(t, each) for t, each in events if each.kind == kind]


def test_where_the_buyers_of_an_exit_go_is_the_market_without_it_at_the_same_prices():
    run, kept = seen()
    ((t, exit_),) = told(kept, "exit")
    ((_, row),) = told(kept, "buyers_go")
    work, nio = kept[t][1], exit_.firm
    assert row.firm == nio
    assert row.amount == work.units[nio]
    industry, demand = run.world.industry, work.problem.demand
    there = demand.available & (industry.firm_of != nio)
    after = shares(demand.with_products(demand.delta, there), work.price) * work.market_size
    gained = industry.by_firm(after) - work.units
    gained[nio] = 0.0
    first = int(np.argmax(gained))
    expected = f"{industry.firms[first]} {gained[first] / row.amount:.1%}, "
    assert row.detail.startswith(expected)
    parts = [float(part.rsplit(" ", 1)[1].rstrip("%")) for part in row.detail.split(", ")]
    assert sum(parts) == pytest.approx(100.0, abs=0.4)
    assert min(parts) >= 0.0


def test_plants_go_to_the_fullest_and_the_money_to_creditors():
    run, plain = seen()
    _, kept = seen("finance.wind_up.resale=true", "finance.wind_up.buyer_utilisation=0.7")
    ((t, exit_),) = told(kept, "exit")
    sales, (before, _), (after, work) = told(kept, "plants_bought"), plain[t], kept[t]
    nio, price = exit_.firm, 0.30 * 3e9 / 25e3
    assert sales
    volume = kept[t][0].trailing_volume.mean(axis=0)
    bought = after.capacity - before.capacity
    for _, sale in sales:
        assert bought[sale.firm] > 0.0
        assert sale.amount == pytest.approx(bought[sale.firm] * price, rel=1e-9)
        assert volume[sale.firm] / after.capacity[sale.firm] >= 0.7 * (1.0 - 1e-12)
    assert bought.sum() <= before.capacity[nio] * (1.0 + 1e-12)
    # The fullest is served first: nobody fuller than a buyer is left wanting.
    paid = sum(sale.amount for _, sale in sales)
    assert work.ledger.of("plants")[nio] == pytest.approx(paid)
    assert work.ledger.imbalance() == pytest.approx(0.0, abs=1.0)
    lost = [each[t][1].ledger.of("wound_up")[nio] for each in (plain, kept)]
    assert lost[0] - lost[1] == pytest.approx(paid, rel=1e-9)
    start = first_state(run)
    moved = (after.cash - start.cash).sum() + (after.outside - start.outside).sum()
    assert moved == pytest.approx(0.0, abs=10.0)


TAKEOVER = ("finance.wind_up.takeover=true", "finance.wind_up.saving=1", "firms.nio.debt=0")


def test_a_rich_firm_takes_over_whom_it_pays_to_keep():
    run, kept = seen(*TAKEOVER, "finance.wind_up.years=20", quarters=2)
    ((t, row),) = told(kept, "taken_over")
    state, work = kept[t]
    nio, buyer = row.firm, run.world.industry.index(row.counterparty)
    assert run.world.industry.firms[nio] == "nio"
    assert [each for _, each in told(kept, "exit") if each.firm == nio] == []
    assert state.owner[nio] == buyer
    assert state.active[nio]
    assert state.cash[nio] == state.debt[nio] == state.credit_line[nio] == 0.0
    margin = state.trailing_revenue[:, nio].sum() - state.trailing_cost[:, nio].sum()
    assert margin * annuity(20, 0.12) > row.amount > 0.0
    assert work.ledger.of("merged_treasury")[buyer] < 0.0
    assert work.ledger.imbalance() == pytest.approx(0.0, abs=1.0)
    assert kept[-1][1].units[nio] > 0.0


def test_who_is_worth_less_than_its_debts_leaves():
    _, kept = seen("finance.wind_up.takeover=true", "finance.wind_up.saving=0")
    assert told(kept, "taken_over") == []
    assert len(told(kept, "exit")) == 1


def test_an_annuity_is_the_sum_of_its_years():
    for years, rate in ((1, 0.3), (8, 0.12), (30, 0.01), (5, 0.0)):
        assert annuity(years, rate) == pytest.approx(
            sum((1.0 + rate) ** -year for year in range(1, years + 1)), rel=1e-12
        )
