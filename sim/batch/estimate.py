"""How long a batch will take and how large it will be, from what was measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sim.batch.plan import Cell
from sim.batch.run_one import Runner, RunSpec
from sim.errors import StoreError
from sim.record.manifest import read_manifest
from sim.record.schema import ALL_TABLES
from sim.record.store import LEDGER
from sim.scenario.scenario import Scenario

PROBE_RUNS = 3
# The ledger holds each run whole, the tables hold it once more and packed.
TABLES_TO_LEDGER = 0.3


@dataclass(frozen=True)
class Estimate:
    """What one run takes.

    Attributes
    ----------
    seconds
        Of one processor.
    bytes
        On disk, in ledger and tables.
    basis
        What was measured, for people.
    """

    seconds: float
    bytes: float
    basis: str

    def time_for(self, runs: int, workers: int) -> float:
        """Seconds that some runs take on some processors."""
        return runs * self.seconds / max(1, min(workers, runs))

    def size_for(self, runs: int) -> float:
        """Bytes that some runs take."""
        return runs * self.bytes


def from_batch(folder: Path, quarters: int, record: str = "summary") -> Estimate | None:
    """Estimate from a batch in a folder; None if none was measured with these rows."""
    try:
        manifest = read_manifest(folder)
    except StoreError:
        return None
    made = manifest.get("made")
    if not isinstance(made, dict) or not made.get("runs") or not manifest.get("quarters"):
        return None
    if manifest.get("record", record) != record:
        return None
    scale = quarters / float(manifest["quarters"])
    runs = int(made["runs"])
    seconds = float(made["seconds"]) * min(int(made["workers"]), runs) / runs
    files = [folder / LEDGER, *(folder / f"{name}.parquet" for name in ALL_TABLES)]
    size = sum(path.stat().st_size for path in files if path.is_file())
    total = max(1, int(manifest["runs"]["total"]))
    basis = f"measured on the {runs:,} runs of {folder}"
    return Estimate(scale * seconds, scale * size / total, basis)


def from_probe(scenario: Scenario, cells: tuple[Cell, ...]) -> Estimate:
    """Estimate from a few runs of replicate 0 that are made now and thrown away.

    Each is made twice: what is compiled and calibrated on the way belongs to the first.
    """
    runner = Runner(scenario)
    chosen = cells[:: max(1, len(cells) // PROBE_RUNS)][:PROBE_RUNS]
    specs = [RunSpec(0, 0, cell.point, cell.arm, cell.variant, cell.values) for cell in chosen]
    sizes = [len(runner.run(spec)) for spec in specs]
    # Time of this process: what else the machine does now it need not do then.
    began = time.process_time()
    for spec in specs:
        runner.run(spec)
    seconds = (time.process_time() - began) / len(specs)
    size = (1.0 + TABLES_TO_LEDGER) * sum(sizes) / len(specs)
    return Estimate(seconds, size, f"measured on {len(specs)} probe runs of replicate 0")
