"""Reference equilibria of PyBLP as price games."""

from functools import cache
from pathlib import Path

import numpy as np

from sim.kernels.demand import Demand
from sim.kernels.game import PriceGame

FOLDER = Path(__file__).resolve().parents[1] / "reference" / "pyblp"
SCENARIOS = ("pre", "merge", "merge_synergy", "silent25", "cross50")


class Reference:
    """One file: its market, and its scenarios as games."""

    def __init__(self, name):
        with np.load(FOLDER / f"{name}.npz") as data:
            self._data = dict(data)
        alpha = -self._input("alpha")
        weights = self._input("agent_weights", "weights")
        weights = np.ones(1) if weights is None else weights
        rc, x2 = self._input("rc"), self._input("x2")
        self.demand = Demand(
            delta=self._input("delta0"),
            mu=None if rc is None else rc @ x2.T,
            alpha=alpha,
            weights=weights,
            outside=np.zeros(len(alpha)),
            nest_of=self._input("nest_of"),
            rho=self._input("rho"),
        )

    def _input(self, *names):
        for name in names:
            if f"in__{name}" in self._data:
                return self._data[f"in__{name}"]
        return None

    def __getitem__(self, key):
        return self._data[key]

    def game(self, scenario):
        ids, matrix = self[f"{scenario}__firm_ids"], self[f"{scenario}__ownership"]
        _, first, firm_of = np.unique(ids, return_index=True, return_inverse=True)
        return PriceGame(
            demand=self.demand,
            costs=self[f"{scenario}__costs"],
            firm_of=firm_of,
            kappa=matrix[np.ix_(first, first)],
        )


@cache
def reference(name):
    """The case of one file, read once."""
    return Reference(name)
