"""A sample shows the way it came about: who was asked, what was sent back, how the files changed."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from qwq_nb.core.edits import Edit
from qwq_nb.core.run_record import MIME_TYPE, Clip, TurnView, run_schema
from qwq_nb.run.bundle import bundle
from qwq_nb.run.record import bare_record
from qwq_nb.run.run import Run
from qwq_nb.run.turn_parts import diff_html, diff_words, turns_html
from qwq_nb.run.turn_views import fitted_turns, turn_views
from qwq_nb.run.withhold import withhold
from qwq_nb.view.budget import FINAL_BYTES, LIVE_BYTES, saved_size
from tests.run.test_html import read
from tests.support.edited_exercises import DIFF, edit, exercise, failing, malformed, passing, turn
from tests.support.made_runs import made_run

COMPLAINT = "The reply has no file listing in it."
OUTPUT = "AssertionError: 'One for ' != 'One for you'"

WAY = [
    turn("architect", reasoning="First thought.", answer="Give it a default."),
    turn("editor", answer="Of course!", edit=malformed(COMPLAINT)),
    turn("editor", retry=1, answer="two_fer.py\n```\nfirst\n```", edit=edit(), execution=failing(OUTPUT)),
    turn("architect", try_=2, reasoning="Second thought.", answer="And a text."),
    turn("editor", try_=2, answer="two_fer.py\n```\nsecond\n```", edit=edit(), execution=passing()),
]
IN_ORDER = [
    "architect, try 1",
    "Give it a default.",
    "editor, try 1",
    COMPLAINT,
    "editor, try 1, asked again (1)",
    "Changes in two_fer.py: 2 lines added, 2 removed",
    "-    pass",
    '+def two_fer(name="you"):',
    OUTPUT,
    "architect, try 2",
    "Second thought.",
    "editor, try 2",
    "3 of 3 tests",
]


def run(count: int = 1, **changes: Any) -> Run:
    return made_run([exercise(number, WAY, **changes) for number in range(count)], name="pair")


def in_order(text: str, parts: list[str]) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, (part, text[at : at + 500])
        at = found


def test_the_steps_of_a_sample_are_there_whole() -> None:
    steps = run().sample("exercise-0").steps
    assert [(step.role, step.try_number, step.retry) for step in steps] == [
        ("architect", 1, 0),
        ("editor", 1, 0),
        ("editor", 1, 1),
        ("architect", 2, 0),
        ("editor", 2, 0),
    ]
    assert steps[1].edit is not None
    assert steps[1].edit.malformed == COMPLAINT
    assert steps[0].completion.reasoning == "First thought."


@pytest.mark.parametrize("kind", ["text/html", "text/plain"])
def test_a_sample_tells_its_way_in_order(kind: str) -> None:
    shown = str(run().sample("exercise-0")._repr_mimebundle_()[kind])
    in_order(read(shown).text if kind == "text/html" else shown, ["First thought.", *IN_ORDER[1:]])


def test_the_runs_html_and_record_have_the_way_too() -> None:
    made: dict[str, Any] = bundle(run().record(), live=False)
    in_order(read(made["text/html"]).text, IN_ORDER)
    jsonschema.validate(made[MIME_TYPE], run_schema())
    (sample,) = made[MIME_TYPE]["samples"]
    assert [each.get("try", 1) for each in sample["turns"]] == [1, 1, 1, 2, 2]
    assert sample["turns"][1]["malformed"] == COMPLAINT


def test_what_the_samples_own_folds_hold_is_not_written_twice() -> None:
    (sample,) = run().record().samples
    assert sample.reasoning is not None
    assert sample.reasoning.text == "First thought."
    first, *_, last = sample.turns
    assert (first.same_reasoning, first.reasoning) == (True, None)
    assert (last.same_answer, last.answer) == (True, None)
    assert "see below" in turns_html([first])


def test_a_diff_is_read_without_colours() -> None:
    made = diff_html(DIFF)
    assert read(made).text.strip("\n") == DIFF.rstrip("\n")
    assert made.count("<span style=") == 4, "two lines added, two removed; names of files are neither"
    assert diff_words(DIFF) == "2 lines added, 2 removed"
    assert diff_words("--- a\n+++ b\n+x") == "1 line added, 0 removed"


def test_no_edit_and_a_file_that_is_no_python_are_said() -> None:
    silent = turn(edit=edit(files=[], diff=""), execution=failing())
    broken = turn(retry=1, edit=Edit(format="diff", files=["x.py"], diff="+x", syntax_error="SyntaxError: bad"))
    (sample,) = made_run([exercise(1, [silent, broken], "wrong")]).record().samples
    shown = read(turns_html(sample.turns)).text
    in_order(shown, ["No edit:", "A file is no Python after it", "SyntaxError: bad"])


def test_an_answer_of_one_request_has_no_turns() -> None:
    result = exercise(1, WAY)
    assert result.completion is not None
    assert turn_views(msgspec.structs.replace(result.completion, steps=[])) == []
    assert turns_html([]) == ""


# -- budgets -----------------------------------------------------------------------------------------------------

THOUGHT = 'Wait, let me check <that> again: it isn\'t "half" of it.\n' * 400
LONG = [
    turn("architect", reasoning=f"1 {THOUGHT}", answer=THOUGHT[:4_000]),
    *(turn("editor", retry=n, answer=THOUGHT[:4_000], edit=malformed(COMPLAINT * 40)) for n in range(3)),
    turn("editor", retry=3, answer=THOUGHT[:4_000], edit=edit(diff=DIFF * 30), execution=failing(OUTPUT * 50)),
    turn("architect", try_=2, reasoning=f"2 {THOUGHT}", answer=THOUGHT[:4_000]),
    turn("editor", try_=2, answer=THOUGHT[:5_000], edit=edit(diff=DIFF * 30), execution=failing(OUTPUT * 50)),
]


@pytest.mark.parametrize("count", [5, 45, 133])
def test_long_ways_keep_the_budget(count: int) -> None:
    results = [exercise(number, LONG, "wrong" if number % 3 else "correct") for number in range(count)]
    whole = made_run(results).record(budget=FINAL_BYTES)
    made: dict[str, Any] = bundle(whole, live=False)
    assert saved_size(made) <= FINAL_BYTES
    assert len(made[MIME_TYPE]["samples"]) == count
    with_turns = [sample for sample in made[MIME_TYPE]["samples"] if "turns" in sample]
    assert all(len(sample["turns"]) == len(LONG) for sample in with_turns)
    assert len(with_turns) >= {5: 5, 45: 45, 133: 35}[count]
    if len(with_turns) < count:
        assert {sample["outcome"] for sample in with_turns} <= {"wrong"}, "failures keep their turns the longest"
        assert saved_size(made) > 0.7 * FINAL_BYTES
    live: dict[str, Any] = bundle(whole, live=True)
    assert saved_size(live) <= LIVE_BYTES
    jsonschema.validate(live[MIME_TYPE], run_schema())


def test_thoughts_are_cut_before_replies_and_diffs() -> None:
    turns = [
        TurnView(role="architect", reasoning=Clip(text="x" * 10_000), answer=Clip(text="plan")),
        TurnView(role="editor", diff=Clip(text=DIFF)),
    ]
    architect, editor = fitted_turns(turns, 1_000)
    assert editor.diff is not None
    assert architect.answer is not None
    assert architect.reasoning is not None
    assert (editor.diff.text, architect.answer.text) == (DIFF, "plan")
    assert 0 < len(architect.reasoning.text) < 1_000
    assert architect.reasoning.omitted + len(architect.reasoning.text) == 10_000


def test_the_record_of_the_directory_keeps_diffs_and_leaves_what_lies_beside_it() -> None:
    (sample,) = bare_record(run().record()).samples
    assert all(each.reasoning is None and each.answer is None for each in sample.turns)
    assert sample.turns[2].diff is not None
    assert sample.turns[1].malformed == COMPLAINT


def test_withheld_texts_are_in_no_turn() -> None:
    record = run().record()
    hidden = withhold(msgspec.structs.replace(record, withheld_benchmarks=["code_editing"]), reveal=False)
    shown = str(bundle(hidden, live=False))
    for secret in ("First thought", "Give it a default", COMPLAINT, "def two_fer", OUTPUT, "two_fer.py"):
        assert secret in str(bundle(record, live=False))
        assert secret not in shown
    assert [each.try_number for each in hidden.samples[0].turns] == [1, 1, 1, 2, 2]
    detail = msgspec.structs.replace(run().sample("exercise-0"), withheld=True)
    assert "First thought" not in str(detail._repr_mimebundle_())
