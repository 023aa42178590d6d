"""Counts of turns equal what is counted by hand."""

from __future__ import annotations

import msgspec
import pytest

from qwq_nb.core.compressed import compressed
from qwq_nb.core.execution import Execution
from qwq_nb.core.records import Step
from qwq_nb.core.turn_counts import edits_files, turn_counts
from tests.support.edited_exercises import answer, edit, exercise, failing, malformed, passing, turn
from tests.support.made_runs import result

PAIR = [
    turn("architect", tokens=(100, 40, 20)),
    turn("editor", tokens=(50, 0, 10), edit=malformed()),
    turn("editor", tokens=(60, 0, 10), retry=1, edit=malformed()),
    turn("editor", tokens=(70, 0, 10), retry=2, edit=edit(), execution=failing("E\nSyntaxError: invalid syntax\n")),
    turn("architect", tokens=(200, 80, 20), try_=2),
    turn("editor", tokens=(80, 0, 10), try_=2, edit=edit(), execution=passing()),
]


def test_every_role_is_counted_and_aider_sees_the_architect_alone() -> None:
    counts = turn_counts(exercise(1, PAIR))
    assert counts.tries == 2
    assert counts.malformed == {"editor": 2}, "an architect's replies are no edits, and cannot be malformed"
    assert (counts.num_malformed, counts.malformed_by_aider, counts.error_outputs) == (2, 0, 2)
    assert counts.prompt_tokens == {"architect": 300, "editor": 260}
    assert counts.completion_tokens == {"architect": 160, "editor": 40}
    assert (counts.syntax_errors, counts.test_timeouts, counts.edited, counts.no_edit) == (1, 0, True, False)
    assert (counts.formats, counts.editor_model) == (["whole"], "Qwen2.5-Coder-32B")


def test_a_compressed_answer_counts_the_same() -> None:
    whole = exercise(1, PAIR)
    assert whole.completion is not None
    kept = msgspec.structs.replace(whole, completion=compressed(whole.completion))
    assert turn_counts(kept) == turn_counts(whole)


def test_a_model_alone_is_seen_by_aider() -> None:
    counts = turn_counts(exercise(1, [turn(edit=malformed()), turn(retry=1, edit=edit(), execution=passing())]))
    assert (counts.num_malformed, counts.malformed_by_aider) == (1, 1)


@pytest.mark.parametrize(
    ("steps", "no_edit"),
    [
        ([turn(edit=edit(files=[], diff=""))], True),
        ([turn(edit=edit())], False),
        ([turn(edit=malformed()), turn(retry=1, edit=edit())], False),
        ([turn(edit=malformed())], True),
        ([turn("architect", answer="")], True),
    ],
    ids=["well formed, nothing changed", "changed", "changed when asked again", "malformed", "an architect's silence"],
)
def test_no_edit_is_where_no_file_was_changed(steps: list[Step], no_edit: bool) -> None:
    assert turn_counts(exercise(1, steps, "wrong")).no_edit is no_edit


def test_a_cut_reply_is_an_exhausted_window_and_an_error_output() -> None:
    counts = turn_counts(exercise(1, [turn(finish_reason="length"), turn(retry=1, edit=malformed())], "wrong"))
    assert (counts.exhausted, counts.num_malformed, counts.error_outputs) == (1, 1, 2)


def test_lazy_comments_are_comments_with_an_ellipsis_between_words() -> None:
    lazy = "def f():\n    # ... rest of code ... here\n+    # keep ... as it is\nx = '# ... no'\n    # all of it...\n"
    assert turn_counts(exercise(1, [turn(answer=lazy, edit=edit())])).lazy_comments == 2


def test_errors_are_lines_of_the_output_that_begin_with_their_names() -> None:
    output = "Traceback\nIndentationError: unexpected indent\n  SyntaxError: quoted\nSyntaxError: bad\nNameError: x"
    counts = turn_counts(exercise(1, [turn(edit=edit(), execution=failing(output))], "wrong"))
    assert (counts.syntax_errors, counts.indentation_errors) == (1, 1)


def test_a_test_run_counts_once_whether_a_turn_or_the_verdict_holds_it() -> None:
    slow = Execution(status="timeout", passed=0, total=3, marks="t--")
    in_a_turn = exercise(1, [turn(edit=edit(), execution=slow)], "wrong")
    in_the_verdict = exercise(1, [turn(edit=edit())], "wrong")
    assert in_the_verdict.verdict is not None
    in_the_verdict.verdict.execution = slow
    assert turn_counts(in_a_turn).test_timeouts == turn_counts(in_the_verdict).test_timeouts == 1
    twice = [turn(edit=edit(), execution=slow), turn(try_=2, edit=edit(), execution=slow)]
    assert turn_counts(exercise(1, twice, "wrong")).test_timeouts == 2


def test_which_answers_are_edits() -> None:
    assert edits_files([exercise(1, answer())])
    assert not edits_files([result(1), result(2, "p")])
    drafted = exercise(1, [turn("draft"), turn("revision")])
    other = msgspec.structs.replace(drafted, sample=msgspec.structs.replace(drafted.sample, benchmark="math_500"))
    assert not edits_files([other]), "several requests are not edits"
