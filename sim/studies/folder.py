"""The folder of a study: what was asked, the tables it wrote, and how to make it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from sim.batch.plan import MODEL_PACKAGES
from sim.compare.printing import as_csv
from sim.record.manifest import write_manifest
from sim.record.provenance import library_versions, source_digest
from sim.record.writer import write_text
from sim.scenario.market_tables import market_digest
from sim.scenario.scenario import Scenario


def write_study(
    folder: Path,
    kind: str,
    scenario: Scenario,
    *,
    command: str,
    began: float,
    asked: Mapping[str, Any],
    found: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
) -> list[Path]:
    """Write tables, resolved scenario and manifest of a study.

    Parameters
    ----------
    folder
        Folder of the study.
    kind
        What was asked, e.g. ``sensitivity``.
    scenario
        Of whom.
    command
        The line that makes the folder again.
    began
        When the study began, seconds since 1970.
    asked, found
        Plain data: the design with its seed; counts of runs and failures, and the answer.
    tables
        By name; written as ``NAME.csv``.

    Returns
    -------
    list of Path
        The tables written.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        write_text(path, as_csv(table))
        written.append(path)
    write_text(folder / "scenario.resolved.yaml", scenario.resolved_yaml())
    write_text(folder / "reproduce.txt", command + "\n")
    write_manifest(
        folder,
        {
            "kind": kind,
            "name": scenario.name,
            "scenario_file": Path(scenario.file).name,
            "command": command,
            "seed": scenario.heading.seed,
            "asked": dict(asked),
            "found": dict(found),
            "versions": library_versions(),
            "digests": {
                "model": source_digest(MODEL_PACKAGES),
                "market": market_digest(scenario.heading.market),
            },
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
            "seconds": round(time.time() - began, 1),
        },
    )
    return written
