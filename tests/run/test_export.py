"""A run as a file for others: every format read back by its own reader, and what none of them may hold."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.core.tally import SAMPLE_COLUMNS
from qwq_nb.errors import OptionError, UserError
from qwq_nb.run.export import ENDINGS, formula_safe
from qwq_nb.run.run import Run
from tests.support.made_runs import made_run, result

HOSTILE = '=HYPERLINK("http://x","y") | $\\input{/etc/passwd}$ <script>alert(1)</script> % & _ # ~ ^ \\ \ud800'


def run(**changes: Any) -> Run:
    rows = [
        result(0),
        result(1, "w", answer=HOSTILE, reasoning=HOSTILE, subset=HOSTILE),
        result(2, "t"),
        result(3, "e"),
        result(4, benchmark="gpqa_diamond", subset="default", id="gpqa/4", question="SECRET?", reasoning="SECRET."),
    ]
    return made_run(rows, model="m_1 & co", **changes)


def test_csv_is_read_back_and_holds_no_formula(tmp_path: Path) -> None:
    file = run().export(tmp_path / "run.csv", traces=True)
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert list(rows[0])[: 3 + len(SAMPLE_COLUMNS)] == ["run", "model", "demo", *SAMPLE_COLUMNS]
    assert [row["id"] for row in rows] == [f"math_500/{i}" for i in range(4)] + ["gpqa/4"]
    assert rows[1]["answer"].startswith("'=HYPERLINK")
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=@" and cell]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        ("-x", "'-x"),
        ("=1+1", "'=1+1"),
        (" @a", "' @a"),
        ("＝1", "'＝1"),
        ("a", "a"),
    ],
)
def test_numbers_stay_numbers(text: str, safe: str) -> None:
    assert formula_safe(text) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("see x;=HYPERLINK(1)", "see x;'=HYPERLINK(1)"),
        ("a\t@b\n- c\r+d", "a\t'@b\n'- c\r'+d"),
        ('x; "=1', "x;' \"=1"),
        ('"=1', "'\"=1"),
        ("(1; -2)", "(1;' -2)"),
        ("x = 1, -2", "x = 1, -2"),
        ("a;b\nc", "a;b\nc"),
    ],
)
def test_a_formula_within_a_text_is_none_by_any_separator(text: str, safe: str) -> None:
    assert formula_safe(text) == safe


def test_a_row_begins_with_no_number_either() -> None:
    """`-5,…` is one cell where the separator is another."""
    assert formula_safe("-5", numbers=False) == "'-5"


FORMULA = re.compile(r"[\s\"]*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)
CELLS = st.text(st.sampled_from("=+-@＝;,\t\n\r\v\x85\u2028 \"'a5.e"), max_size=12)


def formulas(content: str) -> list[tuple[str, str]]:
    """Cells that a spreadsheet would compute, by the separator it splits at; also where it knows no quotes."""
    found = []
    for separator in ",;\t":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            if separator == "," and quoting == csv.QUOTE_NONE:
                continue  # that is not how a file of this kind is read
            rows = csv.reader(io.StringIO(content, newline=""), delimiter=separator, quoting=quoting)
            cells = [cell for row in rows for cell in row]
            found += [(separator, c) for c in cells if FORMULA.match(c) and not NUMBER.fullmatch(c)]
    return found


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=3), CELLS, CELLS)
def test_no_cell_is_a_formula_whatever_the_spreadsheets_separator(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str]], name: str, model: str
) -> None:
    rows = [result(n, "w", subset=a or "x", answer=b, reasoning=c) for n, (a, b, c) in enumerate(texts)]
    made = made_run(rows, name=name or "-5", model=model)
    file = made.export(tmp_path_factory.mktemp("csv") / "x.csv", traces=True)
    content = file.read_bytes().decode("utf-8")
    assert formulas(content) == []
    assert len(list(csv.reader(io.StringIO(content, newline="")))) == 1 + len(rows), "a row an answer"


def test_formulas_are_found() -> None:
    assert [separator for separator, _ in formulas('a,"x;=1"\n')] == [";", ";"]
    assert formulas('a,"x\t=1"\n')[0][0] == "\t"
    assert formulas("a,=1\n")[0] == (",", "=1")
    assert formulas("a,-1\n") == []


def test_parquet_keeps_kinds(tmp_path: Path) -> None:
    frame = pd.read_parquet(run().export(tmp_path / "run.parquet", traces=True))
    assert frame.loc[1, "answer"].startswith("=HYPERLINK"), "no spreadsheet: as it is"
    assert frame.reasoning_tokens.dtype.kind in "if"
    assert frame.demo.dtype == bool


def test_json_says_what_was_asked_of_whom(tmp_path: Path) -> None:
    made = json.loads(run().export(tmp_path / "run.json").read_text(encoding="utf-8"))
    assert made["run"]["model"] == "m_1 & co"
    assert len(made["samples"]) == 5
    assert {row["subset"] for row in made["table"]} >= {"Level 1", "all"}
    lines = run().export(tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["correct", "wrong", "truncated", "error", "correct"]


class Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_the_page_needs_nothing_else_and_runs_nothing(tmp_path: Path) -> None:
    page = run().export(tmp_path / "run.html", traces=True).read_text(encoding="utf-8")
    found = Elements()
    found.feed(page)
    assert not {"script", "link", "iframe", "img", "object"} & set(found.seen)
    assert "<title>" in page
    assert "color-scheme" in page or "prefers-color-scheme" in page


def test_markdown_and_latex_are_tables_for_a_paper(tmp_path: Path) -> None:
    markdown = run().export(tmp_path / "run.md").read_text(encoding="utf-8")
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in lines}
    assert len(columns) == 1, "a bar in a text is no border"
    assert "<script" not in markdown
    latex = run().export(tmp_path / "run.tex").read_text(encoding="utf-8")
    assert r"\toprule" in latex
    assert r"m\_1 \& co" in latex
    assert r"\input{" not in latex
    assert "Wilson" in latex


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_gpqas_texts_are_withheld_unless_revealed(tmp_path: Path, ending: str) -> None:
    traces = ending not in (".md", ".tex")
    held = run().export(tmp_path / f"held{ending}", traces=traces).read_bytes()
    assert b"SECRET" not in held
    if traces and ending != ".parquet":
        assert b"SECRET" in run().reveal().export(tmp_path / f"shown{ending}", traces=True).read_bytes()


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"Did you mean '\.csv'"):
        run().export(tmp_path / "run.cvs")
    with pytest.raises(OptionError, match="holds the table alone"):
        run().export(tmp_path / "run.tex", traces=True)
    assert run().to_csv(tmp_path / "no_ending").is_file()


def test_where_nothing_can_be_exported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for ending in ENDINGS:
        with pytest.raises(UserError, match="is no folder"):
            run().export(tmp_path / "file" / f"x{ending}")
        assert run().export(tmp_path / "made" / f"x{ending}").is_file()
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        run().to_csv(tmp_path / "x.csv")


def test_a_demo_says_so_in_every_format(tmp_path: Path) -> None:
    for ending in ENDINGS:
        content = run(demo=True).export(tmp_path / f"demo{ending}").read_bytes().lower()
        assert b"demo" in content, ending
