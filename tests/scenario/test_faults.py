"""Every fault at once: file, line, path, value, what was expected and the nearest name."""

import re

import pytest

from sim.errors import Fault, InputError, printable
from sim.scenario import load

PAIR = "alliances: {pair: {members: [faw, leapmotor], start: 2025Q2, kind: mou%s}}\n"
STAKE = (
    "terms: {equity_stake: {investor: faw, target: leapmotor, stake: 0.1, pre_money_cny_bn: 44}}"
)


@pytest.mark.parametrize(
    ("text", "line", "path", "value", "expected", "near"),
    [
        ("condct: {mu_max: 1}", 5, "condct", "", "a key of a scenario", "conduct"),
        ("conduct: {mu_mx: 1}", 5, "conduct.mu_mx", "1", "one of ", "mu_max"),
        ("conduct:\n  mu_max: four", 6, "conduct.mu_max", "four", "a number", ""),
        ("conduct: {mu_max: '4'}", 5, "conduct.mu_max", "4", "a number", ""),
        ("conduct: {mu_max: true}", 5, "conduct.mu_max", "True", "a number", ""),
        ("conduct: {mu_max: 99}", 5, "conduct.mu_max", "99", "less than or equal to 50", ""),
        ("conduct: {mu_max: -1}", 5, "conduct.mu_max", "-1", "greater than or equal to 0", ""),
        ("conduct: {mu_max: .nan}", 5, "conduct.mu_max", ".nan", "a finite number", ""),
        ("conduct: {mu_max: 1e999}", 5, "conduct.mu_max", "1e999", "a finite number", ""),
        ("conduct: {mu_max: [1]}", 5, "conduct.mu_max", "[1]", "a number", ""),
        ("conduct: {mu_max: {a: 1}}", 5, "conduct.mu_max", "", "a number", ""),
        ("conduct: 3", 5, "conduct", "3", "a mapping of settings", ""),
        ("conduct: null", 5, "conduct", "", "missing", ""),
        ("conduct: {mu_max: null}", 5, "conduct.mu_max", "", "missing", ""),
        ("demand: {types: 64.5}", 5, "demand.types", "64.5", "a whole number", ""),
        ("finance: {exits: 'yes'}", 5, "finance.exits", "yes", "true or false", ""),
        ("costs: {learning: of}", 5, "costs.learning", "of", "'on', 'frozen' or 'off'", ""),
        ("firms: {leapmotr: {cash: 1}}", 5, "firms.leapmotr", "leapmotr", "a firm", "leapmotor"),
        ("firms: {byd: {cahs: 1}}", 5, "firms.byd.cahs", "cahs", "a firm item", "cash"),
        ("firms: {BYD: {cash: 1}}", 5, "firms.BYD", "BYD", "a name such as", ""),
        ("market: china_nev_2042", 5, "market", "china_nev_2042", "a folder", "china_nev_2024"),
        ("market: ../china_nev_2024", 5, "market", "../china_nev_2024", "a name", ""),
        ("seed: -1", 5, "seed", "-1", "greater than or equal to 0", ""),
        ("scenario: 2", 5, "scenario", "", "each key once (it stands in line 1", ""),
        ("horizon: {quarters: 0}", 5, "horizon.quarters", "0", "greater than or equal to 1", ""),
        ("horizon: {start: 2025}", 5, "horizon.start", "2025", "a quarter such as 2025Q1", ""),
        ("horizon: {start: 2025Q5}", 5, "horizon.start", "2025Q5", "a quarter such as", ""),
        ("baseline: sollo", 5, "baseline", "sollo", "one of the arms solo", "solo"),
        ("arms: {}\nbaseline: {}", 6, "baseline", "", "valid string", ""),
        ("arms: {Solo: {}}", 5, "arms.Solo", "Solo", "a name such as solo", ""),
        ("arms: {war: 3}", 5, "arms.war", "3", "a mapping of world settings", ""),
        ("arms: {war: {seed: 3}}", 5, "arms.war.seed", "", "a world setting", ""),
        ("arms: {war: {conduc: {}}}", 5, "arms.war.conduc", "", "a world setting", "conduct"),
        ("arms: 3", 5, "arms", "", "a mapping of arms", ""),
        ("arms: {a: {conduct: {mu_max: x}}}", 5, "arms.a.conduct.mu_max", "x", "a number", ""),
        ("record: all", 5, "record", "all", "'none', 'summary' or 'full'", ""),
        ("sweep: 3", 5, "sweep", "3", "a mapping of paths", ""),
        ("sweep: {conduct.mu_mx: [1]}", 5, "sweep.conduct.mu_mx", "conduct.mu_mx", "a number",
         "conduct.mu_max"),
        ("sweep: {condct.mu_max: [1]}", 5, "sweep.condct.mu_max", "condct.mu_max", "a number",
         "conduct.mu_max"),
        ("sweep: {finance.exits: [1]}", 5, "sweep.finance.exits", "finance.exits", "a number", ""),
        ("sweep: {seed: [1]}", 5, "sweep.seed", "seed", "a number", ""),
        ("sweep: {conduct.mu_max: {gird: [1]}}", 5, "sweep.conduct.mu_max", "gird", "grid", "grid"),
        ("sweep: {conduct.mu_max: []}", 5, "sweep.conduct.mu_max", "[]", "a list", ""),
        ("sweep: {conduct.mu_max: [1, 1]}", 5, "sweep.conduct.mu_max", "[1, 1]", "each once", ""),
        ("sweep: {conduct.mu_max: [1, a]}", 5, "sweep.conduct.mu_max", "[1, 'a']", "numbers", ""),
        ("sweep: {firms.bydd.cash: [1]}", 5, "firms.bydd", "bydd", "a firm", "byd"),
        ("kinds: {mou: {terms: {tech_sharin: {}}}}", 5, "kinds.mou.terms.tech_sharin", "",
         "one of", "tech_sharing"),
        ("kinds: {mou: {hazard: 2}}", 5, "kinds.mou.hazard", "2", "less than 1", ""),
        ("kinds: {mou: 4}", 5, "kinds.mou", "4", "a mapping", ""),
        ("kinds: 4", 5, "kinds", "4", "a mapping", ""),
        ("held: {condct: {}}", 5, "held.condct", "", "a world setting", "conduct"),
        (PAIR % ", kin: mou", 5, "alliances.pair.kin", "mou", "one of", "kind"),
        (PAIR.replace("mou", "mouu") % "", 5, "alliances.pair.kind", "mouu", "one of", "mou"),
        (PAIR.replace("mou", "joint_venture") % "", 5, "alliances.pair.kind", "joint_venture",
         "that this version computes", ""),
        (PAIR.replace("faw", "faww") % "", 5, "alliances.pair.members", "faww", "a firm", "faw"),
        (PAIR.replace("faw", "leapmotor") % "", 5, "alliances.pair.members", "", "each member", ""),
        (PAIR.replace("2025Q2", "2024Q4") % "", 5, "alliances.pair.start", "2024Q4",
         "2025Q1 to 2034Q4", ""),
        (PAIR.replace("2025Q2", "2035Q1") % "", 5, "alliances.pair.start", "2035Q1", "horizon", ""),
        (PAIR % ", terms: {capacity_sharing: {}}", 5, "alliances.pair.terms.capacity_sharing", "",
         "a term that this version computes", ""),
        (PAIR % f", {STAKE}".replace("0.1,", "1.1,"), 5,
         "alliances.pair.terms.equity_stake.stake", "1.1", "less than 1", ""),
        (PAIR % f", {STAKE}".replace("44", "negotiated"), 5,
         "alliances.pair.terms.equity_stake.pre_money_cny_bn", "negotiated",
         "negotiated prices are not computed yet", ""),
        (PAIR % f", {STAKE}".replace("target: leapmotor", "target: byd"), 5,
         "alliances.pair.terms.equity_stake.target", "byd", "a member of the contract", ""),
        ("holdings: {a: {holder: faw, target: leapmotor, share: 0.9}}", 5, "holdings.a.share",
         "0.9", "do not add to over 1", ""),
        ("holdings: {a: {holder: byd, target: byd, share: 0.1}}", 5, "holdings.a.holder", "byd",
         "another firm", ""),
        ("injections: {a: {to: nioo, start: 2025Q2, stake: 0.1, pre_money_cny_bn: 1}}", 5,
         "injections.a.to", "nioo", "a firm", "nio"),
        ("injections: {a: {to: nio, start: 2025Q2, stake: 1.5, pre_money_cny_bn: 1}}", 5,
         "injections.a.stake", "1.5", "less than 1", ""),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(
    faults, text: str, line: int, path: str, value: str, expected: str, near: str
) -> None:
    found = faults(text + "\n")
    match = [fault for fault in found if fault.path == path]
    assert match, [str(fault) for fault in found]
    fault = match[0]
    assert fault.file.endswith("test.yaml")
    assert fault.line == line
    assert value in fault.value
    assert expected in fault.expected
    if near:
        assert fault.nearest == near
    assert re.fullmatch(r"\S+test\.yaml:\d+: \S+( = .+)?: expected .+", str(fault))


def test_all_faults_come_at_once_each_once(faults) -> None:
    found = faults(
        "conduct: {mu_max: x, war_intensty: 1}\n"
        "horizon: {quarters: 0}\n"
        "markt: here\n"
        "sweep: {costs.battery: [1]}\n"
        "arms:\n"
        "  solo: {}\n"
        "  a: {demand: {types: 1}}\n"
        "  b: {alliances: {p: {members: [faw, nobody], start: 2025Q2, kind: mou}}}\n"
    )
    places = [(fault.line, fault.path) for fault in found]
    assert len(places) == len(set(places))
    assert {path for _, path in places} == {
        "conduct.mu_max",
        "conduct.war_intensty",
        "horizon.quarters",
        "markt",
        "sweep.costs.battery",
        "arms.a.demand.types",
        "arms.b.alliances.p.members",
    }
    assert [line for line, path in places if path == "arms.a.demand.types"] == [11]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (
            "conduct: {war_intensty: 1}\n"
            "firms: {leapmotr: {cash: 1}, byd: {cassh: 1}}\n"
            "arms:\n"
            "  b: {alliances: {p: {members: [faw, teslaa], start: 2025Q2, kind: capital, terms: {"
            "equity_stake: {investor: faw, target: teslaa, stake: 1.2, pre_money_cny_bn: 4}}}}}\n",
            {"conduct.war_intensty", "firms.leapmotr", "firms.byd.cassh",
             "arms.b.alliances.p.terms.equity_stake.stake", "arms.b.alliances.p.members"},
        ),
        (
            "conduct: {war_intensity: high, mu_max: .nan}\n"
            "replicates: 2.5\n"
            "horizon: {start: 2025-Q1, quarters: -3}\n"
            "firms: {byd: {cash: .inf}}\n"
            "demand: 5\n",
            {"conduct.war_intensity", "conduct.mu_max", "replicates", "horizon.start",
             "horizon.quarters", "firms.byd.cash", "demand"},
        ),
        (
            "conduct: {war_intensity: -1}\n"
            "firms: {byd: {cash: -50, gross_margin: 1.5, capacity_units: 0}}\n",
            {"conduct.war_intensity", "firms.byd.cash", "firms.byd.gross_margin",
             "firms.byd.capacity_units"},
        ),
        (
            PAIR.replace("mou", "friendship").replace("2025Q2", "2050Q1") % "",
            {"alliances.pair.kind", "alliances.pair.start"},
        ),
        (PAIR.replace("2025Q2", "2050Q1") % (", " + STAKE), {"alliances.pair.start"}),
        (PAIR.replace("faw", "faww") % (", " + STAKE), {"alliances.pair.members"}),
        (
            "conduct: {war_intensity: .nan}\nsweep: {conduct.war_intensity: [1, 2]}\n",
            {"conduct.war_intensity"},
        ),
        (
            "conduct: {rules: {byd: {volume_target: {floor: 0.5, growth: 0}}}}\n",
            {"conduct.rules.byd.volume_target.units_a_year"},
        ),
    ],
)  # fmt: skip
def test_a_fault_hides_no_other_and_brings_none(faults, text: str, paths: set[str]) -> None:
    found = faults(text)
    assert {fault.path for fault in found} == paths
    assert len(found) == len(paths)


def test_names_are_told_with_types_where_the_world_is_whole(faults) -> None:
    found = faults(
        "horizon: {quarters: 0}\n"
        "arms:\n"
        "  b: {alliances: {p: {members: [faw, nobody], start: 2025Q2, kind: mou}}}\n"
    )
    assert {fault.path for fault in found} == {"horizon.quarters", "arms.b.alliances.p.members"}


def test_a_fault_in_what_is_extended_names_that_file(write) -> None:
    write("conduct: {mu_mx: 1}\n", name="lower.yaml")
    with pytest.raises(InputError) as refusal:
        load(write("name: Upper\n", head="extends: lower.yaml\n"))
    (fault,) = refusal.value.faults
    assert (fault.file, fault.line) == ("lower.yaml", 5)


def test_what_is_missing_is_told_where_the_mapping_was_last_written(write) -> None:
    pair = "alliances: {pair: {members: [faw, nio], kind: mou}}\n"
    write(pair, name="lower.yaml")
    upper = write("alliances: {pair: {hazard: 0.1}}\n", head="extends: lower.yaml\n")
    with pytest.raises(InputError) as refusal:
        load(upper, ["alliances.pair.hazard=0.2"])
    assert {(fault.file, fault.line, fault.path) for fault in refusal.value.faults} == {
        (str(upper), 2, "alliances.pair.start")
    }


def test_a_fault_of_the_command_line_says_so(faults) -> None:
    for text in ("conduct.mu_max=x", "conduct.mu_max=nan", "conduct.mu_mx=1", "conduct.mu_max=-1"):
        (fault,) = faults("", text)
        assert (fault.file, fault.line) == ("command line", 0)
        assert fault.path.startswith("conduct.mu_m")


@pytest.mark.parametrize(
    "text", ["conduct.mu_max", "=1", "Conduct.mu=1", "a b=1", "conduct.mu_max=[1", "x=1\ny: 2",
             "x={a: 1}\nb: 3", "\x1b[31m=1", "name=&a x", "name=!!str x"],
)
def test_a_setting_that_is_none_is_a_fault(faults, text: str) -> None:
    found = faults("", text)
    assert {fault.file for fault in found} == {"command line"}
    assert "\x1b" not in str(found[0])


def test_a_long_value_is_cut_and_a_long_key_refused(faults) -> None:
    (fault,) = faults("conduct: {mu_max: " + "x" * 500 + "}\n")
    assert len(str(fault)) < 400
    (fault,) = faults("y" * 500 + ": 1\n")
    assert fault.line == 5
    assert len(str(fault)) < 400


def test_values_cannot_disturb_a_terminal(faults) -> None:
    found = faults('"a\\e[2Jb": 1\nconduct: {mu_max: "\\e[31m\\u202Ered"}\n')
    assert len(found) == 2
    for fault in found:
        assert str(fault).isprintable()


def test_what_prints_is_left_as_it_is() -> None:
    assert printable("零跑 ¥3 – a") == "零跑 ¥3 – a"
    assert printable("\x1b[0m\u202e\n\x9b") == "\\x1b[0m\\u202e\\n\\x9b"
    assert str(Fault("a\nb", 1, "c", "\r", "d")) == "a\\nb:1: c = \\r: expected d"
