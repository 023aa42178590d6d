"""The solver `editing`: what each role is asked and told, and what becomes of its replies.

The endpoints are real, and so are the parsers; the grader here compares files, which takes no sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from qwq_nb.bench.benchmark import new_sample
from qwq_nb.bench.editing.replay import replayed
from qwq_nb.core.event_loop import shared_event_loop
from qwq_nb.core.execution import Execution, FailedTest
from qwq_nb.core.records import Completion, Item, Sample, SampleResult, Step, Verdict
from qwq_nb.demo.process import DemoEndpoint
from qwq_nb.endpoint.pool import Pool
from qwq_nb.evaluation.plan import make_plan
from qwq_nb.evaluation.runner import Runner
from qwq_nb.evaluation.solvers.editing import EditingSolver
from qwq_nb.evaluation.solvers.editing_prompts import format_rules, prompts_version
from qwq_nb.store.request import EDIT_FORMATS, EditFormat, Editing, Selection
from qwq_nb.store.run_dir import RunDirectory
from tests.support.demo_server import own_endpoint
from tests.support.editing_exercises import Exercise, exercises, write_replies

OUTPUT = "FAIL: test_nothing\nAssertionError: None != 1"


def sample_of(exercise: Exercise) -> Sample:
    import msgspec

    made = new_sample(exercise.instructions, "", metadata={"files": {exercise.file: exercise.stub}})
    return msgspec.structs.replace(made, benchmark="code_editing", id=f"code_editing/default/{exercise.number}")


class Edited:
    """Runs of the solver over exercises: endpoints, solver, runner."""

    def __init__(self, start: Callable[..., DemoEndpoint], folder: Path) -> None:
        self._start = start
        self._folder = folder
        self.server: DemoEndpoint
        self.crashes = 0
        """How often the grader still fails."""

    def run(
        self,
        *tries: tuple[str, ...],
        format: EditFormat = "whole",
        pair: bool = False,
        most: int = 2,
        faults: Sequence[str] = (),
        **endpoint: Any,
    ) -> list[SampleResult]:
        """The results of exercises with these scenarios, in their order."""
        found = exercises(tries)
        right = {sample_of(e).id: {e.file: e.right} for e in found}
        self.server = self._start(transcripts=[write_replies(self._folder / "replies.jsonl", found)])
        self.server.set_faults(faults)
        own = own_endpoint(self.server, **endpoint)
        editor = own_endpoint(self.server, name="editor", temperature=0.1, top_p=None) if pair else None
        solver = EditingSolver(Editing(editor=editor, format=format, tries=most))

        async def grade(item: Item, completion: Completion) -> Verdict:
            if self.crashes:
                self.crashes -= 1
                return Verdict(status="crashed", explanation="the sandbox does not start")
            files = replayed(item.sample.metadata["files"], completion.steps)
            is_right = files == right[item.sample.id]
            failed = None if is_right else FailedTest(number=1, status="failed", stderr=OUTPUT)
            execution = Execution(status="passed" if is_right else "failed", total=2, first_failed=failed)
            return Verdict(correct=is_right, extracted=str(files), execution=execution)

        async def go() -> Runner:
            async with Pool([own], concurrency=4, named=[editor] if editor else []) as pool:
                plan = make_plan([[sample_of(e) for e in found]], Selection())
                directory = RunDirectory(self._folder / f"run {len(list(self._folder.iterdir()))}")
                runner = Runner(plan, pool, grade, directory, model="m", solver=solver)
                await runner.run()
                directory.close()
                return runner

        results = shared_event_loop().call(go(), timeout=60).results
        return [results[sample_of(e).id, 0] for e in found]


@pytest.fixture
def edited(demo_endpoint: Callable[..., DemoEndpoint], tmp_path: Path) -> Edited:
    return Edited(demo_endpoint, tmp_path)


def steps_of(result: SampleResult) -> list[Step]:
    assert result.completion is not None
    return result.completion.steps


def said(result: SampleResult) -> list[tuple[str, int, int, str]]:
    """Role, try, retry of each step, and what its reply was read as."""
    return [(step.role, step.try_number, step.retry, reading(step)) for step in steps_of(result)]


def reading(step: Step) -> str:
    edit = step.edit
    if edit is None:
        return ""
    return "malformed" if edit.malformed else "no Python" if edit.syntax_error else "edit" if edit.files else "no edit"


@pytest.mark.parametrize("format", EDIT_FORMATS)
def test_alone_a_model_is_told_what_was_wrong_until_it_is_right(edited: Edited, format: EditFormat) -> None:
    right, wrong, malformed, syntax, nothing = edited.run(
        ("R",), ("W", "R"), ("MR",), ("SR",), ("N", "R"), format=format
    )
    assert said(right) == [("solo", 1, 0, "edit")]
    assert said(wrong) == [("solo", 1, 0, "edit"), ("solo", 2, 0, "edit")]
    assert said(malformed) == [("solo", 1, 0, "malformed"), ("solo", 1, 1, "edit")]
    assert said(syntax) == [("solo", 1, 0, "no Python"), ("solo", 1, 1, "edit")]
    assert said(nothing) == [("solo", 1, 0, "no edit"), ("solo", 2, 0, "edit")]
    for result in (right, wrong, malformed, syntax, nothing):
        assert result.outcome == "correct"
        assert steps_of(result)[-1].execution == Execution(status="passed", total=2)
        assert {step.edit.format for step in steps_of(result) if step.edit} == {format}
    tested = [[step.execution is not None for step in steps_of(r)] for r in (wrong, malformed)]
    assert tested == [[True, True], [False, True]], "tests are run at the end of a try"


def test_what_goes_back_is_the_complaint_the_error_or_the_tests_output(edited: Edited) -> None:
    wrong, malformed, syntax = edited.run(("W", "R"), ("MR",), ("SR",), format="diff")
    back = [steps_of(result)[1].messages[-1] for result in (wrong, malformed, syntax)]
    assert {message["role"] for message in back} == {"user"}
    failed, unread, unparsed = (message["content"] for message in back)
    assert OUTPUT in failed
    assert "return n - 1  # 1.1" in failed, "the file as it is now"
    first = steps_of(malformed)[0].edit
    assert first is not None
    assert first.malformed in unread
    assert "task_02.py\n```" not in unread, "a file that is as it was shown is not shown again"
    assert "SyntaxError" in unparsed
    assert "task_03.py" in unparsed


def test_reasoning_is_kept_and_never_sent(edited: Edited) -> None:
    (result,) = edited.run(("W", "R"), pair=True)
    for step in steps_of(result):
        sent = "\n".join(message["content"] for message in step.messages)
        assert "so it is" not in sent
        assert "I plan try" not in sent
    assert [step.completion.reasoning for step in steps_of(result)] == [
        "I plan try 1 of task 01.",
        "Task 01, reply 1.1: so it is.",
        "I plan try 2 of task 01.",
        "Task 01, reply 2.1: so it is.",
    ]


def test_as_a_pair_the_architect_plans_and_the_editor_writes(edited: Edited) -> None:
    (result,) = edited.run(("MW", "R"), format="diff", pair=True)
    assert said(result) == [
        ("architect", 1, 0, ""),
        ("editor", 1, 0, "malformed"),
        ("editor", 1, 1, "edit"),
        ("architect", 2, 0, ""),
        ("editor", 2, 0, "edit"),
    ]
    plan, first, second, replan, last = steps_of(result)
    assert [step.endpoint for step in (plan, first, second, replan, last)] == [
        "own",
        "editor",
        "editor",
        "own",
        "editor",
    ]
    assert [m["role"] for m in plan.messages] == ["system", "user"]
    assert "SEARCH" not in plan.messages[0]["content"], "the architect is told no format"
    # The plan, without its reasoning, is the editor's only request: not the instructions, and no earlier try.
    assert [m["role"] for m in first.messages] == ["system", "user"]
    assert format_rules("diff", ("```", "```")) in first.messages[0]["content"]
    assert first.messages[1]["content"].endswith(plan.completion.answer)
    assert "Instructions" not in first.messages[1]["content"]
    # A reply that cannot be read goes back to the editor alone, the tests' output to the architect alone.
    assert [m["role"] for m in second.messages] == ["system", "user", "assistant", "user"]
    assert [m["role"] for m in replan.messages] == ["system", "user", "assistant", "user"]
    assert OUTPUT in replan.messages[-1]["content"]
    assert [m["role"] for m in last.messages] == ["system", "user"]
    assert OUTPUT not in last.messages[1]["content"]
    assert "return n - 1" in last.messages[1]["content"], "the editor sees the files as they are now"
    assert result.completion is not None
    assert (result.completion.reasoning, result.completion.answer) == (
        replan.completion.reasoning,
        last.completion.answer,
    )


def test_each_role_is_asked_by_its_own_sampling(edited: Edited) -> None:
    edited.run(("R",), pair=True)
    bodies = [entry["body"] for entry in edited.server.log()["last"]]
    assert [body["temperature"] for body in bodies] == [0.6, 0.1]
    assert ["top_p" in body for body in bodies] == [True, False]


def test_a_reply_goes_back_three_times_in_a_try(edited: Edited) -> None:
    alone, pair = edited.run(("MMMM", "MMMM"))[0], edited.run(("MMMM", "MMMM"), pair=True)[0]
    for result, role in ((alone, "solo"), (pair, "editor")):
        assert result.outcome == "wrong"
        assert [(step.try_number, step.retry) for step in steps_of(result) if step.role == role] == [
            (number, retry) for number in (1, 2) for retry in range(4)
        ]


def test_a_grader_that_fails_is_asked_once_more(edited: Edited) -> None:
    """What it says of the answer is not known: a try would end without its tests."""
    edited.crashes = 1
    (result,) = edited.run(("W", "R"))
    assert said(result) == [("solo", 1, 0, "edit"), ("solo", 2, 0, "edit")]
    assert result.outcome == "correct"
    edited.crashes = 2
    (result,) = edited.run(("W", "R"))
    assert result.outcome == "not_gradable"


def test_with_one_try_nothing_is_sent_back_after_the_tests(edited: Edited) -> None:
    (result,) = edited.run(("W", "R"), most=1)
    assert result.outcome == "wrong"
    assert said(result) == [("solo", 1, 0, "edit")]


def test_of_an_architect_who_says_nothing_no_editor_is_asked(edited: Edited) -> None:
    (result,) = edited.run(("E", "R"), pair=True)
    assert [step.role for step in steps_of(result)] == ["architect", "architect", "editor"]
    assert result.outcome == "correct"


@pytest.mark.parametrize("pair", [False, True])
def test_where_the_conversation_outgrows_the_window_what_was_tried_stands(edited: Edited, pair: bool) -> None:
    (result,) = edited.run(("W", "R"), pair=pair, faults=[f"context_length,after={1 + pair}"], max_tokens=100)
    assert result.outcome == "wrong"
    assert steps_of(result)[-1].try_number == 2
    assert steps_of(result)[-1].completion.is_truncated
    assert result.verdict is not None
    assert result.verdict.execution is not None
    assert result.verdict.execution.status == "failed"


def test_a_reply_that_was_cut_is_not_made_into_edits(edited: Edited) -> None:
    """Half a file in the place of a whole one would do harm; nor is it sent back."""
    (result,) = edited.run(("R", "R"), faults=["finish_word,word=length,match=You edit"])
    assert [(step.try_number, step.retry, step.edit) for step in steps_of(result)] == [(1, 0, None), (2, 0, None)]
    assert result.outcome == "truncated"


def test_tokens_and_seconds_are_those_of_all_steps(edited: Edited) -> None:
    (result,) = edited.run(("MW", "R"), pair=True)
    completion, every = result.completion, [step.completion for step in steps_of(result)]
    assert completion is not None
    assert completion.completion_tokens == sum(c.completion_tokens for c in every) > 0
    assert completion.prompt_tokens == sum(c.prompt_tokens for c in every) > 0


def test_the_prompts_have_a_version_that_is_part_of_the_runs_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompts_version()
    assert EditingSolver().identity() == {"prompts": before}
    monkeypatch.setattr("qwq_nb.evaluation.solvers.editing_prompts.ARCHITECT", "You plan.")
    assert prompts_version() != before


@pytest.mark.parametrize("format", EDIT_FORMATS)
def test_the_example_in_the_rules_is_read_as_the_edit_that_it_shows(format: str) -> None:
    """The rules are followed by an example; our own parsers read it without a complaint."""
    from qwq_nb.bench.editing.formats.reply import read_reply

    rules: Any = format_rules(format, ("```", "```"))
    example = rules.partition("Example:\n\n")[2]
    files, edit = read_reply(format, example, {"greeting.py": 'def greet():\n    return "Hello!"\n'})
    assert not edit.malformed
    assert files == {"greeting.py": 'def greet(name):\n    return f"Hello, {name}!"\n'}
