"""Names under which a batch tells its firms, those that enter included."""

from sim.batch.batch import _firm_names
from sim.scenario import load
from sim.scenario.market_tables import read_market


def test_a_firm_that_an_event_of_one_arm_brings_in_has_a_name():
    scenario = load("scenarios/new_entrant.yaml")
    rows = read_market(scenario.heading.market).firms
    names = _firm_names(scenario, scenario.arms, rows)
    assert set(names) - {row.firm_id for row in rows} == {"newcomer"}
    assert names["newcomer"] == "Newcomer"
    assert names["byd"] == "BYD"
    assert "newcomer" not in _firm_names(scenario, ("solo",), rows)
