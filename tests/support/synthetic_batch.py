"""A batch that no model made: seeded rows with an effect planted in them, and runs that failed.

A firm lives while ``luck + effect of the arm - (war intensity - 1)`` stays above a hurdle that
rises with time, so a bigger effect keeps alive whoever a smaller one does. `capital` helps
Leapmotor a great deal, `stranger` a little, `mou` not at all, `plunder` kills; `capital` hurts
NIO. FAW takes state money where its luck is bad, and less of it with an ally.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sim.record import TABLES, RunRecord, Store, write_manifest

FIRMS = ("leapmotor", "faw", "byd", "nio", "other")
NAMES = {
    "leapmotor": "Leapmotor",
    "faw": "FAW",
    "byd": "BYD",
    "nio": "NIO",
    "other": "All others",
}
QUARTERS = 40
START_YEAR = 2025
SIZE = {"leapmotor": 80e3, "faw": 40e3, "byd": 900e3, "nio": 55e3, "other": 500e3}
EFFECTS: dict[tuple[str, str], float] = {
    ("stranger", "leapmotor"): 0.25,
    ("capital", "leapmotor"): 1.2,
    ("merger", "leapmotor"): 1.6,
    ("plunder", "leapmotor"): -1.2,
    ("capital", "nio"): -1.2,
    ("capital", "faw"): 0.3,
    ("merger", "faw"): 0.5,
}


@dataclass(frozen=True)
class Plan:
    """What to make; ``failed`` lists (replicate, war intensity, arm, calibration)."""

    replicates: int = 40
    arms: tuple[str, ...] = ("solo", "stranger", "mou", "capital", "merger")
    wars: tuple[float, ...] = (0.5, 1.0, 1.5)
    calibrations: tuple[str, ...] = ("middle",)
    failed: tuple[tuple[int, float, str, str], ...] = ((3, 1.0, "capital", "middle"),)
    quarters: int = QUARTERS
    seed: int = 7
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))


def quarter_names(quarters: int) -> list[str]:
    return [f"{START_YEAR + t // 4}Q{t % 4 + 1}" for t in range(quarters)]


def manifest(plan: Plan) -> dict[str, Any]:
    members = {
        arm: ["faw", "leapmotor"] if arm in ("mou", "capital", "merger", "plunder") else []
        for arm in plan.arms
    }
    total = plan.replicates * len(plan.wars) * len(plan.arms) * len(plan.calibrations)
    return {
        "format": 1,
        "name": "synthetic",
        "question": "Does the alliance save <Leapmotor> & friends?",
        "scenario_file": "scenarios/synthetic.yaml",
        "baseline": "solo",
        "arms": list(plan.arms),
        "focus": ["leapmotor", "faw"],
        "state_owned": ["faw"],
        "firm_names": plan.names,
        "members": members,
        "merged": {arm: arm == "merger" for arm in plan.arms},
        "sweep": {"conduct.war_intensity": list(plan.wars)},
        "reference_point": {"conduct.war_intensity": 1.0},
        "replicates": plan.replicates,
        "seed": plan.seed,
        "start": "2025Q1",
        "quarters": plan.quarters,
        "calibrations": list(plan.calibrations),
        "calibration_table": {
            "headings": ["firm", "share_pct", "price_k"],
            "rows": [["leapmotor", 2.7, 109.5], ["byd", 34.1, 131.2]],
        },
        "runs": {"total": total, "ok": total - len(plan.failed), "failed": len(plan.failed)},
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
        "digests": {"model": "0123456789abcdef", "scenario": "fedcba9876543210"},
        "commands": {
            "rerun": "./run_sim.py run scenarios/synthetic.yaml --replicates 40",
            "full": "./run_sim.py run scenarios/synthetic.yaml --full",
        },
        "full": {"replicates": 200, "calibrations": ["soft", "middle", "hard"]},
        "parameters": "held",
        "assumptions": [
            {
                "path": "finance.mu_max",
                "value": 4.0,
                "low": 0.0,
                "high": 8.0,
                "basis": "assumption: <fight to the death> at 0",
            },
            {
                "path": "costs.learning_rate",
                "value": 0.05,
                "low": 0.02,
                "high": 0.08,
                "basis": "literature",
            },
        ],
        "trust": {
            "calibration_date": "2024, four quarters",
            "forecast": "not yet measured: the backtest is a later issue",
        },
        "warnings": [],
    }


def write_batch(folder: Path, plan: Plan, **changed: Any) -> Path:
    """Write a whole batch through the store; ``changed`` replaces entries of the manifest."""
    luck = np.random.default_rng(plan.seed)
    health = luck.normal(0.6, 1.0, (plan.replicates, len(FIRMS)))
    health[:, [FIRMS.index("byd"), FIRMS.index("other")]] += 9.0
    noise = luck.normal(0.0, 0.03, (plan.replicates, plan.quarters))
    points = [(label, war) for label in plan.calibrations for war in plan.wars]
    order: list[tuple[str, dict[str, int | float | str]]] = []
    with Store(folder) as store:
        for replicate in range(plan.replicates):
            for point, (calibration, war) in enumerate(points):
                for arm in plan.arms:
                    key = f"{len(order):06d}"
                    if (replicate, war, arm, calibration) in plan.failed:
                        store.put(key, b"", "failed", "prices did not <converge> in 2026Q3")
                    else:
                        rows = _run_rows(
                            plan, health[replicate], noise[replicate], arm, war, calibration
                        )
                        store.put(key, RunRecord(len(order), tables=rows).encode())
                    columns = {
                        "replicate": replicate,
                        "point": point,
                        "arm": arm,
                        "calibration": calibration,
                        "conduct.war_intensity": war,
                        "seed": plan.seed,
                    }
                    order.append((key, columns))
        store.compact(order)
    write_manifest(folder, {**manifest(plan), **changed})
    return folder


def _filled(table: str, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add what the schema asks for and nothing here reads, as zeros."""
    size = len(columns["t"])
    kinds = {"text": np.str_, "bool": np.bool_}
    zeros = {
        column.name: np.zeros(size, dtype=kinds.get(column.dtype, column.dtype))
        for column in TABLES[table].columns
        if column.name not in columns and column.name != "run"
    }
    return {**zeros, **columns}


def _run_rows(
    plan: Plan,
    health: np.ndarray,
    noise: np.ndarray,
    arm: str,
    war: float,
    calibration: str,
) -> dict[str, dict[str, np.ndarray]]:
    T, F = plan.quarters, len(FIRMS)
    t = np.arange(T)
    effect = np.array([EFFECTS.get((arm, firm), 0.0) for firm in FIRMS])
    shift = {"soft": 0.3, "hard": -0.3}.get(calibration, 0.0)
    strength = health + effect - (war - 1.0) + shift
    hurdle = 1.2 * t / T - 0.6
    alive = strength[None, :] > hurdle[:, None]
    alive = np.logical_and.accumulate(alive, axis=0)
    size = np.array([SIZE[firm] for firm in FIRMS])
    growth = np.exp(0.01 * t[:, None] + 0.15 * strength.clip(-2, 2)[None, :] * t[:, None] / T)
    units = np.where(alive, size * growth, 0.0)
    share = units / units.sum(axis=1, keepdims=True)
    cash = np.where(alive, 3e9 + 4e9 * strength[None, :] * (t[:, None] + 1) / T, 0.0)
    state_money = np.zeros((T, F))
    faw = FIRMS.index("faw")
    state_money[:, faw] = np.maximum(0.0, 1.0 - strength[faw]) * 2e9 * (t + 1) / T
    survives = alive.copy()
    survives[:, faw] &= state_money[:, faw] < 1e9
    independent = alive.copy()
    owner = np.tile(np.array(FIRMS), T)
    if arm == "merger":
        independent[:, FIRMS.index("leapmotor")] = False
        owner = np.where(owner == "leapmotor", "faw", owner)
    price = 150e3 * np.exp(-0.01 * t + noise - 0.03 * (war - 1.0)) * (1 + 0.004 * effect[0])
    state = np.where(alive, np.where(survives, "independent", "backstopped"), "exited")
    market = {
        "t": t.astype(np.int32),
        "quarter": np.array(quarter_names(T)),
        "units": units.sum(axis=1),
        "penetration": 0.5 + 0.005 * t,
        "price_mean": price,
        "hhi": 1e4 * (share**2).sum(axis=1),
        "consumer_surplus": 2e11 - 6e5 * (price - 150e3),
        "battery_price": 480.0 * np.exp(-0.01 * t),
        "iterations": np.full(T, 30, dtype=np.int64),
        "residual": np.full(T, 1e-10),
        "active_firms": alive.sum(axis=1).astype(np.int64),
    }
    flat = {
        "t": np.repeat(t, F).astype(np.int32),
        "firm": np.tile(np.array(FIRMS), T),
        "state": state.ravel(),
        "units": units.ravel(),
        "share": share.ravel(),
        "cash": cash.ravel(),
        "state_money": state_money.ravel(),
        "survives": survives.ravel(),
        "brand": alive.ravel(),
        "independent": independent.ravel(),
        "owner": owner,
    }
    allied = arm in ("capital", "merger")
    happened = [("faw", "signed", "faw+leapmotor", 0.0, "faw_leapmotor")] * allied
    investor = {"capital": "faw", "stranger": "investor"}.get(arm)
    if investor is not None:
        # A market issue that every arm has, and the deal's in two parts.
        happened += [("leapmotor", "equity", "market", 1e9, "runway 3.0 quarters")]
        happened += [("leapmotor", "equity", investor, half, "stake") for half in (2e9, 2.9e9)]
    firms_, kinds, others, amounts_, details = (
        zip(*happened, strict=True) if happened else ((),) * 5
    )
    events = {
        "t": np.ones(len(happened), dtype=np.int32),
        "firm": np.array(firms_, dtype=np.str_),
        "kind": np.array(kinds, dtype=np.str_),
        "counterparty": np.array(others, dtype=np.str_),
        "amount": np.array(amounts_, dtype=np.float64),
        "detail": np.array(details, dtype=np.str_),
    }
    return {
        "market": _filled("market", market),
        "firms": _filled("firms", flat),
        "events": events,
    }
