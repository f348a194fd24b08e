"""Check what a type cannot of events: keys of their kind, firms, dates, one condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sim.errors import Fault
from sim.scenario.checks import fault_at, nearest
from sim.scenario.events import KINDS, OF_NEW_FIRMS, TIMING, Condition, PlannedEvent
from sim.scenario.market_tables import MarketTables
from sim.scenario.quarters import Quarter
from sim.scenario.reader import Path_
from sim.scenario.tree import Tree
from sim.scenario.world import Horizon, WorldSettings

MAX_EVENTS = 100
LONGEST = "a quarter within the horizon, {} to {}"
MISSING = "a value (it is missing)"
Say = Callable[[Path_, object, str, str], None]


def check_events(
    settings: WorldSettings,
    tree: Tree,
    market: MarketTables,
    horizon: Horizon | None,
    told: Sequence[Fault],
) -> list[Fault]:
    """Faults of all events of one world.

    Parameters
    ----------
    told
        Faults found already. Of an event among them nothing is called missing: its faulty values
        were taken away.
    """
    faults: list[Fault] = []
    spoilt = {tuple(fault.path.split("."))[:2] for fault in told}
    if len(settings.events) > MAX_EVENTS:
        expected = f"at most {MAX_EVENTS} events"
        return [fault_at(tree, ("events",), len(settings.events), expected)]
    known = tuple(row.firm_id for row in market.firms)
    there = tuple(
        row.firm_id for row in market.firms if not row.entrant or row.firm_id in settings.entries
    )
    new = tuple(
        event.firm
        for event in settings.events.values()
        if event.kind == "entrant" and event.firm is not None and event.firm not in known
    )
    entering: set[str] = set()
    for name, event in settings.events.items():

        def say(
            path: Path_, value: object, expected: str, near: str = "", name: str = name
        ) -> None:
            if value is None and ("events", name) in spoilt:
                return
            faults.append(fault_at(tree, ("events", name, *path), value, expected, near))

        _check_keys(event, say)
        _check_time(event, horizon, say)
        _check_firms(event, (*there, *new), market.name, say)
        if event.region is not None:
            _check_region(event.region, settings, market, say)
        if event.kind == "entrant" and event.firm is not None:
            _check_entrant(event, market, horizon, say)
            if event.firm in settings.entries:
                say(("firm",), event.firm, "a firm that entries do not bring in too", "")
            if event.firm in entering:
                say(("firm",), event.firm, "a firm that no other event brings in", "")
            entering.add(event.firm)
    if known and entering >= set(known):
        faults.append(fault_at(tree, ("events",), len(entering), "a firm on sale from the start"))
    return faults


def _check_keys(event: PlannedEvent, say: Say) -> None:
    keys, given = KINDS[event.kind], event.model_fields_set
    allowed = (*TIMING, *keys.needs, *keys.may, *keys.some)
    for key in PlannedEvent.model_fields:
        if key in given and key not in allowed:
            expected = f"a key of the kind {event.kind}: " + ", ".join(allowed)
            say((key,), getattr(event, key), expected, nearest(key, allowed))
    for key in keys.needs:
        if getattr(event, key) in (None, ()):
            say((key,), None, MISSING, "")
    if event.kind == "tariff" and event.cny_per_car is not None and event.cny_per_car < 0.0:
        say(("cny_per_car",), event.cny_per_car, "at least 0: a duty is paid to the state", "")
    if keys.some and not given & set(keys.some):
        say((), None, "one of " + ", ".join(keys.some), "")


def _check_time(event: PlannedEvent, horizon: Horizon | None, say: Say) -> None:
    if (event.start is None) == (event.when is None):
        say((), None, "one of start: a quarter, and when: a condition", "")
        return
    lasts = event.quarters is not None or event.end is not None
    if event.end is not None and event.quarters is not None:
        say(("end",), str(event.end), "end or quarters, not both", "")
    if not KINDS[event.kind].ends and lasts:
        key = "quarters" if event.quarters is not None else "end"
        say((key,), None, f"no end: a firm that came stays ({event.kind})", "")
    if event.kind == "price_cut" and not lasts:
        say(("quarters",), None, "quarters or end: list prices are held for a time", "")
    if event.start is not None:
        if horizon is not None:
            _check_date("start", event.start, horizon, say)
            if event.end is not None and event.end.index < event.start.index:
                say(("end",), str(event.end), f"a quarter from {event.start} on", "")
        for key in ("delay", "again"):
            if key in event.model_fields_set:
                say((key,), None, "a condition (when): this key belongs to one", "")
        return
    assert event.when is not None
    if event.end is not None:
        say(("end",), str(event.end), "quarters: the start is not known beforehand", "")
    if event.again and event.quarters is None:
        say(("again",), True, "quarters: what stays cannot start again", "")
    _check_condition(event.when, say)
    if event.when.entry_pays is not None and event.kind != "entrant":
        say(("when", "entry_pays"), None, f"another condition: a {event.kind} does not enter", "")


def _check_date(key: str, when: Quarter, horizon: Horizon, say: Say) -> None:
    last = Quarter(horizon.start.index + horizon.quarters - 1)
    if not horizon.start.index <= when.index <= last.index:
        say((key,), str(when), LONGEST.format(horizon.start, last), "")


def _check_condition(when: Condition, say: Say) -> None:
    named = [key for key in Condition.model_fields if getattr(when, key) is not None]
    if len(named) != 1:
        say(("when",), None, "one of " + ", ".join(Condition.model_fields), "")
    for key in ("battery_price", "brands_on_sale", "penetration"):
        bound = getattr(when, key)
        if bound is not None and (bound.below is None) == (bound.above is None):
            say(("when", key), None, "below or above, one of them", "")


def _check_firms(event: PlannedEvent, known: Iterable[str], market: str, say: Say) -> None:
    names = tuple(known)

    def check(path: Path_, firm: str) -> None:
        if firm not in names:
            say(path, firm, f"a firm of {market}, or one that enters", nearest(firm, names))

    for place, firm in enumerate(event.firms):
        check(("firms", str(place)), firm)
    if len(set(event.firms)) < len(event.firms):
        say(("firms",), list(event.firms), "each firm once", "")
    if event.when is not None:
        for key in ("price_cut", "exit"):
            seen = getattr(event.when, key)
            if seen is not None:
                check(("when", key, "firm"), seen.firm)


def _check_region(
    region: str, settings: WorldSettings, market: MarketTables, say: Say
) -> None:
    if region not in market.regions:
        there = ", ".join(market.regions) or "none"
        expected = f"a region of {market.name}: {there}"
        say(("region",), region, expected, nearest(region, market.regions))
    elif region not in settings.regions or not settings.regions[region].modelled:
        say(("region",), region, f"a region that is modelled (regions: {{{region}: ...}})", "")


def _check_entrant(
    event: PlannedEvent, market: MarketTables, horizon: Horizon | None, say: Say
) -> None:
    firms = tuple(row.firm_id for row in market.firms)
    if any(row.firm_id == event.firm and row.entrant for row in market.firms):
        expected = f"entries: {{{event.firm}: {{start}}}}, as the tables mark it as an entrant"
        say(("firm",), event.firm, expected, "")
    if event.firm in firms:
        for key in (*OF_NEW_FIRMS, "lines"):
            if key in event.model_fields_set:
                say((key,), None, f"nothing: the tables say it of {event.firm}", "")
        return
    first = None if horizon is None else horizon.start.index
    if event.start is not None and event.start.index == first:
        expected = f"a quarter after {event.start}: a new firm was not there before the run"
        say(("start",), str(event.start), expected, "")
    lines = tuple(row.line_id for row in market.lines)
    if not event.lines:
        expected = f"a firm of {market.name}, or lines whose like it sells"
        say(("firm",), event.firm, expected, nearest(str(event.firm), firms))
    for place, line in enumerate(event.lines):
        if line not in lines:
            expected = f"a line of {market.name} (lines.csv)"
            say(("lines", str(place)), line, expected, nearest(line, lines))
    if len(set(event.lines)) < len(event.lines):
        say(("lines",), list(event.lines), "each line once", "")
