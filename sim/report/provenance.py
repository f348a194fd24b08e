"""Sections on what the answer rests on: assumptions, contents, calibration, failures, versions."""

from __future__ import annotations

from collections.abc import Sequence

from sim.compare import amounts
from sim.compare.batch import Batch
from sim.compare.printing import place_of
from sim.report.markup import element, facts, paragraph, section, table, text


def assumptions_section(batch: Batch) -> str:
    """The assumptions under the answer, with their ranges and where they come from."""
    rows = [
        [
            str(item["path"]),
            _plain(item["value"]),
            _plain(item["low"]),
            _plain(item["high"]),
            str(item["basis"]),
        ]
        for item in batch.manifest["assumptions"]
    ]
    if not rows:
        return ""
    return section(
        "Assumptions it rests on",
        table(["setting", "value", "low", "high", "basis"], rows, class_="words"),
        paragraph(
            "The low and the high are what a careful reader might hold instead; "
            "the answer above is told at the value.",
            "note",
        ),
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def contents_section(batch: Batch) -> str:
    """What this batch has, what it lacks, and the command for the rest."""
    manifest = batch.manifest
    swept = "; ".join(
        [str(design["told"]) for design in manifest["designs"]]
        if "designs" in manifest
        else [
            f"{path}: {', '.join(f'{value:g}' for value in values)}"
            for path, values in batch.sweep.items()
        ]
    )
    said = [
        ("Replicates", str(manifest["replicates"])),
        *_stopped(batch),
        ("Calibrations in it", ", ".join(batch.calibrations) + _held(batch)),
        ("Arms", ", ".join(batch.arms)),
        ("Swept", swept or "nothing"),
        *_reference(batch),
        ("Horizon", f"{batch.quarters[0]} to {batch.quarters[-1]}"),
    ]
    lacking = _lacking(batch)
    if lacking:
        said.append(("Not in it", lacking))
    inner = [facts(said, class_="list")]
    full = str(manifest["commands"].get("full", ""))
    if full and lacking:
        inner += [paragraph("The command for the rest:"), element("pre", text(full))]
    return section("What this report has", *inner)


def _held(batch: Batch) -> str:
    held = batch.manifest.get("hold_calibration")
    return ", held as the file was written (--hold-calibration)" if held else ""


def _stopped(batch: Batch) -> list[tuple[str, str]]:
    """Why a batch with a stopping rule has as many replicates as it has."""
    until = batch.manifest.get("until")
    return [] if until is None else [("Why no more", str(until["why"]))]


def _reference(batch: Batch) -> list[tuple[str, str]]:
    """At which of several points the answer is told, where settings are moved together."""
    if len(batch.grids) == len(batch.sweep):
        return []
    told = "the one nearest to the scenario's own values"
    return [("Point of the answer", f"{place_of(batch, batch.reference)}; {told}")]


def _lacking(batch: Batch) -> str:
    """What the full batch of the same scenario has and this one has not."""
    full = batch.manifest.get("full") or {}
    lacking = []
    absent = [label for label in full.get("calibrations", ()) if label not in batch.calibrations]
    if absent:
        lacking.append(f"calibrations {', '.join(absent)}")
    if full.get("replicates", 0) > batch.manifest["replicates"]:
        lacking.append(f"{full['replicates']} replicates (here {batch.manifest['replicates']})")
    return "; ".join(lacking)


def calibration_section(batch: Batch) -> str:
    """The calibrated market, folded away."""
    made = batch.manifest.get("calibration_table") or {}
    if not made.get("rows"):
        return ""
    rows = [
        [amounts.number(cell, 2) if isinstance(cell, float) else str(cell) for cell in row]
        for row in made["rows"]
    ]
    headings = [str(heading).replace("_", " ") for heading in made["headings"]]
    return section(
        "The calibrated market",
        element(
            "details",
            element("summary", text("Shares, prices and the parts of the shadow value, by firm")),
            table(headings, rows),
        ),
    )


def failures_section(batch: Batch) -> str:
    """Failed runs by their error, none left out."""
    failed = batch.runs[batch.runs["status"] != "ok"]
    warnings = [str(warning) for warning in batch.manifest.get("warnings", ())]
    if failed.empty and not warnings:
        return ""
    inner = []
    if len(failed):
        grouped = failed.groupby("error", sort=True)["run"].agg(["count", "first"])
        rows = [
            [str(error), f"{row['count']:.0f}", f"{row['first']:.0f}"]
            for error, row in grouped.iterrows()
        ]
        inner.append(table(["error", "runs", "first run"], rows, class_="words"))
    if warnings:
        inner.append(element("ul", *(element("li", text(warning)) for warning in warnings)))
    return section("Failed runs and warnings", *inner)


def reproduce_section(batch: Batch, files: Sequence[str]) -> str:
    """How to get the same bytes again."""
    manifest = batch.manifest
    versions = ", ".join(f"{name} {value}" for name, value in manifest["versions"].items())
    digests = ", ".join(f"{name} {str(value)[:12]}" for name, value in manifest["digests"].items())
    return section(
        "How to reproduce it",
        element("pre", text(manifest["commands"]["rerun"])),
        facts(
            [
                ("Scenario", str(manifest["scenario_file"])),
                ("Seed", str(manifest["seed"])),
                ("Versions", versions),
                ("Digests", digests),
                ("Tables beside this page", ", ".join(files)),
            ],
            class_="list",
        ),
        paragraph(
            "The figures and this page are redrawn from the rows, without the model, by: "
            "./run_sim.py report FOLDER",
            "note",
        ),
    )
