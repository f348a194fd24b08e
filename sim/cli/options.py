"""Options that several verbs have."""

from __future__ import annotations

import argparse


def add_hold(verb: argparse.ArgumentParser) -> None:
    """Register the option that holds the calibration."""
    verb.add_argument(
        "--hold-calibration", action="store_true",
        help="the market stays calibrated as the file is written, whatever --set, arms and the "
        "sweep say of structural settings",
    )  # fmt: skip
