"""Replicates are added until a difference is known; the batch is that of as many at once."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest

from sim import stats
from sim.batch.batch import run_batch
from sim.batch.plan import make_plan
from sim.cli import main
from sim.compare import Batch, compare_arms
from sim.compare.measures import MEASURES
from sim.errors import InputError
from sim.record.manifest import read_manifest
from sim.record.run_record import RunRecord
from sim.record.store import Store, Stored
from sim.report.provenance import contents_section
from sim.scenario import Scenario, load
from sim.studies import until as subject
from sim.studies.until import run_scenario, stopping_rule

TEXT = """\
scenario: 1
name: Until it is known
extends: base/china_nev_2024.yaml
horizon: {quarters: 2}
demand: {types: 32}
replicates: 3
arms: {solo: {}, poor: {finance: {equity_market: false}}, war: {conduct: {war_intensity: 2}}}
sweep: {conduct.mu_max: [4, 2]}
until: {metric: leapmotor.units@2025Q2, arm: war, half_width: 12000, block: 4, most: 60}
"""
TABLES = ("runs", "market", "firms", "events")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "until.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def digests(folder: Path) -> list[str]:
    return [hashlib.sha256((folder / f"{name}.parquet").read_bytes()).hexdigest()
            for name in TABLES]


def row_of(folder: Path, arm: str = "war"):
    table = compare_arms(Batch(folder), arms=[arm], firms=["leapmotor"], quarters=["2025Q2"],
                         measures=[MEASURES["units"]])
    return table.iloc[0]


@pytest.mark.slow
def test_a_batch_that_stopped_is_the_batch_of_as_many_at_once(file: Path, tmp_path: Path) -> None:
    stopped = run_scenario(load(file), tmp_path / "stopped", quiet=True)
    manifest = read_manifest(tmp_path / "stopped")
    said, replicates = manifest["until"], manifest["replicates"]
    # The rule took more than one look, and less than all it may.
    assert [look["replicates"] for look in said["looks"]][-1] == replicates
    assert 12 < replicates < 60
    assert replicates % 4 == 0
    assert stopped.made == replicates * 6
    run_scenario(load(file, [f"replicates={replicates}"]), tmp_path / "at_once", quiet=True)
    assert digests(tmp_path / "stopped") == digests(tmp_path / "at_once")
    # What the rule saw is what readers see; it was met at the last look alone.
    row = row_of(tmp_path / "stopped")
    width = (row["difference_high"] - row["difference_low"]) / 2.0
    assert width == pytest.approx(said["half_width_reached"], rel=1e-12)
    assert said["reached"]
    assert [look["half_width"] <= 12000 for look in said["looks"]] == [False] * (
        len(said["looks"]) - 1
    ) + [True]
    # Again, or from what lies in the folder: the same looks, and no run is made.
    resolved = load(tmp_path / "stopped" / "scenario.resolved.yaml")
    again = run_scenario(resolved, tmp_path / "stopped", quiet=True)
    assert again.made == 0
    assert read_manifest(tmp_path / "stopped")["until"] == said
    assert said["why"] in contents_section(Batch(tmp_path / "stopped")).replace("&#x27;", "'")


class Played:
    """A store of runs that a test made: values of both arms by replicate."""

    def __init__(self, values: dict[str, np.ndarray], failed: set[tuple[str, int]]) -> None:
        self.values, self.failed, self.read = values, failed, 0

    def get(self, key: str):
        arm, _, number = key.rpartition("-")
        if (arm, int(number)) in self.failed:
            return Stored(b"", "failed", "why")
        self.read += 1
        value = self.values[arm][int(number)]
        tables = {"market": {}, "firms": {"value": np.array([value])}}
        return Stored(RunRecord(0, tables=tables).encode(), "ok", "")


@pytest.fixture
def play(monkeypatch, file: Path):
    """Walk a stopping rule over values of both arms; return the rule, its looks and the end."""

    def make(solo, war, *sets: str, failed=frozenset()):
        monkeypatch.setattr(subject, "measured", lambda tables, end: tables["firms"]["value"])
        monkeypatch.setattr(subject, "value_of", lambda outcome, values: float(values[0]))
        scenario = load(file, sets)
        rule = stopping_rule(scenario)
        plan = make_plan(scenario, replicates=1)
        baseline, arm = rule._cells(plan)
        store = Played({baseline: np.asarray(solo), arm: np.asarray(war)},
                       {({"solo": baseline, "war": arm}[name], n) for name, n in failed})
        replicates = rule.first
        while more := rule.more(store, plan, replicates):
            replicates += more
        return rule, replicates

    return make


def luck(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(400)


def test_the_number_is_that_of_the_spread(play) -> None:
    noise = luck(1)
    rule, replicates = play(noise * 0.0, noise, "until.half_width=0.4")
    looks = [
        (stats.mean_interval(noise[:made]), made, width) for made, width in rule.looks
    ]
    assert [width for _, _, width in looks] == pytest.approx(
        [(found.high - found.low) / 2.0 for found, _, _ in looks]
    )
    assert rule.told()["reached"]
    assert [width <= 0.4 for _, _, width in looks] == [False] * (len(looks) - 1) + [True]
    assert len(looks) <= 4
    # Another unit is only a unit; a spread three times as large asks for more.
    assert play(noise * 0.0, 7.0 * noise, "until.half_width=2.8")[1] == replicates
    assert play(noise * 0.0, 2.0 * noise, "until.half_width=0.4")[1] > 2 * replicates


def test_the_most_is_the_most(play) -> None:
    rule, replicates = play(luck(2) * 0.0, luck(1), "until.half_width=0.01")
    assert replicates == 60
    assert not rule.told()["reached"]
    assert rule.told()["why"].startswith("the most replicates are made")
    # No difference in any pair: the spread is not known, however many there are.
    rule, replicates = play(luck(2), luck(2), "until.half_width=0.01")
    assert (replicates, rule.told()["half_width_reached"]) == (60, None)


def test_yes_no_outcomes_are_known_as_a_reader_knows_them(play) -> None:
    alive, war = (luck(3) > -1.0).astype(float), (luck(3) > 0.0).astype(float)
    rule, replicates = play(
        alive, war, "until.metric=leapmotor.survives@2025Q2", "until.half_width=0.15",
        "until.most=400",
    )
    lost = int((alive[:replicates] > war[:replicates]).sum())
    both = int((alive[:replicates] * war[:replicates]).sum())
    found = stats.paired_shares(both, lost, 0, replicates - both - lost)
    assert rule.told()["half_width_reached"] == pytest.approx((found.high - found.low) / 2.0)
    assert "±15.0" in rule.told()["why"]


def test_pairs_that_failed_are_made_and_count_for_nothing(play) -> None:
    broken = {("war", number) for number in range(0, 60, 2)}
    rule, replicates = play(luck(4) * 0.0, luck(1), "until.half_width=0.5", failed=broken)
    assert replicates <= 60
    _, fewer = play(luck(4) * 0.0, luck(1), "until.half_width=0.5")
    assert fewer < replicates
    everything = {(arm, number) for arm in ("solo", "war") for number in range(60)}
    rule, replicates = play(luck(4), luck(1), failed=everything)
    assert (replicates, rule.told()["reached"]) == (60, False)


def test_couples_are_one_observation(play) -> None:
    z = luck(5)[::2]
    mirrored = np.column_stack([z, -z]).ravel()
    sets = ("luck.antithetic=true", "until.half_width=0.4", "until.most=200")
    rule, replicates = play(mirrored * 0.0, mirrored + 1e-3 * luck(6), *sets)
    assert replicates == rule.first == 20
    alike = np.repeat(z, 2)
    _, many = play(alike * 0.0, alike, *sets)
    _, plain = play(luck(1) * 0.0, luck(1), *sets[1:])
    assert many > 1.5 * plain
    assert many % 2 == 0


def test_a_kept_run_is_read_once(play) -> None:
    rule, replicates = play(luck(2) * 0.0, luck(1), "until.half_width=0.01")
    assert len(rule.looks) > 2
    assert len(rule._known) == 2 * replicates


def test_what_a_rule_asks_must_be_there(file: Path) -> None:
    with pytest.raises(InputError) as refusal:
        stopping_rule(load(file, ["until.metric=leapmotor.survivs@2025Q2"]))
    (fault,) = refusal.value.faults
    assert (fault.path, fault.nearest) == ("until.metric", "survives")
    with pytest.raises(InputError, match="the stopping rule looks at it"):
        stopping_rule(load(file), ("solo", "poor"))
    assert stopping_rule(load(file, ["until=null"])) is None


def test_a_rule_cannot_be_left_out_in_silence(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sim\.studies\.until"):
        run_batch(load(file), tmp_path / "out", quiet=True)
    assert not (tmp_path / "out").exists()


def test_plan_and_validate_tell_the_most(file: Path, capsys) -> None:
    assert main(["plan", str(file), "--out", str(file.parent / "none")]) == 0
    told = capsys.readouterr().out
    assert "replicates    12 to 60, until leapmotor.units@2025Q2 of war" in told
    assert "runs          at most 360 of 2 quarters" in told
    assert main(["validate", "--text", str(file)]) == 0
    assert "at most 60 replicates = 360 runs" in capsys.readouterr().out
    assert main(["validate", "--text", str(file), "--set", "until.metric=market.hi@2025Q2"]) == 2
    assert "until.metric" in capsys.readouterr().err


def test_the_first_block_can_tell_a_spread(file: Path) -> None:
    for block, most, first in ((4, 60, 12), (20, 400, 20), (3, 8, 8), (1, 60, 10)):
        rule = stopping_rule(load(file, [f"until.block={block}", f"until.most={most}"]))
        assert rule is not None
        assert rule.first == first


def test_a_store_is_closed_when_the_rule_is_done(file: Path, tmp_path: Path) -> None:
    scenario: Scenario = load(file, ["until.half_width=1e9", "until.block=12"])
    finished = run_scenario(scenario, tmp_path / "out", quiet=True)
    assert finished.total == 12 * 6
    with Store(tmp_path / "out") as store:
        assert len(store.done_keys()) == finished.different
    assert math.isfinite(row_of(tmp_path / "out")["difference"])
