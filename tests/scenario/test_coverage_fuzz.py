"""A coverage-guided fuzz of the loader: no traceback, no hang over 5 s, nothing written."""

import os
import sys
from pathlib import Path

import pytest
from coverage_fuzz import search

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.reader import read_yaml
from sim.scenario.world import FILE_KEYS

SCENARIO = str(Path(sys.modules[load.__module__].__file__).parent)
SEED = 20250303
WORDS = [
    *FILE_KEYS, "faw", "leapmotor", "solo", "mou", "capital", "grid", "zip", "sobol",
    "latin_hypercube", "points", "settings", "conduct.war_intensity", "metric", "half_width",
    "members", "start", "terms", "equity_stake", "kind", "null", "variants", "antithetic", "table",
    "<<", "&a", "*a",
    "!!python/object:os.system", "1e999", ".nan", "2099Q9",
]  # fmt: skip
SMALL = b"""\
scenario: 1
name: Small
extends: base/china_nev_2024.yaml
replicates: 2
baseline: solo
arms:
  solo: {}
  mou: {alliances: {pact: {members: [faw, leapmotor], start: 2025Q2, kind: mou}}}
sweep: {conduct.war_intensity: {grid: [1, 1.5]}}
"""
# Without what it extends a text is refused early, and read a hundred times as fast.
ALONE = SMALL.replace(b"extends: base/china_nev_2024.yaml\n", b"market: china_nev_2024\n")
SWEPT = b"""\
scenario: 1
sweep:
  zip: {conduct.war_intensity: [0.5, 1.0], conduct.mu_max: [2, 4]}
  latin_hypercube: {points: 4, seed: 1, settings: {finance.interest_rate: [0.02, 0.08]}}
until: {metric: leapmotor.survives@2030Q4, arm: capital, half_width: 0.05, block: 20, most: 400}
luck: {antithetic: true}
"""

_written: list[str] = []
_watching = [False]


def _audit(event: str, arguments: tuple) -> None:
    if not _watching[0]:
        return
    if event == "open" and isinstance(arguments[2], int):
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _written.append(f"open {arguments[0]}")
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.system"):
        _written.append(f"{event} {arguments}")


@pytest.fixture
def loaded(tmp_path: Path):
    """Load a text as a scenario file; a refusal must be one that can be shown."""
    sys.addaudithook(_audit)
    _written.clear()
    place = tmp_path / "fuzzed.yaml"

    def call(text: bytes) -> None:
        place.write_bytes(text)
        _watching[0] = True
        try:
            scenario = load(place)
            for arm in scenario.arms:
                scenario.settings(arm, dict(scenario.reference_point().values))
        except InputError as refusal:
            if not refusal.faults or not all(str(each).isprintable() for each in refusal.faults):
                raise AssertionError("a refusal that cannot be shown") from refusal
        finally:
            _watching[0] = False

    yield call
    assert _written == []
    assert [path.name for path in tmp_path.iterdir()] == ["fuzzed.yaml"]


def planted(text: bytes) -> None:
    """A bug behind three conditions, each of which says by its line that it was met."""
    try:
        data = read_yaml(text.decode("utf-8"), "planted").data
    except (InputError, UnicodeDecodeError):
        return
    if "luck" not in data:
        return
    if "terms" not in data:
        return
    if "kind" not in data:
        return
    raise KeyError("the planted bug")


def test_it_finds_a_planted_bug_that_blind_luck_does_not() -> None:
    seed, words = b'{"scenario": 1, "name": "Small"}', ["luck", "terms", "kind", *WORDS[:20]]

    def found(*, guided: bool) -> list[str]:
        files = [str(Path(__file__))]
        seen = search(planted, [seed], words, files, calls=1000, seed=SEED, guided=guided)
        return [str(error) for _, error in seen.failures]

    assert "'the planted bug'" in found(guided=True)
    assert found(guided=False) == []


def test_what_hangs_or_writes_is_seen(loaded, tmp_path: Path) -> None:
    def hangs(text: bytes) -> None:
        while True:
            pass

    seen = search(hangs, [b"x"], WORDS, [], calls=0, seed=1, seconds=0.05)
    assert [type(error).__name__ for _, error in seen.failures] == ["HangError"]
    _watching[0] = True
    (tmp_path / "fuzzed.yaml").write_text("x", encoding="utf-8")
    _watching[0] = False
    assert len(_written) == 1
    _written.clear()


def run(loaded, seeds: list[bytes], calls: int) -> None:
    first = search(loaded, seeds, WORDS, [SCENARIO], calls=0, seed=SEED)
    found = search(loaded, seeds, WORDS, [SCENARIO], calls=calls, seed=SEED)
    assert [(text[:300], repr(error)) for text, error in found.failures] == []
    # Luck alone reaches more than the seeds; what is reached is kept.
    assert len(found.steps) > 1.1 * len(first.steps)
    assert len(found.corpus) > len(seeds) + 10


def test_a_short_fuzz_of_the_loader(loaded) -> None:
    run(loaded, [ALONE, SWEPT], 100)


@pytest.mark.slow
def test_a_long_fuzz_of_the_loader(loaded) -> None:
    run(loaded, [ALONE, SWEPT, SMALL], 1000)
