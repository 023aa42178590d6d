"""The one text table and the one html table: widths, sides, titles of groups, and what is escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from qwq_nb.view.html import Html
from qwq_nb.view.tables import demo_frame, demo_line, html_table, meter, progress_bar, share_cell, text_table
from tests.support.hostile_texts import CORPUS


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = text_table(["", "n", "accuracy"], [["a", "1,000", "-"], ["longer", "2", "50.0 %"], ["short"]])
    assert lines == [
        "            n  accuracy",
        "a       1,000         -",
        "longer      2    50.0 %",
        "short",
    ]


def test_a_title_widens_no_column() -> None:
    assert text_table(["", "n"], ["a title that is long", ["x", "1"]]) == ["   n", "a title that is long", "x  1"]


@pytest.mark.parametrize(
    ("align", "line"),
    [("l", "a   b    c"), ("r", " a    b    c"), ("lr", "a     b    c"), ("lrl", "a     b  c")],
)
def test_the_last_letter_goes_for_the_columns_after_it(align: str, line: str) -> None:
    assert text_table(["aa", "bbb", "ccc"], [["a", "b", "c"]], align)[1] == line


class Cells(HTMLParser):
    """The texts of a table's cells, and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_groups_of_rows_have_their_titles() -> None:
    html = html_table("All", ["subset", "n"], ["first", ["a", "1"], "second", ["b", "2"]])
    assert html.count("<tbody>") == html.count('<th scope="rowgroup" colspan="2"') == 2
    assert Cells(html).texts == ["All", "subset", "n", "first", "a", "1", "second", "b", "2", "\n"]
    assert '<th scope="row"' not in html_table("All", ["subset", "n"], [["a", "1"]], row_heads=False)
    assert "style" not in html_table("All", ["subset", "n"], [["a", "1"]], bare=True)


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_what_is_not_ours_stays_text(text: str) -> None:
    text = text[:2_000]
    html = html_table(text, [text], [text, [text, text]])
    assert set(Cells(html).tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "wbr"}
    html.encode()


def test_html_of_ours_stands_as_it_is() -> None:
    assert "<td><b>1</b></td>" in html_table("", ["", ""], [["<b>", Html("<b>1</b>")]])
    assert "&lt;b&gt;" in html_table("", ["", ""], [["<b>", Html("<b>1</b>")]])


def test_bars_keep_to_their_ends() -> None:
    assert 'value="1.0000"' in meter(1.7)
    assert 'value="0.0000"' in meter(-1)
    assert share_cell(float("nan")) == "–"
    assert '<progress max="1" value="0"' in progress_bar(0, 1)
    assert "value" not in progress_bar(0, 0)  # the total is not known: it moves by itself
    assert '<progress max="4" value="4"' in progress_bar(9, 4)


def test_the_demo_says_so_in_both_forms() -> None:
    assert "⚠ DEMO" in demo_frame()
    assert "&lt;i&gt;" in demo_frame("<i>")
    assert demo_line("x") == "*** DEMO: x ***"
