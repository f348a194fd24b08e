"""The verb merger: what it prints, writes and refuses."""

import csv
import random
from pathlib import Path

import pytest
from mutations import mutants
from static_markets import MERGER, beers, written

ROOT = Path(__file__).resolve().parents[2]
BEERS = ROOT / "scenarios" / "merger" / "six_beers.yaml"
CARS = ROOT / "scenarios" / "merger" / "cars.yaml"
CLOSED = """\
static_market: 1
name: Everyone buys
outside: none
products:
  a: {firm: A, price: 1.0, share: 0.5, margin: 0.4}
  b: {firm: B, price: 1.0, share: 0.5}
deals:
  half: {kind: alliance, members: [A, B], weight: 0.5}
  whole: {kind: merger, acquirer: A, target: B}
"""


@pytest.mark.parametrize("file", [BEERS, CARS])
def test_the_shipped_examples_run(say, file: Path) -> None:
    said = say("merger", file)
    assert said.status == 0
    assert said.err == ""
    assert "NOT" not in said.out
    for deal in ("merger", "merger with saving", "silent stake", "alliance"):
        assert f"== {deal}: " in said.out
    assert max(map(len, said.out.splitlines())) <= 130


def test_static_markets_are_listed_and_validated(say, tmp_path: Path) -> None:
    listed = say("list").out
    assert "scenarios/merger/six_beers.yaml\n    Six beers\n" in listed
    assert "scenarios/merger/cars.yaml" in listed
    said = say("validate", BEERS)
    assert said.status == 0
    assert said.out.endswith("a static market of 6 products, 5 firms and 4 deals\n")
    wrong = written(tmp_path, beers().replace("share: 0.066", "share: -1"))
    assert "products.Old Style.share = -1" in say("validate", wrong).err


def test_the_verdict_comes_before_the_numbers(say) -> None:
    lines = say("merger", BEERS, "--deal", "merger").out.splitlines()
    assert lines[3] == "Prices"
    assert lines[4].startswith("  before  found; estimated error ")
    assert lines[5].startswith("  merger  found; estimated error ")
    assert "Calibration: exactly identified" in lines


def test_numbers_are_those_of_the_example(say) -> None:
    said = say("merger", BEERS, "--deal", "merger")
    # Prices, CMCR and CV of tests/reference/antitrust, as they are shown.
    row = next(line for line in said.out.splitlines() if line.startswith("Old Style    0.04410  0"))
    assert row.split()[2:5] == ["0.04410", "0.04668", "+5.85"]
    screen = next(line for line in said.out.splitlines() if line.startswith("Old Style   ")
                  and "10.55 %" in line)
    assert screen.split()[2:] == ["14.5", "%", "0.002695", "6.11", "%", "10.55", "%", "0.0113"]
    assert "buyers lose 0.3963 USD" in said.out
    assert "HHI 2,871 +227" in said.out
    assert "HHI after 3,121" in said.out


def test_deals_of_the_command_line_replace_those_of_the_file(say) -> None:
    said = say("merger", BEERS, "--stake", "One", "Two", "0.3", "--control", "full")
    assert said.status == 0
    assert said.out.count("== ") == 1
    assert "One takes 30.0 % of Two, full control" in said.out
    assert "One minds Two by 0.3; Two minds One by 3.33" in said.out
    said = say("merger", BEERS, "--alliance", "Three", "Four", "--weight", "0.5", "--saving", "0.1")
    assert "Three, Four ally, weight 0.5 on each other's profit; costs fall by 10.0 %" in said.out


def test_tables_without_a_file(say, tmp_path: Path) -> None:
    folder = CARS.parent
    whole = say("merger", CARS, "--deal", "merger", "--out", tmp_path / "a")
    options = [
        word
        for setting in (
            "parameters.alpha=-0.04", "parameters.x2=[constant, size, prices]",
            "parameters.sigma={constant: 1.0, size: 0.8}",
            "parameters.pi={prices: {1/income: -7.0}}", "parameters.rho=0.35",
            "market_size=1000000",
        )
        for word in ("--set", setting)
    ]
    said = say(
        "merger", "--products", folder / "cars_products.csv", "--agents",
        folder / "cars_agents.csv", "--merge", "Borealis", "Corvid", *options, "--out",
        tmp_path / "b",
    )
    assert (whole.status, said.status) == (0, 0)
    for name in ("products", "deals", "matrices", "buyers"):
        file = f"{name}.csv"
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_tables_hold_what_is_printed(say, tmp_path: Path) -> None:
    said = say("merger", BEERS, "--out", tmp_path / "out")
    assert said.err == f"8 tables in {tmp_path / 'out'}\n"
    with (tmp_path / "out" / "products.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 6 * 5
    first = next(row for row in rows if row["side"] == "merger")
    assert float(first["price"]) == pytest.approx(0.0466807431338, rel=1e-11)
    assert float(first["cmcr"]) == pytest.approx(0.105502206905, rel=1e-10)
    with (tmp_path / "out" / "matrices.csv").open(encoding="utf-8") as handle:
        cells = {(r["matrix"], r["row"], r["column"]): r["value"] for r in csv.DictReader(handle)}
    assert float(cells["diversion", "Old Style", "Bud"]) == pytest.approx(0.14527027027, rel=1e-10)
    assert len(cells) == 4 * 36


def test_prices_that_are_not_found_are_not_shown(say, tmp_path: Path) -> None:
    # One owner of a market that everybody must buy from has no highest price.
    path = written(tmp_path, CLOSED)
    said = say("merger", path, "--out", tmp_path / "out")
    assert said.status == 1
    whole = said.out[said.out.index("== whole") :]
    assert "NOT FOUND" in said.out[: said.out.index("Before")]
    assert "nothing is said of them" in whole
    assert "after" not in whole.lower().replace("prices after it", "")
    assert "A closed market has no joint monopoly" in said.out
    sides = (tmp_path / "out" / "products.csv").read_text(encoding="utf-8")
    assert "half,a," in sides
    assert "whole,a," not in sides


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ([], "FILE"),
        ([BEERS, "--control", "full"], "--control"),
        ([BEERS, "--weight", "0.5"], "--weight"),
        ([BEERS, "--saving", "0.5"], "--saving"),
        ([BEERS, "--stake", "One", "Two", "half"], "--stake"),
        ([BEERS, "--merge", "One", "Two", "--deal", "merger"], "--deal"),
        ([BEERS, "--deal", "marger"], "--deal"),
        ([BEERS, "--merge", "One", "Tow"], "deals.merger.target"),
        ([BEERS, "--set", "outside"], "--set"),
        ([BEERS, "--set", "market_size=-1"], "market_size"),
        ([BEERS, "--alliance", "One"], "deals.alliance.members"),
        (["missing.yaml"], "(file)"),
        (["--products", "missing.csv", "--merge", "a", "b"], "(file)"),
    ],
)
def test_bad_words_are_told_with_their_place_and_write_nothing(
    say, tmp_path: Path, words: list[object], path: str
) -> None:
    said = say("merger", *words, "--out", tmp_path / "out")
    assert said.status == 2
    assert said.out == ""
    assert f": {path}" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (beers(margins=(), lines=("outside: 0.2", MERGER)), "missing is the margin"),
        (beers(margins=(0.99,), lines=("outside: 0.2", MERGER)), "marginal cost of product Bud"),
        (beers(lines=("outside: unknown", MERGER)), "under-identified"),
        (
            beers(lines=("outside: 0.2", "holdings: {h: {holder: Two, target: One, share: 1},"
                         " i: {holder: One, target: Two, share: 1}}", MERGER)),
            "circular holdings",
        ),
        (
            beers(lines=("outside: 0.2", "holdings: {h: {holder: Five, target: Two, share: 0.8}}",
                         "deals: {d: {kind: stake, investor: One, target: Two, share: 0.3}}")),
            "at most 0.2",
        ),
    ],
)
def test_markets_that_cannot_be_made_complete_are_refused_by_name(
    say, tmp_path: Path, text: str, words: str
) -> None:
    said = say("merger", written(tmp_path, text), "--out", tmp_path / "out")
    assert said.status == 2
    assert said.out == ""
    assert words in said.err
    assert not (tmp_path / "out").exists()


def test_over_identified_calibration_shows_what_it_misses(say, tmp_path: Path) -> None:
    margins = (0.3830, 0.5515, 0.5421, 0.5557, 0.4453, 0.3769)
    said = say("merger", written(tmp_path, beers(margins=margins)))
    assert said.status == 0
    assert "Calibration: over-identified by 5: least squares" in said.out
    row = next(line for line in said.out.splitlines() if line.startswith("margin Miller Lite"))
    assert row.split()[3:] == ["0.5557", "0.5859", "−0.0302"]


def test_capacities_hold_and_costs_are_without_their_rent(say, tmp_path: Path) -> None:
    text = beers(margins=(0.3830, None, None, None, 0.50)).replace(
        "share: 0.099", "share: 0.099, capacity: 99"
    )
    said = say("merger", written(tmp_path, text), "--out", tmp_path / "out")
    assert said.status == 0
    assert "scarcity rents" in said.out
    with (tmp_path / "out" / "products.csv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["product"] == "Other light"]
    before, after = rows
    assert float(before["share"]) == pytest.approx(0.0792, rel=1e-9)
    assert float(after["share"]) == pytest.approx(0.0792, rel=1e-9)
    assert float(after["price"]) > float(before["price"])
    assert float(before["cost"]) == pytest.approx(0.5 * 0.0387, rel=1e-12)


def test_a_market_that_is_not_solved_before_a_deal_shows_the_verdict_alone(
    say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.studies.static_market.ACCEPTED", -1.0)
    said = say("merger", BEERS, "--out", tmp_path / "out")
    assert said.status == 1
    lines = said.out.splitlines()
    assert lines[4].startswith("  before")
    assert "NOT FOUND" in lines[4]
    assert not any("%" in line for line in lines[5:] if "price" not in line)
    assert "merger with saving" not in said.out
    rows = (tmp_path / "out" / "products.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1


def test_spoilt_markets_end_with_a_status_and_never_with_a_traceback(say, tmp_path: Path) -> None:
    every = list(mutants(BEERS.read_text(encoding="utf-8")))
    for mutant in random.Random(7).sample(every, 60):
        said = say("merger", written(tmp_path, mutant.text), "--deal", "merger")
        assert said.status in (0, 1, 2), mutant
        assert (said.status == 2) == (said.out == ""), mutant
