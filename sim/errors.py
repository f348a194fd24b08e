"""Every error of the package, as one family.

::

    SimError
    ├── InputError          text or tables a person wrote; carries all faults at once
    ├── KernelInputError    an array handed to a kernel is not a market (says which product)
    ├── SolverError         a solver returned an unconverged verdict that was about to be used
    ├── CalibrationError    a market cannot be calibrated under the stated closure
    └── StoreError          a results folder cannot be read or written
"""

from __future__ import annotations

from dataclasses import dataclass


def printable(text: str) -> str:
    """Text that cannot disturb a terminal: whatever does not print stands as an escape."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


@dataclass(frozen=True)
class Fault:
    """One thing wrong in an input, with its place.

    Attributes
    ----------
    file
        Path as the person gave it, or ``command line``.
    line
        Line counted from 1; 0 where no line exists.
    path
        Dotted path of the field, e.g. ``conduct.war_intensity``.
    value
        The value found, as text.
    expected
        What would have been right.
    nearest
        Nearest valid name, or an empty string.
    """

    file: str
    line: int
    path: str
    value: str
    expected: str
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.path or '(file)'}"
        if self.value:
            text += f" = {self.value}"
        text += f": expected {self.expected}"
        if self.nearest:
            text += f"; did you mean '{self.nearest}'?"
        return printable(text)


class SimError(Exception):
    """Base of all errors that this package raises on purpose."""


class InputError(SimError):
    """Text or tables that a person wrote are not valid; all faults at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class KernelInputError(SimError):
    """An array handed to a kernel does not describe a market."""


class SolverError(SimError):
    """An unconverged solution was about to be used."""


class CalibrationError(SimError):
    """A market cannot be calibrated under the stated closure."""


class StoreError(SimError):
    """A results folder cannot be read, written or resumed."""
