"""What the phases of a quarter share: the run, and the quarter's working papers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.alliances.contracts import Contract, Stake, compile_contracts, compile_injections
from sim.alliances.effects import Effects
from sim.alliances.knowledge import SharedResearch
from sim.calibration.abroad import RegionMarket
from sim.calibration.calibrate import LEARNING_HORIZON
from sim.calibration.industry import Industry
from sim.decisions.conduct import Conduct
from sim.decisions.investment import CautiousInvestor
from sim.decisions.plans import InvestmentPlans, PricePlans
from sim.decisions.rules import rules_of
from sim.decisions.view import FirmViews
from sim.finance.books import Income, WorkingCapital, runway, working_capital
from sim.finance.ledger import ACCOUNTS, Ledger
from sim.kernels.demand import Demand
from sim.kernels.learning import discounts_ahead
from sim.market.costs import learning_elasticity
from sim.market.demand import net_shares, outside_utility
from sim.market.pricing import PriceProblem, base_demand
from sim.quarter.forces import Forces, Planned, compile_events
from sim.scenario.settings import Knowledge
from sim.world.luck import Luck
from sim.world.state import (
    TRAILING,
    State,
    World,
    base_revenue,
    base_variable_cost,
    initial_state,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Event:
    """Something a reader may ask about: who, when, what, how much and why."""

    t: int
    firm: int
    kind: str
    counterparty: str
    amount: float
    detail: str


@dataclass(frozen=True)
class Shocks:
    """What luck does to qualities and to the battery price in each quarter (section 7)."""

    hit: FloatArray  # (T, J) lift of a launch, utils
    ageing: FloatArray | float  # (J,) expected lift of a quarter, utils
    firm: FloatArray  # (T, J) lasting shocks of the line's firm, utils
    line: FloatArray  # (T, J) lasting shocks of the line, utils
    passing: FloatArray  # (T, F) fading shocks, utils
    battery: FloatArray  # (T,) of the log price

    @staticmethod
    def of(world: World, launch_hazard: FloatArray) -> Shocks:
        """Shocks of a run's luck under its settings."""
        quality, luck, costs = world.settings.quality, world.luck, world.settings.costs
        scale = world.settings.luck.scale if world.settings.luck.on else 0.0
        return Shocks(
            hit=quality.launch_jump_mean + scale * quality.launch_jump_sd * luck.hit,
            ageing=launch_hazard * quality.launch_jump_mean if quality.ageing else 0.0,
            firm=scale * quality.firm_shock_sd * luck.firm[:, world.industry.firm_of],
            line=scale * quality.line_shock_sd * luck.line,
            passing=scale * quality.passing_sd * luck.passing,
            battery=scale * costs.battery_shock_sd * luck.battery,
        )


@dataclass(frozen=True)
class Abroad:
    """One quarter of one region, illustrative. N firms; the local rival is last of N + 1.

    Attributes
    ----------
    units, price
        (N + 1,) vehicles, and CNY paid.
    duty
        (N,) all duties, share of the value at the border.
    reach
        (N,) part of buyers with a dealer near; 0 without the right to sell.
    quality
        (N + 1,) mean utility but for price, utils, reach included.
    value, freight, duty_paid, levy, partner
        (N,) CNY: value at the border; freight; duties by value, and by the car (events), both
        paid to the state there; what a partner keeps.
    revenue, cost
        (N,) CNY: what reaches the maker at its factory gate, and what the cars cost there.
    """

    market: RegionMarket
    units: FloatArray
    price: FloatArray
    duty: FloatArray
    reach: FloatArray
    quality: FloatArray
    value: FloatArray
    freight: FloatArray
    duty_paid: FloatArray
    levy: FloatArray
    partner: FloatArray
    revenue: FloatArray
    cost: FloatArray


@dataclass(frozen=True)
class Run:
    """A world with the agreements of one arm, and base-year levels computed once.

    (F,) arrays in CNY a quarter unless said otherwise.
    """

    world: World
    contracts: tuple[Contract, ...]
    injections: tuple[tuple[int, Stake], ...]
    contract_luck: FloatArray  # (T, C) uniform
    base_revenue: FloatArray
    base_rd: FloatArray  # without launches
    listed_margin: float  # operating margin of listed firms in the base year, mean by revenue
    ladder: Knowledge | None  # where knowledge moves quality
    pools_research: bool  # a contract of the arm has joint research
    launch_cost: FloatArray  # CNY a launch
    launch_hazard: FloatArray  # (J,) a quarter
    comfort: FloatArray  # (F,) quarters
    base_units: FloatArray  # (F,) vehicles a quarter
    energy_per_car: FloatArray  # (F,) kWh, at base-year weights
    demand: Demand  # of the base year's qualities, all lines on sale
    outside_stake: FloatArray  # (F,)
    lines_by_firm: IntArray  # (J,) positions of lines in the order of their firms
    line_ends: IntArray  # (F + 1,) where each firm's piece of it begins and the last ends
    lines_of: tuple[IntArray, ...]  # positions of each firm's lines
    firm_numbers: IntArray  # (F,) 0 to F - 1
    base_stocks: WorkingCapital  # of the base year
    discounts: FloatArray  # (F, S) factor on money of each quarter ahead
    base_weight: FloatArray  # (J,) share of each line in electric cars of the base year
    conducts: tuple[Conduct, ...]  # (F,) rule of each firm
    events: tuple[Planned, ...]
    no_forces: Forces  # of a quarter without events
    net_share: tuple[FloatArray, ...]  # (J,) each quarter, part of the price that makers keep
    off_path: FloatArray  # (F,) part of the path of exports that no modelled region takes

    def with_luck(self, luck: Luck) -> Run:
        """The same agreements in the same world under the luck of another replicate."""
        world = replace(self.world, luck=luck)
        run = replace(self, world=world, contract_luck=_contract_luck(world, self.contracts))
        # What luck has no part in need not be computed again.
        for name in ("no_effects", "exports", "learning_elasticity", "rules_draw"):
            vars(run)[name] = getattr(self, name)
        return run

    @cached_property
    def shocks(self) -> Shocks:
        """What luck does in each quarter."""
        return Shocks.of(self.world, self.launch_hazard)

    @cached_property
    def no_effects(self) -> Effects:
        """Effects of a quarter without contracts."""
        spillover = self.world.settings.costs.industry_spillover
        return Effects.without_contracts(len(self.world.industry.firms), spillover)

    @cached_property
    def exports(self) -> tuple[FloatArray, ...]:
        """Vehicles of firms on the market in each quarter, (F,)."""
        industry = self.world.industry
        growth = 1.0 + industry.export_growth
        return tuple(
            industry.exports * growth ** ((t + 1) / 4.0) for t in range(self.world.quarters)
        )

    @cached_property
    def learning_elasticity(self) -> float:
        """Elasticity of cost to experience."""
        return learning_elasticity(self.world)

    @cached_property
    def rules_draw(self) -> bool:
        """Whether a rule of conduct needs luck."""
        return any(getattr(rule, "draws", False) for rule in self.conducts)


def _contract_luck(world: World, contracts: tuple[Contract, ...]) -> FloatArray:
    """Uniform draws of each contract, (T, C)."""
    luck = [world.luck.contract(contract.stream) for contract in contracts]
    return np.column_stack(luck) if luck else np.zeros((world.quarters, 0))


def make_run(world: World, outside_stake: FloatArray) -> Run:
    """Compile the agreements of an arm and the base-year levels."""
    industry, settings, calibration = world.industry, world.settings, world.calibration
    contracts = compile_contracts(settings, industry.firms, world.start)
    knowledge = settings.quality.knowledge
    renewal = settings.quality.renewal
    rate = industry.launch_rate if renewal else np.zeros_like(industry.launch_rate)
    # A launch costs what the settings say, but never more than most of the R&D that
    # paid for the launches of the base year.
    affordable = np.where(rate > 0.0, 0.6 * industry.rd / np.where(rate > 0.0, rate, 1.0), 0.0)
    launch_cost = np.minimum(settings.quality.launch_cost_cny_bn * 1e9, affordable)
    lines_of_firm = np.bincount(industry.firm_of, minlength=len(industry.firms))
    first_runway = runway(
        industry.cash, industry.credit_line, industry.fixed_cost + industry.rd
    )
    units = industry.by_firm(industry.units)
    revenue = base_revenue(industry, calibration)
    cost = base_variable_cost(industry, calibration)
    tied_up = working_capital(
        np.tile(revenue, (TRAILING, 1)),
        np.tile(cost, (TRAILING, 1)),
        industry.receivable_days,
        industry.inventory_days,
        industry.payable_days,
        np.zeros(len(industry.firms)),
        settings.finance.payables_distress_days,
    )
    # Firms are shown where their lines stand, so nobody may write here.
    order = np.argsort(industry.firm_of, kind="stable")
    order.flags.writeable = False
    ends = np.concatenate(([0], np.cumsum(lines_of_firm)))
    return Run(
        world=world,
        contracts=contracts,
        injections=compile_injections(settings, industry.firms, world.start),
        contract_luck=_contract_luck(world, contracts),
        base_revenue=revenue,
        base_rd=industry.rd - launch_cost * rate,
        listed_margin=_listed_margin(industry, revenue, cost),
        ladder=knowledge if knowledge is not None and knowledge.on else None,
        pools_research=any(contract.joint_research > 0.0 for contract in contracts),
        launch_cost=launch_cost,
        launch_hazard=np.minimum((rate / lines_of_firm)[industry.firm_of], 1.0),
        comfort=np.minimum(settings.conduct.comfort_quarters, first_runway),
        base_units=units,
        energy_per_car=industry.by_firm(industry.units * industry.battery_kwh) / units,
        demand=base_demand(world, outside_utility(calibration, settings)),
        outside_stake=outside_stake,
        lines_by_firm=order,
        line_ends=ends,
        lines_of=tuple(order[a:b] for a, b in pairwise(ends.tolist())),
        firm_numbers=np.arange(len(industry.firms)),
        base_stocks=tied_up,
        discounts=discounts_ahead(industry.discount, LEARNING_HORIZON),
        base_weight=calibration.shares / calibration.shares.sum(),
        conducts=rules_of(settings.conduct.rules, industry.firms),
        events=compile_events(settings, industry, world.start),
        no_forces=Forces.none(len(industry.firms), len(industry.lines)),
        net_share=net_shares(world),
        off_path=_off_path(world),
    )


def _listed_margin(industry: Industry, revenue: FloatArray, cost: FloatArray) -> float:
    """Operating margin of all listed firms together in the base year; 0 without any."""
    there = industry.listed & (revenue > 0.0)
    if not there.any():
        return 0.0
    spent = cost + industry.fixed_cost + industry.rd
    return float(1.0 - spent[there].sum() / revenue[there].sum())


def _off_path(world: World) -> FloatArray:
    """Part of each firm's base-year exports that no modelled region takes, (F,)."""
    exports, taken = world.industry.exports, np.zeros(len(world.industry.firms))
    for region in world.regions:
        taken[region.firm] += region.units
    left: FloatArray = np.maximum(1.0 - taken / np.where(exports > 0.0, exports, 1.0), 0.0)
    return left


def usual_investor(run: Run) -> CautiousInvestor:
    """The rule of investment that firms have unless a test replaces it."""
    finance, ladder = run.world.settings.finance, run.ladder
    return CautiousInvestor(
        launch_runway=finance.launch_runway_quarters,
        raise_runway=finance.raise_runway_quarters,
        raise_size=finance.raise_size_share,
        cut_runway=0.0 if ladder is None else ladder.cut_runway_quarters,
        cut_share=0.0 if ladder is None else ladder.cut_share,
    )


def first_state(run: Run) -> State:
    """State before the first quarter of a run."""
    return initial_state(
        run.world.industry,
        run.world.calibration,
        contracts=len(run.contracts),
        accounts=len(ACCOUNTS),
        working_capital=run.base_stocks.net,
        outside_stake=run.outside_stake,
        event_start=np.array([event.start for event in run.events], dtype=np.int64),
        waiting=run.world.entry > 0,
        building=run.world.settings.finance.building_quarters,
        price_abroad=tuple(region.price for region in run.world.regions),
    )


@dataclass
class Work:
    """Working papers of one quarter; each phase fills its own and none outlives the quarter."""

    ledger: Ledger
    events: list[Event]
    forces: Forces
    price_before: FloatArray  # (J,) of the quarter before
    runway: FloatArray  # (F,) quarters
    mu: FloatArray  # (F,) shadow cost of cash
    stress: FloatArray  # (F,) of suppliers, 0 trusting .. 1 no runway
    kappa: FloatArray  # (F, F)
    effects: Effects
    glider: FloatArray  # (J,) CNY
    cost: FloatArray  # (J,) CNY
    unit_cost: FloatArray  # (F,) at base-year weights, CNY
    battery_price: float  # CNY per kWh
    learning: FloatArray  # (F,) CNY
    idle: FloatArray  # (F,) CNY
    war: FloatArray  # (F,) CNY
    conduct: FloatArray  # (F,) CNY
    launch_due: BoolArray  # (J,)
    launched: BoolArray  # (J,)
    launch_bill: FloatArray  # (F,) CNY
    build: FloatArray  # (F,) vehicles a quarter
    research: FloatArray  # (F,) R&D done, launches aside, CNY; where knowledge or costs are shared
    issue: FloatArray  # (F,) CNY offered
    one_off: FloatArray  # (F,) set-up and integration cost, CNY
    price: FloatArray  # (J,)
    share: FloatArray  # (J,)
    iterations: int
    residual: float
    sold: FloatArray  # (J,)
    units: FloatArray  # (F,)
    exports: FloatArray  # (F,)
    market_size: float
    investments: InvestmentPlans
    plans: PricePlans
    views: FirmViews = field(init=False)
    problem: PriceProblem | None = None
    income: Income | None = None
    shared_research: SharedResearch | None = None
    stocks: WorkingCapital | None = None  # when the books were closed
    abroad: tuple[Abroad, ...] = ()  # one a region modelled

    @staticmethod
    def blank(run: Run) -> Work:
        """Empty papers for a new quarter."""
        firms, lines = len(run.world.industry.firms), len(run.world.industry.lines)
        # What phases replace can be one and the same; what they write into cannot.
        zero, none = run.no_effects.running_cost, run.no_forces.duty
        return Work(
            ledger=Ledger(firms),
            events=[],
            forces=run.no_forces,
            price_before=none,
            runway=zero,
            mu=zero,
            stress=zero,
            kappa=run.no_effects.theta,
            effects=run.no_effects,
            glider=none,
            cost=none,
            unit_cost=zero,
            battery_price=0.0,
            learning=zero,
            idle=zero,
            war=zero,
            conduct=zero,
            launch_due=np.zeros(lines, dtype=np.bool_),
            launched=np.zeros(lines, dtype=np.bool_),
            launch_bill=zero,
            build=zero,
            research=zero,
            issue=zero,
            one_off=np.zeros(firms),
            price=none,
            share=none,
            iterations=0,
            residual=0.0,
            sold=none,
            units=zero,
            exports=zero,
            market_size=0.0,
            investments=InvestmentPlans(run.lines_of, run.world.industry.firm_of),
            plans=PricePlans(firms),
        )
