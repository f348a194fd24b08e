"""A backtest as text and as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.compare.printing import aligned
from sim.studies.backtest import LEVELS, MODEL, Backtest, Coverage, Judged

WHAT = {
    "units": "units by firm",
    "share": "shares of the market",
    "price": "list price over the base year's",
}


def printed(found: Backtest, *, by_firm: bool = False) -> str:
    """The year's scores, the sentence first."""
    heading = found.scenario.heading
    lines = [
        f"{found.year}, from what was known in December {found.year - 1} ({heading.market})",
        *(f"  {line}" for judged in found.judged for line in verdicts(judged)),
        *_silent(found),
        "",
        "Mean absolute log error over firms (differences: paired, 95 % interval); in brackets "
        "weighted by realised units (a firm without a count weighs nothing)",
        _scores(found),
        "",
        *(_coverage(judged) for judged in found.judged),
        "",
        _total(found),
    ]
    lines += [f"  {reason}: {', '.join(firms)}" for reason, firms in _reasons(found).items()]
    if found.forecast.failed:
        lines.append(
            f"{len(found.forecast.failed)} replicates failed; the first: {found.forecast.failed[0]}"
        )
    if by_firm:
        lines += ["", *(_firms(judged) for judged in found.judged)]
    return "\n".join(lines) + "\n"


def verdicts(judged: Judged) -> list[str]:
    """Whom the model beats and whom it loses to, said alike, and whether chance could do it."""
    ours = judged.scores[MODEL]
    lines = []
    for name, theirs in judged.scores.items():
        if name == MODEL:
            continue
        word = "beats" if ours.mean < theirs.mean else "loses to"
        if ours.mean == theirs.mean:
            word = "ties with"
        line = (
            f"{WHAT[judged.measure]}: the model {word} {name}, {ours.mean:.3f} against "
            f"{theirs.mean:.3f}; nearer for {judged.nearer(name)} of {len(judged.firms)} firms"
        )
        if len(judged.firms) > 1:
            between = judged.mean_excess(name)
            line += f"; difference {between.low:+.3f} to {between.high:+.3f}"
            if between.low <= 0.0 <= between.high:
                line += ", not told apart from chance"
        lines.append(line)
    return lines


def _silent(found: Backtest) -> list[str]:
    if any(judged.measure == "price" for judged in found.judged):
        return []
    return [f"  {WHAT['price']}: not scored, no list prices of both years are in the tables"]


def _scores(found: Backtest) -> str:
    names = list(found.judged[0].scores)
    rows = []
    for judged in found.judged:
        cells = [f"{WHAT[judged.measure]} ({len(judged.firms)} firms)"]
        for name in names:
            score = judged.scores.get(name)
            cells.append(
                "not known" if score is None else f"{score.mean:.3f} ({score.weighted:.3f})"
            )
        rows.append(cells)
    return aligned(["", *names], rows)


def _coverage(judged: Judged) -> str:
    return f"{WHAT[judged.measure]}: " + ", ".join(map(_band, judged.coverage))


def _band(coverage: Coverage) -> str:
    low, high = coverage.interval.low, coverage.interval.high
    return (
        f"{coverage.inside} of {coverage.count} in the {coverage.level:.0%} band "
        f"({coverage.inside / coverage.count:.0%}; 95 % interval {low:.0%} to {high:.0%})"
    )


def _total(found: Backtest) -> str:
    happened = found.total["realised"]
    parts = [
        f"{name} {value / 1e6:.2f} ({np.log(value / happened):+.2f})"
        for name, value in found.total.items()
        if name not in ("realised", "last")
    ]
    return (
        f"Market, millions (log error): realised {happened / 1e6:.2f}, the year before "
        f"{found.total['last'] / 1e6:.2f}; " + ", ".join(parts)
    )


def _reasons(found: Backtest) -> dict[str, list[str]]:
    """Firms not scored, by reason."""
    by_reason: dict[str, list[str]] = {}
    for firm, reason in found.unscored.items():
        by_reason.setdefault("not scored, " + reason, []).append(firm)
    return by_reason


def _firms(judged: Judged) -> str:
    digits = {"units": ",.0f", "share": ".4f", "price": ".3f"}[judged.measure]
    names = list(judged.forecasts)
    rows = []
    for place in np.argsort(-judged.realised, kind="stable"):
        amounts = [judged.last[place], judged.realised[place]]
        amounts += [judged.forecasts[name][place] for name in names]
        band = f"{judged.low[place]:{digits}} .. {judged.high[place]:{digits}}"
        rows.append([judged.firms[place], *(f"{each:{digits}}" for each in amounts), band])
    headings = [WHAT[judged.measure], "base year", "realised", *names, f"{LEVELS[0]:.0%} band"]
    return aligned(headings, rows) + "\n"


def score_table(found: Backtest) -> pd.DataFrame:
    """A row a measure and forecaster: errors, and coverage of the model."""
    rows = []
    for judged in found.judged:
        for name, score in judged.scores.items():
            row = {
                "year": found.year,
                "measure": judged.measure,
                "forecaster": name,
                "firms": score.count,
                "mean_abs_log_error": score.mean,
                "weighted_abs_log_error": score.weighted,
                "model_nearer": judged.nearer(name) if name != MODEL else 0,
            }
            for coverage in judged.coverage:
                share = coverage.inside / coverage.count if name == MODEL else np.nan
                row[f"inside_{coverage.level:.2f}"] = share
            rows.append(row)
    return pd.DataFrame(rows)


def firm_table(found: Backtest) -> pd.DataFrame:
    """A row a measure and firm: base year, realised, every forecast, the 80 % band."""
    frames = []
    for judged in found.judged:
        columns = {
            "year": found.year,
            "measure": judged.measure,
            "firm": judged.firms,
            "base_year": judged.last,
            "realised": judged.realised,
            **{name.replace(" ", "_"): values for name, values in judged.forecasts.items()},
            "low": judged.low,
            "high": judged.high,
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
