"""The scenarios that ship; static markets are read by another loader and lie elsewhere."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "scenarios"
SHIPPED = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("base/*.yaml")])
