"""A resolved scenario is the same scenario; and who set each value is told."""

from pathlib import Path

import pytest
from shipped import SHIPPED

from sim.batch.plan import make_plan
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]

CONTRACTS = """\
question: "Ist \\u00FCberall Streit? \\U0001F697 \\e[31m"
conduct: {mu_max: 2}
demand: {types: 64}
firms: {byd: {gross_margin: 0.2}}
alliances:
  pair:
    {members: [faw, leapmotor], start: 2025Q2, kind: platform, terms: {platform_sharing: null}}
arms:
  solo: {alliances: {pair: null}}
  pair: {conduct: {mu_max: 3}}
  less: {alliances: {pair: {terms: {joint_procurement: null}, hazard: 0.2}}, finance: {exits: null}}
  gone: null
sweep: {conduct.war_intensity: {grid: [0.5, 1]}, alliances.pair.hazard: [0.1, 0.3]}
finance: {exits: false}
"""
CONTRACTS = CONTRACTS.replace(", hazard: 0.2", "")


def same(one, other) -> None:
    assert other.heading == one.heading
    assert other.arms == one.arms
    assert other.points() == one.points()
    assert other.reference_point() == one.reference_point()
    assert other.variants() == one.variants()
    for arm in one.arms:
        for point in one.points():
            values = dict(point.values)
            assert other.settings(arm, values) == one.settings(arm, values)
            assert other.calibration_settings(arm, values) == one.calibration_settings(arm, values)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
@pytest.mark.parametrize(
    "sets", [(), ("conduct.war_intensity=1.2", "finance.exits=false", "demand.types=64")]
)
def test_a_resolved_shipped_scenario_is_the_same(path: Path, sets, tmp_path: Path) -> None:
    one = load(path, sets)
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(one.resolved_yaml(), encoding="utf-8")
    other = load(resolved)
    same(one, other)
    assert other.resolved_yaml() == one.resolved_yaml()
    # The same runs, so that a batch is not made again under its resolved scenario.
    few = ["replicates=2"]
    assert make_plan(load(resolved, few)).keys == make_plan(load(path, [*sets, *few])).keys


@pytest.mark.parametrize("sets", [(), ("conduct.mu_max=1",), ("arms.less.conduct.mu_max=1",)])
def test_nulls_arms_and_what_calibration_holds_come_through(loaded, tmp_path: Path, sets) -> None:
    one = loaded(CONTRACTS, *sets)
    assert one.settings("less", {}).alliances["pair"].terms.joint_procurement is None
    assert one.settings("pair", {}).alliances["pair"].terms.platform_sharing is None
    assert one.calibration_settings("solo", {}).conduct.mu_max == 4.0
    assert one.calibration_settings("solo", {}).demand.types == 64
    text = one.resolved_yaml()
    assert all(line.isprintable() for line in text.splitlines())
    resolved = tmp_path / "resolved.yaml"
    resolved.write_text(text, encoding="utf-8")
    same(one, load(resolved))
    # A change of the resolved one is a change of the first.
    same(loaded(CONTRACTS, *sets, "finance.exits=true"), load(resolved, ["finance.exits=true"]))


def test_text_of_other_scripts_stays_readable(loaded) -> None:
    assert "零跑" in loaded("question: 零跑?\n").resolved_yaml()


def test_sources_say_who_set_each_value(write) -> None:
    write("conduct: {mu_max: 3}\n", name="lower.yaml")
    text = "demand: {types: 64}\narms: {solo: {}, a: {conduct: {mu_max: 1}}}\n"
    path = write(text, head="extends: lower.yaml\n")
    lines = load(path, ["quality.passing_sd=0.1"]).sources().splitlines()
    told = {line.split()[0]: line.split()[-2:] for line in lines}
    assert told["conduct.mu_max"] == ["3", "lower.yaml:5"]
    assert told["demand.types"] == ["64", f"{path}:2"]
    assert told["arms.a.conduct.mu_max"] == ["1", f"{path}:3"]
    assert told["quality.passing_sd"] == ["command", "line"]
    base = (ROOT / "scenarios" / "base" / "china_nev_2024.yaml").read_text(encoding="utf-8")
    line = next(n for n, row in enumerate(base.splitlines(), 1) if "comfort_quarters" in row)
    assert told["conduct.comfort_quarters"][1] == f"scenarios/base/china_nev_2024.yaml:{line}"


def test_sources_tell_of_every_value(loaded) -> None:
    scenario = loaded("")
    paths = [line.split()[0] for line in scenario.sources().splitlines()]
    assert len(paths) == len(set(paths))
    for group in ("demand", "conduct", "costs", "quality", "finance", "luck"):
        for key, value in scenario.tree.get((group,)).items():
            below = [f".{name}" for name in value] if isinstance(value, dict) else [""]
            assert {f"{group}.{key}{name}" for name in below} <= set(paths)
