"""Spoilt scenarios: accepted and usable, or refused with file and line; never anything else."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mutations import Mutant, mutants
from shipped import SHIPPED

from sim.errors import InputError
from sim.scenario import load
from sim.scenario.checks import field_at

ROOT = Path(__file__).resolve().parents[2]
# The other scenarios are a few lines over the base, of the same keys as these.
NAMED = ("faw_leapmotor", "price_war_2022_2024", "new_entrant")
SPOILT = [path for path in SHIPPED if path.parent.name == "base" or path.stem in NAMED]
NAMES = {path: str(path.relative_to(ROOT / "scenarios")) for path in SHIPPED}
SEED = 20250303
# Mappings whose keys are names that a scenario is free to choose.
FREE = {("arms",), ("kinds",), ("sweep",), ("calibration", "variants")}
FREE_IN_A_WORLD = {
    ("alliances",), ("injections",), ("holdings",), ("firms",), ("events",), ("entries",),
    ("costs", "battery_events"),
}
MUTANTS = 10_000
NOT_NUMBERS = ("word", "quoted number", "truth", "nan", "bare nan", "infinity", "overflow", "list",
               "mapping", "unicode", "escape", "long", "deep", "tag", "anchor", "alias", "date")


def every_mutant() -> list[tuple[Path, Mutant]]:
    return [
        (path, mutant)
        for path in SPOILT
        for mutant in mutants(path.read_text(encoding="utf-8"))
    ]


def world_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path within a world: what follows the name of an arm."""
    return path[2:] if path[:1] == ("arms",) else path


def must_be_refused(mutant: Mutant) -> bool:
    """Whether no reading of the mutant is a scenario: said from the schema, not from the loader."""
    inner = world_path(mutant.path)
    if mutant.how == "key: misspelt":
        parent = mutant.path[:-1]
        return parent not in FREE and world_path(parent) not in FREE_IN_A_WORLD
    kind, _, how = mutant.how.partition(": ")
    if kind == "key" and how in ("merge", "tagged", "anchored", "list", "long"):
        return True
    if kind != "value" or how not in NOT_NUMBERS or not inner:
        return False
    field = field_at(inner)
    return field is not None and field.annotation in (int, float)


def judge(folder: Path, file: Path, mutant: Mutant, *, deep: bool) -> str | None:
    """What is wrong with how a mutant is taken, or None."""
    name = NAMES[file]
    place = folder / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(mutant.text, encoding="utf-8", newline="")
    try:
        return _judged(place, name, mutant, deep=deep)
    finally:
        place.unlink()


def _judged(place: Path, name: str, mutant: Mutant, *, deep: bool) -> str | None:
    lines = mutant.text.count("\n") + 1
    try:
        scenario = load(place)
    except InputError as refusal:
        for fault in refusal.faults:
            text = str(fault)
            if not text.isprintable() or len(text) > 1500:
                return f"cannot be shown: {text[:200]!r}"
            if fault.line < 1 or (fault.file == str(place) and fault.line > lines):
                return f"has no line: {text}"
            if fault.file not in (str(place), f"scenarios/{name}", *map(_base_name, SHIPPED)):
                return f"names another file: {text}"
        return None if refusal.faults else "refused without a fault"
    if must_be_refused(mutant):
        return "was accepted"
    for arm in scenario.arms:
        values = dict(scenario.points()[0].values)
        scenario.settings(arm, values)
        scenario.calibration_settings(arm, values)
        scenario.members(arm)
    if deep:
        copy = place.with_name("resolved.yaml")
        copy.write_text(scenario.resolved_yaml(), encoding="utf-8")
        again = load(copy)
        copy.unlink()
        for arm in scenario.arms:
            if again.settings(arm, {}) != scenario.settings(arm, {}):
                return f"is not the same when resolved: {arm}"
    return None


def _base_name(path: Path) -> str:
    return f"scenarios/{NAMES[path]}"


def steps_of(call: Callable[[], object]) -> int:
    """Number of calls that a call makes, C functions included."""
    count = 0

    def counted(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def run_all(folder: Path, chosen: list[tuple[Path, Mutant]], counted: int) -> None:
    whole = max(steps_of(lambda path=path: load(path)) for path in SHIPPED)
    found = []
    for number, (file, mutant) in enumerate(chosen):
        counts = number % counted == 0

        def take(file: Path = file, mutant: Mutant = mutant, deep: bool = counts) -> None:
            wrong = judge(folder, file, mutant, deep=deep)
            if wrong is not None:
                found.append(f"{NAMES[file]}: {'.'.join(mutant.path)}: {mutant.how}: {wrong}")

        if counts:
            steps = steps_of(take)
            # A deep look loads twice.
            if steps > 6 * whole:
                found.append(f"{mutant.path} {mutant.how}: {steps} steps, {whole} for the whole")
        else:
            take()
    assert found == []
    # Nothing but what the test wrote and took away again.
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_some_hundred_mutants(tmp_path: Path) -> None:
    luck = random.Random(SEED)
    run_all(tmp_path, luck.sample(every_mutant(), 300), counted=4)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_ten_thousand_mutants(tmp_path: Path, part: int) -> None:
    run_all(tmp_path, of_every_key(MUTANTS)[part::4], counted=10)


def of_every_key(count: int) -> list[tuple[Path, Mutant]]:
    """So many mutants, with at least one of every leaf and key of every file."""
    everything = every_mutant()
    random.Random(SEED).shuffle(everything)
    first: dict[tuple[Path, tuple[str, ...]], tuple[Path, Mutant]] = {}
    rest = []
    for file, mutant in everything:
        if first.setdefault((file, mutant.path), (file, mutant))[1] is not mutant:
            rest.append((file, mutant))
    assert len(first) < count < len(everything)
    return [*first.values(), *rest[: count - len(first)]]


def noisy(text: bytes, luck: random.Random) -> bytes:
    """The text with a few slices lost, doubled, moved, or replaced by any bytes."""
    for _ in range(luck.randint(1, 4)):
        start = luck.randrange(len(text))
        end = min(len(text), start + luck.choice((1, 1, 2, 5, 40)))
        kept = text[start:end]
        signs = bytes(luck.choices(b"{}[]:,-?&*!|>'\"#%@ \n\t", k=3))
        new = luck.choice((b"", kept * 2, luck.randbytes(len(kept)), signs))
        text = text[:start] + new + text[end:]
    return text


def take_noise(folder: Path, count: int) -> None:
    luck = random.Random(SEED)
    path = folder / "noisy.yaml"
    told: list[InputError] = []
    for _ in range(count):
        file = luck.choice(SPOILT)
        path.write_bytes(noisy(file.read_bytes(), luck))
        try:
            load(path)
        except InputError as refusal:
            told.append(refusal)
    assert told
    assert all(refusal.faults for refusal in told)
    assert all(str(fault).isprintable() for refusal in told for fault in refusal.faults)


def test_noise_is_refused_or_is_a_scenario(tmp_path: Path) -> None:
    take_noise(tmp_path, 100)


@pytest.mark.slow
def test_much_noise_is_refused_or_is_a_scenario(tmp_path: Path) -> None:
    take_noise(tmp_path, 3000)


# What a person would do by mistake, one of each sort that the loader tells apart.
def sample(count: int) -> list[tuple[Path, Mutant]]:
    sorts: dict[str, tuple[Path, Mutant]] = {}
    everything = every_mutant()
    random.Random(SEED).shuffle(everything)
    for file, mutant in everything:
        if must_be_refused(mutant):
            sorts.setdefault(mutant.how, (file, mutant))
    return list(sorts.values())[:count]


def call(folder: Path, verb: str, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, ROOT / "run_sim.py", verb, *map(str, words)],
        cwd=folder,
        env={**environment, "PYTHONPYCACHEPREFIX": str(folder.parent / "compiled")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60 if verb == "list" else 5,
    )


def on_the_command_line(tmp_path: Path, count: int) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    # The first call compiles the package, which is no part of the five seconds.
    assert call(folder, "list").returncode == 0
    for file, mutant in sample(count):
        place = folder / Path(NAMES[file]).name
        place.write_text(mutant.text, encoding="utf-8")
        before = sorted(folder.rglob("*"))
        for verb in ("validate", "run"):
            said = call(folder, verb, place)
            told = f"{mutant.path} {mutant.how} {verb}: {said.stderr}"
            assert said.returncode == 2, told
            assert said.stdout == "", told
            assert "Traceback" not in said.stderr, told
            assert f"{place}:" in said.stderr, told
        assert sorted(folder.rglob("*")) == before
        place.unlink()


def test_the_command_line_refuses_a_few(tmp_path: Path) -> None:
    on_the_command_line(tmp_path, 3)


@pytest.mark.slow
def test_the_command_line_refuses_one_of_each_sort(tmp_path: Path) -> None:
    on_the_command_line(tmp_path, 100)
