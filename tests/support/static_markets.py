"""Static markets written as a person would, and read back."""

from pathlib import Path

from sim.scenario.static_market import load_static_market
from sim.studies.merger import study_merger
from sim.studies.static_market import build_market

BEERS = ("Old Style", "Bud", "Miller", "Miller Lite", "Other light", "Other")
PRICES = (0.0441, 0.0328, 0.0409, 0.0396, 0.0387, 0.0497)
SHARES = (0.066, 0.172, 0.253, 0.187, 0.099, 0.223)
FIRMS = ("One", "Two", "Three", "Three", "Four", "Five")
MERGER = "deals: {deal: {kind: merger, acquirer: One, target: Two}}"


def beers(
    *,
    shares=SHARES,
    margins=(0.3830,),
    nests=None,
    lines=("outside: 0.2", "market_size: 1250", MERGER),
    order=range(6),
):
    """YAML of the six beers; margins of the first products, further lines as given."""
    text = ["static_market: 1", "name: Six beers", *lines, "products:"]
    for j in order:
        keys = f"firm: {FIRMS[j]}, price: {PRICES[j]!r}, share: {shares[j]!r}"
        if j < len(margins) and margins[j] is not None:
            keys += f", margin: {margins[j]}"
        if nests is not None:
            keys += f", nest: {nests[j]}"
        text.append(f"  {BEERS[j]}: {{{keys}}}")
    return "\n".join(text) + "\n"


def written(folder: Path, text: str, name: str = "market.yaml") -> Path:
    """A file with some text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def studied(folder: Path, text: str, **options):
    """Study of a market from its YAML."""
    return study_merger(build_market(load_static_market(written(folder, text), **options)))
