"""A run's report as one file: what is in it, and what a text in it may do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.core.run_record import Clip, RunRecord, SampleView
from qwq_nb.errors import UserError
from qwq_nb.run import report_file as made
from qwq_nb.run.report import Report
from qwq_nb.view import standalone
from tests.support.hostile_texts import CORPUS
from tests.support.made_runs import made_run, results_of
from tests.support.run_records import record, view

DATA = re.compile(r'<script type="application/octet-stream" id="qwq-([\w-]+)">([^<]*)</script>')


def opened(page: str) -> dict[str, Any]:
    """What stands in a page compressed, by name."""
    found = DATA.findall(page)
    assert all(re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", packed) for _, packed in found)
    return {name: json.loads(zlib.decompress(base64.b64decode(packed), -15)) for name, packed in found}


def long_run(n: int, characters: int) -> RunRecord:
    return record([view(i, text=f"Trace {i} begins. ".ljust(characters, "x")) for i in range(n)])


def test_a_short_run_has_its_texts_in_the_record(tmp_path: Path) -> None:
    page = Report(record()).save(tmp_path / "report.html").read_text(encoding="utf-8")
    parts = opened(page)
    assert list(parts) == ["record"]
    assert parts["record"]["samples"][0]["reasoning"] == {"text": "Let me think."}
    for said in ("QwQ-32B on math_500", "2 January 2026, 03:04 UTC", "http://127.0.0.1:8801/v1", "temperature 0.6"):
        assert said in page
    assert "%qwq_eval math_500 --limit 50" in re.sub(r"</?\w+>", "", page)
    assert "evalscope 1.14.0" in page
    assert "keep the notebook small" not in page


def test_of_a_long_run_every_text_is_in_one_block_failures_first() -> None:
    run = long_run(300, 20_000)
    page = made.report_file(run)
    parts = opened(page)
    shown = parts.pop("record")
    assert list(parts) == [f"block-{i}" for i in range(len(parts))]
    assert len(parts) >= 3
    texts = {key: pair for block in parts.values() for key, pair in block.items()}
    assert texts == {f"0 {each.id}": [each.reasoning.text, each.answer.text] for each in run.samples}  # type: ignore[union-attr]
    assert all(sum(len(text) for pair in block.values() for text in pair) <= made.BLOCK for block in parts.values())
    for row in shown["samples"]:
        assert f"0 {row['id']}" in parts[row["file"]]
        assert row["reasoning"] == {"omitted": 20_000}
    first = {row["outcome"] for row in shown["samples"] if row["file"] == "block-0"}
    assert "wrong" in first
    assert not {row["outcome"] for row in shown["samples"] if row["file"] == "block-2"} & {"wrong", "truncated"}
    assert len(page) < 2_500_000, "the texts are compressed"


def test_a_text_that_is_clipped_already_stays_where_it_is() -> None:
    cut = Clip(text="y" * 3_000_000, omitted=7, at=5)
    run = record([view(0, reasoning=cut), view(1, text="z" * 3_000_000)])
    bare, blocks = made.apart(run)
    assert bare.samples[0] == run.samples[0]
    assert [list(block) for block in blocks] == [["0 math_500/level-2/1"]]


def test_withheld_texts_are_in_no_part_of_the_page(tmp_path: Path) -> None:
    run = made_run(results_of("cw", benchmark="gpqa_diamond"))
    detail = run.sample(run.results()[0].sample.id)
    assert detail.question
    for shown in (run, run.reveal()):
        page = shown.report().save(tmp_path / "gpqa.html").read_text(encoding="utf-8")
        everything = page + json.dumps(opened(page))
        assert (detail.question in everything) == run.revealed
        assert ("texts are withheld" in page) == (not run.revealed)


@pytest.mark.parametrize("text", CORPUS)
def test_a_hostile_text_stands_nowhere_as_it_is(text: str) -> None:
    view_of: SampleView = view(0, text=text[:20_000], gold=text[:300], extracted=text[:300], error=text[:300])
    page = made.report_file(
        record([view_of], model=text[:200], name=text[:200], data=text[:200], notes=[text[:300]], endpoint=text[:90])
    )
    scripts = re.findall(r"<script(?![^>]*octet-stream)[^>]*>(.*?)</script>", page, re.S)
    assert len(scripts) == 1
    assert scripts[0] == standalone.renderer_module()
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy[1]
    rest = page.replace(scripts[0], "").replace(standalone.renderer_styles(), "")
    assert not re.search(r"<(?:img(?! src=\"data:)|iframe|link|base|object|form|svg|video|body (?!class))", rest)
    assert rest.count("</noscript>") == 1


def test_without_a_built_renderer_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(standalone, "files", lambda _: tmp_path)
    standalone.renderer_module.cache_clear()
    try:
        with pytest.raises(UserError, match="pip install -e"):
            Report(record()).save(tmp_path / "report.html")
        assert "80.0" in Report(record()).save(tmp_path / "report.txt").read_text(encoding="utf-8")
    finally:
        standalone.renderer_module.cache_clear()


def test_a_line_is_left_out_where_there_is_none() -> None:
    page = made.report_file(record(command="", versions={}, created="long ago"))
    how = page[page.index("How it was made") :]
    assert "<dt>Line</dt>" not in how
    assert "<dt>Versions</dt>" not in how
    assert "long ago" in page
