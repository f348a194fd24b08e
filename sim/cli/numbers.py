"""Numbers on the command line, refused in words."""

from __future__ import annotations

import argparse

# Processes of one machine; more is a slip of the keyboard, or a cluster's business.
MOST_WORKERS = 512


def count(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not a whole number of at least 1")
    return value


def workers(text: str) -> int:
    """A number of processes."""
    value = count(text)
    if value > MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is more than {MOST_WORKERS} processes")
    return value


def share(text: str) -> float:
    """A share from 0 to below 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1.0:
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is not a share from 0 to below 1")
    return value
