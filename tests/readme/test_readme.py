"""README shows what works: its scenario loads, its lines run, its verbs and targets exist."""

import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pyblp_reference import reference

from sim.cli import main
from sim.cli.main import verbs
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = ["--replicates", "1", "--workers", "1", "--quiet", "--set", "demand.types=32"]
# As long as the last date in the shipped arms needs.
SHORT = ["--set", "horizon.quarters=6"]


def blocks(language: str) -> list[str]:
    """Text of every fenced block of a language."""
    found: list[str] = []
    inside: str | None = None
    for line in README.splitlines():
        if line.startswith("```"):
            inside = line[3:] if inside is None else None
            if inside == language:
                found.append("")
        elif inside == language:
            found[-1] += line + "\n"
    return found


def shown_lines() -> list[list[str]]:
    """Words of every line that README tells to type, without its remark."""
    return [
        shlex.split(line, comments=True)[1:]
        for block in blocks("")
        for line in block.splitlines()
        if line.startswith("./run_sim.py")
    ]


LINES = shown_lines()
# What runs the model or solves a market; a batch runs with one replicate of a year instead.
LONG = [words for words in LINES if words[0] in ("run", "plan", "calibrate", "merger")]
READS_A_BATCH = [words for words in LINES if words[0] in ("compare", "report")]
# Studies run a loop of batches: minutes at the size that the README shows.
STUDIES = [words for words in LINES if words[0] in ("sensitivity", "map", "qlearning")]
QUICK = [words for words in LINES if words not in [*LONG, *READS_A_BATCH, *STUDIES]]


def write_tables_of_a_reader(folder: Path) -> None:
    """The automobiles of 1979 as PyBLP's users keep them."""
    case = reference("rcl_blp1979")
    columns = {
        "products.csv": {
            "market_ids": ["1979"] * len(case["in__firm_ids"]),
            "firm_ids": case["in__firm_ids"],
            "shares": case["in__observed_shares"],
            "prices": case["in__observed_prices"],
        },
        "agents.csv": {
            "market_ids": ["1979"] * len(case["in__agent_weights"]),
            "weights": case["in__agent_weights"],
        },
    }
    for name, table in columns.items():
        pd.DataFrame(table).to_csv(folder / name, index=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the shipped scenarios and that of README, in which lines are typed."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for path in (ROOT / "scenarios").glob("*.yaml"):
        shutil.copy(path, scenarios)
    shutil.copytree(ROOT / "scenarios" / "merger", scenarios / "merger")
    write_tables_of_a_reader(tmp_path)
    (text,) = blocks("yaml")
    name = re.match(r"# (scenarios/\S+\.yaml)", text)
    assert name is not None
    (tmp_path / name.group(1)).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_is_something_to_try() -> None:
    assert len(LINES) >= 4
    assert {words[0] for words in QUICK} >= {"validate", "show"}


def test_the_sweep_it_shows_loads(tmp_path: Path) -> None:
    (text,) = blocks("yml")
    path = tmp_path / "swept.yaml"
    head = "scenario: 1\nname: Swept\nextends: base/china_nev_2024.yaml\nreplicates: 1\n"
    path.write_text(head + "arms: {solo: {}}\n" + text, encoding="utf-8")
    kinds = [design.kind for design in load(path).designs]
    assert kinds == ["grid", "zip", "latin_hypercube", "sobol"]
    assert len(load(path).points()) == 2 * 3 * 16 * 16


@pytest.mark.parametrize("words", QUICK, ids=" ".join)
def test_a_line_that_runs_nothing_works(project: Path, words: list[str], capsys) -> None:
    assert main(words) == 0
    assert capsys.readouterr().out


@pytest.mark.slow
def test_every_line_works_in_its_order(project: Path, capsys) -> None:
    for words in (words for words in LINES if words not in STUDIES):
        more = [*SMALL, *SHORT] if words[0] == "run" else []
        more += SHORT if words[0] == "plan" else []
        assert main([*words, *more]) == 0, (words, capsys.readouterr().err)
        assert capsys.readouterr().out, words


# A study's own lines on the smallest budget that still gives an answer; what is typed last wins.
TINY = {
    "morris": ["--trajectories", "2", "--vary", "conduct.mu_max", "--vary", "demand.ice_share"],
    "sobol": ["--samples", "2", "--max-failed", "0.5"],
    "futures": ["--samples", "4", "--vary", "conduct.mu_max", "--vary", "demand.ice_share"],
    "map": ["--coarse", "1", "--depth", "0"],
}


@pytest.mark.slow
@pytest.mark.parametrize("words", STUDIES, ids=" ".join)
def test_a_study_of_a_tiny_budget_works(project: Path, words: list[str], capsys) -> None:
    pytest.importorskip("SALib", reason="SALib is not installed: make setup")
    method = words[words.index("--method") + 1] if "--method" in words else "morris"
    tiny = TINY["map" if words[0] == "map" else method]
    small = ["--set", "demand.types=16", "--set", "horizon.quarters=24", "--out", "results/study"]
    small += ["--replicates", "2", "--workers", "1", "--quiet"]
    assert main([*words, *tiny, *small]) == 0, capsys.readouterr().err
    assert "calibrat" in capsys.readouterr().out
    assert (project / "results" / "study" / "manifest.json").is_file()


@pytest.mark.slow
def test_the_python_works(project: Path) -> None:
    (text,) = blocks("python")
    lines = text.splitlines()
    (where,) = [number for number, line in enumerate(lines) if "sim.run" in line]
    small = "s = s.set('replicates', 1).set('horizon.quarters', 6).set('demand.types', 32)"
    lines.insert(where, small)
    last = lines.pop().partition("#")[0].strip()
    names: dict[str, object] = {}
    exec("\n".join(lines).replace("workers=2", "workers=1"), names)
    frame = eval(last, names)
    assert set(frame["arm"]) == {"capital"}
    (folder,) = (project / "results").iterdir()
    assert folder.name.startswith("faw_leapmotor_")
    assert (folder / "manifest.json").is_file()


def test_the_table_of_verbs_has_every_verb_and_no_other() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \| ", README, re.MULTILINE)
    named = [verb for row in rows for verb in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(verbs())


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", README))
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []
