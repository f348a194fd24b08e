"""The section of the page on regions abroad."""

from __future__ import annotations

import pandas as pd

from sim.compare.abroad import CAVEAT, HEADINGS, abroad_cells, abroad_title
from sim.compare.batch import Batch
from sim.report.markup import paragraph, section, table


def abroad_section(batch: Batch, sold: pd.DataFrame) -> str:
    """Sales abroad by arm, illustrative; nothing where no region is modelled.

    Parameters
    ----------
    sold
        Rows of :func:`sim.compare.abroad`.
    """
    if sold.empty:
        return ""
    cells = table(HEADINGS, abroad_cells(batch, sold), caption=abroad_title(batch))
    return section("Regions abroad (illustrative)", cells, paragraph(CAVEAT, "note"))
