"""The tables and marked answers of `%qwq_think`: escaped, withheld where they must be, within a notebook's means."""

from __future__ import annotations

from typing import Any

import pytest

from qwq_nb.analysis.think.api import think
from qwq_nb.core.records import Analysis, Loop, SampleResult
from qwq_nb.run.run import Run
from qwq_nb.trace.measure import VERSION
from qwq_nb.view.budget import FINAL_BYTES, saved_size
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
    for words in ("overthinking", "left the right answer", "loops", "language mixing"):
        assert f"<summary>{words}: " in html
    assert html.count("<mark>") == 4 * 3
    assert "<b>7" not in html
    assert "3,993 of 4,000 reasoning tokens follow the first right answer" in html
    assert "right answer at character 3 of" in html


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
