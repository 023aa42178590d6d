"""Which of evalscope's benchmarks can be run here: each is accepted, or refused with the true reason, by its class."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.evalscope_index import evalscope_names
from qwq_nb.core.graded_metrics import GRADED_METRICS
from qwq_nb.errors import UnknownBenchmark
from tests.support.math_problems import write_jsonl

JUDGED = [
    "aa_lcr",
    "alpaca_eval",
    "chinese_simpleqa",
    "cl_bench",
    "drivel_writing",
    "health_bench",
    "hle",
    "longmemeval",
    "one_million_bench",
    "plawbench",
    "prbench",
    "simple_qa",
]
"""Those whose answers await a judge: all others have rules."""

_ALL = """
import socket, subprocess, time
from qwq_nb.bench.evalscope import adapters
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import QwqError
adapters.quiet()
tried = []
def refused(*arguments, **options):
    tried.append(str(arguments)[:200])
    raise OSError("neither a network nor another program is wanted")
kept = socket.socket.connect, socket.getaddrinfo, subprocess.Popen.__init__
socket.socket.connect = socket.getaddrinfo = subprocess.Popen.__init__ = refused
said, judged, slowest = {}, [], 0.0
for name in given:
    started = time.process_time()
    try:
        adapter = adapters.build_adapter(LoadRequest(benchmark=name))
        said[name] = ""
        judged += [name] if adapter.use_llm_judge else []
    except QwqError as error:
        said[name] = f"{type(error).__name__}: {error}"
    slowest = max(slowest, time.process_time() - started)
socket.socket.connect, socket.getaddrinfo, subprocess.Popen.__init__ = kept
result = {"said": said, "tried": tried, "judged": judged, "slowest": slowest}
"""


@pytest.fixture(scope="module")
def found(with_evalscope: Callable[..., Any]) -> dict[str, Any]:
    return dict(with_evalscope(_ALL, evalscope_names()))


def test_each_name_is_accepted_or_refused_with_a_reason_and_without_a_network(found: dict[str, Any]) -> None:
    assert found["tried"] == []
    assert sorted(found["judged"]) == JUDGED
    assert found["slowest"] < 10
    refusals = {name: text for name, text in found["said"].items() if text}
    assert len(found["said"]) - len(refusals) > 90
    for name, text in refusals.items():
        assert re.match(
            rf"UnknownBenchmark: {re.escape(name)} (cannot be run here: .{{20,}}\.$|needs (a package|packages) that "
            r"(is|are) not installed: [\w., -]+\. pip install )",
            text,
        ), text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bfcl_v3", "conversations of several turns"),
        ("bfcl_v4", "run by bfcl-eval"),
        ("general_fc", "compares no arguments"),
        ("acebench", "tools, which are run"),
        ("tau3_bench", "a conversation of several turns or with tools"),
        ("swe_bench_pro", "a conversation of several turns or with tools"),
        ("swe_bench_verified", "runs a repository's tests"),
        ("refcoco", "images or sound"),
        ("mmmu", "images or sound"),
        ("bigcodebench", "executes the model's code within a Docker image of its own"),
        ("arena_hard", "a model's rank among others"),
        ("wmt24pp", "all answers of a subset together"),
    ],
)
def test_the_reason_is_the_true_one(found: dict[str, Any], name: str, reason: str) -> None:
    """Not the package that its constructor would ask for, nor the repository that it would clone."""
    assert reason in found["said"][name]


@pytest.mark.parametrize("name", ["minerva_math", "imo_answerbench", "docmath", "frames", "ifeval"])
def test_what_can_be_graded_by_rules_is_accepted(found: dict[str, Any], name: str) -> None:
    assert found["said"][name] == ""


def test_what_is_refused_is_not_loaded(load: Callable[..., Any], data: dict[str, Path]) -> None:
    with pytest.raises(
        UnknownBenchmark, match=r"bfcl_v3 cannot be run here: it is all of BFCL.*%qwq_eval bfcl_ast --data"
    ):
        load("bfcl_v3", data["gsm8k"])


def test_every_benchmark_with_a_score_of_degree_is_one_of_evalscopes() -> None:
    assert set(GRADED_METRICS) <= set(evalscope_names())


_PAGES = [{"title": "France", "text": "Paris is its capital."}]
_RECORDS: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "minerva_math": [
        (
            {"problem": "Halve one.", "solution": r"It is $\boxed{\frac{1}{2}}$.", "type": "Algebra", "idx": 0},
            [r"So $\boxed{0.5}$.", r"So $\boxed{2}$.", "I give up"],
        )
    ],
    "imo_answerbench": [
        (
            {"Problem": "Add one and one.", "Short Answer": "2", "Problem ID": "p", "Category": "Algebra"},
            [r"So $\boxed{2}$.", r"So $\boxed{3}$.", ""],
        )
    ],
    "docmath": [
        (
            {"question": "How much?", "paragraphs": ["Sales were 12."], "ground_truth": 12.0, "question_id": "q"},
            ["Therefore, the answer is 12.", "Therefore, the answer is (13).", "no"],
        )
    ],
    "frames": [
        (
            {"Prompt": "Which is the capital?", "Answer": "Paris", "wiki_items": _PAGES},
            ["Therefore, the answer is Paris.", "Therefore, the answer is Rome.", "no"],
        )
    ],
}

_THEIRS = """
from multiprocessing import current_process
current_process()._config["daemon"] = True  # evalscope grades in this process then
from evalscope.config import TaskConfig
from evalscope.api.registry import get_benchmark
from evalscope.api.evaluator import TaskState
from evalscope.api.messages import ChatMessageAssistant, ContentText
from evalscope.api.model import ChatCompletionChoice, ModelOutput
name, record, answers = given
config = TaskConfig(model="m", eval_type="openai_api", api_url="http://127.0.0.1:9/v1", datasets=[name],
                    judge={"strategy": "rule"})
adapter, result = get_benchmark(name, config), []
for text in answers:
    sample = adapter.record_to_sample(dict(record))
    sample.id, sample.group_id = 0, 0
    message = ChatMessageAssistant(content=[ContentText(text=text)])
    output = ModelOutput(model="m", choices=[ChatCompletionChoice(message=message, stop_reason="stop")])
    score = adapter.calculate_metrics(TaskState("m", sample, [message], output, completed=True)).score
    result.append([score.main_value, score.extracted_prediction or ""])
"""


@pytest.mark.parametrize("name", list(_RECORDS))
def test_a_benchmark_that_a_judge_grades_by_default_is_graded_by_evalscopes_own_rules(
    load: Callable[..., Any], grade: Callable[..., Any], with_evalscope: Callable[..., Any], name: str, tmp_path: Path
) -> None:
    rows = _RECORDS[name]
    split = "complong_testmini" if name == "docmath" else "test"
    path = write_jsonl(tmp_path / f"{split}.jsonl", [record for record, _ in rows])
    subsets = {"docmath": (split,)}.get(name)
    loaded = load(name, path, subsets=subsets)
    assert any("is graded by evalscope's own rules" in note for note in loaded.notes)
    for sample, (record, answers) in zip(loaded.samples, rows, strict=True):
        ours = [grade(loaded, sample, answer) for answer in answers]
        assert [verdict.status for verdict in ours] == ["graded"] * len(answers)
        assert [[verdict.score, verdict.extracted] for verdict in ours] == with_evalscope(
            _THEIRS, [name, record, answers]
        )
        assert [verdict.correct for verdict in ours] == [True, False, False]
