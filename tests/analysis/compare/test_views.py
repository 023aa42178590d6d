"""A comparison as it is drawn: safe, small, readable without styles, the same every time."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from qwq_nb.analysis.compare.api import Comparison, compare
from qwq_nb.analysis.compare.html import COMPARISON_BYTES
from qwq_nb.analysis.compare.record import common_opening
from qwq_nb.analysis.compare.text import BARRED_P
from qwq_nb.analysis.compare.view_record import COMPARE_MIME
from qwq_nb.core.records import Analysis
from qwq_nb.errors import OptionError
from qwq_nb.view.budget import saved_size
from qwq_nb.view.figures import PLOTLY_MIME
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, result, results_of

ALLOWED = {
    *("div", "p", "strong", "em", "ul", "ol", "li", "h3", "table", "caption", "thead", "tbody", "tr", "th", "td"),
    *("details", "summary", "pre", "code", "mark", "span", "small", "br", "wbr", "meter"),
}
VOID = {"br", "wbr"}


class Checked(HTMLParser):
    """Which elements and attributes there are, and whether all are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pair(a: list[Any], b: list[Any], **changes: Any) -> Comparison:
    return compare(made_run(a, "one"), made_run(b, "two", **changes))


def many(n: int, length: int) -> Comparison:
    """n flips with reasonings of that many characters."""
    text = 'So <b>1 & 2</b> "make" 3.\nWait, let me check. ' * (length // 45)
    a = [result(i, "c" if i % 2 else "w", reasoning=f"{i} {text}") for i in range(n)]
    b = [result(i, "w" if i % 2 else "c", reasoning=f"{i} {text} No, {text}") for i in range(n)]
    return pair(a, b)


def test_the_html_is_semantic_and_needs_no_style_script_or_id() -> None:
    html = pair(results_of("ccwwt"), results_of("cwcwc")).html
    checked = Checked(html)
    assert checked.names <= ALLOWED
    assert checked.attributes <= {"style", "scope", "colspan", "type", "min", "max", "value"}
    assert html.count("<caption") == 1 + 3, "the table, and a pair a flip"
    assert '<th scope="row"' in html
    assert "Lost: model-one right, model-two not (1)" in html
    assert "Gained: model-two right, model-one not (2)" in html
    assert html.index("<strong>model-two − model-one: +20.0 points") < html.index("<table")
    assert html[: html.index("<details")].count("<strong>") == 1, "bold is kept for the result"


@pytest.mark.parametrize("text", CORPUS)
def test_nothing_that_a_model_or_a_data_set_wrote_gets_out(text: str) -> None:
    a = [result(0, reasoning=text, answer=text, question=text, gold=text[:5_000], id=f"x/{text[:200]}")]
    b = [result(0, "w", reasoning=f"{text} no", answer=text, question=text, gold=text[:5_000], id=f"x/{text[:200]}")]
    one = made_run(a, text[:100].replace("/", "") or "x", model=text[:100] or "m", benchmarks=["math_500"])
    found = compare(one, made_run(b, "two"))
    assert len(found.flips()) == 1
    for made in (found._repr_mimebundle_(), found.flip(a[0].sample.id)._repr_mimebundle_()):
        checked = Checked(made["text/html"])
        assert checked.names <= ALLOWED
        assert checked.attributes <= {"style", "scope", "colspan", "type"}
        json.dumps(made, ensure_ascii=False).encode()
        assert "\x1b" not in made["text/html"] + made["text/plain"]
    figure = found.plot()._repr_mimebundle_()
    Checked(figure["text/html"])
    assert "<script" not in json.dumps(figure[PLOTLY_MIME]).lower()


@pytest.mark.parametrize(("n", "length"), [(4, 200_000), (60, 40_000), (500, 40_000), (3_000, 1_000)])
def test_the_output_keeps_to_its_budget(n: int, length: int) -> None:
    found = many(n, length)
    made = found._repr_mimebundle_()
    assert saved_size(made) <= COMPARISON_BYTES
    view = made[COMPARE_MIME]
    assert len(view["pairs"]) + view["left"] == n
    held = [{(row["id"], row.get("repeat", 0)) for row in run["record"]["samples"]} for run in view["runs"]]
    listed = [(tuple(pair["first"]), tuple(pair["second"])) for pair in view["pairs"]]
    assert all(first in held[0] and second in held[1] for first, second in listed), "no pair lacks a side"
    assert len(listed) >= min(n, 100)
    html = made["text/html"]
    Checked(html)
    if n <= 60:
        assert html.count("Side by side") == n
        assert saved_size(made) > COMPARISON_BYTES / 3, "the room there is is used"
    else:
        assert "listed without their texts" in html
    assert f"({n // 2:,})" in html


def test_the_common_opening_is_folded_and_the_parting_marked() -> None:
    opening = "Let me think about this carefully, step by step. "
    a, b = [result(0, reasoning=f"{opening}It is one.")], [result(0, "w", reasoning=f"{opening}It is two.")]
    html = pair(a, b).html
    assert html.count(opening.strip()) == 1
    shared = len(f"{opening}It is ")
    assert f"both begin alike, {shared} characters" in html
    assert html.count("from here on they differ") == 2
    assert "It is one." not in html
    assert "<p>one.</p>" in html
    assert "<p>two.</p>" in html


def test_texts_that_are_alike_by_chance_are_not_folded() -> None:
    html = pair([result(0, reasoning="It is one.")], [result(0, "w", reasoning="It is two.")]).html
    assert "begin alike" not in html
    assert "It is one." in html


def test_the_same_reasoning_stands_once() -> None:
    text = "The same thought, word by word, in both of them."
    html = pair([result(0, reasoning=text)], [result(0, "w", reasoning=text)]).html
    assert html.count(text) == 1
    assert "the same in both" in html


def test_the_opening_ends_with_a_whole_word() -> None:
    assert common_opening("a bcd e", "a bcf e") == 2
    assert common_opening("abc", "abc") == 3
    assert common_opening("", "abc") == 0
    assert common_opening("xyz", "abc") == 0


def test_the_text_is_the_same_every_time_and_free_of_times() -> None:
    first, second = (
        pair(results_of("ccwwt"), results_of("cwcwc"), created=stamp, updated=stamp, elapsed_s=seconds)
        for stamp, seconds in (("2026-01-02T03:04:05Z", 1.0), ("2027-11-12T13:14:15Z", 99.0))
    )
    text = first._repr_mimebundle_()["text/plain"]
    assert text == second._repr_mimebundle_()["text/plain"] == str(first) == first.text
    assert "2026" not in text
    assert max(map(len, text.splitlines()[:-12])) < 1_300


def test_saving_writes_a_page_or_text(tmp_path: Any) -> None:
    found = pair(results_of("ccw"), results_of("cwc"))
    assert found.save(tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert found.save(tmp_path / "a.txt").read_text(encoding="utf-8") == found.text


def test_the_figure_has_a_point_a_run_and_a_line_a_row() -> None:
    figure = pair(results_of("ccwwcc"), results_of("cwcwcc")).plot()
    drawn = figure._repr_mimebundle_()[PLOTLY_MIME]["data"]
    wholes = [t for t in drawn if t["mode"] == "markers" and "error_y" in t]
    assert [t["marker"]["symbol"] for t in wholes] == ["circle", "diamond"], "shape tells as well as colour"
    assert len({t["marker"]["color"] for t in wholes}) == 2
    assert all(t["error_x"]["array"][0] > 0 for t in wholes)
    forest = drawn[-1]
    assert list(forest["y"]) == [0, 1, 2]
    assert list(forest["text"]) == ["Level 1", "Level 2", "all"]
    assert "no other is better in both" in figure.html
    assert repr(figure) == figure.text()
    assert {panel.heading for panel in figure._panels} == {
        "math_500: accuracy against mean completion tokens",
        "math_500: accuracy by level, with 95 % intervals",
        "Difference from A model-one, with 95 % intervals",
    }


def test_where_prices_are_known_cost_is_on_the_axis() -> None:
    runs = made_run(results_of("ccw", tokens=500), "one"), made_run(results_of("ccc"), "two")
    prices = {"one": (0.0, 1_000.0), "two": (0.0, 1_000.0)}
    points = {p.run: p for p in compare(*runs, prices=prices).record.points if p.subset == "all"}
    assert points["A"].cost == pytest.approx(1_000 * 510 / 1_000)
    assert points["A"].dominated
    assert not points["B"].dominated
    assert "cost of 1,000 answers" in compare(*runs, prices=prices).plot("frontier").text()


def test_six_runs_are_told_apart() -> None:
    runs = [made_run(results_of("c" * (6 + i) + "w" * (6 - i)), f"run{i}") for i in range(6)]
    found = compare(*runs)
    drawn = found.plot()._repr_mimebundle_()[PLOTLY_MIME]["data"]
    wholes = [t for t in drawn if t["mode"] == "markers" and "error_y" in t]
    assert len({(t["marker"]["color"], t["marker"]["symbol"]) for t in wholes}) == 6
    assert "p (Holm)" in found.html
    Checked(found.html)
    with pytest.raises(OptionError, match="no figure 'latency'"):
        found.plot("latency")


def test_nothing_in_common_draws_nothing() -> None:
    found = compare(
        made_run([result(0)], "one"),
        made_run([result(1, source_id="other", id="x", question="?")], "two", data_hash={}),
    )
    assert "nothing finished yet" in found.plot().text()
    Checked(found.html)


def test_where_the_right_answer_stands_is_aligned() -> None:
    """B had it, and left it: that is what a reader of the flip wants to see, however long the traces are."""
    long = "Let me look at that once more. " * 4_000
    a = [result(7, reasoning=f"{long} So it is 7. {long}")]
    b = [result(7, "w", reasoning=f"Hmm. So the answer is 7. {long} No, 8.", answer="8")]
    assert a[0].completion is not None
    at = a[0].completion.reasoning.index("7.")
    a[0].analysis = Analysis(version=1, chars=len(a[0].completion.reasoning), first_correct=(at, at + 1))
    b[0].analysis = Analysis(version=1, chars=100, first_correct=(22, 23), left=(22, 23))
    html = pair(a, b).html
    Checked(html)
    assert "first stated after 50 % of the reasoning" in html
    assert "stated, and left after 0 % of the reasoning" in html
    assert html.count("<mark>7</mark>") == 2


def test_where_nothing_is_known_of_the_right_answer_nothing_is_said() -> None:
    assert "where the right answer stands" not in pair(results_of("c"), results_of("w")).html


def test_a_p_value_that_says_nothing_is_greyed() -> None:
    a, b = results_of("c" * 20), results_of("c" * 5 + "t" * 15)
    cut, alike = pair(a, b, sampling={"max_tokens": 4096}), pair(a, b)
    assert '<span style="opacity:0.65">(&lt;&nbsp;0.0001)</span>' in cut.html
    assert "(< 0.0001)" in cut.text
    assert BARRED_P in cut.html
    assert BARRED_P in cut.text
    assert "not comparable" in cut.plot("differences").text()
    assert "math_500: accuracy against mean completion tokens (not comparable)" in cut.plot("frontier").text()
    assert " yes" not in cut.plot("frontier").text(), "neither is the better one there"
    Checked(cut.html)
    for drawn in (alike.html, alike.text, alike.plot().text()):
        assert "opacity" not in drawn
        assert BARRED_P not in drawn
        assert "not comparable" not in drawn
