"""Numbers as people read them: ¥110k, ¥3.2bn, 294k cars, 62.5 %, +3.1 points."""

from __future__ import annotations

import math

MISSING = "–"
MINUS = "−"


def signed(text: str, value: float) -> str:
    """Put a plus before ``text`` where ``value`` is above zero and the text is not a zero."""
    shows_something = any(character in "123456789" for character in text)
    return f"+{text}" if value > 0.0 and shows_something else text


def number(value: float, digits: int = 0) -> str:
    """Plain number with a true minus sign and thousands set apart by commas; no negative zero."""
    if not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{digits}f}"
    shows_something = any(character in "123456789" for character in text)
    return MINUS + text if value < 0.0 and shows_something else text


def scaled(value: float) -> str:
    """Three figures with k, m, bn or trn: 293,724 -> 294k.

    Parameters
    ----------
    value
        Any amount in its base unit (CNY, vehicles).
    """
    if not math.isfinite(value):
        return MISSING
    size = abs(value)
    for limit, scale, letter in (
        (999.5, 1.0, ""),
        (999.5e3, 1e3, "k"),
        (999.5e6, 1e6, "m"),
        (999.5e9, 1e9, "bn"),
        (math.inf, 1e12, "trn"),
    ):
        if size < limit:
            in_scale = size / scale
            digits = 0 if letter == "" or in_scale >= 99.5 else 1
            text = f"{in_scale:,.{digits}f}{letter}"
            return MINUS + text if value < 0.0 and text != "0" else text
    raise AssertionError("the last limit is infinite")


def money(value: float) -> str:
    """CNY: 3.2e9 -> ¥3.2bn, -1.1e5 -> −¥110k."""
    text = scaled(value)
    if text == MISSING:
        return text
    return f"{MINUS}¥{text[1:]}" if text.startswith(MINUS) else f"¥{text}"


def percent(value: float, digits: int = 1) -> str:
    """A share in 0..1 as per cent: 0.625 -> 62.5 %."""
    return MISSING if not math.isfinite(value) else f"{number(100.0 * value, digits)} %"


def points(value: float, digits: int = 1) -> str:
    """Difference of two shares in percentage points, signed: 0.031 -> +3.1."""
    return MISSING if not math.isfinite(value) else signed(number(100.0 * value, digits), value)


def probability(value: float) -> str:
    """A p-value to two figures, never as zero."""
    if not math.isfinite(value):
        return MISSING
    if value < 0.001:
        return "<0.001"
    return f"{value:.3f}" if value < 0.0995 else f"{value:.2f}"
