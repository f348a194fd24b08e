"""Arms can be told apart without colour, and keep their looks."""

from itertools import pairwise

import pytest
from matplotlib.colors import to_rgb

from sim.report.style import ARM_STYLES, BASELINE_STYLE, arm_styles, spread_labels


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2), which is what a greyscale printer leaves."""
    channels = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in to_rgb(colour)
    )
    return sum(
        weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), channels, strict=True)
    )


def test_dash_and_marker_alone_tell_all_arms_apart() -> None:
    styles = [BASELINE_STYLE, *ARM_STYLES]
    assert len({style.marker for style in styles}) == len(styles)
    assert len({style.colour for style in styles}) == len(styles)
    # A shipped scenario has four arms beside its baseline: no two of them share a dash.
    assert len({style.dash for style in styles[:5]}) == 5


def test_every_line_shows_on_white_paper() -> None:
    for style in (BASELINE_STYLE, *ARM_STYLES):
        assert 1.05 / (luminance(style.colour) + 0.05) > 2.0, style


def test_the_baseline_is_grey_wherever_it_stands() -> None:
    red, green, blue = to_rgb(BASELINE_STYLE.colour)
    assert max(red, green, blue) - min(red, green, blue) < 0.1
    assert arm_styles(["a", "solo", "b"], "solo")["solo"] is BASELINE_STYLE


def test_an_arm_keeps_its_style_when_another_is_the_last() -> None:
    few = arm_styles(["solo", "mou", "capital"], "solo")
    more = arm_styles(["solo", "mou", "capital", "merger"], "solo")
    assert all(more[arm] is few[arm] for arm in few)


@pytest.mark.parametrize(
    "heights", [[0.0, 0.1, 0.2], [5.0, 5.0, 5.0], [1.0, 9.0], [3.0, 1.0, 2.95, 3.0]]
)
def test_labels_do_not_overlap_and_keep_their_order(heights: list[float]) -> None:
    placed = spread_labels(heights, 1.0)
    ordered = [place for _, place in sorted(zip(heights, placed, strict=True))]
    assert all(second - first >= 1.0 - 1e-9 for first, second in pairwise(ordered))
    assert sum(placed) == pytest.approx(sum(heights))
