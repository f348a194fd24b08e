"""Everything that is read of a batch, written from its rows: figures, tables, page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from sim.compare.abroad import abroad
from sim.compare.batch import Batch
from sim.compare.best import best_arms
from sim.compare.heat import heat
from sim.compare.paid import paid_in
from sim.compare.paths import alive_strip, level_paths, survival_paths
from sim.compare.printing import as_csv
from sim.compare.rivals import deals, losers
from sim.compare.sentence import answer
from sim.compare.summary import compare_arms
from sim.record.writer import write_bytes, write_text
from sim.report.drawing import drawing, inline, png, svg
from sim.report.figures import drawings
from sim.report.markup import figure
from sim.report.page import page

FirmTable = Callable[[Batch, str], pd.DataFrame]

PAGE = "report.html"
FIGURES = "figures"
TABLES = "tables"


def write_report(folder: Path) -> list[Path]:
    """Write figures (SVG and PNG), tables (CSV) and ``report.html`` into a batch's folder.

    Only rows and the manifest are read, so a batch can be redrawn years later without the
    model. The same rows give the same bytes.

    Parameters
    ----------
    folder
        The folder of the batch.

    Returns
    -------
    list of Path
        The files written, the page first.

    Raises
    ------
    StoreError
        The folder holds no batch, or cannot be written.
    """
    batch = Batch(folder)
    comparison, rivals, made = compare_arms(batch), losers(batch), deals(batch)
    best, paid = best_arms(batch), paid_in(batch)
    tables = {
        "comparison": comparison,
        "best": best,
        "losers": rivals,
        "deals": made,
        "paid": paid,
        "survival": _of_focus(batch, survival_paths),
        "map": _of_focus(batch, heat),
        "prices": level_paths(batch, "price_mean"),
        "who_is_alive": alive_strip(batch),
    }
    sold_abroad = abroad(batch)
    if len(sold_abroad):
        tables["abroad"] = sold_abroad
    written = []
    for name, table in tables.items():
        path = folder / TABLES / f"{name}.csv"
        write_text(path, as_csv(table))
        written.append(path)
    pictures = {}
    with drawing():
        for each in drawings(batch):
            document = svg(each.figure)
            pictures[each.name] = figure(inline(document), each.description, each.remark, each.name)
            for ending, content in (("svg", document.encode()), ("png", png(each.figure))):
                path = folder / FIGURES / f"{each.name}.{ending}"
                write_bytes(path, content)
                written.append(path)
    whole = page(
        batch,
        sentences=answer(batch),
        comparison=comparison,
        best=best,
        rivals=rivals,
        deals=made,
        paid=paid,
        sold_abroad=sold_abroad,
        pictures=pictures,
        tables=[f"{TABLES}/{name}.csv" for name in tables],
    )
    write_text(folder / PAGE, whole)
    return [folder / PAGE, *written]


def _of_focus(batch: Batch, make: FirmTable) -> pd.DataFrame:
    """One table of every firm in focus; empty without any."""
    made = [make(batch, firm).assign(firm=firm) for firm in batch.focus]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=["firm"])
