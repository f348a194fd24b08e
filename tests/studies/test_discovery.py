"""The planted condition comes back in the sentence, judged on luck that it was not found on."""

import numpy as np
import pytest

from sim.studies.discovery import discover, sentence
from sim.studies.ranges import Range

RANGES = tuple(
    Range(path, 0.5, 0.0, 1.0, "counterfactual", "a test") for path in ("war", "learning", "cash")
)


def planted(seed, futures=600, replicates=20, noise=1.0):
    """Pays by 1 except where war > 0.7 and learning < 0.5, where it costs 1."""
    generator = np.random.default_rng(seed)
    settings = generator.random((futures, 3))
    bad = (settings[:, 0] > 0.7) & (settings[:, 1] < 0.5)
    effect = np.where(bad, -1.0, 1.0)
    return settings, effect[:, None] + noise * generator.normal(size=(futures, replicates)), bad


def test_the_condition_is_found_and_told():
    settings, differences, bad = planted(1)
    found = discover(settings, differences)
    assert found.box.bound == (0, 1)
    assert found.pays == pytest.approx(1.0 - bad.mean(), abs=0.02)
    assert found.held_out.density > 0.9
    assert found.held_out.coverage > 0.9
    said = sentence("capital", RANGES, found)
    assert said.startswith("capital pays unless war is 0.7")
    assert "and learning is 0.4" in said
    assert "(coverage)" in said


def test_what_is_told_is_the_fit_on_other_luck():
    """With luck alone the box fits the half it was chosen on and not the other."""
    generator = np.random.default_rng(2)
    gaps = []
    for _ in range(20):
        settings, differences = generator.random((150, 3)), generator.normal(size=(150, 2))
        found = discover(settings, differences)
        gaps.append(found.found.density - found.held_out.density)
        assert abs(found.held_out.density - (1.0 - found.pays)) < 0.45
    assert np.mean(gaps) > 0.1


def test_futures_with_a_failed_run_are_left_out():
    settings, differences, _ = planted(3)
    differences[:50, 0] = np.nan
    assert discover(settings, differences).futures == 550
    with pytest.raises(ValueError, match="failed run"):
        discover(settings, differences * np.nan)


@pytest.mark.parametrize(("effect", "words"), [(1.0, "in all of 80"), (-1.0, "in none of 80")])
def test_an_arm_that_always_or_never_pays_needs_no_condition(effect, words):
    found = discover(np.random.default_rng(0).random((80, 3)), np.full((80, 4), effect))
    assert sentence("capital", RANGES, found) == f"capital pays {words} futures."


def test_an_effect_of_nothing_is_no_gain():
    found = discover(np.random.default_rng(0).random((80, 3)), np.zeros((80, 4)))
    assert found.pays == 0.0
