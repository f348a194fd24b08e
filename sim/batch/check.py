"""What ``validate`` checks beyond the text: a market that calibrates, prices in equilibrium.

First-order conditions are not Nash: each firm's own best reply is solved alone, and each line is
repriced alone over a wide range (the global audit), on the first quarters of every arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sim.batch.run_one import Runner
from sim.errors import CalibrationError, SolverError
from sim.kernels.deviations import audit_deviations
from sim.market.pricing import game_of
from sim.scenario.scenario import Scenario

QUARTERS = 4
# Longer where events come later, so that prices under them are checked too.
MOST_QUARTERS = 8
# Relative move of a price, and relative gain of a firm, that are more than rounding.
MOVE, GAIN = 1e-8, 1e-8


@dataclass(frozen=True)
class PriceCheck:
    """What was found.

    Attributes
    ----------
    calibrations
        Design points whose market calibrates.
    markets
        Quarters of arms whose prices were checked.
    error
        Largest estimated relative price error.
    move
        Largest relative price move that a firm's own best reply asked for.
    gain
        Largest relative gain of a firm from repricing one line alone.
    findings
        What is wrong, a line each; empty where all is well.
    """

    calibrations: int
    markets: int
    error: float
    move: float
    gain: float
    findings: tuple[str, ...]


def check_prices(scenario: Scenario) -> PriceCheck:
    """Calibrate at every design point; walk the first quarters of every arm and audit them."""
    from sim.engine.model import PriceWar

    runner = Runner(scenario)
    findings: list[str] = []
    calibrated = 0
    for point in scenario.points():
        try:
            runner.calibration(scenario.heading.baseline, dict(point.values))
            calibrated += 1
        except CalibrationError as verdict:
            findings.append(str(verdict))
    reference = dict(scenario.reference_point().values)
    markets, error, move, gain = 0, 0.0, 0.0, 0.0
    for arm in scenario.arms:
        try:
            run = runner.run_of(arm, reference, 0)
            model = PriceWar(run, check=True)
            last = max((event.start + 1 for event in run.events), default=0)
            last = min(max(last, QUARTERS), MOST_QUARTERS)
            for _ in range(min(last, scenario.heading.horizon.quarters)):
                model.step()
                markets += 1
                error = max(error, model.work.residual)
        except CalibrationError as verdict:
            findings.append(str(verdict))
            continue
        except SolverError as verdict:
            findings.append(f"{arm}: {verdict}")
            continue
        firms, lines = run.world.industry.firms, run.world.industry.lines
        furthest = int(model.deviations.argmax())
        move = max(move, float(model.deviations[furthest]))
        if model.deviations[furthest] > MOVE:
            findings.append(
                f"{arm}: {firms[furthest]}'s own best reply moves a price by "
                f"{model.deviations[furthest]:.1e} of it"
            )
        problem = model.work.problem
        assert problem is not None
        game = game_of(run.world, problem)
        if problem.floor is not None:
            # A firm that would go under its floor may not.
            game = replace(game, frozen=game.held | (model.work.price <= problem.floor))
        audit = audit_deviations(game, model.work.price, tolerance=GAIN)
        gain = max(gain, audit.largest)
        if not audit.nash:
            findings.append(
                f"{arm}: not Nash: line {lines[audit.worst]} at {audit.price[audit.worst]:,.0f} "
                f"CNY would gain its firm {audit.largest:.1%}"
            )
    # One cause shows at many points and in every arm.
    return PriceCheck(calibrated, markets, error, move, gain, tuple(dict.fromkeys(findings)))
