"""Figures as bytes: the same rows give the same bytes, whatever the reader's own settings."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.figure import Figure

# Letters are drawn as outlines: a page looks the same where DejaVu is not installed.
SETTINGS: matplotlib.RcParams = matplotlib.RcParams(
    {
        "font.family": ["DejaVu Sans"],
        "svg.fonttype": "path",
        "svg.hashsalt": "ev-price-war",
        "path.simplify": False,
    }
)
PNG_DPI = 150


@contextmanager
def drawing() -> Iterator[None]:
    """Draw and save with this program's settings, not with those of a user's matplotlibrc."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        yield


def svg(figure: Figure) -> str:
    """Return the figure as an SVG document without date or program version."""
    content = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(content, format="svg", backend="svg", metadata=nothing)
    return content.getvalue()


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG without program version."""
    content = io.BytesIO()
    figure.savefig(content, format="png", backend="agg", dpi=PNG_DPI, metadata={"Software": None})
    return content.getvalue()


def inline(document: str) -> str:
    """Return the ``<svg>`` element of an SVG document, ready to stand in a page."""
    return document[document.index("<svg") :]
