"""What a file may extend: what lies in its own folder or among the scenarios, and no circle."""

import os
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.load import MAX_EXTENDS


def refused(path: Path) -> str:
    with pytest.raises(InputError) as refusal:
        load(path)
    (fault,) = refusal.value.faults
    assert fault.line > 0
    assert fault.path == "extends"
    return fault.expected


def test_a_circle_is_refused(write) -> None:
    write(head="extends: a.yaml\n", name="b.yaml")
    path = write(head="extends: b.yaml\n", name="a.yaml")
    assert "does not come back" in refused(path)


def test_a_file_that_extends_itself_is_refused(write) -> None:
    assert "does not come back" in refused(write(head="extends: ./test.yaml\n"))


def test_a_circle_through_a_link_is_refused(write, tmp_path: Path) -> None:
    path = write(head="extends: link.yaml\n")
    (tmp_path / "link.yaml").symlink_to(path)
    assert "does not come back" in refused(path)


@pytest.mark.parametrize(
    "name",
    ["../outside.yaml", "/etc/hostname", "folder/../../outside.yaml", "missing.yaml", ".", "''",
     300 * "x", "3", "[a.yaml]", "'a\\0b'", '"a\\0b"', "a" * 600, "link.yaml", "base"],
)
def test_a_file_outside_or_none_at_all_is_refused(write, tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.yaml").write_text("scenario: 1\n", encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    path = write(head=f"scenario: 1\nextends: {name}\n", name="in/test.yaml")
    assert "a file under" in refused(path) or "the name of" in refused(path)


def test_a_file_of_a_folder_below_may_extend_its_neighbours(write) -> None:
    write("conduct: {mu_max: 1}\n", name="parts/lower.yaml")
    text = "conduct: {comfort_quarters: 5}\n"
    write(text, name="parts/middle.yaml", head="extends: lower.yaml\n")
    scenario = load(write(head="extends: parts/middle.yaml\n"))
    conduct = scenario.settings("solo", {}).conduct
    assert (conduct.mu_max, conduct.comfort_quarters) == (1.0, 5.0)


def test_a_chain_has_an_end(write) -> None:
    for number in range(MAX_EXTENDS + 2):
        write(head=f"extends: f{number + 1}.yaml\n", name=f"f{number}.yaml")
    write(name=f"f{MAX_EXTENDS + 2}.yaml")
    assert "at most" in refused(write(head="extends: f0.yaml\n"))
    assert load(write(head="extends: f4.yaml\n")).arms == ("solo",)


@pytest.mark.parametrize("name", ["missing.yaml", ".", "nul\0l.yaml"])
def test_a_scenario_that_cannot_be_read_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as refusal:
        load(f"{tmp_path}/{name}")
    assert len(refusal.value.faults) == 1
    assert str(refusal.value).count("\n") == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission_is_told_in_a_line(write) -> None:
    path = write()
    path.chmod(0)
    with pytest.raises(InputError, match="a file that can be read"):
        load(path)
