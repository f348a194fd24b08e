"""Antithetic luck in a scenario: one for all arms, an even number of replicates."""

import pytest

ON = "luck: {antithetic: true}\n"


def test_an_even_number_of_replicates_is_asked_for(loaded, faults) -> None:
    (fault,) = faults(ON)
    assert (fault.path, fault.line, fault.value) == ("replicates", 4, "3")
    assert "even" in fault.expected
    scenario = loaded(ON, "replicates=4")
    assert scenario.antithetic
    assert scenario.settings("solo", {}).luck.antithetic is True
    (fault,) = faults(ON, "replicates=5")
    assert fault.file == "command line"


def test_it_is_off_unless_it_is_asked_for(loaded) -> None:
    assert not loaded().antithetic
    assert not loaded("luck: {antithetic: false}\n").antithetic
    assert not loaded(ON, "luck.antithetic=false").antithetic


def test_an_arm_cannot_have_other_luck(faults) -> None:
    (fault,) = faults("arms: {solo: {}, lucky: {luck: {antithetic: true}}}\n")
    assert fault.path == "arms.lucky.luck.antithetic"
    assert "arms share their luck" in fault.expected


@pytest.mark.parametrize("value", ["1", "sometimes", "[]"])
def test_it_is_a_switch(faults, value: str) -> None:
    found = faults(f"luck: {{antithetic: {value}}}\n")
    assert any(fault.path == "luck.antithetic" for fault in found)
