"""Whoever reads a run, and wherever: with a screen reader, with motion reduced, as html, without our extension."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from qwq_nb.analysis.compare.api import compare
from qwq_nb.core.run_record import Clip, Progress, RunRecord
from qwq_nb.run.bundle import bundle
from tests.browser.lab import wait_until_still
from tests.support.edited_exercises import answer as pair_turns
from tests.support.edited_exercises import edit, exercise, failing, malformed, turn
from tests.support.made_runs import made_run, results_of
from tests.support.run_records import flight, record, row, view

pytest.importorskip("playwright.sync_api", reason="needs playwright")

if TYPE_CHECKING:
    from tests.browser.lab import Lab

VIEW = ".qwq-RunView"
LINE = f"{VIEW} .qwq-list .qwq-line"
OUTPUT = ".jp-OutputArea-output"

ANSWER = "Adding up, that is six and thirty pears."
THINKING = "Two dozen and one more.\n\nWait, that makes $24 + 12$.\n\nAlternatively, \\frac{1}{2} of 72: the same."

AXE = """async (selector) => {
    const found = await axe.run(selector, {resultTypes: ['violations']});
    return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.map(
        ({target, failureSummary}) => `${target.join(' ')}: ${failureSummary}`)}));
}"""


def run() -> RunRecord:
    """Something of everything: every outcome, repeats, flags, a published score, a note, a mention of the answer."""
    answer = Clip(text=ANSWER)
    samples = [view(i, text=THINKING, answer=answer, flags=["check_by_hand"] if i == 3 else []) for i in range(30)]
    samples += [view(3, text=THINKING, answer=answer, repeat=1)]
    samples += [view(40, outcome="error", error="HTTP 503", text=None), view(41, outcome="not_gradable")]
    reference = {"benchmark": "math_500", "subset": "all", "model": "QwQ-32B", "score": 0.906, "source": "a document"}
    rows = [row("Level 1", errors=1, not_gradable=1), row()]
    return record(samples, table=rows, references=[reference], demo=True, notes=["Mind the gap."], repeats=2)


def running() -> RunRecord:
    flights = [flight(900, reasoning_tail=THINKING), flight(901, phase="answer")]
    waiting = "local refuses the key since 12:00:00 (HTTP 401). The run waits for a new one in KEY."
    progress = Progress(total=200, done=30, in_flight=2, tokens_per_s=100.0, eta_s=60.0, waiting=waiting)
    return record([view(i) for i in range(5)], state="running", partial=True, in_flight=flights, progress=progress)


def save(lab: Lab, name: str, run: RunRecord) -> Path:
    cell = nbformat.v4.new_code_cell("%qwq_eval math_500")
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle(run, live=run.partial))]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lab.root / name)
    lab.trust(name)
    return lab.root / name


@pytest.fixture
def extension() -> None:
    if not (Path(sys.prefix) / "share/jupyter/labextensions/qwq-nb/package.json").exists():
        pytest.skip("needs the built extension: pip install -e . builds it")


@pytest.fixture
def disabled(lab: Lab, extension: None) -> Iterator[None]:
    """The extension switched off, as `jupyter labextension disable qwq-nb` does it."""
    lab.configure(disabledExtensions={"qwq-nb": True})
    yield
    lab.configure()


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe-core: pip install axe-playwright-python")
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, axe: str, where: str = VIEW) -> list[dict[str, Any]]:
    """What axe calls moderate or worse, in all that can be seen there with every fold open."""
    page.evaluate("document.querySelectorAll('.qwq-RunView details').forEach((fold) => { fold.open = true; })")
    wait_until_still(page)  # formulas are typeset when they come in sight
    # Lab's body is 0 pixels high and hides what overflows, so that axe takes all text for hidden and skips its colours.
    page.evaluate("document.body.style.overflow = 'visible'")
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(AXE, where)
    page.evaluate("document.body.style.overflow = ''")
    return [each for each in found if each["impact"] in ("moderate", "serious", "critical")]


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(lab: Lab, axe: str, dark: bool) -> None:
    save(lab, "axe.ipynb", run())
    save(lab, "axe-running.ipynb", running())
    found = []
    with lab.page("axe.ipynb", dark=dark) as page:
        page.wait_for_selector(LINE)
        found += violations(page, axe)
        page.get_by_role("option").filter(has_text="level-4/3").first.click()
        page.get_by_role("button", name="Side by side").click()
        page.get_by_role("button", name="check by hand 1").click()
        page.fill(f"{VIEW} .qwq-search", "pears")
        page.wait_for_selector(f"{VIEW} .qwq-detail mark.qwq-mod-hit")
        found += violations(page, axe)
        page.get_by_role("button", name="Regular expression").click()
        page.fill(f"{VIEW} .qwq-search", "pears (")
        page.wait_for_selector(f"{VIEW} .qwq-search[aria-invalid]")
        found += violations(page, axe, f"{VIEW} .qwq-filters")
        page.get_by_role("button", name="Clear filters").click()
        page.fill(f"{VIEW} .qwq-search", "nobody says this")
        page.wait_for_function("document.querySelector('.qwq-list .qwq-empty').offsetHeight > 0")
        found += violations(page, axe, f"{VIEW} .qwq-browser")
    with lab.page("axe-running.ipynb", dark=dark) as page:
        page.wait_for_selector(LINE)
        found += violations(page, axe)
    assert found == []


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("dark", [pytest.param(False, marks=pytest.mark.long, id="light"), True])
def test_axe_finds_nothing_in_a_comparison_and_a_list_to_check(lab: Lab, axe: str, dark: bool) -> None:
    outcomes = "ccccwwcn", "cwcwctcc"
    one, two = (made_run(results_of(each, reasoning=THINKING, flags=["check_by_hand"]), each) for each in outcomes)
    cells = [
        nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("display_data", data=data)])
        for data in (compare(one, two)._repr_mimebundle_(), two.check()._repr_mimebundle_())
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), lab.root / "axe-compare.ipynb")
    lab.trust("axe-compare.ipynb")
    with lab.page("axe-compare.ipynb", dark=dark) as page:
        page.locator(".qwq-pair").nth(1).click()
        found = violations(page, axe)
        page.fill(".qwq-CompareView .qwq-search", "dozen")
        page.wait_for_selector(".qwq-CompareView .qwq-detail mark.qwq-mod-hit")
        page.locator(".qwq-CheckView .qwq-line").nth(1).click()
        found += violations(page, axe)
    assert found == []


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.long)], ids=["light", "dark"])
def test_axe_finds_nothing_in_turns_and_boards(lab: Lab, axe: str, dark: bool) -> None:
    output = "E: long output\n" * 60
    steps = [
        turn("architect", reasoning=THINKING),
        turn("editor", edit=malformed("No file is listed.")),
        turn("editor", retry=1, edit=edit(), execution=failing(output)),
        *pair_turns(tries=2)[2:],
    ]
    made = made_run([exercise(1, steps), exercise(2, pair_turns(), flags=["no_edit"])], name="pair")
    save(lab, "axe-turns.ipynb", made.record())
    cell = nbformat.v4.new_code_cell("run.board()")
    cell.outputs = [nbformat.v4.new_output("display_data", data=made.board()._repr_mimebundle_())]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lab.root / "axe-board.ipynb")
    lab.trust("axe-board.ipynb")
    found = []
    with lab.page("axe-turns.ipynb", dark=dark) as page:
        page.wait_for_selector(f"{VIEW} .qwq-turn")
        found += violations(page, axe)
        assert page.locator(f"{VIEW} .qwq-turn .qwq-code[tabindex='0']").count() == 1, "what scrolls can be reached"
    with lab.page("axe-board.ipynb", dark=dark) as page:
        page.wait_for_selector(".qwq-BoardView tbody tr")
        found += violations(page, axe)
        page.fill(".qwq-BoardView .qwq-search", "nobody says this")
        page.wait_for_function("document.querySelectorAll('.qwq-BoardView tbody tr').length === 0")
        found += violations(page, axe)
    assert found == []


@pytest.mark.usefixtures("extension")
def test_what_scrolls_can_be_reached(lab: Lab) -> None:
    """By Tab, and only while something in it is out of sight. A run's head is no landmark of the page."""
    long = "A question that is longer than its box. " * 120
    samples = [view(0, why=long, question=Clip(text=long)), view(1, why="short")]
    notes = [f"Note number {i}" for i in range(30)]
    save(lab, "reach.ipynb", record(samples, notes=notes))
    stuck = """() => [...document.querySelectorAll('.qwq-RunView, .qwq-RunView *')].filter((box) => {
        const {overflowX, overflowY} = getComputedStyle(box);
        const over = (style, inner, outer) => ['auto', 'scroll'].includes(style) && inner > outer + 1;
        return box.checkVisibility() && box.tabIndex < 0 && !box.querySelector('button, a, input, [tabindex="0"]') && (
            over(overflowX, box.scrollWidth, box.clientWidth) || over(overflowY, box.scrollHeight, box.clientHeight)
        );
    }).map((box) => box.className)"""
    with lab.page("reach.ipynb") as page:
        page.wait_for_selector(LINE)
        page.get_by_role("option").filter(has_text="level-1/0").click()
        page.get_by_role("button", name="Show the whole question").wait_for()
        assert page.locator(f"{VIEW} .qwq-notes[tabindex='0']").count() == 1
        assert page.evaluate(stuck) == []
        page.get_by_role("option").filter(has_text="level-2/1").click()
        page.get_by_role("button", name="Show the whole question").wait_for(state="hidden")
        assert page.locator(f"{VIEW} :is(header, footer, main)").count() == 0


@pytest.mark.usefixtures("extension")
def test_reduced_motion(lab: Lab) -> None:
    """Bars grow softly; with the system's motion reduced nothing in the view moves."""
    moving = """() => [...document.querySelectorAll('.qwq-RunView, .qwq-RunView *')].filter((element) => {
        const {transitionDuration, animationName} = getComputedStyle(element);
        return transitionDuration.split(', ').some((time) => time !== '0s') || animationName !== 'none';
    }).map((element) => element.className)"""
    save(lab, "motion.ipynb", run())
    with lab.page("motion.ipynb") as page:
        page.wait_for_selector(LINE)
        assert page.evaluate(moving) != []
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(moving) == []


class Reader(HTMLParser):
    """The texts of a page's outputs, the cells of tables, and the scripts with what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.scripts: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            del self.open[len(self.open) - 1 - self.open[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if "script" in self.open:
            self.scripts[-1] += data
        elif "style" not in self.open:
            self.text += data
            if self.open and {"td", "th"} & set(self.open):
                self.cells.append(" ".join(data.split()))


def test_nbconvert_to_html(lab: Lab) -> None:
    """A page with the whole report, which no script of ours has to draw."""
    notebook = save(lab, "converted.ipynb", run())
    page, _ = HTMLExporter().from_filename(str(notebook))
    reader = Reader()
    reader.feed(page)
    assert {"Level 1", "truncated"} <= set(reader.cells)
    assert any("80.0" in cell for cell in reader.cells)
    assert ANSWER in reader.text
    assert not [script[:200] for script in reader.scripts if "qwq" in script.lower() or ANSWER in script]


@pytest.mark.usefixtures("disabled")
def test_without_the_extension(lab: Lab) -> None:
    """The same output, its html: what there is to read is there, though nothing draws it."""
    save(lab, "bare.ipynb", run())
    with lab.page("bare.ipynb", fresh=True) as page:
        page.wait_for_selector(f"{OUTPUT} table")
        assert page.locator(VIEW).count() == 0
        assert "80.0" in page.locator(f"{OUTPUT} table").first.inner_text()
        assert ANSWER in page.locator(OUTPUT).first.text_content()
