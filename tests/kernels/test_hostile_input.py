"""Every public kernel, every argument: NaN, infinity and a wrong shape end in one named error.

Which functions and arguments there are is read from the package, so that a new kernel without
its row here fails.
"""

import importlib
import inspect
import pkgutil
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim.kernels
from sim.errors import KernelInputError
from sim.kernels import (
    branches,
    capacity,
    competition,
    concentration,
    curvature,
    demand,
    deviations,
    equilibrium,
    evidence,
    floors,
    game,
    grouping,
    inversion,
    learning,
    limits,
    markups,
    ownership,
    price_parts,
    qlearning,
    recovery,
    surplus,
    wedges,
)

MARKET = demand.Demand(
    delta=np.array([1.0, 0.5, 0.8, 0.2]),
    mu=np.array([[0.1, -0.2, 0.3, 0.0], [0.0, 0.2, -0.1, 0.1], [-0.3, 0.1, 0.0, 0.2]]),
    alpha=np.array([1.0, 1.2, 0.8]),
    weights=np.array([0.3, 0.4, 0.2]),
    outside=np.zeros(3),
    nest_of=np.array([0, 0, 1, 1]),
    rho=np.array([0.3, 0.2]),
)
PRICES, COSTS = np.array([1.5, 1.6, 1.4, 1.7]), np.array([0.5, 0.6, 0.4, 0.7])
FIRMS, ONE = np.array([0, 1, 2, 2]), np.eye(3)
KAPPA = np.array([[1.0, 0.2, 0.0], [0.0, 1.0, 0.0], [0.1, 0.0, 1.0]])
HOLDINGS = np.array([[0.0, 0.2, 0.0], [0.0, 0.0, 0.1], [0.1, 0.0, 0.0]])
GAME = game.PriceGame(
    MARKET, COSTS, FIRMS, kappa=KAPPA, shadow=0.1 * ONE, net_share=np.array([0.8, 0.9, 1.0, 0.85])
)
SHARES = demand.shares(MARKET, PRICES)
RATIOS = demand.diversion(MARKET, PRICES)
WEIGHTS = ownership.product_weights(KAPPA, FIRMS)
LOOSE = capacity.Capacity(np.full(3, 200.0), np.full(3, 0.8), np.full(3, 2.0))
KNOWN = evidence.Evidence(
    prices=PRICES, shares=SHARES, firm_of=FIRMS, kappa=ONE, net_share=np.ones(4),
    margins=np.array([0.4, np.nan, np.nan, np.nan]), outside_share=0.3,
    nest_of=np.array([0, 0, 1, 1]), rho=np.array([0.2, 0.3]),
)


def calibrate(**known):
    return recovery.recover(evidence.Evidence(**known))


def attributes(record):
    return {each.name: getattr(record, each.name) for each in fields(record)}


AT_PRICES = {"demand": MARKET, "prices": PRICES}
IN_GAME = {"game": GAME, "prices": PRICES}
CALLS = {
    demand.Demand: attributes(MARKET),
    game.PriceGame: attributes(GAME),
    capacity.Capacity: attributes(LOOSE),
    limits.Limits: {"most": SHARES},
    **dict.fromkeys(
        (
            demand.choices,
            demand.probabilities,
            demand.shares,
            demand.share_slopes,
            demand.elasticities,
            demand.market_elasticity,
            demand.diversion,
            demand.surplus_by_type,
            surplus.consumer_surplus,
            competition.long_run_diversion,
            demand.require_prices,
        ),
        AT_PRICES,
    ),
    **dict.fromkeys(
        (
            equilibrium.linearise,
            equilibrium.zeta_steps,
            equilibrium.check_second_order,
            deviations.audit_deviations,
            curvature.passthrough,
            price_parts.price_parts,
        ),
        IN_GAME,
    ),
    equilibrium.solve_prices: {"game": GAME, "start": PRICES},
    branches.usual_starts: {"game": GAME, "others": PRICES},
    branches.compare_games: {"before": GAME, "after": GAME, "start": PRICES, "tolerance": 1e-10},
    capacity.solve_with_capacity: {
        "game": GAME, "capacity": LOOSE, "market_size": 1e3, "start": PRICES, "tolerance": 1e-10,
    },
    floors.solve_with_floors: {
        "game": GAME, "floors": PRICES, "start": PRICES, "tolerance": 1e-10,
    },
    limits.solve_with_limits: {
        "game": GAME, "limits": limits.Limits(1.1 * SHARES), "start": PRICES, "tolerance": 1e-10,
    },
    inversion.invert_shares: {**AT_PRICES, "shares": SHARES, "tolerance": 1e-13},
    markups.static_markups: {
        **AT_PRICES, "net_share": np.ones(4), "firm_of": FIRMS, "kappa": KAPPA,
    },
    competition.lerner: {"prices": PRICES, "costs": COSTS, "net_share": np.ones(4)},
    competition.upward_pricing_pressure: {
        "ratios": RATIOS, "margins": PRICES - COSTS, "costs_before": COSTS, "costs_after": COSTS,
        "weights_before": np.eye(4), "weights_after": WEIGHTS,
    },
    competition.guppi: {
        "ratios": RATIOS, "margins": PRICES - COSTS, "net_prices": PRICES,
        "weights_before": np.eye(4), "weights_after": WEIGHTS,
    },
    competition.compensating_cost_cut: {
        "margins_before": 0.4 * PRICES, "margins_after": 0.5 * PRICES, "net_prices": PRICES,
    },
    competition.first_order_pressure: {
        "elasticities": demand.elasticities(MARKET, PRICES), "shares": SHARES,
        "lerner_before": 1.0 - COSTS / PRICES, "lerner_after": 1.0 - COSTS / PRICES,
        "weights_before": np.eye(4), "weights_after": WEIGHTS,
    },
    concentration.hhi: {"shares": np.array([0.2, 0.3, 0.5])},
    concentration.mhhi: {"shares": np.array([0.2, 0.3, 0.5]), "kappa": KAPPA},
    ownership.claims_matrix: {"holdings": HOLDINGS},
    ownership.silent_weights: {"holdings": HOLDINGS},
    ownership.control_weights: {
        "holdings": HOLDINGS, "control": ONE, "stakes": np.full((1, 3), 0.1),
        "votes": np.full((1, 3), 0.1),
    },
    ownership.owner_weights: {"cash_flow": np.full((2, 3), 0.5), "control": np.full((2, 3), 0.5)},
    ownership.merge_kappa: {"kappa": KAPPA, "owner": np.array([0, 0, 2])},
    ownership.product_weights: {"kappa": KAPPA, "firm_of": FIRMS},
    ownership.add_stake: {
        "holdings": HOLDINGS, "control": ONE, "holder": 0, "target": 2, "share": 0.1,
        "rights": "proportional",
    },
    ownership.dilute_control: {"control": ONE, "target": 1, "kept": 0.9},
    ownership.acquire: {"holdings": HOLDINGS, "control": ONE, "acquirer": 0, "target": 1},
    learning.experience_multiplier: {
        "experience": np.array([2.0, 3.0, 4.0]), "base": np.ones(3), "elasticity": 0.1,
    },
    learning.discounts_ahead: {"discount": np.full(3, 0.9), "horizon": 4},
    learning.learning_values: {
        "volume": np.ones(3), "experience": np.ones(3), "glider": np.ones(3), "elasticity": 0.1,
        "discounts": np.full((3, 4), 0.9), "theta": ONE,
    },
    wedges.net_share: {"vat": 0.1, "purchase_tax": np.full(3, 0.1), "dealer_margin": np.zeros(3)},
    wedges.landed_cost: {
        "cost": COSTS, "tariff": np.full(4, 0.1), "unit_tax": 0.1, "unit_subsidy": 0.1,
    },
    wedges.subsidised: {"demand": MARKET, "subsidy": COSTS},
    grouping.group_sums: {"group_of": FIRMS, "values": PRICES, "groups": 3},
    calibrate: attributes(KNOWN),
    qlearning.learn: {
        "profits": np.linspace(0.0, 1.0, 18).reshape(9, 2), "prices": 3,
        "learning": qlearning.Learning(0.1, 1e-2, 0.9, 10, 100),
        "words": np.arange(1, 5, dtype=np.uint64),
    },
}
# Checked where they are called from (jitted, or given what a checked function made), or they
# take records alone.
INNER = {
    "accelerate", "as_written", "check_evidence", "compile_game", "dot", "evaluate", "exact",
    "exact_part",
    "first_values", "gather", "grow", "kernel", "largest_step", "make_room", "matrix", "move_four",
    "move_one", "newton_inverse", "number", "part", "plain_prices", "pool", "position", "positions",
    "power", "power_of_two", "power_of_two_single", "power_single", "raise_four", "raise_one",
    "raise_single", "recover", "require_finite", "search", "search_prices", "shift_to_outside",
    "shift_types", "solve_from_starts", "solve_groups", "solve_markets", "square",
    "start_single", "unlocked_kernel", "utility_slopes", "vector", "whole_numbers",
}
# What an argument may be: no limit, no floor, no outside option, a margin that is not known.
ALLOWED = {
    ("Capacity", "units", np.inf), ("Limits", "most", np.inf),
    ("Demand", "outside", -np.inf), ("solve_with_floors", "floors", -np.inf),
}
# Arrays that say for themselves how many there are.
FREE_LENGTH = {
    ("Limits", "most"), ("product_weights", "firm_of"), ("discounts_ahead", "discount"),
    ("hhi", "shares"), ("silent_weights", "holdings"),
}


def run(kernel, arguments):
    given = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }
    if kernel is branches.usual_starts:
        return kernel(given["game"], given["others"])
    return kernel(**given)


def places(kind):
    return [
        pytest.param(kernel, name, id=f"{kernel.__name__}-{name}")
        for kernel, arguments in CALLS.items()
        for name, value in arguments.items()
        if isinstance(value, kind)
    ]


def test_every_public_kernel_has_its_row():
    found = set()
    for module in pkgutil.iter_modules(sim.kernels.__path__):
        loaded = importlib.import_module(f"sim.kernels.{module.name}")
        for name, member in vars(loaded).items():
            here = getattr(member, "__module__", None) == loaded.__name__
            if here and not name.startswith("_") and inspect.isfunction(member):
                found.add(name)
    rows = {kernel.__name__ for kernel in CALLS}
    assert sorted(found - rows - INNER) == []


@pytest.mark.parametrize("kernel", [pytest.param(each, id=each.__name__) for each in CALLS])
def test_a_sound_call_is_accepted(kernel):
    run(kernel, CALLS[kernel])


@pytest.mark.parametrize(("kernel", "name"), places((np.ndarray, float)))
@settings(deadline=None, max_examples=5)
@given(bad=st.sampled_from([np.nan, np.inf, -np.inf]), place=st.integers(0, 99))
def test_a_number_that_is_none_is_refused(kernel, name, bad, place):
    arguments = dict(CALLS[kernel])
    value = np.array(arguments[name])
    if value.dtype.kind != "f" or (kernel.__name__, name, bad) in ALLOWED:
        return
    if name == "ratios" and place % value.size % (len(value) + 1) == 0:
        return  # the diagonal, which is not read
    if (kernel, name) == (calibrate, "margins") and np.isnan(bad):
        return
    value.flat[place % value.size] = bad
    arguments[name] = value if value.ndim else float(value)
    with pytest.raises(KernelInputError, match=r"\d|weights|outside|not a number|market size"):
        run(kernel, arguments)


@pytest.mark.parametrize(("kernel", "name"), places(np.ndarray))
def test_a_wrong_shape_is_refused(kernel, name):
    arguments = dict(CALLS[kernel])
    value = arguments[name]
    with pytest.raises(KernelInputError):
        run(kernel, {**arguments, name: value[None]})
    if (kernel.__name__, name) in FREE_LENGTH or (kernel, name) == (wedges.net_share, "none"):
        return
    with pytest.raises(KernelInputError):
        run(kernel, {**arguments, name: value[:-1]})


def test_a_second_choice_in_plain_logit_has_its_closed_form():
    # D_jk = s_k / (1 - s_j), to the digit for shares as small and as large as may be.
    delta = np.array([-40.0, -2.0, 0.0, 25.0])
    market = demand.Demand(delta, None, np.ones(1), np.ones(1), np.zeros(1))
    total = 1.0 + np.exp(delta).sum()
    expected = np.exp(delta)[None, :] / (total - np.exp(delta))[:, None]
    np.fill_diagonal(expected, 1.0 / (total - np.exp(delta)))
    # The one that nearly all buy leaves a rest that rounding in `total` must not touch.
    expected[3] = np.append(np.exp(delta[:3]), 1.0) / (1.0 + np.exp(delta[:3]).sum())
    found = competition.long_run_diversion(market, np.zeros(4))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_circles_that_hold_themselves_whole_are_refused_despite_rounding():
    third = 0.1 + 0.2
    circle = np.array([[0.0, third, 0.7], [0.7, 0.0, third], [third, 0.7, 0.0]])
    with pytest.raises(KernelInputError, match="nothing to outside owners"):
        ownership.claims_matrix(circle)


def test_products_priced_out_by_scarcity_do_not_stop_the_search():
    # The frozen product alone fills its firm's plant: at that cost nobody buys the other.
    market = demand.Demand(np.array([2.0, 6.0, 1.0]), None, np.ones(1), np.ones(1), np.zeros(1))
    held = game.PriceGame(
        market, np.ones(3), np.array([0, 0, 1]), frozen=np.array([False, True, False])
    )
    plant = capacity.Capacity(np.array([0.4, np.inf]), np.zeros(2), np.array([1e3, 0.0]))
    found = capacity.solve_with_capacity(held, plant, 1.0, np.array([2.0, 5.0, 2.0]))
    assert found.equilibrium.converged
    sold = demand.shares(market, found.equilibrium.prices)
    assert sold[0] < 1e-200
    assert found.utilisation[0] == pytest.approx(sold[1] / 0.4, rel=1e-9)
    # The rival answers as the textbook says: (p - c)(1 - s) = 1 / alpha.
    rival = (found.equilibrium.prices[2] - 1.0) * (1.0 - sold[2])
    assert rival == pytest.approx(1.0, rel=1e-9)


def test_prices_that_are_none_are_not_called_nash():
    alone = game.PriceGame(
        demand.Demand(np.ones(1), None, np.ones(1), np.ones(1), np.zeros(1)), np.ones(1),
        np.array([0]),
    )
    with pytest.raises(KernelInputError, match="product 0"):
        deviations.audit_deviations(alone, np.array([np.nan]))
    assert deviations.audit_deviations(replace(alone), np.array([2.0])).worst == 0
