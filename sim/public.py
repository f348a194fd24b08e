"""The public Python: load a scenario, change it, run it, compare its arms as data frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.scenario import Scenario, load

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "load", "open_results", "run"]


class Results:
    """A finished batch, read from its folder.

    Parameters
    ----------
    folder
        Folder of the batch.

    Raises
    ------
    StoreError
        The folder holds no batch that can be read.
    """

    def __init__(self, folder: str | Path) -> None:
        from sim.compare import Batch

        self.folder = Path(folder)
        self._batch = Batch(self.folder)

    def __repr__(self) -> str:
        runs = self.manifest["runs"]
        return f"<Results {str(self.folder)!r}: {runs['total']} runs, {runs['failed']} failed>"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What was run and how."""
        return self._batch.manifest

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms."""
        return self._batch.arms

    def compare(
        self,
        arm: str | None = None,
        *,
        baseline: str | None = None,
        firms: Sequence[str] | None = None,
        calibration: str | None = None,
        point: Mapping[str, float] | None = None,
        quarters: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Compare an arm with the baseline over pairs of the same luck.

        Parameters
        ----------
        arm
            All arms if not given.
        baseline, firms, calibration, quarters
            The batch's own if not given.
        point
            Values of swept settings by dotted path; the reference point if not given.

        Returns
        -------
        DataFrame
            One row an arm, firm, quarter and measure, as :func:`sim.compare.compare_arms`.

        Raises
        ------
        InputError
            A name or value that the batch does not have.
        """
        from sim.compare import compare_arms

        return compare_arms(
            self._batch,
            arms=None if arm is None else [arm],
            baseline=baseline,
            firms=firms,
            scope=self._batch.check_scope(self._batch.at(point or {}, calibration)),
            quarters=quarters,
        )

    def answer(self, arm: str | None = None) -> list[str]:
        """The answer in sentences, the headline first."""
        from sim.compare import answer

        return [str(sentence) for sentence in answer(self._batch, arm=arm)]

    def table(self, name: str) -> pd.DataFrame:
        """Rows of ``runs``, ``market``, ``firms``, ``events``, or ``products`` if recorded.

        Raises
        ------
        StoreError
            There is no such table.
        """
        from sim.record import open_batch

        return open_batch(self.folder).table(name)

    def report(self) -> Path:
        """Write figures, tables and page into the folder; return the page."""
        from sim.report import write_report

        return write_report(self.folder)[0]


def _own_name(scenario: Scenario) -> str:
    """Name of the folder of a scenario; one that was changed does not replace its file's batch."""
    changed = scenario.changes.data
    if not changed and not scenario.held:
        return Path(scenario.file).stem
    told = json.dumps(changed, sort_keys=True, default=str).encode() + b"held" * scenario.held
    return f"{Path(scenario.file).stem}_{hashlib.blake2b(told, digest_size=3).hexdigest()}"


def open_results(folder: str | Path) -> Results:
    """Open the folder of a finished batch; raises StoreError if it holds none."""
    return Results(folder)


def run(
    scenario: Scenario,
    *,
    workers: int = 1,
    out: str | Path | None = None,
    full: bool = False,
    arms: Sequence[str] | None = None,
    quiet: bool = True,
    executor: str = "local",
    scheduler: str = "",
) -> Results:
    """Run a batch; runs made earlier under the same key are not made again.

    Workers are processes of their own that never import the calling script, so a script needs
    no ``if __name__ == "__main__"``.

    Parameters
    ----------
    scenario
        From :func:`load`; ``load(...).holding_calibration()`` holds the calibration.
    workers
        Processes; the tables are the same for any number.
    out
        Folder; under ``results/`` by the name of the scenario's file if not given, with a few
        letters of its own behind it where ``set`` changed the scenario or calibration is held.
    full
        All calibrations of the scenario, and a world in which cash has no shadow cost.
    arms
        Only these arms and the baseline.
    quiet
        No progress on stderr.
    executor, scheduler
        ``dask`` and the address of its scheduler, for a cluster.

    Returns
    -------
    Results
        Failed runs are kept in it: ``results.manifest["failures"]``.

    Raises
    ------
    InputError
        An arm that the scenario does not have.
    StoreError
        The folder cannot be written, or another process writes it.
    ValueError
        ``full`` of a scenario that holds its calibration.
    """
    from sim.studies.until import run_scenario

    chosen = None if arms is None else scenario.with_baseline(arms)
    folder = Path(out) if out is not None else Path("results") / _own_name(scenario)
    run_scenario(
        scenario,
        folder,
        workers=workers,
        full=full,
        arms=chosen,
        quiet=quiet,
        executor=executor,
        scheduler=scheduler,
    )
    return Results(folder)
