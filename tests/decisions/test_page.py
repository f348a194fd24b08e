"""The page on conduct tells the truth: its code runs, its YAML loads, its table is whole."""

import re
from pathlib import Path

import numpy as np
import pytest
from worlds import walk

from sim.decisions.rules import RULES
from sim.scenario import load
from sim.scenario.conduct import KINDS, ConductRule

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "conduct.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_its_rule_takes_twenty_lines_and_changes_one_firm_alone(capsys):
    rule, trial = blocks("python")
    assert len(rule.splitlines()) <= 20
    names = {}
    exec(rule, names)
    exec(trial, names)
    assert len(capsys.readouterr().out.splitlines()) >= 4
    run, nio = names["run"], names["nio"]
    lines = run.lines_of[nio]
    units, prices = [], [run.world.industry.price[lines]]

    def look(state, work):
        units.append(work.units[nio])
        prices.append(work.price[lines])

    ruled = walk(run, 5, look, conducts={nio: names["CutWhenSalesFall"]()})
    # In the first quarter there is nothing to compare with; then sales of the last two.
    known = [run.world.industry.by_firm(run.world.industry.units)[nio], *units]
    for t in range(5):
        fell = t > 0 and known[t] < known[t - 1]
        assert np.allclose(prices[t + 1], prices[t] * (0.98 if fell else 1.0), rtol=1e-12)
    others = [rule.name for firm, rule in enumerate(ruled.run_of.conducts) if firm != nio]
    assert set(others) == {"dynamic_nash"}


def test_its_yaml_loads(tmp_path):
    (text,) = blocks("yaml")
    path = tmp_path / "ruled.yaml"
    head = "scenario: 1\nname: Ruled\nextends: base/china_nev_2024.yaml\narms: {solo: {}}\n"
    path.write_text(head + text)
    assert set(load(path).settings("solo", {}).conduct.rules) == {"byd", "geely", "all"}


def test_its_table_names_every_rule_and_number():
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \|([^|]*)\|$", PAGE, re.MULTILINE))
    assert tuple(rows) == KINDS == tuple(RULES)
    for kind in KINDS:
        if rows[kind].strip() == "the same":
            continue
        group = next(
            arg for arg in ConductRule.model_fields[kind].annotation.__args__ if arg is not None
        )
        assert re.findall(r"`(\w+)`", rows[kind]) == list(group.model_fields)


@pytest.mark.parametrize("path", re.findall(r"`((?:sim|tests)/[\w/.]+)`", PAGE))
def test_every_file_that_is_named_exists(path):
    assert (Path(__file__).resolve().parents[2] / path).exists()
