"""Runs that other tools really wrote: their own scores, texts and counts, read from their files."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwq_nb.errors import UnknownRun
from qwq_nb.store.imported.chat_rows import row_of
from qwq_nb.store.imported.inspect_log import row_of_sample
from qwq_nb.store.imported.lighteval import rows_of_document
from qwq_nb.store.imported.lm_eval import rows_of_doc
from qwq_nb.store.imported.nemo_evaluator import rows_of_result
from qwq_nb.store.imported.reading import tool_of
from qwq_nb.store.imported.rows import ImportedRow, ImportedRun, completion_of, rows_of

if sys.version_info >= (3, 14):
    import zipfile
else:
    from backports.zstd import zipfile

FILES = Path(__file__).parent / "files"


def read(path: Path) -> ImportedRun:
    tool = tool_of(path)
    assert tool is not None
    return tool.read(path)


@pytest.mark.parametrize(
    ("path", "tool", "rows", "score"),
    [
        ("inspect_math.eval", "Inspect 0.3.285", 32, 25 / 32),
        ("inspect_choice.eval", "Inspect 0.3.285", 8, 3 / 8),
        ("lm_eval", "lm-eval 0.4.13", 16, 12 / 16),
        ("lighteval", "lighteval", 16, 11 / 16),
        ("nemo_evaluator", "NeMo-Evaluator 0.3.0", 12, 7 / 12),
    ],
)
def test_every_row_is_read_with_the_tool_s_own_score(path: str, tool: str, rows: int, score: float) -> None:
    run = read(FILES / path)
    assert (run.tool, run.model, len(run.rows)) == (tool, "QwQ-32B-demo", rows)
    scores = [row.score for row in run.rows]
    assert sum(value or 0 for value in scores) / len(scores) == pytest.approx(score, abs=5e-5)
    assert not run.problems


def test_the_scores_are_those_that_the_tools_report() -> None:
    """Read from the files by other ways than the product's."""
    with zipfile.ZipFile(FILES / "inspect_math.eval") as log:
        header = json.loads(log.read("header.json"))
    assert header["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 25 / 32
    (results,) = (FILES / "lm_eval").glob("*/results_*.json")
    assert json.loads(results.read_text())["results"]["math_demo500"]["exact_match,boxed"] == 12 / 16
    (results,) = (FILES / "lighteval").glob("results/**/*.json")
    assert json.loads(results.read_text())["results"]["math_demo|0"]["extractive_match"] == 11 / 16
    (bundle,) = (FILES / "nemo_evaluator").glob("eval-*.json")
    assert json.loads(bundle.read_text())["benchmark"]["scores"]["pass@1"]["value"] == pytest.approx(7 / 12, abs=1e-4)


@pytest.mark.parametrize("path", ["inspect_math.eval", "lm_eval", "lighteval", "nemo_evaluator"])
def test_reasoning_and_answer_are_apart_however_the_tool_keeps_them(path: str) -> None:
    for row in read(FILES / path).rows:
        completion = completion_of(row)
        assert "think>" not in completion.reasoning + completion.answer
        assert completion.reasoning, row.problem
        assert completion.completion_tokens > 0


def test_inspect_keeps_tokens_times_ends_and_epochs() -> None:
    run = read(FILES / "inspect_math.eval")
    first = run.rows[0]
    assert (first.problem, first.repeat, first.level, first.targets) == ("demo/prealgebra/1.json", 0, "1", ["82"])
    completion = completion_of(first)
    assert (completion.tokens_from, completion.reasoning_tokens, completion.answer_tokens) == ("usage", 205, 55)
    assert {row.repeat for row in run.rows} == {0, 1}
    assert all(row.finish_reason for row in run.rows)
    assert all(row.latency_s for row in run.rows)
    assert run.sampling == {"temperature": 0.6, "max_tokens": 32768}
    assert run.created.startswith("2026-11-28T")


def test_choices_of_inspect_are_letters_with_their_texts() -> None:
    first = read(FILES / "inspect_choice.eval").rows[0]
    assert first.choices == ["5/8", "9/16", "3/4", "1/2"]
    assert first.targets == ["A"]
    assert first.messages[0]["content"].startswith("Answer the following multiple choice question.")


def test_nemo_evaluator_s_ends_and_counts_come_from_its_trajectories() -> None:
    row = read(FILES / "nemo_evaluator").rows[0]
    assert row.finish_reason == "stop"
    assert row.usage is not None
    assert row.usage.completion_tokens


def test_a_log_that_was_cut_off_has_the_samples_that_were_written(tmp_path: Path) -> None:
    cut = tmp_path / "cut.eval"
    with zipfile.ZipFile(FILES / "inspect_math.eval") as whole, zipfile.ZipFile(cut, "w") as log:
        kept = [name for name in whole.namelist() if name.startswith(("_journal/start", "samples/"))][:6]
        for name in kept:
            log.writestr(name, whole.read(name))
    run = read(cut)
    assert len(run.rows) == 5
    assert any("cancelled" in note for note in run.notes)


def test_a_json_log_is_read_as_the_zip_is(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    with zipfile.ZipFile(FILES / "inspect_choice.eval") as log:
        whole = json.loads(log.read("header.json"))
        whole["samples"] = [json.loads(log.read(name)) for name in log.namelist() if name.startswith("samples/")]
    file.write_text(json.dumps(whole), encoding="utf-8")
    assert read(file).rows == read(FILES / "inspect_choice.eval").rows


def test_files_that_are_no_logs_are_refused_in_words(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04", b"\0" * 1000, b"{}"):
        broken = tmp_path / "broken.eval"
        broken.write_bytes(content)
        with pytest.raises(UnknownRun, match=r"broken\.eval cannot be read as a log of Inspect"):
            read(broken)
    details = tmp_path / "details_x_2026-01-01T00-00-00.parquet"
    details.write_bytes(b"no parquet")
    with pytest.raises(UnknownRun, match="cannot be read as details of lighteval"):
        read(details)


def test_a_member_that_unpacks_to_more_than_it_may_is_not_read_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qwq_nb.store.imported import inspect_log

    monkeypatch.setattr(inspect_log, "_LONGEST_MEMBER", 1_000_000)
    bomb = tmp_path / "bomb.eval"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("header.json", b" " * 50_000_000)
    with pytest.raises(UnknownRun, match="more than 1,000,000 bytes"):
        read(bomb)


def test_the_last_run_of_a_task_counts_where_a_folder_has_several(tmp_path: Path) -> None:
    (source,) = (FILES / "lm_eval").glob("*/samples_*.jsonl")
    lines = source.read_text(encoding="utf-8").splitlines()
    (tmp_path / source.name).write_text("\n".join(lines), encoding="utf-8")
    older = source.name.replace("2026-", "2025-")
    (tmp_path / older).write_text("\n".join(lines[:3]), encoding="utf-8")
    assert len(read(tmp_path).rows) == 16


def test_log_likelihoods_have_no_texts_and_are_said_to_be_left_out(tmp_path: Path) -> None:
    (source,) = (FILES / "lm_eval").glob("*/samples_*.jsonl")
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    rows[0]["resps"] = [[["-1.2", "False"]], [["-3.4", "False"]]]
    (tmp_path / source.name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    run = read(tmp_path)
    assert len(run.rows) == 15
    assert any("1 items were scored by log likelihood" in note for note in run.notes)


CHATS = [
    {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>sum</think>4"}]},
    {"prompt": "2+2?", "response": "4", "reasoning": "sum"},
    {"question": "2+2?", "answer": "4", "gold": "4", "thinking": "sum"},
    {"prompt": "2+2?", "response": {"content": "4", "reasoning_content": "sum"}},
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "2+2?"}]},
            {
                "role": "assistant",
                "content": [{"type": "reasoning", "reasoning": "sum"}, {"type": "text", "text": "4"}],
            },
        ]
    },
]


@pytest.mark.parametrize("row", CHATS)
def test_chats_in_many_shapes_say_the_same(row: dict[str, Any]) -> None:
    made = row_of(row, 0, "chat")
    assert made is not None
    completion = completion_of(made)
    assert (made.question, completion.reasoning, completion.answer) == ("2+2?", "sum", "4")


def test_a_problem_is_not_its_own_answer() -> None:
    assert row_of({"problem": "2+2?", "answer": ""}, 0, "x") is None
    assert row_of({"text": "no chat"}, 0, "x") is None
    made = row_of({"prompt": "p", "response": "r", "answer": "gold"}, 0, "x")
    assert made is not None
    assert (made.content, made.targets) == ("r", ["gold"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["messages", "prompt", "response", "reasoning", "gold", "usage", "repeat", "correct", "choices", "id", "error"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_row_of_a_stranger_raises(row: dict[str, Any]) -> None:
    made = row_of(row, 0, "x")
    if made is not None:
        msgspec.json.encode(completion_of(made).answer)


STRANGE = st.dictionaries(
    st.sampled_from(["id", "messages", "output", "scores", "target", "doc", "resps", "metric", "problem_idx", "reward"])
    | st.text(max_size=6),
    JSON,
)


@given(STRANGE)
def test_rows_of_another_form_cost_themselves_alone(sample: dict[str, Any]) -> None:
    makers: list[Callable[[dict[str, Any]], Iterable[ImportedRow]]] = [
        lambda row: [row_of_sample(row, "task", "scorer")],
        lambda row: rows_of_result(row, {}, "task"),
        lambda row: rows_of_doc(row, "task"),
        lambda row: rows_of_document(row, "task"),
    ]
    for make in makers:
        problems: list[str] = []
        for row in rows_of([sample], make, problems):
            completion_of(row)


def test_what_belongs_to_no_tool_is_nobody_s(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n', encoding="utf-8")
    (tmp_path / "b.txt").write_text("text", encoding="utf-8")
    for path in (tmp_path, tmp_path / "a.jsonl", tmp_path / "b.txt", tmp_path / "none"):
        assert tool_of(path) is None
    shutil.copytree(FILES / "nemo_evaluator", tmp_path / "math")
    found = tool_of(tmp_path)
    assert found is not None
    assert found.name == "NeMo Evaluator"
