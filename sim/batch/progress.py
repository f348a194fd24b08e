"""How far a batch is: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Progress of a batch, shown on standard error.

    Parameters
    ----------
    total
        Number of runs.
    done
        Runs that were finished before.
    quiet
        Count without showing anything.
    stream
        Where to show it; standard error by default.
    clock
        Seconds, never going back.
    """

    def __init__(
        self,
        total: int,
        *,
        done: int = 0,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.done = done
        self.failed = 0
        self._before = done
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._began = self._last_line = self._first_done = clock()
        self._quiet = quiet
        self._bar = self._make_bar() if self._stream.isatty() and not quiet else None

    def __enter__(self) -> Progress:
        self._began = self._last_line = self._clock()
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
        elif self.done > self._before:
            self._line()

    def advance(self, *, failed: bool = False) -> None:
        """Count one more finished run."""
        self.done += 1
        if self.done == self._before + 1:
            self._first_done = self._clock()
        self.failed += failed
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self.done, failed=self._failures())
        elif self.done < self.total and self._clock() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._line()

    def _line(self) -> None:
        if self._quiet:
            return
        now = self._clock()
        elapsed = now - self._began
        text = f"{self.done} of {self.total} runs{self._failures()}, {_span(elapsed)} gone"
        # What came before the first run was finished, compiling above all, comes once.
        counted = self.done - self._before - 1
        if self.done < self.total and counted > 0:
            left = (now - self._first_done) / counted * (self.total - self.done)
            text += f", {_span(left)} left"
        print(text, file=self._stream, flush=True)
        self._last_line = now

    def _failures(self) -> str:
        return f", {self.failed} failed" if self.failed else ""

    def _make_bar(self) -> Bar:
        bar = Bar(
            TextColumn("runs"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[failed]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=self._stream),
        )
        bar.add_task("runs", total=self.total, completed=self.done, failed="")
        return bar


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
