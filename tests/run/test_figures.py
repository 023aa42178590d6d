"""Figures: what plotly is given, what stands in their place, and how large they are."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.run_record import RunRecord
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run.figures import KINDS, MOST_DOTS, run_figure
from qwq_nb.run.references import references_for
from qwq_nb.view.charts import BLUE, GREEN, GREY, PURPLE, VERMILLION
from qwq_nb.view.figures import PLOTLY_MIME, TEMPLATE, ChartFigure
from tests.support.hostile_texts import CORPUS
from tests.support.run_records import record, row, view

SUBSETS = ["Level 1", "Level 2", "Level 3", "Level 4", "Level 5", "all"]


def five_levels(**changes: Any) -> RunRecord:
    fields: dict[str, Any] = {
        "table": [row(subset) for subset in SUBSETS],
        "model": "QwQ-32B",
        "references": references_for(["math_500"], "QwQ-32B"),
    }
    return record([view(i) for i in range(500)], **(fields | changes))


def size(figure: ChartFigure) -> int:
    return len(json.dumps(figure._repr_mimebundle_()[PLOTLY_MIME]).encode())


def test_accuracy_has_both_accuracies_the_interval_and_what_was_published() -> None:
    figure = run_figure(five_levels(), "accuracy")
    bars, finished, published = figure.figure.data
    assert list(bars.x) == list(finished.x) == SUBSETS
    assert bars.y[0] == 0.8
    assert finished.y[0] == round(8 / 9, 4)
    assert (bars.error_y.array[0], bars.error_y.arrayminus[0]) == (round(0.9433 - 0.8, 4), round(0.8 - 0.4902, 4))
    assert dict(zip(published.x, published.y, strict=True))["Level 3"] == 0.9714
    assert "EvalScope" in published.text[0]
    assert size(figure) <= 6_000


def test_tokens_are_grouped_by_outcome_and_latency_by_benchmark() -> None:
    samples = [view(i, reasoning_tokens=i, latency_s=float(i)) for i in range(16)]
    samples += [view(99, outcome="error"), view(98, outcome="pending", reasoning_tokens=5)]
    tokens = run_figure(record(samples), "tokens").figure
    assert [trace.name for trace in tokens.data] == ["correct", "wrong", "no answer", "truncated"]
    assert sum(len(trace.x) for trace in tokens.data) == 16
    first, whole = run_figure(record(samples), "latency").figure.data
    assert list(whole.x) == [float(i) for i in range(16)]
    assert set(first.x) == {0.4}
    assert (first.xaxis, whole.xaxis) == ("x", "x2")


def test_without_a_kind_all_stand_below_one_another() -> None:
    figure = run_figure(five_levels()).figure
    domains = [figure.layout[f"yaxis{end}"].domain for end in ("", "2", "3", "4")]
    assert domains[0][1] == 1
    assert domains[-1][0] == 0
    assert all(lower[1] < upper[0] for upper, lower in pairwise(domains))


def test_many_answers_make_no_large_figure() -> None:
    samples = [view(i, outcome="correct", reasoning_tokens=i) for i in range(20_000)]
    figure = run_figure(record(samples), "tokens")
    drawn = list(figure.figure.data[0].x)
    assert (len(drawn), drawn[0], drawn[-1]) == (MOST_DOTS, 0, 19_999)
    assert abs(drawn[MOST_DOTS // 2] - 10_000) < 100
    assert size(figure) < 6_000
    assert "20,000" in figure.text()


def test_several_benchmarks_and_one_of_a_single_subset() -> None:
    table = [row(s) for s in SUBSETS] + [row("default", benchmark="aime24"), row("all", benchmark="aime24")]
    figure = run_figure(record([], table=table, benchmarks=["math_500", "aime24"]), "accuracy")
    assert list(figure.figure.data[0].x) == [*(f"math_500<br>{s}" for s in SUBSETS), "aime24"]
    assert "math_500 Level 1" in figure.text()


def test_the_bundle_has_a_table_for_where_plotly_cannot_draw() -> None:
    figure = run_figure(five_levels())
    made = figure._repr_mimebundle_()
    assert list(made) == [PLOTLY_MIME, "text/html", "text/plain"]
    json.dumps(made)
    assert made[PLOTLY_MIME]["layout"]["template"]["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
    html = made["text/html"]
    for mark in ("<script", "style=", "id=", "<svg", "<img"):
        assert mark not in html, "GitHub strips it"
    assert html.count("<table>") == html.count("<caption>") == 4
    assert html.count("<meter") == 6 + 4 + 1 + 1
    assert '<th scope="row">Level 3</th><td>10</td><td>80.0 %</td><td>49.0–94.3 %</td>' in html
    assert "97.1 % (QwQ-32B)" in html
    assert "97.1 % (QwQ-32B)" in made["text/plain"]
    assert repr(figure) == made["text/plain"]


def test_the_text_is_free_of_times_where_outputs_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWQ_NB_LIVE", "0")
    text = run_figure(five_levels())._repr_mimebundle_()["text/plain"]
    assert "Reasoning tokens" in text
    assert "first token" not in text


def test_what_a_reader_changes_is_what_is_drawn() -> None:
    figure = run_figure(five_levels(), "accuracy")
    figure.figure.update_layout(height=200)
    assert figure._repr_mimebundle_()[PLOTLY_MIME]["layout"]["height"] == 200


def test_nothing_finished() -> None:
    none = row("all", accuracy=None, ci_low=None, ci_high=None, accuracy_finished=None)
    figure = run_figure(record([view(0, outcome="pending")], table=[none]))
    made = figure._repr_mimebundle_()
    assert made["text/plain"].count("nothing finished yet") == 4
    assert json.dumps(made[PLOTLY_MIME]).count("nothing finished yet") == 4


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_hostile_names_stay_text(text: str) -> None:
    text = text[:2_000]
    published = [{"benchmark": text, "subset": "all", "model": text, "score": 0.5, "source": text, "n": 1}]
    table = [row("Level 1", benchmark=text), row(text, benchmark=text), row("all", benchmark=text)]
    made = run_figure(
        record([view(0, benchmark=text)], model=text, benchmarks=[text, "b"], table=table, references=published)
    )._repr_mimebundle_()
    parser = Tags()
    parser.feed(made["text/html"])
    plain = {"p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "meter", "span", "wbr"}
    assert parser.seen <= plain
    drawn = json.dumps(made[PLOTLY_MIME])
    drawn = drawn.replace("<br>", "").replace("<b>", "").replace("</b>", "")
    assert "<" not in drawn.replace("\\u003c", "<"), "plotly reads html in labels"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.1's contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colours_are_seen_on_light_and_dark(ground: str) -> None:
    for colour in (BLUE, VERMILLION, GREEN, PURPLE, GREY):
        assert contrast(colour, ground) >= 3
    assert contrast(GREY, ground) >= 4.1
    assert TEMPLATE["layout"]["font"]["color"] == GREY


def test_a_real_run_is_plotted_and_saved(tmp_path: Path) -> None:
    run = evaluate("math_500", "aime24", demo=True, limit=10)
    figure = run.plot()
    assert figure.title.startswith("DEMO (says nothing of any model): ")
    assert "DEMO" in figure.figure.layout.title.text
    assert "DEMO" in figure._repr_mimebundle_()["text/plain"]
    page = figure.save(tmp_path / "run.html").read_text(encoding="utf-8")
    assert "plotly" in page
    assert "<table>" in page
    assert 'src="http' not in page
    with pytest.raises(OptionError, match=r"run\.html, run\.pdf or run\.png, not run\.bmp"):
        figure.save(tmp_path / "run.bmp")
    with pytest.raises(OptionError, match="Did you mean 'latency'"):
        run.plot("latencies")
    assert [run.plot(kind).kind for kind in KINDS] == list(KINDS)
