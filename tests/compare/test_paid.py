"""What a deal costs is told a run of the arm, whether or not it comes about in each."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.compare.paid import paid_in, received, spent


def test_a_stake_signed_in_half_of_the_runs_costs_half_of_it_a_run():
    runs = pd.DataFrame(
        {"run": np.arange(5), "arm": ["capital"] * 4 + ["solo"], "status": ["ok"] * 5}
    )
    events = pd.DataFrame(
        {
            "run": [0, 2, 2, 3],
            "kind": "equity",
            "firm": "leapmotor",
            "counterparty": ["faw", "faw", "faw", "market"],
            "amount": [6.0, 1.0, 1.0, 9.0],
        }
    )
    batch = SimpleNamespace(
        arms=("solo", "capital"), reference=None, runs_at=lambda scope: runs,
        events=lambda numbers: events[events["run"].isin(numbers)],
    )  # fmt: skip
    paid = paid_in(batch)
    assert paid["runs"].tolist() == [2]
    assert received(paid, "capital", "leapmotor") == pytest.approx(4.0)
    assert spent(paid, "capital", "faw") == pytest.approx((6.0 + 2.0) / 4)
