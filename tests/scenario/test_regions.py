"""Regions as a scenario writes them: faults with their lines, all at once."""

from pathlib import Path

import pytest

from sim.errors import InputError
from sim.scenario import load
from sim.scenario import market_tables as reader

TEXT = """\
scenario: 1
name: Faults
extends: base/china_nev_2024.yaml
regions:
  eurpoe: {modelled: true}
  south_east_asia:
    modelled: true
    income: -1
    duties: many
    firms:
      leapmotr: {channel: 0.2}
      byd: {chanel: 0.2, reach: 0, rights: 0.5, partner_share: 2}
  rest_of_world: {modelled: true, duties_start: 2027Q1, duties_end: 2026Q1, localprice: 3}
events:
  a: {kind: backlash, region: europe, start: 2026Q1, utils: -0.5}
  b: {kind: subsidy, region: south_east_asia, start: 2026Q1, cny_per_car: 3}
alliances:
  x:
    {members: [faw, leapmotor], start: 2025Q2, kind: mou,
     terms: {distribution: {host: faw, guest: byd, share: 2}}}
"""
WANTED = {
    (5, "regions.eurpoe", "europe"),
    (8, "regions.south_east_asia.income", ""),
    (9, "regions.south_east_asia.duties", ""),
    (11, "regions.south_east_asia.firms.leapmotr", "leapmotor"),
    (12, "regions.south_east_asia.firms.byd.chanel", "channel"),
    (12, "regions.south_east_asia.firms.byd.reach", ""),
    (12, "regions.south_east_asia.firms.byd.rights", ""),
    (12, "regions.south_east_asia.firms.byd.partner_share", ""),
    (13, "regions.rest_of_world.duties_end", ""),
    (13, "regions.rest_of_world.localprice", "local_price"),
    (15, "events.a.region", ""),
    (16, "events.b.region", ""),
    (20, "alliances.x.terms.distribution.share", ""),
}  # fmt: skip


def faults_of(path, sets=()):
    with pytest.raises(InputError) as caught:
        load(path, list(sets))
    return caught.value.faults


def test_all_faults_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(TEXT, encoding="utf-8")
    assert {(fault.line, fault.path, fault.nearest) for fault in faults_of(path)} == WANTED


def test_dealers_are_opened_among_members_where_a_region_is_modelled() -> None:
    base = "scenarios/faw_leapmotor.yaml"
    deal = (
        "alliances.x={members: [faw, leapmotor], start: 2025Q2, kind: mou, terms: "
        "{distribution: {host: faw, guest: byd, share: 0.5}}}"
    )
    told = {fault.path: fault.expected for fault in faults_of(base, [deal])}
    guest = told.pop("alliances.x.terms.distribution.guest")
    assert guest == "a member of the contract"
    assert "modelled" in told.pop("alliances.x.terms.distribution")
    assert not told


def test_exports_are_not_split_over_more_than_there_are() -> None:
    sets = [
        "regions.europe={modelled: true, firms: {byd: {export_share: 0.6}}}",
        "regions.rest_of_world.modelled=true",
    ]
    (fault,) = faults_of("scenarios/base/china_nev_2024.yaml", sets)
    assert fault.path == "regions"
    assert "byd's exports" in fault.expected


def test_a_market_without_regions_says_so() -> None:
    (fault,) = faults_of("scenarios/base/china_nev_2021.yaml", ["regions.europe.modelled=true"])
    assert fault.path == "regions.europe"
    assert "china_nev_2021: none" in fault.expected


def test_faults_of_the_tables_are_told_with_their_lines(tmp_path, monkeypatch) -> None:
    source = reader.market_folder("china_nev_2024")
    for file in source.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    lines = (source / "regions.csv").read_text(encoding="utf-8").splitlines()
    del lines[2]
    lines[3] = lines[3].replace("income", "incom")
    (tmp_path / "regions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (tmp_path / "region_firms.csv").open("a", encoding="utf-8") as table:
        table.write("europe,bydd,duty,20,20,20,share,assumption,low\n")
        table.write("mars,byd,duty,0.1,0.1,0.1,share,assumption,low\n")
    monkeypatch.setattr(reader, "market_folder", lambda name: tmp_path)
    with pytest.raises(InputError) as caught:
        reader.read_market("china_nev_2024")
    told = [(fault.file, fault.path, fault.nearest) for fault in caught.value.faults]
    assert told == [
        ("regions.csv", "item", "income"),
        ("regions.csv", "europe.nev_units", ""),
        ("regions.csv", "europe.income", ""),
        ("region_firms.csv", "firm_id", "byd"),
        ("region_firms.csv", "value", ""),
        ("region_firms.csv", "region", ""),
    ]
