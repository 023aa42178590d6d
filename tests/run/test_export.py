"""A run as a file for others: every format read back by its own reader, and what none of them may hold."""

from __future__ import annotations

import csv
import html.parser
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qwq_nb.core.tally import SAMPLE_COLUMNS
from qwq_nb.errors import OptionError
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


def test_a_demo_says_so_in_every_format(tmp_path: Path) -> None:
    for ending in ENDINGS:
        content = run(demo=True).export(tmp_path / f"demo{ending}").read_bytes().lower()
        assert b"demo" in content, ending
