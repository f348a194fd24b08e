"""The page and the figures as a reader finds them."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from synthetic_batch import NAMES, Plan, write_batch

from sim.compare import Batch, answer
from sim.report import write_report
from sim.report.markup import element, paragraph, table, text

VOID = {"meta"}


class Balance(HTMLParser):
    """Notes every tag that is not closed where it should be, and the text of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: Path) -> Balance:
    parser = Balance()
    parser.feed(page.read_text(encoding="utf-8"))
    parser.close()
    return parser


def plain(words: str) -> str:
    return re.sub(r"\s+", " ", words.replace("\u00a0", " ").replace("\u2060", ""))


def test_everything_lies_inside_the_batch(folder: Path, written: list[Path]) -> None:
    assert written[0] == folder / "report.html"
    assert all(path.is_file() and path.is_relative_to(folder) for path in written)
    assert sorted(each.name for each in folder.parent.iterdir()) == [folder.name]
    kinds = {path.suffix for path in written}
    assert kinds == {".html", ".csv", ".svg", ".png"}


def test_the_same_rows_give_the_same_bytes(
    folder: Path, written: list[Path], tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    for name in ("manifest.json", *(f"{each}.parquet" for each in TABLES)):
        shutil.copy(folder / name, copy / name)
    again = write_report(copy)
    assert [path.relative_to(copy) for path in again] == [
        path.relative_to(folder) for path in written
    ]
    for first, second in zip(written, again, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


TABLES = ("runs", "market", "firms", "events")


def test_figures_carry_no_date_and_no_program(written: list[Path]) -> None:
    for path in written:
        if path.suffix == ".svg":
            content = path.read_text(encoding="utf-8")
            assert "<dc:date>" not in content
            assert "matplotlib.org" not in content
            ElementTree.fromstring(content)


def test_all_figures_are_there(written: list[Path]) -> None:
    drawn = {path.stem for path in written if path.suffix == ".svg"}
    assert drawn == {
        "survival_leapmotor",
        "survival_faw",
        "differences_leapmotor",
        "map_leapmotor_1",
        "prices",
        "share_leapmotor",
        "who_is_alive",
    }


def test_the_answer_comes_first(batch: Batch, written: list[Path]) -> None:
    parser = read(written[0])
    words = plain(" ".join(parser.words))
    first = str(answer(batch)[0])
    body = words[words.index("synthetic", words.index("synthetic") + 1) :]
    assert first in body
    for later in ("Pairs behind the answer", "Every arm", "Who loses", "Assumptions"):
        assert body.index(first) < body.index(later)


def test_the_page_stands_alone_and_is_whole(written: list[Path]) -> None:
    parser = read(written[0])
    assert parser.faults == []
    assert parser.open == []
    assert not parser.names & {"script", "link", "img", "iframe"}
    content = written[0].read_text(encoding="utf-8")
    fetched = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#|\"#)(https?:[^\"')]*)", content)
    assert fetched == []


def test_the_page_says_what_it_has_not(written: list[Path]) -> None:
    words = plain(" ".join(read(written[0]).words))
    assert "not measured in this version" in words
    assert "calibrations soft, hard" in words
    assert "200 replicates (here 24)" in words
    assert "./run_sim.py run scenarios/synthetic.yaml --full" in words
    assert "intervals cover luck alone" in words
    assert "prices did not <converge> in 2026Q3" in words


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script> & \"co\""
    plan = Plan(
        replicates=6,
        wars=(1.0,),
        quarters=24,
        names={**NAMES, "nio": evil, "leapmotor": evil},
        failed=((3, 1.0, "capital", "middle"),),
    )
    assumptions = [{"path": evil, "value": evil, "low": 0, "high": 1, "basis": evil}]
    folder = write_batch(tmp_path, plan, name=evil, question=evil, assumptions=assumptions)
    parser = read(write_report(folder)[0])
    assert "script" not in parser.names
    assert parser.faults == []
    assert evil in plain("".join(parser.words))


def test_markup_escapes_cells_and_attributes() -> None:
    assert text("a<b & 'c'") == "a&lt;b &amp; &#x27;c&#x27;"
    assert element("p", class_='"><script>') == '<p class="&quot;&gt;&lt;script&gt;"></p>'
    assert "<b>" not in table(["<b>"], [["<b>", "<b>"]], caption="<b>", groups=["<b>"])
    assert paragraph("95 % of −3") == "<p>95&nbsp;% of −&#8288;3</p>"


def test_all_calibrations_have_their_map(tmp_path: Path) -> None:
    plan = Plan(replicates=4, wars=(1.0,), quarters=12, calibrations=("soft", "middle"), failed=())
    written = write_report(write_batch(tmp_path, plan))
    assert {path.stem for path in written if path.stem.startswith("map_")} >= {
        "map_leapmotor_1",
        "map_leapmotor_2",
    }
    assert "calibration middle" in plain(" ".join(read(written[0]).words))


def test_a_batch_in_which_all_runs_failed_still_has_a_page(tmp_path: Path) -> None:
    arms = ("solo", "capital")
    plan = Plan(
        replicates=2,
        arms=arms,
        wars=(1.0,),
        quarters=8,
        failed=tuple((replicate, 1.0, arm, "middle") for replicate in range(2) for arm in arms),
    )
    words = plain(" ".join(read(write_report(write_batch(tmp_path, plan))[0]).words))
    assert "Nothing can be said about Leapmotor's odds" in words
    assert "4 of 4 runs failed" in words


def test_an_unswept_batch_has_no_map(tmp_path: Path) -> None:
    plan = Plan(replicates=4, wars=(1.0,), quarters=12, failed=())
    written = write_report(write_batch(tmp_path, plan, sweep={}, reference_point={}))
    assert not any(path.stem.startswith("map_") for path in written)


@pytest.mark.browser
def test_the_page_is_not_wider_than_a_telephone(written: list[Path]) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium here")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 380, "height": 800})
        page.goto(written[0].as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        browser.close()
