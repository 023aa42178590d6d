"""How an answer to an exercise is graded: by its steps, or by its text; what is said of none, and of a broken one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from qwq_nb import sandbox
from qwq_nb.bench.benchmark import Benchmark
from qwq_nb.bench.code.running import CodeRun, use_sandbox
from qwq_nb.bench.editing.benchmark import CodeEditing
from qwq_nb.bench.editing.formats.reply import read_reply
from qwq_nb.bench.protocol import GradeJob, LoadRequest
from qwq_nb.core.execution import Execution
from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion, Sample, Step, Verdict
from qwq_nb.core.vocabulary import VOCABULARY
from qwq_nb.errors import DataError
from qwq_nb.store.evalscope_rows import review_row, verdict_from_row

Grade = Callable[[Completion], Verdict]

RIGHT = "def leap_year(year):\n    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)\n"
WRONG = "def leap_year(year):\n    return year % 4 == 0\n"


def whole(source: str) -> str:
    return f"leap.py\n```python\n{source}```\n"


def block(search: str, replace: str) -> str:
    return f"leap.py\n```python\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


@pytest.fixture
def leap() -> Sample:
    loaded = CodeEditing().load(LoadRequest(benchmark="code_editing"))
    return next(sample for sample in loaded.samples if sample.source_id == "leap")


@pytest.fixture
def job(leap: Sample) -> GradeJob:
    request = LoadRequest(benchmark="code_editing")
    return GradeJob(request=request, sample=leap, completion=Completion(), position=1)


def graded(job: GradeJob, completion: Completion, box: sandbox.Sandbox) -> Verdict:
    job.completion = completion
    with use_sandbox(CodeRun(box)):
        return CodeEditing().grade(job)


def steps(leap: Sample, *answers: tuple[str, str, str]) -> Completion:
    """A solver's completion: role, format and answer of each step; an architect's has no format."""
    files, made = leap.metadata["files"], []
    for role, format, answer in answers:
        read = read_reply(format, answer, files) if format else None
        files = read.files if read else files
        made.append(Step(role=role, completion=Completion(answer=answer), edit=read.edit if read else None))
    return Completion(answer=answers[-1][2], steps=made)


def test_it_is_a_benchmark() -> None:
    assert isinstance(CodeEditing(), Benchmark)


def test_the_files_that_all_steps_left_are_tested(job: GradeJob, leap: Sample, box: sandbox.Sandbox) -> None:
    done = steps(
        leap,
        ("architect", "", whole("a plan, not an edit")),
        ("editor", "whole", whole(WRONG)),
        ("architect", "", "Mind the centuries."),
        ("editor", "diff", block("    return year % 4 == 0\n", RIGHT.partition("\n")[2])),
    )
    verdict = graded(job, done, box)
    assert verdict.correct
    assert verdict.execution is not None
    assert (verdict.execution.passed, verdict.execution.total) == (9, 9)
    assert verdict.extracted.startswith("--- leap.py\n+++ leap.py\n@@ ")
    assert "+    return year % 4 == 0 and" in verdict.extracted
    assert verdict.flags == []
    assert decide_outcome(done, verdict).outcome == "correct"


def test_wrong_files_say_what_a_model_is_told(job: GradeJob, leap: Sample, box: sandbox.Sandbox) -> None:
    done = steps(leap, ("solo", "whole", whole(WRONG)))
    verdict = graded(job, done, box)
    assert not verdict.correct
    assert verdict.execution is not None
    assert verdict.execution.first_failed is not None
    assert "AssertionError: True is not False" in verdict.execution.first_failed.stderr
    decided = decide_outcome(done, verdict)
    assert decided.outcome == "wrong"
    assert f"{verdict.execution.passed} of 9 tests" in decided.why


def test_no_edit_is_told_apart(job: GradeJob, leap: Sample, box: sandbox.Sandbox) -> None:
    for done in (
        steps(leap, ("solo", "diff", "Years divisible by four are leap years.")),
        steps(leap, ("solo", "diff", block("    pass\n", "    pass\n"))),
        steps(leap, ("architect", "", "I have no plan.")),
        Completion(answer="Years divisible by four are leap years."),
    ):
        verdict = graded(job, done, box)
        assert verdict.execution is not None
        assert verdict.flags == ["no_edit"]
        assert verdict.extracted == ""
        assert "no edit: no file was changed; " in verdict.explanation
        decided = decide_outcome(done, verdict)
        assert decided.outcome == "no_answer"
        assert decided.flags == ["no_edit"]
        assert decided.why == f"no edit: no file was changed; {verdict.execution.passed} of 9 tests"


def test_flags_are_kept_with_a_run(job: GradeJob, leap: Sample, box: sandbox.Sandbox) -> None:
    done = steps(leap, ("solo", "diff", block("    skip\n", "    x\n")))
    verdict = msgspec.structs.replace(graded(job, done, box), sample_score={"score": {"value": {"acc": 0.0}}})
    row = review_row(leap, 0, 0, 1, done, verdict, "no_answer", verdict.flags)
    assert verdict_from_row(row).flags == ["no_edit", "malformed_edit"]


def test_no_edit_may_pass(leap: Sample) -> None:
    execution = Execution(status="passed", passed=9, total=9)
    verdict = Verdict(correct=True, flags=["no_edit"], execution=execution)
    decided = decide_outcome(Completion(answer="Nothing to do."), verdict)
    assert (decided.outcome, decided.flags) == ("correct", ["no_edit"])
    assert decided.why == "no edit: the files pass 9 of 9 tests as they are"


def test_a_broken_format_is_flagged_even_where_a_later_reply_is_right(
    job: GradeJob, leap: Sample, box: sandbox.Sandbox
) -> None:
    broken = ("solo", "diff", block("    skip\n", "    x\n"))
    only = graded(job, steps(leap, broken), box)
    assert only.flags == ["no_edit", "malformed_edit"]
    assert "malformed edit: the last reply could not be read in the format diff" in only.explanation

    then = graded(job, steps(leap, broken, ("solo", "diff", block("    pass\n", RIGHT.partition("\n")[2]))), box)
    assert then.correct
    assert then.flags == ["malformed_edit"]
    assert then.explanation == ""


def test_both_flags_have_words() -> None:
    assert VOCABULARY.flags["no_edit"].word == "no edit"
    assert VOCABULARY.flags["malformed_edit"].word == "malformed edit"


def test_an_answer_without_steps_is_read_in_the_format_of_the_request(job: GradeJob, box: sandbox.Sandbox) -> None:
    assert graded(job, Completion(answer=whole(RIGHT)), box).correct
    edit = Completion(answer=block("    pass\n", RIGHT.partition("\n")[2]))
    assert not graded(job, edit, box).correct, "`whole` is the default"
    job.request = LoadRequest(benchmark="code_editing", dataset_args={"edit_format": "diff"})
    assert graded(job, edit, box).correct


def test_where_the_sandbox_fails_the_answer_is_not_gradable(job: GradeJob, leap: Sample) -> None:
    closed = sandbox.Sandbox(jobs=1)
    closed.close()
    done = steps(leap, ("solo", "whole", whole(RIGHT)))
    verdict = graded(job, done, closed)
    assert verdict.status == "excluded"
    assert not verdict.correct
    decided = decide_outcome(done, verdict)
    assert decided.outcome == "not_gradable"
    assert "the sandbox could not run the code" in decided.why


def test_without_a_sandbox_nothing_is_run(job: GradeJob, tmp_path: Path) -> None:
    trace = tmp_path / "was_run"
    job.completion = Completion(answer=whole(f"open({str(trace)!r}, 'w').close()\n{RIGHT}"))
    verdict = CodeEditing().grade(job)
    assert verdict.status == "excluded"
    assert "the tests were not run: code is run in a sandbox only" in verdict.explanation
    assert not trace.exists()


def test_tests_that_are_gone_are_no_fault_of_the_answer(job: GradeJob, box: sandbox.Sandbox) -> None:
    job.sample.metadata["qwq_tests"] = "0" * 32
    with pytest.raises(DataError, match="run the line again to load them"):
        graded(job, Completion(answer=whole(RIGHT)), box)
