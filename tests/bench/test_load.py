"""Samples and prompts, from local data and from a hub out of reach."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.cache import cached, prompt_file
from qwq_nb.bench.client import BenchWorker
from qwq_nb.bench.protocol import LoadRequest
from qwq_nb.errors import DataError, HubError, OptionError, UnknownBenchmark
from tests.support.math_problems import write_jsonl

from .conftest import RECORDS, Run

Load = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "kind", "subsets", "first_id", "prompt"),
    [
        ("math_500", "math", ["Level 1", "Level 2", "Level 3"], "math_500/level-1/0", r"final answer within \boxed{}"),
        ("aime25", "math", ["default"], "aime25/0", r"answer inside \boxed{}"),
        ("gpqa_diamond", "choice", ["default"], "gpqa_diamond/0", "ANSWER: [LETTER]"),
        ("gsm8k", "math", ["main"], "gsm8k/main/0", r"\boxed{}"),
        ("arc", "choice", ["ARC-Easy", "ARC-Challenge"], "arc/arc-easy/0", "ANSWER: [LETTER]"),
        ("mmlu_pro", "choice", ["math", "law"], "mmlu_pro/math/0", "ANSWER: [LETTER]"),
        ("general_mcq", "choice", ["default"], "general_mcq/0", "答案"),
    ],
)
def test_benchmarks_load_from_local_data(
    load: Load, name: str, kind: str, subsets: list[str], first_id: str, prompt: str
) -> None:
    loaded = load(name)
    assert (loaded.kind, loaded.multiple_choice, loaded.subsets) == (kind, kind == "choice", subsets)
    assert len(loaded.samples) == len(RECORDS[name])
    first = loaded.samples[0]
    assert (first.id, first.index, first.benchmark) == (first_id, 0, name)
    assert prompt in first.messages[-1]["content"]
    assert first.question in first.messages[-1]["content"]
    assert prompt not in first.question
    written = {json.dumps(record, sort_keys=True) for record in RECORDS[name]}
    assert {json.dumps(sample.source_row, sort_keys=True) for sample in loaded.samples} == written
    assert len({sample.id for sample in loaded.samples}) == len(loaded.samples)
    assert [s.index for s in loaded.samples if s.subset == subsets[0]] == list(
        range(sum(s.subset == subsets[0] for s in loaded.samples))
    )
    if kind == "choice":
        assert all(sample.gold in "ABCDE"[: len(sample.choices)] for sample in loaded.samples)
    assert set(loaded.versions) == {"evalscope", "math_verify", "latex2sympy2_extended"}


def test_prompts_are_evalscopes_own(load: Load, data: dict[str, Path], tmp_path: Path, with_evalscope: Load) -> None:
    """Compared with its `load_dataset` on a folder laid out as it wants it."""
    for name, file in (("math_500", "test.jsonl"), ("gpqa_diamond", "train.jsonl"), ("aime25", "test.jsonl")):
        (tmp_path / name).mkdir()
        write_jsonl(tmp_path / name / file, RECORDS[name])
    code = """
from evalscope.config import TaskConfig
from evalscope.api.registry import get_benchmark
result = {}
for name in ("math_500", "gpqa_diamond", "aime25"):
    config = TaskConfig(model="m", eval_type="openai_api", api_url="http://127.0.0.1:9/v1", datasets=[name],
                        dataset_args={name: {"local_path": given + "/" + name}})
    loaded = get_benchmark(name, config).load_dataset()
    result[name] = [[subset, [[m.role, m.text] for m in sample.input], sample.target]
                    for subset, samples in loaded.items() for sample in samples]
"""
    theirs = with_evalscope(code, str(tmp_path))
    for name, rows in theirs.items():
        ours = [[s.subset, [[m["role"], m["content"]] for m in s.messages], s.gold] for s in load(name).samples]
        assert ours == rows


def test_a_file_of_ones_own_may_leave_out_what_only_goes_along(load: Load, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "mine.jsonl", [{"problem": f"{n} + 1?", "answer": str(n + 1), "level": 1} for n in range(3)])
    loaded = load("math_500", tmp_path / "mine.jsonl")
    assert [(s.gold, s.source_id) for s in loaded.samples] == [("1", "1"), ("2", "2"), ("3", "3")]


def test_few_shot_examples_come_from_a_folder_or_are_left_out(load: Load, tmp_path: Path) -> None:
    alone = load("gsm8k")
    assert alone.facts.few_shot_num == 0
    assert "without examples" in alone.notes[0]
    write_jsonl(tmp_path / "test.jsonl", RECORDS["gsm8k"])
    write_jsonl(tmp_path / "train.jsonl", [{"question": f"Example {n}?", "answer": f"Yes. #### {n}"} for n in range(9)])
    taught = load("gsm8k", tmp_path)
    assert (taught.facts.few_shot_num, taught.notes) == (4, [])
    assert "Example 3?" in taught.samples[0].messages[0]["content"]
    assert "Example 4?" not in taught.samples[0].messages[0]["content"]
    assert len(taught.few_shot_records["main"]) == 4
    assert [s.question for s in taught.samples] == [s.question for s in alone.samples]
    assert load("gsm8k", tmp_path, few_shot=2).facts.few_shot_num == 2


def test_numbers_where_text_is_wanted(load: Load, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"problem": "p", "answer": 42},
        {"problem": "q", "answer": 7.0},
        {"problem": "r", "answer": "x"},
    ]
    loaded = load("aime24", write_jsonl(tmp_path / "numbers.jsonl", rows))
    assert [sample.gold for sample in loaded.samples] == ["42", "7", "x"]
    assert [sample.source_row["answer"] for sample in loaded.samples] == ["42", "7", "x"]


def test_a_table_of_whole_numbers(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(RECORDS["math_500"][0]))
        writer.writeheader()
        writer.writerows(RECORDS["math_500"])
    table, lines = load("math_500", file), load("math_500")
    assert [(s.id, s.gold, s.messages) for s in table.samples] == [(s.id, s.gold, s.messages) for s in lines.samples]


def test_lists_in_a_tables_cells(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(RECORDS["mmlu_pro"][0]))
        writer.writeheader()
        writer.writerows({k: json.dumps(v) if k == "options" else v for k, v in r.items()} for r in RECORDS["mmlu_pro"])
    assert load("mmlu_pro", file).samples[0].choices == ["v", "w", "x", "y", "z"]


@pytest.mark.parametrize(
    ("name", "rows", "says"),
    [
        ("math_500", [{"problem": "p", "answer": "1"}], r"x\.jsonl:1: the record has no field 'level'"),
        ("math_500", [{"question": "p"}], r"It has: question\. math_500 needs: problem, answer, level"),
        (
            "aime24",
            [{"problem": "p", "answer": "1"}, {"problem": "q"}],
            r"x\.jsonl:2: the record has no field 'answer'",
        ),
        ("aime24", [{"problem": "p", "answer": " "}], "the gold answer is empty"),
        ("gpqa_diamond", [{"Question": "q", "Correct Answer": None}], r"x\.jsonl:1"),
        ("arc", [{"question": "q", "choices": {"text": ["a"]}, "answerKey": "A"}], "no field 'subset'.*ARC-Easy"),
        ("mmlu_pro", [{**RECORDS["mmlu_pro"][0], "category": "alchemy"}], "no record belongs to mmlu_pro"),
    ],
)
def test_faults_of_records(load: Load, tmp_path: Path, name: str, rows: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(DataError, match=says):
        load(name, write_jsonl(tmp_path / "x.jsonl", rows))


def test_records_of_no_subset_are_left_out_with_a_note(load: Load, tmp_path: Path) -> None:
    rows = [{**RECORDS["math_500"][0], "level": level} for level in (1, "unknown", 7)]
    loaded = load("math_500", write_jsonl(tmp_path / "x.jsonl", rows))
    assert [sample.subset for sample in loaded.samples] == ["Level 1"]
    (note,) = loaded.notes
    assert note.startswith("Left out: 2 of 3 records, which belong to no subset of math_500 (Level 1, ")
    assert note.endswith("x.jsonl:2: its field 'level' is 'unknown'.")
    # Subsets that were not asked for are no fault.
    rows = [{**RECORDS["math_500"][0], "level": level} for level in (1, 2)]
    assert load("math_500", write_jsonl(tmp_path / "y.jsonl", rows), subsets=("Level 2",)).notes == []


def test_one_file_a_subset(load: Load, tmp_path: Path) -> None:
    for subset in ("ARC-Easy", "ARC-Challenge"):
        rows = [{k: v for k, v in r.items() if k != "subset"} for r in RECORDS["arc"] if r["subset"] == subset]
        write_jsonl(tmp_path / f"{subset}.jsonl", rows)
    loaded = load("arc", tmp_path)
    assert [(s.id, s.question) for s in loaded.samples] == [(s.id, s.question) for s in load("arc").samples]


def test_subsets(load: Load) -> None:
    loaded = load("math_500", subsets=("Level 3", "Level 1"))
    assert loaded.subsets == ["Level 3", "Level 1"]
    whole = {sample.id: sample for sample in load("math_500").samples}
    assert all(whole[sample.id] == sample for sample in loaded.samples)
    assert {s.subset for s in load("arc", subsets=("ARC-Easy",)).samples} == {"ARC-Easy"}
    with pytest.raises(OptionError, match=r"no subset 'Level 9'\. Did you mean 'Level"):
        load("math_500", subsets=("Level 9",))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"few_shot": 3}, OptionError, "few"),
        ({"dataset_args": {"local_path": "x"}}, OptionError, "local_path"),
        ({"dataset_args": {"extra_params": {"nope": 1}}}, OptionError, "nope"),
    ],
)
def test_options_that_do_not_fit(load: Load, options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        load("gpqa_diamond", **options)


def test_prompt_template_of_the_users_own(load: Load) -> None:
    loaded = load("aime25", dataset_args={"prompt_template": "Say {question}", "system_prompt": "Be brief."})
    assert loaded.samples[0].messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Say Find 0 squared."},
    ]


@pytest.mark.parametrize("name", ["bigcodebench", "mmmu", "arena_hard", "mt_bench", "tau_bench", "general_arena"])
def test_what_a_single_completion_cannot_answer(load: Load, data: dict[str, Path], name: str) -> None:
    with pytest.raises(UnknownBenchmark, match=f"{name} (cannot be run here: |needs a package)"):
        load(name, data["aime25"])


@pytest.mark.parametrize("hub", ["modelscope", "huggingface"])
def test_a_hub_out_of_reach_is_said_soon_and_in_words(worker: BenchWorker, run: Run[Any], hub: Any) -> None:
    started = time.monotonic()
    try:
        run(worker.load(LoadRequest(benchmark="aime24", hub=hub)))
    except HubError as error:
        said = str(error)
    else:
        pytest.skip(f"{hub} can be reached from here")
    assert time.monotonic() - started < 20
    assert all(part in said for part in (hub, "aime24", "--data PATH", "problem, answer)", "--demo")), said
    assert "Traceback" not in said


def test_the_prompt_cache(load: Load, data: dict[str, Path]) -> None:
    request = LoadRequest(benchmark="math_500", data=str(data["math_500"]))
    loaded = load("math_500")
    assert cached(request) == loaded
    assert cached(LoadRequest(benchmark="math_500", data=str(data["math_500"]), few_shot=0)) is None
    file = prompt_file(request)
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"\xff\xfe", b"{}"):
        file.write_bytes(broken)
        assert cached(request) is None
    assert load("math_500") == loaded
    assert cached(request) == loaded
    assert not list(file.parent.glob(".prompts-*"))


def test_data_that_changed_is_not_taken_from_the_cache(load: Load, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "x.jsonl", RECORDS["aime25"])
    first = load("aime25", file)
    write_jsonl(file, RECORDS["aime25"][:2])
    assert cached(first.request) is None
    assert load("aime25", file).data_hash != first.data_hash


def test_a_relative_path_is_one_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert LoadRequest(benchmark="aime25", data="x.jsonl").data == str(Path.cwd() / "x.jsonl")


def test_real_math_500(load: Load, shared_data: Path) -> None:
    loaded = load("math_500", shared_data / "math_500.jsonl")
    counts = {subset: sum(s.subset == subset for s in loaded.samples) for subset in loaded.subsets}
    assert counts == {"Level 1": 43, "Level 2": 90, "Level 3": 105, "Level 4": 128, "Level 5": 134}
    assert loaded.samples[0].source_id == "test/precalculus/1303.json"
