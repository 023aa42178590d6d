"""Evaluations of data of one's own, and of a part of a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.errors import DataError, OptionError
from qwq_nb.evaluation.evaluate import evaluate
from tests.support.demo_server import own_endpoint
from tests.support.math_problems import math_records, write_jsonl
from tests.support.run_counts import outcomes, subset_counts

# -- data of one's own ---------------------------------------------------------------------------------------------


def test_changed_data_is_another_run(server: DemoEndpoint, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "mine.jsonl", math_records(5))
    run = evaluate("math_500", endpoint=own_endpoint(server), data=data)
    assert (subset_counts(run)["math_500", "all"][0], run.demo) == (5, False)
    assert server.log()["requests"] == 5
    copy = write_jsonl(tmp_path / "copy.jsonl", math_records(5))
    assert evaluate("math_500", endpoint=own_endpoint(server), data=copy).path == run.path, (
        "the content counts, not the name"
    )
    write_jsonl(data, math_records(6))
    other = evaluate("math_500", endpoint=own_endpoint(server), data=data)
    assert other.path != run.path
    assert server.log()["requests"] == 11


def test_a_relative_path_is_seen_from_where_the_kernel_is_now(
    server: DemoEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "mine.jsonl", math_records(2))
    monkeypatch.chdir(tmp_path)
    assert (
        subset_counts(evaluate("math_500", endpoint=own_endpoint(server), data="mine.jsonl"))["math_500", "all"][0] == 2
    )


GSM8K = [
    {"question": "Ann has 3 apples and buys 4. How many has she?", "answer": "3 + 4 = 7\n#### 7"},
    {"question": "A box holds 6 eggs. How many eggs are in 5 boxes?", "answer": "5 * 6 = 30\n#### 30"},
]
AIME25 = [{"problem": "Find the remainder when $2^{10}$ is divided by $1000$.", "answer": "24", "id": "1"}]
ARC = [
    {
        "id": "one",
        "question": "Which of these is a mammal?",
        "choices": {"text": ["trout", "bat", "hen", "frog"], "label": ["A", "B", "C", "D"]},
        "answerKey": "B",
    },
]


@pytest.mark.parametrize(
    ("benchmark", "records", "problem", "right", "wrong"),
    [
        ("gsm8k", GSM8K, GSM8K[0]["question"], "\\boxed{7}\n\nANSWER: 7", "ANSWER: 8"),
        ("aime25", AIME25, AIME25[0]["problem"], "The remainder is \\boxed{24}.", "\\boxed{23}"),
        ("arc", ARC, ARC[0]["question"], "ANSWER: B", "ANSWER: C"),
    ],
)
def test_other_benchmarks_with_local_data(
    demo_endpoint: Callable[..., DemoEndpoint],
    tmp_path: Path,
    benchmark: str,
    records: list[dict[str, Any]],
    problem: str,
    right: str,
    wrong: str,
) -> None:
    variants = [{"reasoning": "Let me see.", "answer": text, "kind": "x"} for text in (right, wrong)]
    book = write_jsonl(tmp_path / "book.jsonl", [{"unique_id": "one", "problem": problem, "variants": variants}])
    data = write_jsonl(tmp_path / f"{benchmark}.jsonl", records)
    endpoint = own_endpoint(demo_endpoint(transcripts=[book]), request_seed=0)
    # The file does not say which of arc's subsets its record belongs to: the call does.
    subset = "ARC-Easy" if benchmark == "arc" else None
    run = evaluate(benchmark, endpoint=endpoint, data=data, subset=subset, repeats=2, few_shot=0)
    first = [r for r in run.results() if problem in r.sample.question or problem in r.sample.messages[-1]["content"]]
    assert [(r.repeat, r.outcome) for r in first] == [(0, "correct"), (1, "wrong")]
    assert run.state == "complete"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"mine\.jsonl does not exist"),
        ("", r"mine\.jsonl is empty"),
        ('{"problem": "1+1?", "answer": "2", "level": 1}\n{"problem": \n', r"mine\.jsonl:2: not JSON"),
        ("[1, 2]\n", r"mine\.jsonl:1: a record is an object"),
        ('{"problem": "1+1?", "level": 1}\n', r"mine\.jsonl:1: .*`?answer`?"),
    ],
    ids=["missing", "empty", "not json", "no object", "no answer"],
)
def test_a_data_file_that_cannot_be_used_is_named_with_its_line(
    server: DemoEndpoint, tmp_path: Path, content: str | None, message: str
) -> None:
    file = tmp_path / "mine.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(DataError, match=message):
        evaluate("math_500", endpoint=own_endpoint(server), data=file)
    assert server.log()["requests"] == 0
    assert not Path("qwq_runs").exists(), "nothing was begun"


# -- which samples -------------------------------------------------------------------------------------------------


def test_a_limit_is_spread_over_the_levels_and_the_same_every_time(server: DemoEndpoint) -> None:
    ten = evaluate("math_500", demo=True, limit=10)
    assert [(r.subset, r.n) for r in ten.rows()] == [*((f"Level {n}", 2) for n in range(1, 6)), ("all", 10)]
    twelve = evaluate("math_500", demo=True, limit=12)
    assert [r.n for r in twelve.rows()] == [3, 3, 2, 2, 2, 12]
    assert set(outcomes(ten)) < set(outcomes(twelve)), "a larger limit holds the samples of a smaller one"
    other = evaluate("math_500", demo=True, limit=10, seed=7)
    assert set(outcomes(other)) != set(outcomes(ten))
    assert [r.n for r in other.rows()] == [2, 2, 2, 2, 2, 10]


def test_levels_and_subsets(server: DemoEndpoint) -> None:
    run = evaluate("math_500", demo=True, levels="1,3-4", limit=3)
    assert [r.subset for r in run.rows()] == ["Level 1", "Level 3", "Level 4", "all"]
    run = evaluate("math_500", demo=True, subset=["level 2"], limit=2)
    assert [r.subset for r in run.rows()] == ["Level 2", "all"]
    # A benchmark without levels is taken whole beside one that has some.
    both = evaluate("math_500", "aime24", demo=True, levels="1", limit=2)
    assert [(r.benchmark, r.subset, r.n) for r in both.rows()] == [
        ("math_500", "Level 1", 2),
        ("math_500", "all", 2),
        ("aime24", "default", 2),
        ("aime24", "all", 2),
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"levels": "7"}, r"math_500 has no level 7: its levels are 1 to 5"),
        ({"subset": "Levle 3"}, r"math_500 has no subset 'Levle 3'. Did you mean 'Level 3'\?"),
        ({"levels": "1", "subset": "Level 2"}, r"together leave nothing of math_500"),
        ({"limit": 0}, r"--limit takes a whole number from 1, not 0"),
        ({"repeats": 0}, r"--repeats takes a whole number"),
        ({"concurrency": 0}, r"--concurrency takes a whole number"),
    ],
)
def test_what_cannot_be_selected(server: DemoEndpoint, call: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        evaluate("math_500", demo=True, **call)
    assert server.log()["requests"] == 0
    with pytest.raises(OptionError, match="aime24 has no levels"):
        evaluate("aime24", demo=True, levels="1")
