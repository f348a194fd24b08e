"""The page: the answer first, then what it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

import pandas as pd

from sim.compare.batch import Batch
from sim.compare.printing import place_of
from sim.compare.sentence import Sentence
from sim.report import provenance, sections
from sim.report.abroad import abroad_section
from sim.report.markup import element, paragraph, prose, section, text

FAILED_SHARE_WARNED = 0.01


def page(
    batch: Batch,
    *,
    sentences: Sequence[Sentence],
    comparison: pd.DataFrame,
    best: pd.DataFrame,
    rivals: pd.DataFrame,
    deals: pd.DataFrame,
    paid: pd.DataFrame,
    sold_abroad: pd.DataFrame,
    pictures: Mapping[str, str],
    tables: Sequence[str],
) -> str:
    """One static file of HTML, drawings inlined, nothing fetched.

    Parameters
    ----------
    batch
        An opened batch.
    sentences
        The answer, headline first.
    comparison
        Rows of :func:`sim.compare.compare_arms` for all arms.
    best, rivals, deals, paid, sold_abroad
        Rows of :func:`sim.compare.best_arms`, :func:`sim.compare.losers`,
        :func:`sim.compare.deals`, :func:`sim.compare.paid_in` and :func:`sim.compare.abroad`.
    pictures
        Each figure by its name, as HTML, in order; the first two stand under the answer.
    tables
        Names of the tables written beside the page.
    """
    name, question = str(batch.manifest["name"]), str(batch.manifest.get("question") or "")
    drawn = list(pictures.values())
    body = [
        element(
            "header",
            element("h1", text(name)),
            paragraph(question) if question else "",
        ),
        _answer(batch, sentences),
        sections.trust_strip(batch, comparison),
        *drawn[:2],
        sections.side_by_side_section(batch, comparison),
        sections.every_arm_section(batch, comparison),
        sections.best_section(batch, best),
        section("In pictures", *drawn[2:]) if drawn[2:] else "",
        sections.losers_section(batch, rivals),
        sections.buyers_section(batch, comparison),
        sections.deal_section(batch, deals, paid),
        abroad_section(batch, sold_abroad),
        provenance.assumptions_section(batch),
        provenance.contents_section(batch),
        provenance.failures_section(batch),
        provenance.calibration_section(batch),
        provenance.reproduce_section(batch, tables),
    ]
    head = element(
        "head",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        element("title", text(name)),
        element("style", files("sim.report").joinpath("page.css").read_text(encoding="utf-8")),
    )
    whole = element("html", head, element("body", element("main", *body)), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _answer(batch: Batch, sentences: Sequence[Sentence]) -> str:
    said = []
    for place, each in enumerate(sentences):
        inner = [element("strong", prose(each.claim))]
        inner += [f" {prose(more)}" for more in (each.evidence, each.caveat) if more]
        said.append(element("p", *inner, class_="" if place else "first"))
    counts = batch.manifest["runs"]
    if counts["failed"] > FAILED_SHARE_WARNED * counts["total"]:
        said.append(
            paragraph(f"{counts['failed']} of {counts['total']} runs failed: see below.", "warning")
        )
    said.append(
        paragraph(
            f"{batch.manifest['replicates']} replicates; {place_of(batch, batch.reference)}."
            f" {batch.luck_told}".rstrip(),
            "note",
        )
    )
    return element("div", *said, class_="answer")
