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
from qwq_nb.view.charts import BLUE, GOLD, GREEN, GREY, INK, PAPER, PURPLE, SERIES, SIGNS, VERMILLION
from qwq_nb.view.figures import PLOTLY_MIME, TEMPLATE, ChartFigure
from tests.support.figure_texts import without_own_markup
from tests.support.hostile_texts import CORPUS
from tests.support.paths import ROOT
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


def test_accuracy_is_a_dot_a_row_with_its_interval_and_what_was_published() -> None:
    figure = run_figure(five_levels(), "accuracy")
    dots, untruncated, published = figure.figure.data
    layout = figure.figure.layout
    assert list(layout.yaxis.ticktext) == ["1", "2", "3", "4", "5", "<b>all</b>"]
    assert layout.yaxis.title.text == "level"
    assert list(dots.y) == list(range(6))
    assert dots.x[0] == 80
    assert untruncated.x[0] == round(100 * 8 / 9, 4)
    assert (dots.error_x.array[0], dots.error_x.arrayminus[0]) == (14.33, 30.98)
    assert dict(zip(published.y, published.x, strict=True))[2] == 97.14
    assert "EvalScope" in published.text[0]
    assert size(figure) <= 7_000


def test_an_axis_that_does_not_begin_at_0_says_so_and_holds_the_intervals() -> None:
    layout = run_figure(five_levels(), "accuracy").figure.layout
    assert list(layout.xaxis.range) == [40, 100]
    assert layout.xaxis.title.text == "accuracy (axis starts at 40 %)"
    table = [row("all", accuracy=0.1, ci_low=0.02, ci_high=0.3)]
    layout = run_figure(record([], table=table), "accuracy").figure.layout
    assert (layout.xaxis.range[0], layout.xaxis.title.text) == (0, "accuracy")


def test_beside_each_row_stand_its_numbers_as_in_the_tables() -> None:
    texts = [note.text for note in run_figure(five_levels(), "accuracy").figure.layout.annotations]
    assert texts == ["<b>Accuracy by level, with 95 % intervals</b>", *["80.0 % (49.0–94.3)"] * 6]


def test_where_nothing_was_truncated_there_is_one_kind_of_dot_and_no_legend() -> None:
    table = [row("all", accuracy_finished=0.8)]
    figure = run_figure(record([], table=table), "accuracy").figure
    assert [trace.name for trace in figure.data] == ["accuracy"]
    assert figure.layout.legend.orientation is None


def test_scores_that_are_not_0_or_1_have_an_axis_of_their_own() -> None:
    degrees = {"metric": "recall", "mean_score": 0.5, "accuracy": None}
    table = [row("all"), row("all", benchmark="ifeval", ci_low=0.4, ci_high=0.6, **degrees)]
    figure = run_figure(record([], table=table, benchmarks=["math_500", "ifeval"]), "accuracy").figure
    assert [list(trace.x) for trace in figure.data if trace.name != "untruncated"] == [[80], [0.5]]
    assert figure.layout.xaxis2.title.text == "mean score (recall)"


def test_tokens_are_grouped_by_outcome_and_latency_by_benchmark() -> None:
    samples = [view(i, reasoning_tokens=i, latency_s=float(i + 1)) for i in range(16)]
    samples += [view(99, outcome="error"), view(98, outcome="pending", reasoning_tokens=5)]
    tokens = run_figure(record(samples), "tokens").figure
    assert [trace.name for trace in tokens.data] == ["correct", "wrong", "no answer", "truncated"]
    assert sum(len(trace.x) for trace in tokens.data) == 16
    first, whole = run_figure(record(samples), "latency").figure.data
    assert list(whole.x) == [float(i + 1) for i in range(16)]
    assert set(first.x) == {0.4}
    assert (first.xaxis, whole.xaxis) == ("x", "x2")


def test_times_that_were_not_measured_are_not_drawn() -> None:
    samples = [view(i, ttft_s=0.0, latency_s=2.0) for i in range(4)]
    figure = run_figure(record(samples), "latency")
    assert len(figure.figure.data) == 1
    assert "Time to first token: nothing finished yet" in figure.text()
    assert "2.00 s" in figure.text()
    assert "min  " in figure.text()
    assert "max" in figure.text()


def test_without_a_kind_all_stand_below_one_another() -> None:
    figure = run_figure(five_levels()).figure
    domains = [figure.layout[f"yaxis{end}"].domain for end in ("", "2", "3", "4")]
    assert domains[0][1] == 1
    assert domains[-1][0] == 0
    assert all(lower[1] < upper[0] for upper, lower in pairwise(domains))


def test_a_panel_with_one_kind_of_marks_has_no_legend_wherever_it_stands() -> None:
    """Plotly would draw one of its own over the numbers at the right."""
    table = [row(s) for s in SUBSETS] + [row("all", benchmark="aime24", accuracy_finished=0.8)]
    figure = run_figure(record([view(1)], table=table, benchmarks=["math_500", "aime24"])).figure
    named = [trace for trace in figure.data if trace.showlegend is not False]
    assert {trace.yaxis for trace in named} == {"y"}
    assert len(named) == 2
    assert figure.layout.legend.orientation == "h"
    assert "legend2" not in figure.layout.to_plotly_json()


def test_few_values_are_dots_without_a_box() -> None:
    samples = [view(i, outcome="correct" if i < 9 else "wrong") for i in range(11)]
    many, few = run_figure(record(samples), "tokens").figure.data
    assert (many.fillcolor, many.line.color) == (None, many.marker.color)
    assert few.fillcolor == few.line.color == "rgba(0,0,0,0)"
    assert few.boxpoints == "all"


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
    of_math, of_others = (figure.figure.layout[name].ticktext for name in ("yaxis", "yaxis2"))
    assert (len(of_math), list(of_others)) == (6, ["aime24"])
    assert "math_500 Level 1" in figure.text()


def test_the_bundle_has_a_table_for_where_plotly_cannot_draw() -> None:
    figure = run_figure(five_levels())
    made = figure._repr_mimebundle_()
    assert list(made) == [PLOTLY_MIME, "text/html", "text/plain"]
    json.dumps(made)
    assert made[PLOTLY_MIME]["layout"]["template"]["layout"]["paper_bgcolor"] == PAPER
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
    assert json.dumps(made[PLOTLY_MIME]).count("nothing finished yet") == 1
    assert not made[PLOTLY_MIME]["data"], "no empty axes"


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
    assert "<" not in without_own_markup(json.dumps(made[PLOTLY_MIME])), "plotly reads html in labels"


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
    for colour in (BLUE, VERMILLION, GREEN, GREY, GOLD):
        assert contrast(colour, ground) >= 3
    assert contrast(PURPLE, ground) >= 2.9


def test_text_is_read_and_series_differ_without_colour() -> None:
    assert contrast(INK, PAPER) >= 15
    assert TEMPLATE["layout"]["font"]["color"] == INK
    assert len({marker for _, marker in SERIES}) == len({colour for colour, _ in SERIES}) == 6
    assert {marker for _, marker in SERIES} <= set(SIGNS)


def test_the_extension_knows_the_colours_that_it_replaces() -> None:
    styles = (ROOT / "labextension" / "style" / "figures.css").read_text(encoding="utf-8")
    for colour in (PAPER, INK):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert f"rgb({red}, {green}, {blue})" in styles


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
    with pytest.raises(OptionError, match=r"run\.pdf, run\.svg, run\.png or run\.html, not run\.bmp"):
        figure.save(tmp_path / "run.bmp")
    with pytest.raises(OptionError, match="Did you mean 'latency'"):
        run.plot("latencies")
    assert [run.plot(kind).kind for kind in KINDS] == list(KINDS)
