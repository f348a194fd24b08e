import os
import time
from pathlib import Path

import pytest

from sim.batch.executor import run_tasks


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_worker_killed_within_a_message_gets_its_run_made_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    outcomes = {}

    def on_done(index, outcome):
        outcomes[index] = outcome
        if index == 0:
            # While nobody reads, the other worker dies with its result half handed over.
            (tmp_path / "busy").touch()
            time.sleep(0.8)

    run_tasks("dying_runner:Runner", {"folder": str(tmp_path)}, ["first", "torn"], 2, on_done)
    assert [outcomes[index].status for index in (0, 1)] == ["ok", "ok"]
    assert outcomes[1].payload == bytes(3_000_000)
