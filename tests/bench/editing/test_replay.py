"""Files are made anew from the replies, whatever became of the folder."""

from __future__ import annotations

from qwq_nb.bench.editing.formats.reply import read_reply
from qwq_nb.bench.editing.replay import replayed
from qwq_nb.core.records import Completion, Step

FILES = {"a.py": "x = 1\n"}


def edit(answer: str, format: str, before: dict[str, str], role: str = "solo") -> Step:
    read = read_reply(format, answer, before)
    return Step(role=role, completion=Completion(answer=answer), edit=read.edit)


def test_edits_are_read_again_in_order() -> None:
    whole = edit("a.py\n```\nx = 2\n```\n", "whole", FILES)
    block = "a.py\n<<<<<<< SEARCH\nx = 2\n=======\nx = 3\n>>>>>>> REPLACE\n"
    diff = edit(block, "diff", {"a.py": "x = 2\n"}, "editor")
    plan = Step(role="architect", completion=Completion(answer="a.py\n```\nplan\n```\n"))
    assert replayed(FILES, [plan, whole, plan, diff]) == {"a.py": "x = 3\n"}
    assert replayed(FILES, [plan]) == FILES, "a plan is no edit, though it may look like one"
    assert replayed(FILES, []) == FILES
    assert FILES == {"a.py": "x = 1\n"}


def test_a_malformed_reply_changes_what_it_changed() -> None:
    half = "a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 5\n>>>>>>> REPLACE\n"
    half += "a.py\n<<<<<<< SEARCH\nno\n=======\nz\n>>>>>>> REPLACE\n"
    step = edit(half, "diff", FILES)
    assert step.edit is not None
    assert step.edit.malformed
    assert replayed(FILES, [step]) == {"a.py": "x = 5\n"}


def test_a_format_of_another_version_changes_nothing() -> None:
    step = edit("a.py\n```\nx = 2\n```\n", "whole", FILES)
    assert step.edit is not None
    step.edit.format = "patch"
    assert replayed(FILES, [step]) == FILES
