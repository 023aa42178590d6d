"""A sweep and a speed test as they are drawn: the grid filling, figures, hostile names."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from qwq_nb.analysis.speed.figures import speed_figure
from qwq_nb.analysis.speed.metrics import Asked, SpeedRecord, concurrency_step
from qwq_nb.analysis.speed.report import SpeedPicture, speed_html, speed_text
from qwq_nb.analysis.speed.report import speed_progress_line as speed_line
from qwq_nb.analysis.sweep.figures import sweep_figure
from qwq_nb.analysis.sweep.report import SweepPicture, sweep_html, sweep_progress_line, sweep_text
from qwq_nb.analysis.sweep.settings import SettingRow
from qwq_nb.errors import OptionError
from qwq_nb.view.figures import PLOTLY_MIME
from tests.support.figure_texts import without_own_markup
from tests.support.hostile_texts import CORPUS


def row(state: str = "complete", accuracy: float | None = 0.8, **values: Any) -> SettingRow:
    return SettingRow(
        values=values,
        state=state,
        n=50,
        done=50 if state == "complete" else 12,
        accuracy=accuracy,
        ci_low=None if accuracy is None else accuracy - 0.1,
        ci_high=None if accuracy is None else accuracy + 0.1,
        mean_tokens=None if accuracy is None else 1234.5,
        truncated_share=0.02,
        mean_latency_s=3.2,
        problems=50,
    )


def grid() -> SweepPicture:
    rows = [
        row(temperature=0.2, top_k=20),
        row(temperature=0.2, top_k=None),
        row("running", 0.5, temperature=1.0, top_k=20),
        SettingRow(values={"temperature": 1.0, "top_k": None}),
    ]
    line = "%qwq_sweep math_500 --temperature 0.2,1 --top-k 20,off"
    return SweepPicture(benchmarks=["math_500"], axes=["temperature", "top_k"], rows=rows, model="QwQ", command=line)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert {name for name, _ in attrs} <= {"style", "scope", "min", "max", "value", "colspan"}


PLAIN = {"div", "h3", "p", "small", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "meter"}
PLAIN |= {"progress", "code", "ul", "li", "br", "span", "wbr"}


def test_the_grid_fills_setting_by_setting() -> None:
    picture = grid()
    picture.live = True
    html = sweep_html(picture)
    assert '<progress max="4" value="2"' in html
    assert "▸ running 12 of 50" in html
    assert "… waiting" in html
    assert html.count("<meter") == 3
    assert sweep_progress_line(picture) == "2/4 settings  temperature 1, top_k 20: 12/50  accuracy 50.0 %"
    text = sweep_text(picture, times=False)
    assert "running 12/50" in text
    assert "latency" not in text
    assert "3.2 s" in sweep_text(picture, times=True)
    assert "To go on: %qwq_sweep math_500" in text


def test_two_axes_make_a_heat_map() -> None:
    figure = sweep_figure(grid())
    assert [trace.type for trace in figure.figure.data] == ["heatmap", "scatter", "bar"]
    (heat, *_) = figure.figure.data
    assert [list(line) for line in heat.z] == [[80, 80], [50, None]]
    assert (list(heat.x), list(heat.y)) == (["20", "off"], ["0.2", "1"])
    assert heat.text[0][0] == "<b>80.0 %</b><br>70.0–90.0 %"
    assert heat.colorbar.title.text == "accuracy"
    text = sweep_figure(grid(), "heatmap").text()
    assert "80.0 % (70.0–90.0)" in text
    assert "temperature \\ top_k" in text
    one = grid()
    one.axes, one.rows = ["temperature"], [row(temperature=0.2), row(temperature=0.6)]
    assert [trace.type for trace in sweep_figure(one).figure.data] == ["scatter", "bar"]
    with pytest.raises(OptionError, match="two options that were varied"):
        sweep_figure(one, "heatmap")


def test_a_difference_within_the_intervals_has_no_contrast() -> None:
    """One problem of thirty: 96.7 against 100 %, each known to within some nine points."""
    picture = grid()
    picture.rows = [
        row(accuracy=29 / 30, ci_low=0.833, ci_high=0.994, temperature=0.2, top_k=20),
        row(accuracy=1.0, ci_low=0.886, ci_high=1.0, temperature=0.2, top_k=40),
        row(accuracy=1.0, ci_low=0.886, ci_high=1.0, temperature=1.0, top_k=20),
        row(accuracy=1.0, ci_low=0.886, ci_high=1.0, temperature=1.0, top_k=40),
    ]
    (heat, *_) = sweep_figure(picture).figure.data
    assert (100 - 100 * 29 / 30) / (heat.zmax - heat.zmin) < 0.3
    wide = grid()
    (heat, *_) = sweep_figure(wide).figure.data
    assert (80 - 50) / (heat.zmax - heat.zmin) > 0.7, "three intervals apart"


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_hostile_names_stay_text(text: str) -> None:
    text = text[:2_000]
    rows = [row(endpoint=text, top_k=1), row(endpoint="b", top_k=2)]
    rows[0].by_benchmark = {text: 0.5}
    picture = SweepPicture(
        benchmarks=[text], axes=["endpoint", "top_k"], rows=rows, model=text, command=text, notes=[text]
    )
    requests = [Asked(number=0, started_s=0, latency_s=1, error=text), Asked(number=1, started_s=0, latency_s=1)]
    requests[1].output_tokens = 5
    record = SpeedRecord(created="", endpoint=text, url=text, model=text, prompts=text, command=text)
    record.levels, record.asked = [concurrency_step(1, requests, [], 2.0)], [requests]
    speedy = SpeedPicture(record=record, notes=[text], file=text)
    for html in (sweep_html(picture), speed_html(speedy), sweep_figure(picture).html, speed_figure(record).html):
        parser = Tags()
        parser.feed(html)
        assert parser.seen <= PLAIN
        html.encode()
    for plain in (sweep_text(picture, times=True), speed_text(speedy, times=True), sweep_progress_line(picture)):
        assert not set(plain) & {"\x1b", "\u202e", "\x00", "\x9b", "\r"}
        plain.encode()
    for figure in (sweep_figure(picture), speed_figure(record)):
        drawn = json.dumps(figure._repr_mimebundle_()[PLOTLY_MIME])
        assert "<" not in without_own_markup(drawn), "plotly reads html in labels"


def test_a_level_under_way_is_drawn() -> None:
    record = SpeedRecord(created="", endpoint="e", url="", model="QwQ", prompts="50 built-in problems")
    warming = {"concurrency": 0, "done": 0, "planned": 0, "open": 1, "tokens": 0, "elapsed_s": 0.0}
    assert speed_line(SpeedPicture(record=record, progress=warming)) == "warming up"
    now = {"concurrency": 8, "done": 3, "planned": 16, "open": 8, "tokens": 1000, "elapsed_s": 2.0}
    picture = SpeedPicture(record=record, progress=now)
    assert speed_line(picture) == "concurrency 8: 3 of 16 requests, 8 open, 500 tokens/s, 2.0 s"
    assert '<progress max="16" value="3"' in speed_html(picture)
    assert "Nothing is measured yet." in speed_text(picture, times=True)
