"""The page on regions: its example runs as it says, every item is on it, numbers are marked."""

import re
from pathlib import Path

from worlds import _CALIBRATIONS, walk

from sim.batch.run_one import Runner
from sim.scenario import load
from sim.scenario.market_tables import read_market
from sim.scenario.priors import sensitivity_set
from sim.scenario.region_items import REGION_FIRM_ITEMS, REGION_NUMBERS
from sim.scenario.regions import Region

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "regions.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "page.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    scenario = load(path, ["demand.types=32"])
    assert scenario.regions == ("europe",)
    assert scenario.concerned("no_duties") == ("leapmotor",)
    points = [dict(point.values) for point in scenario.points()]
    assert points == [{"regions.europe.income": 1.3}, {"regions.europe.income": 1.8}]
    runner = Runner(scenario)
    runner._calibrations = _CALIBRATIONS
    sold = {}
    for arm in ("solo", "no_duties", "own_dealers"):
        run = runner.run_of(arm, points[1], 0)
        (abroad,) = walk(run, 1).work.abroad
        sold[arm] = dict(zip(abroad.market.firm.tolist(), abroad.units, strict=False))
    byd, leapmotor = (run.world.industry.index(name) for name in ("byd", "leapmotor"))
    assert sold["no_duties"][byd] > sold["solo"][byd]
    assert sold["own_dealers"][leapmotor] < sold["solo"][leapmotor]


def test_every_item_is_on_the_page() -> None:
    for name in (*REGION_NUMBERS, *REGION_FIRM_ITEMS, *Region.model_fields):
        assert re.search(rf"`{name}`|{name}:", PAGE), name


def test_ranges_of_regions_are_swept_where_one_is_modelled_and_are_marked() -> None:
    tables = read_market("china_nev_2024")
    abroad = load("scenarios/europe_backlash_and_duties.yaml")
    at_home = load("scenarios/base/china_nev_2024.yaml")
    found = [p for p in sensitivity_set(abroad, tables, ("byd",)) if p.path.startswith("regions")]
    assert {prior.path for prior in found} == {
        f"regions.europe.{item}" for item in REGION_NUMBERS
    }
    assert all(prior.basis.startswith("illustrative; ") for prior in found)
    assert all(prior.low <= prior.value <= prior.high for prior in found)
    at_home_paths = [prior.path for prior in sensitivity_set(at_home, tables, ("byd",))]
    assert not any("regions" in path or "fleet" in path for path in at_home_paths)
