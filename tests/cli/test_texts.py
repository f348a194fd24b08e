"""The verbs that read scenarios: validate, show, list, schema."""

import json
from pathlib import Path

import pytest
from json_schema import complaints
from shipped import SHIPPED

from sim.scenario import load
from sim.scenario.market_tables import read_market
from sim.scenario.reader import read_yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "scenarios" / "faw_leapmotor.yaml"


def test_validate_says_what_a_batch_would_be(say) -> None:
    said = say("validate", "--text", FILE)
    assert said.status == 0
    assert said.out.endswith("valid; 5 arms x 5 points x 200 replicates = 5,000 runs\n")


def test_validate_tells_every_fault_of_every_file(say, tmp_path: Path) -> None:
    for name in ("a", "b"):
        text = "extends: base/china_nev_2024.yaml\nconduct: {mu_mx: 1}\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    said = say("validate", "--text", tmp_path / "a.yaml", FILE, tmp_path / "b.yaml")
    assert said.status == 2
    assert "faw_leapmotor.yaml: valid" in said.out
    lines = said.err.splitlines()
    assert f"{tmp_path}/a.yaml:2: conduct.mu_mx = 1" in lines[0]
    assert f"{tmp_path}/b.yaml:2: conduct.mu_mx = 1" in lines[1]
    assert lines[2:] == ["2 faults; nothing was run"]


def test_show_loads_to_the_same(say, tmp_path: Path) -> None:
    said = say("show", FILE, "--set", "conduct.mu_max=1")
    path = tmp_path / "shown.yaml"
    path.write_text(said.out, encoding="utf-8")
    shown, scenario = load(path), load(FILE, ["conduct.mu_max=1"])
    for arm in scenario.arms:
        assert shown.settings(arm, {}) == scenario.settings(arm, {})


def test_show_says_on_stderr_that_a_sweep_is_replaced(say) -> None:
    said = say("show", FILE, "--set", "conduct.war_intensity=1")
    assert "replaces the sweep" in said.err
    assert "replaces the sweep" not in said.out


def test_show_of_an_arm_has_the_preset_of_its_kind(say) -> None:
    said = say("show", FILE, "--arm", "mou")
    world = read_yaml(said.out, "shown").data
    assert world["alliances"]["faw_leapmotor"]["terms"]["tech_sharing"]["theta"] == 0.03
    said = say("show", FILE, "--arm", "mou", "--sources")
    line = next(line for line in said.out.splitlines() if "tech_sharing.theta" in line)
    assert line.split()[-1].startswith("scenarios/base/china_nev_2024.yaml:")


def test_show_of_an_unknown_arm_names_the_nearest(say) -> None:
    said = say("show", FILE, "--arm", "captal")
    assert said.status == 2
    assert "did you mean 'capital'?" in said.err


def test_list_names_every_scenario_that_ships(say) -> None:
    said = say("list")
    assert said.status == 0
    for path in SHIPPED:
        assert f"scenarios/{path.relative_to(ROOT / 'scenarios')}" in said.out
    assert "not valid" not in said.out


@pytest.mark.parametrize(
    "words", [["validate", "--text"], ["show"], ["show", "--sources"], ["plan"]]
)
def test_nothing_that_a_file_says_disturbs_a_terminal(say, tmp_path: Path, words) -> None:
    path = tmp_path / "rude.yaml"
    path.write_text(
        "extends: base/china_nev_2024.yaml\n"
        'name: "\\e]0;title\\a\\u202E red"\n'
        'question: "a\\r\\x9b\\b\\u2028b"\n'
        "arms: {solo: {}, a: {}}\n",
        encoding="utf-8",
    )
    verb, *options = words
    said = say(verb, path, *options)
    assert said.status == 0
    for line in (said.out + said.err).split("\n"):
        assert line.isprintable(), ascii(line)


def test_the_schema_accepts_what_ships(say) -> None:
    schema = json.loads(say("schema").out)
    for path in SHIPPED:
        data = read_yaml(path.read_text(encoding="utf-8"), path.name).data
        assert list(complaints(schema, data, schema)) == []
        data = read_yaml(load(path).resolved_yaml(), path.name).data
        assert list(complaints(schema, data, schema)) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("condct: {}", "not a key"),
        ("conduct: {mu_mx: 1}", "not a key"),
        ("conduct: {mu_max: four}", "not number"),
        ("conduct: {mu_max: 99}", "out of bounds"),
        ("horizon: {start: 2025}", "not string"),
        ("horizon: {start: 2025Q7}", "not as"),
        ("arms: {a: {seed: 3}}", "not a key"),
        ("arms: {a: {alliances: {p: {hazard: 1.5}}}}", "out of bounds"),
        ("kinds: {mou: {terms: {tech_sharin: {}}}}", "not a key"),
        ("sweep: {conduct.mu_max: {gird: [1]}}", "not a key"),
        ("costs: {learning: of}", "not among"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(say, text: str, complaint: str) -> None:
    schema = json.loads(say("schema").out)
    found = list(complaints(schema, read_yaml(text, "a").data, schema))
    assert found
    assert complaint in found[0]


def test_the_schema_tells_unit_and_kind_of_every_number(say) -> None:
    schema = json.loads(say("schema").out)
    conduct = schema["$defs"]["Conduct"]["properties"]["mu_max"]["anyOf"][0]
    assert (conduct["unit"], conduct["setting"]) == ("ratio", "counterfactual")


def rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.splitlines()[1:]}


def test_diff_of_two_arms_has_what_differs_and_no_more(say) -> None:
    said = say("show", FILE, "--diff", "mou", "capital")
    assert said.status == 0
    found = rows(said.out)
    hazard = found["alliances.faw_leapmotor.hazard"]
    assert hazard[:2] == ["0.15", "0.08"]
    assert all(text.startswith("scenarios/base/china_nev_2024.yaml:") for text in hazard[2:])
    stake = found["alliances.faw_leapmotor.terms.equity_stake.stake"]
    assert stake[:3] == ["-", "0.1", "-"]
    assert "alliances.faw_leapmotor.start" not in found
    assert not [path for path in found if not path.startswith("alliances.")]


def test_diff_of_two_files_names_who_set_each(say, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        "extends: faw_leapmotor.yaml\nconduct: {mu_max: 2}\narms: {mou: null}\n",
        encoding="utf-8",
    )
    said = say("show", "--diff", FILE, other)
    assert said.status == 0
    found = rows(said.out)
    assert found["conduct.mu_max"][:2] == ["4", "2"]
    assert found["conduct.mu_max"][3] == f"{other}:2"
    assert set(found) == {
        "conduct.mu_max",
        "arms.mou.alliances.faw_leapmotor.members",
        "arms.mou.alliances.faw_leapmotor.start",
        "arms.mou.alliances.faw_leapmotor.kind",
    }


def test_diff_of_the_same_is_nothing(say) -> None:
    assert say("show", "--diff", FILE, FILE).out == "nothing differs\n"
    assert say("show", FILE, "--diff", "mou", "mou").out == "nothing differs\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([FILE, "--diff", "mou", "captal"], "did you mean 'capital'?"),
        (["--diff", FILE, "missing.yaml"], "a file that exists"),
        ([], "a scenario file to show"),
        (["--arm", "mou"], "a scenario file to show"),
    ],
)
def test_a_diff_of_what_is_not_there_is_refused(say, words, told: str) -> None:
    said = say("show", *words)
    assert said.status == 2
    assert told in said.err
    assert said.out == ""


def test_what_the_market_says_stands_beside_what_replaces_it(say) -> None:
    cash, days = "firms.leapmotor.cash", "firms.leapmotor.payable_days"
    tables = read_market("china_nev_2024")
    own = [f"{tables.value('leapmotor', item)}" for item in ("cash", "payable_days")]
    words = ("--set", f"arms.mou.{cash}=30", "--set", f"arms.mou.{days}=90")
    said = say("show", FILE, *words, "--diff", "solo", "mou").out
    folder = "scenarios/markets/china_nev_2024"
    for path, old, new, table in (
        (cash, own[0], "30", "firm_values.csv"), (days, own[1], "90", "kinds.csv"),
    ):  # fmt: skip
        (line,) = (line for line in said.splitlines() if line.startswith(path))
        assert line.split()[:4] == [path, old, new, f"{folder}/{table}"]
    said = say("show", FILE, "--set", f"{cash}=30", "--sources").out
    (line,) = (line for line in said.splitlines() if line.startswith(f"{cash} "))
    told = f"command line; {own[0]} in {folder}/firm_values.csv"
    assert line.split(maxsplit=2)[1:] == ["30", told]
    # A firm or figure that the tables lack is no fault here.
    assert say("show", FILE, "--diff", "solo", "mou").status == 0
