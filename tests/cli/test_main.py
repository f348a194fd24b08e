"""The command line itself: what it says without verbs, with unknown ones and to a reader gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.main import GROUPS, PLANNED, verbs

ROOT = Path(__file__).resolve().parents[2]


def test_without_words_it_prints_the_verbs(say) -> None:
    said = say()
    assert said.status == 0
    for verb in verbs():
        assert verb in said.out


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from sim.cli import main

    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    assert f"usage: run_sim.py {verb}" in capsys.readouterr().out


def test_every_group_registers_the_verbs_it_is_named_for() -> None:
    import argparse
    from importlib import import_module

    for group, names in GROUPS.items():
        subparsers = argparse.ArgumentParser().add_subparsers()
        import_module(group).add_verbs(subparsers)
        assert tuple(subparsers.choices) == names


def test_an_unknown_verb_gets_the_nearest(say) -> None:
    said = say("compar")
    assert said.status == 2
    assert "did you mean 'compare'?" in said.err


@pytest.mark.parametrize("verb", PLANNED)
def test_a_planned_verb_is_said_to_be_missing(say, verb: str) -> None:
    said = say(verb)
    assert said.status == 2
    assert "not in this version" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "a.yaml", "--replicates", "0"],
        ["run", "a.yaml", "--replicates", "many"],
        ["compare", "a", "--unknown"],
        ["\x1b[31mrun"],
        ["compare", "\x1b[31m"],
    ],
)
def test_words_that_cannot_be_parsed_are_told_in_few_lines(say, words: list[str]) -> None:
    said = say(*words)
    assert said.status == 2
    assert said.out == ""
    assert said.err.count("\n") <= 2
    assert "\x1b" not in said.err


# What is short is written when the verb ends, what is long before.
@pytest.mark.parametrize("verb", ["list", "schema"])
def test_a_reader_that_goes_away_ends_the_verb_quietly(verb: str) -> None:
    child = subprocess.Popen(
        [sys.executable, ROOT / "run_sim.py", verb],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=60) == 0
    assert errors == b""
