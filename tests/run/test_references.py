"""Published scores: what they claim, whose they are, and which stand beside a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwq_nb.bench.catalog import check_name
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.evaluation.evaluate import evaluate
from qwq_nb.run import references
from qwq_nb.run.html import run_html
from qwq_nb.run.references import published_name, references_for, references_of
from tests.support.math_problems import MATH
from tests.support.run_records import row

MAIN = ["math_500", "aime24", "gpqa_diamond"]


def test_every_row_is_a_share_with_its_document_and_a_benchmark_that_evalscope_has() -> None:
    rows = references_for([*MAIN, "aime25"])
    assert 30 <= len(rows) <= 40
    for found in rows:
        assert set(found) == {"benchmark", "subset", "model", "score", "source", "n", "sampling"}
        assert 0 < found["score"] <= 1
        assert len(found["source"]) > 20
        check_name(found["benchmark"])
    assert len({(r["benchmark"], r["subset"], r["model"], r["source"]) for r in rows}) == len(rows)
    text = Path(references.__file__).with_suffix(".json").read_text(encoding="utf-8")
    assert "http" not in text


def test_the_guide_that_the_project_began_with() -> None:
    rows = references_for(["math_500"], "Qwen/QwQ-32B")
    levels = {r["subset"]: (r["score"], r["n"]) for r in rows if "evaluating the qwq" in r["source"].lower()}
    assert levels == {
        "Level 1": (0.9535, 43),
        "Level 2": (1.0, 90),
        "Level 3": (0.9714, 105),
        "Level 4": (0.9375, 128),
        "Level 5": (0.9403, 134),
        "all": (0.958, 500),
    }
    counts = [round(score * n) for score, n in levels.values()]
    assert counts == [41, 90, 102, 120, 126, 479]
    assert sum(counts[:-1]) == counts[-1]


@pytest.mark.parametrize(
    ("served", "published"),
    [
        ("QwQ-32B", "QwQ-32B"),
        ("Qwen/QwQ-32B-AWQ", "QwQ-32B"),
        ("qwq:32b-q4_K_M", "QwQ-32B"),
        ("qwen/qwq-32b:free", "QwQ-32B"),
        ("/models/QwQ-32B-IQ3_XXS.gguf", "QwQ-32B"),
        ("QwQ-32B-FP8-dynamic", "QwQ-32B"),
        ("qwq:32b-preview-q8_0", "QwQ-32B-Preview"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "DeepSeek-R1-Distill-Qwen-1.5B"),
        ("openai/o1-mini", "o1-mini"),
        ("QwQ-32B-ArliAI-RpR-v1", None),
        ("QwQ-32B-demo", None),
        ("DeepSeek-R1-Zero", None),
        ("deepseek-r1:7b", None),
        ("qwq-plus", None),
        ("o1", None),
        ("", None),
    ],
)
def test_whose_score_a_served_name_is_held_against(served: str, published: str | None) -> None:
    assert published_name(served) == published
    assert {r["model"] for r in references_for(MAIN, served)} == ({published} if published else set())


def test_a_part_of_a_benchmark_is_not_held_against_the_whole() -> None:
    rows = [row("Level 4"), row("Level 5"), row("all")]
    whole = references_of(rows, "QwQ-32B", whole=True)
    assert {r["subset"] for r in whole} == {"Level 4", "Level 5", "all"}
    assert {r["subset"] for r in references_of(rows, "QwQ-32B", whole=False)} == {"Level 4", "Level 5"}
    assert references_of([row(benchmark="mmlu_pro")], "QwQ-32B", whole=True) == []


def test_they_stand_in_a_runs_record_and_never_in_a_demos() -> None:
    with DemoEndpoint(models=["Qwen/QwQ-32B"]) as server:
        endpoint = Endpoint(server.url, server.model, max_tokens=2000, request_seed=0)
        run = evaluate("math_500", endpoint=endpoint, data=MATH, levels="1-2", limit=4)
    record = run.record()
    assert [(r["subset"], r["score"]) for r in record.references] == [("Level 1", 0.9535), ("Level 2", 1.0)]
    html = run_html(record)
    assert re.search(r"Published scores.*EvalScope", html, re.DOTALL)
    assert evaluate("math_500", demo=True, limit=5).record().references == []
