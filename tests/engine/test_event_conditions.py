"""Conditions start events in the quarter after they are met, with delay, length and again."""

import pytest
from planned_events import AT, FEW, START, event
from worlds import STILL, run_of, tables


def begun(text: str, more: tuple[str, ...] = (), quarters: int = 8) -> list[tuple[int, str]]:
    told = tables(run_of("solo", (*FEW, *STILL, *more, event(text, "answer"))), quarters)["events"]
    chosen = told["counterparty"] == "answer"
    return list(
        zip(told["t"][chosen].tolist(), [d.split()[-1] for d in told["detail"][chosen]],
            strict=True)
    )  # fmt: skip


CUT = event(f"kind: price_cut, firms: [tesla], {START}, quarters: 2, cut: 0.1", "cut")
TRUCE = "kind: truce, factor: 0.9"


@pytest.mark.parametrize(
    ("when", "more", "expected"),
    [
        ("{price_cut: {firm: tesla, at_least: 0.09}}", (CUT,), [(AT + 1, "starts")]),
        ("{price_cut: {firm: tesla, at_least: 0.11}}", (CUT,), []),
        ("{price_cut: {firm: byd, at_least: 0.09}}", (CUT,), []),
        ("{battery_price: {below: 591}}", (), [(1, "starts")]),
        ("{battery_price: {below: 589}}", (), []),
        ("{battery_price: {above: 589}}", (), [(1, "starts")]),
        ("{brands_on_sale: {below: 27}}", (), [(1, "starts")]),
        ("{brands_on_sale: {above: 27}}", (), []),
        ("{penetration: {above: 0.9}}", (), []),
        ("{penetration: {below: 0.9}}", (), [(1, "starts")]),
    ],
)
def test_a_condition_starts_an_event_in_the_quarter_after_it_is_met(when, more, expected):
    assert begun(f"{TRUCE}, when: {when}", more) == expected


def test_a_delay_a_length_and_again():
    when = "when: {battery_price: {above: 1}}"
    assert begun(f"{TRUCE}, {when}, delay: 2, quarters: 2") == [(3, "starts"), (5, "ends")]
    assert begun(f"{TRUCE}, {when}, quarters: 2, again: true") == [
        (1, "starts"), (3, "ends"), (4, "starts"), (6, "ends"), (7, "starts"),
    ]  # fmt: skip


def test_a_firm_that_leaves_is_noticed():
    poor = tuple(
        f"firms.nio.{name}=0" for name in ("cash", "credit_line", "owner_support", "state_backstop")
    )
    live = tuple(each for each in STILL if not each.startswith("finance.exits"))
    answer = f"{TRUCE}, when: {{exit: {{firm: nio}}}}"
    told = tables(
        run_of("solo", (*FEW, *live, *poor, event(answer, "answer"))), 6
    )["events"]
    (left,) = told["t"][(told["kind"] == "exit") & (told["firm"] == "nio")]
    assert told["t"][told["counterparty"] == "answer"].tolist() == [left + 1]
