"""The tables and marked answers of `%qwq_think`: escaped, withheld where they must be, within a notebook's means."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.core.records import Analysis, Loop, SampleResult
from qwq_nb.run.run import Run
from qwq_nb.trace.measure import VERSION
from qwq_nb.view.budget import FINAL_BYTES, saved_size
from qwq_nb.view.sample_link import sample_link
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, result


def with_analysis(number: int, text: str, outcome: str = "w", **changes: Any) -> SampleResult:
    """An answer with every mark but underthinking."""
    made = result(number, outcome, reasoning=text, tokens=4_000, **changes)
    made.analysis = Analysis(
        version=VERSION,
        chars=len(text),
        thoughts=3,
        first_correct=(3, 9),
        last_correct=(3, 9),
        left=(3, 9),
        loop=Loop(start=len(text) // 2, end=len(text), period=50, repeats=9),
        foreign=[(12, 30)],
        foreign_share=0.1,
        languages=["Han"],
    )
    return made


def run(text: str, n: int = 3, name: str = "one", **changes: Any) -> Run:
    return made_run([with_analysis(i, text, **changes) for i in range(n)], name)


def test_every_mark_opens_at_its_place() -> None:
    html = think(run("So <b>7</b> is it. " + "Wait. " * 900)).html
    for words in ("overthinking", "abandoned correct answer", "loops", "language mixing"):
        assert f"<summary>{words}: " in html
    assert html.count("<mark>") == 4 * 3
    assert "<b>7" not in html
    assert "3,993 of 4,000 reasoning tokens follow the first right answer" in html
    assert "right answer at character 3 of" in html


def test_models_stand_side_by_side_and_habits_that_nobody_has_are_left_out() -> None:
    pair = think(run("So 7 is it. " + "Wait. " * 900), run("So 7 is it. " + "Wait. " * 900, name="two"))
    html = pair.html
    first = html[: html.index("</table>")]
    heads = [re.sub("<.*?>", "", head) for head in re.findall(r'<th scope="col">(.*?)</th>', first)]
    assert heads == ["", "model-one", "model-two"]
    assert first.count("4,000&nbsp;(4,000–4,000)") == 2, "reasoning tokens of both in one row"
    assert "underthinking" not in first
    assert "Not seen: underthinking." in html
    assert html.count("<table") < html.count("<meter"), "bars beside the numbers"


def test_no_interval_is_broken_over_two_lines() -> None:
    html = think(run("So 7 is it. " + "Wait. " * 900)).html
    cells = re.findall(r"<td>(.*?)</td>", html)
    assert cells
    assert not [cell for cell in cells if re.search(r"\d \(|\d %", cell)]


def test_each_panel_of_the_figure_says_what_it_counts_above_its_axis() -> None:
    """A title beside the axis has no room in the narrow panels of a notebook."""
    figure = think(run("So 7 is it. " + "Wait. " * 900)).plot().figure
    notes = [re.sub("<.*?>", "|", note.text) for note in figure.layout.annotations]
    assert notes[0] == "|Reasoning tokens|||tokens per answer|"
    assert [note for note in notes if note.startswith("|Accuracy||")]
    axes = [figure.layout[name] for name in figure.layout.to_plotly_json() if name.startswith("yaxis")]
    assert len(axes) == len(notes)
    assert not any(axis.title.text for axis in axes)


def test_in_a_column_of_a_paper_the_panels_stand_two_by_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []

    def keep(figure: Any, *_: Any) -> bytes:
        drawn.append(figure)
        return b""

    monkeypatch.setattr("qwq_nb.view.figures.picture_of", keep)
    plot = think(run("So 7 is it. " + "Wait. " * 900)).plot()
    plot.figure.update_yaxes(gridcolor="red")
    for width in ("page", "column"):
        plot.save(tmp_path / "a.svg", width=width)
    beside = [{figure.layout[f"xaxis{end}"].domain for end in ("", 2, 3)} for figure in drawn]
    assert [len(domains) for domains in beside] == [3, 2]
    assert drawn[1].layout.height > drawn[0].layout.height
    assert drawn[1].layout.yaxis.gridcolor == "red", "what was changed by hand stays"
    assert [note.text for note in drawn[1].layout.annotations] == [note.text for note in drawn[0].layout.annotations]


def test_a_mark_leads_to_its_sample_in_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run("So 7 is it. " + "Wait. " * 900, n=1, id='a/b "><script>&#x')
    monkeypatch.setattr("qwq_nb.analysis.think.api.folder_of", lambda run: run.directory.display_path)
    html = think(found).html
    places = re.findall(r'href="qwq_runs/one/qwq_run.json#sample=a%2Fb%20%22%3E%3Cscript%3E%26%23x&amp;at=(\w+)"', html)
    assert places == ["mention", "left", "loop", "foreign"]


def test_a_run_out_of_reach_has_no_links() -> None:
    assert "<a " not in think(run("So 7 is it. " + "Wait. " * 900)).html, "no manifest is there"
    assert sample_link("/elsewhere/one", "a") == "<code>a</code>"


@pytest.mark.parametrize("text", CORPUS[::4], ids=range(len(CORPUS[::4])))
def test_nothing_gets_out(text: str) -> None:
    html = think(run(f"So {text} " + "Wait. " * 900, n=1)).html
    assert "<script" not in html.lower()
    assert "<img" not in html.lower()


def test_gpqas_texts_are_withheld_unless_revealed() -> None:
    gpqa = run("So SECRET. " + "Wait. " * 900, benchmark="gpqa_diamond", subset="default")
    found = think(gpqa)
    assert "SECRET" not in found.html
    assert "gpqa_diamond" not in found.html or "withheld" in found.html
    assert "overthinking" in found.html
    assert "SECRET" in think(gpqa.reveal()).html


def test_six_runs_with_every_mark_keep_to_a_notebooks_means() -> None:
    text = '<&">' * 5_000
    found = think(*(run(text, n=60, name=f"run {i}") for i in range(6)))
    assert saved_size(found._repr_mimebundle_()) < FINAL_BYTES
