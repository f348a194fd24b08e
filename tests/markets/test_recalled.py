"""Which recalled accounts are moved, and by what: the script beside the market of 2021."""

import csv
import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "markets" / "china_nev_2021"


@pytest.fixture(scope="module")
def settings():
    spec = importlib.util.spec_from_file_location("recalled", FOLDER / "recalled.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script.settings()


@pytest.fixture(scope="module")
def table():
    with (FOLDER / "firm_values.csv").open(encoding="utf-8") as file:
        return {(row["firm_id"], row["item"]): row for row in csv.DictReader(file)}


def test_each_recalled_account_is_moved_to_both_ends(settings, table):
    accounts = ("gross_margin", "rd", "cash", "result_pre_tax")
    recalled = [
        (firm, item, float(row[end]))
        for (firm, item), row in table.items()
        for end in ("low", "high")
        if "recalled" in row["basis"] and item in accounts
    ]
    assert [row[:3] for row in settings] == recalled
    assert len(recalled) > 40


def test_a_result_enters_by_the_fixed_cost_that_balances_it(settings, table):
    found = {(firm, end): (put, value) for firm, item, end, put, value in settings
             if item == "result_pre_tax"}  # fmt: skip
    put, value = found["hozon", float(table["hozon", "result_pre_tax"]["low"])]
    assert put == "fixed_cost"
    # A loss greater by a fifth of 4.84.
    cost = float(table["hozon", "fixed_cost"]["value"])
    assert value - cost == pytest.approx(0.2 * 4.84)
    assert all(put == item for _, item, _, put, _ in settings if item != "result_pre_tax")
