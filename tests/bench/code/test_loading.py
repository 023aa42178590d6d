"""How code benchmarks are loaded: tests apart from samples, days of contests, the preset of QwQ's authors."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qwq_nb.bench.cache import cached
from qwq_nb.bench.code import tests as kept
from qwq_nb.bench.code.presets import PRESETS, preset_prompt, published_hashes
from qwq_nb.bench.code.tests import TESTS, restored
from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.core.records import Verdict
from qwq_nb.errors import DataError, OptionError
from tests.support.code_problems import (
    fenced,
    function_record,
    human_eval_record,
    packed,
    stdin_record,
)
from tests.support.math_problems import write_jsonl

Load = Callable[..., LoadedBenchmark]
SECRET = "a test that nobody is to see"
V5: dict[str, Any] = {"subsets": ("release_v5",)}
MBPP = {
    "task_id": 11,
    "text": "Write a function to double a number.",
    "code": "def double(x):\n    return 2 * x",
    "test_list": ["assert double(2) == 4", "assert double(0) == 0", "assert double(-1) == -2"],
    "test_setup_code": "",
}
PLUS = {
    "task_id": 11,
    "prompt": "Write a function to double a number.",
    "code": "def double(x):\n    return 2 * x",
    "source_file": "made up",
    "test_imports": ["import math"],
    "test_list": ["assert double(2) == 4"],
    "test": f"note = {SECRET!r}\nfor x in range(50):\n    assert double(x) == 2 * x",
}


@pytest.fixture
def lcb(tmp_path: Path) -> Path:
    tests = [("1\n", "1\n")]
    private = [(SECRET, "2\n")]
    records = [
        stdin_record("a", tests, private, contest_date="2024-07-31T23:59:59"),
        stdin_record("b", tests, private, contest_date="2024-08-01T00:00:00"),
        {
            **stdin_record("c", tests, contest_date="2025-01-04T18:30:00"),
            "private_test_cases": packed(json.dumps([{"input": SECRET, "output": "2\n"}])),
        },
        function_record("d", "f", [("1", "1")], [(json.dumps(SECRET), "2")], contest_date="2025-01-04T23:59:59"),
        stdin_record("e", tests, private, contest_date="2025-01-05T00:00:00"),
    ]
    return write_jsonl(tmp_path / "lcb.jsonl", records)


def test_tests_are_in_no_sample_and_no_record(load: Load, lcb: Path, bench_cache: Path) -> None:
    loaded = load("live_code_bench", lcb, **V5)
    assert [sample.source_id for sample in loaded.samples] == list("abcde")
    assert SECRET not in msgspec.json.encode(loaded).decode()
    assert loaded.kind == "code"
    for sample in loaded.samples:
        whole = restored(bench_cache, sample.metadata)
        assert SECRET in whole["evaluation_sample"]
        file = kept.tests_file(bench_cache, sample.metadata[TESTS])
        assert file.stat().st_mode & 0o077 == 0
        assert file.parent.parent.stat().st_mode & 0o077 == 0
    assert loaded.samples[0].metadata["difficulty"] == "easy"
    assert loaded.samples[0].metadata["platform"] == "atcoder"


def test_other_tests_are_other_data(load: Load, tmp_path: Path) -> None:
    """The hash of the data changes with the tests, although no record holds them."""
    first, second = (
        load("live_code_bench", write_jsonl(tmp_path / f"{n}.jsonl", [stdin_record("p", [("1\n", f"{n}\n")])]), **V5)
        for n in (1, 2)
    )
    assert first.data_hash != second.data_hash


def test_tests_that_were_deleted_are_loaded_anew(load: Load, lcb: Path, bench_cache: Path) -> None:
    loaded = load("live_code_bench", lcb, **V5)
    assert cached(loaded.request) is not None
    file = kept.tests_file(bench_cache, loaded.samples[0].metadata[TESTS])
    file.unlink()
    assert cached(loaded.request) is None
    with pytest.raises(DataError, match="run the line again"):
        restored(bench_cache, loaded.samples[0].metadata)
    load("live_code_bench", lcb, **V5)
    assert file.exists()


def test_tests_that_were_changed_are_not_used(load: Load, lcb: Path, bench_cache: Path) -> None:
    loaded = load("live_code_bench", lcb, **V5)
    file = kept.tests_file(bench_cache, loaded.samples[0].metadata[TESTS])
    before = file.read_text()
    file.write_text(before.replace(SECRET, "another"))
    with pytest.raises(DataError, match="were changed"):
        restored(bench_cache, loaded.samples[0].metadata)
    file.write_text(before)


def test_the_preset_has_both_ends_of_its_days(load: Load, lcb: Path) -> None:
    loaded = load("live_code_bench", lcb, **V5, preset="qwq")
    assert [sample.source_id for sample in loaded.samples] == ["b", "c", "d"]
    assert loaded.facts.seconds_per_test == 30
    assert loaded.facts.preset == "qwq"


def test_evalscopes_end_date_is_a_midnight_and_a_note_says_so(load: Load, lcb: Path) -> None:
    arguments = {"extra_params": {"start_date": "2024-08-01", "end_date": "2025-01-04"}}
    loaded = load("live_code_bench", lcb, **V5, dataset_args=arguments)
    assert [sample.source_id for sample in loaded.samples] == ["b"]
    assert any("2 problems of the last day, 2025-01-04, are left out" in note for note in loaded.notes)


def test_the_presets_prompt_is_one_message(load: Load, lcb: Path) -> None:
    asked = {sample.source_id: sample.messages for sample in load("live_code_bench", lcb, **V5, preset="qwq").samples}
    for messages in asked.values():
        assert [message["role"] for message in messages] == ["user"]
    assert asked["b"][0]["content"].startswith("You will be given a question (problem specification) and will generate")
    assert "Question: Solve the problem named b" in asked["b"][0]["content"]
    assert asked["b"][0]["content"].endswith("```python\n# YOUR CODE HERE\n```\n\n")
    assert "class Solution" in asked["d"][0]["content"]
    own = load("live_code_bench", lcb, **V5).samples[0].messages
    assert [message["role"] for message in own] == ["system", "user"]


def test_the_preset_allows_no_other_prompt(load: Load, lcb: Path) -> None:
    with pytest.raises(OptionError, match="sets prompt_template"):
        load("live_code_bench", lcb, **V5, preset="qwq", dataset_args={"prompt_template": "{question_content}"})


def test_public_samples_alone_are_called_so(load: Load, tmp_path: Path) -> None:
    public = stdin_record("a", [("1\n", "1\n")])
    whole = stdin_record("b", [("1\n", "1\n")], [("2\n", "2\n")])
    alone = load("live_code_bench", write_jsonl(tmp_path / "alone.jsonl", [public]), **V5)
    assert alone.facts.tests == "public samples only"
    assert any("public samples only" in note for note in alone.notes)
    mixed = load("live_code_bench", write_jsonl(tmp_path / "mixed.jsonl", [public, whole]), **V5)
    assert mixed.facts.tests == "public samples only for 1 of 2"
    every = load("live_code_bench", write_jsonl(tmp_path / "every.jsonl", [whole]), **V5)
    assert (every.facts.tests, every.notes) == ("", [])


def test_the_md5_proves_that_the_tests_are_qwens(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The MD5 is the one that QwQ's authors publish for a problem's tests, made as they make it."""
    import hashlib

    tests = {"inputs": ["1\n", "2\n"], "outputs": ["1\n", "2\n"], "fn_name": None}
    md5 = hashlib.md5(json.dumps({"input_output": json.dumps(tests)}).encode()).hexdigest()
    record = stdin_record("abc365_b", [("1\n", "1\n")], [("2\n", "2\n")])
    loaded = load("live_code_bench", write_jsonl(tmp_path / "lcb.jsonl", [record]), **V5, preset="qwq")
    assert loaded.samples[0].metadata[TESTS] == md5
    assert any("not those that QwQ's authors scored on" in note for note in loaded.notes)
    assert len(published_hashes()) == 279
    assert published_hashes()["abc365_b"] == "ec602b89c01ec3f677e0e2a7678f4024"


def test_all_279_problems_of_qwqs_set(load: Load, shared_data: Path) -> None:
    """Real records: the preset takes all of them, and asks what QwQ's authors asked, to the character."""
    prompts = [json.loads(line) for line in (shared_data / "livecodebench_v5_prompts.jsonl").read_text().splitlines()]
    loaded = load("live_code_bench", shared_data / "code" / "livecodebench_v5_public_samples.jsonl", **V5, preset="qwq")
    assert len(loaded.samples) == 279 == len(prompts)
    assert [s.messages for s in loaded.samples] == [[{"role": "user", "content": row["prompt"]}] for row in prompts]
    assert {s.source_id for s in loaded.samples} == set(published_hashes())
    assert sum(s.metadata["platform"] == "leetcode" for s in loaded.samples) == 104
    assert PRESETS["qwq"].repeats == 8
    assert preset_prompt(loaded.samples[0].source_row) == loaded.samples[0].messages


@pytest.mark.parametrize(
    ("name", "record", "right", "wrong"),
    [
        ("humaneval", human_eval_record(3), "    return x + 3\n", "    return x + 4\n"),
        ("humaneval_plus", human_eval_record(3), "    return x + 3\n", "    return 3\n"),
        ("mbpp", MBPP, MBPP["code"], "def double(x):\n    return x * x"),
        ("mbpp_plus", PLUS, PLUS["code"], "def double(x):\n    return 4"),
    ],
    ids=["humaneval", "humaneval_plus", "mbpp", "mbpp_plus"],
)
def test_functions_whose_tests_are_assertions(
    load: Load,
    grade: Callable[..., Verdict],
    tmp_path: Path,
    name: str,
    record: dict[str, Any],
    right: str,
    wrong: str,
) -> None:
    loaded = load(name, write_jsonl(tmp_path / f"{name}.jsonl", [record]))
    assert loaded.kind == "code"
    sample = loaded.samples[0]
    good, bad = (grade(loaded, sample, fenced(code)) for code in (right, wrong))
    assert (good.correct, bad.correct) == (True, False)
    assert good.execution is not None
    assert bad.execution is not None
    assert good.execution.passed == good.execution.total > 0
    assert 0 < bad.execution.passed < bad.execution.total or name == "humaneval"
    assert bad.execution.first_failed is not None
    assert "double" in bad.execution.first_failed.input or "candidate" in bad.execution.first_failed.input
    for verdict in (good, bad):
        assert verdict.execution is not None
        assert verdict.execution.differs == ""
        assert SECRET not in json.dumps(verdict.sample_score)


def test_ending_before_the_tests_is_right_for_evalscope_and_said(
    load: Load, grade: Callable[..., Verdict], tmp_path: Path
) -> None:
    loaded = load("humaneval", write_jsonl(tmp_path / "humaneval.jsonl", [human_eval_record(3)]))
    verdict = grade(loaded, loaded.samples[0], fenced("    return 0\nimport os\nos._exit(0)"))
    assert verdict.correct is True
    assert verdict.second_correct is False
    assert verdict.execution is not None
    assert (verdict.execution.status, verdict.execution.passed) == ("crashed", 0)
    assert "before its tests end" in verdict.execution.differs


@pytest.mark.parametrize("name", ["bigcodebench", "ds1000"])
def test_benchmarks_that_name_images_stay_refused(load: Load, lcb: Path, name: str) -> None:
    from qwq_nb.errors import UnknownBenchmark

    with pytest.raises(UnknownBenchmark, match=r"Docker image of its own|needs a package"):
        load(name, lcb)
