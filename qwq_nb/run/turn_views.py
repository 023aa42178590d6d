"""Make from the steps of an answer the turns that are drawn, and fit their texts into an output. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from qwq_nb.core.execution import middle_cut, without_texts
from qwq_nb.core.records import Completion, Step
from qwq_nb.core.run_record import Clip, TurnView
from qwq_nb.run.drawn_execution import drawn_test_run
from qwq_nb.view.clip import clip, clip_again, fair_limit

__all__ = [
    "MOST_TURNS",
    "bare_turns",
    "fitted_turns",
    "says_tests",
    "shortened_turns",
    "step_views",
    "turn_texts",
    "turn_views",
    "turns_without_texts",
]

MOST_TURNS: Final = 40
"""Turns of a sample that are drawn. A pair with two tries has ten at most; a solver of another kind may have more."""

_MOST_FILES: Final = 20
_NAME: Final = 200
"""Characters of a name: of a role, an endpoint, a model, a file."""
_COMPLAINT: Final = 1_500
_BARE_DIFF: Final = 1_000
"""Characters of a diff in the record that viewers of the directory read."""
_TEXTS: Final = ("reasoning", "answer", "diff")


def turn_views(completion: Completion | None, *, most: int | None = None) -> list[TurnView]:
    """Return the turns of an answer that took several requests, or whose request is read as an edit; else nothing.

    `most`: characters that each text may have; None: they are whole.
    """
    if completion is None or not completion.steps:
        return []
    return [_view(step, completion, most) for step in completion.steps[:MOST_TURNS]]


def step_views(steps: Sequence[Step]) -> list[TurnView]:
    """Return all of the turns with their texts whole, each on its own."""
    return [_view(step, Completion(), None) for step in steps]


def _view(step: Step, whole: Completion, most: int | None) -> TurnView:
    asked, edit = step.completion, step.edit
    # What the sample's own folds hold is not said twice.
    same_reasoning = bool(asked.reasoning) and asked.reasoning == whole.reasoning
    same_answer = bool(asked.answer) and asked.answer == whole.answer
    return TurnView(
        role=step.role[:_NAME],
        endpoint=(step.endpoint or asked.endpoint)[:_NAME],
        model=asked.model[:_NAME],
        try_number=step.try_number,
        retry=step.retry,
        reasoning_tokens=asked.reasoning_tokens,
        answer_tokens=asked.answer_tokens,
        latency_s=asked.latency_s or None,
        reasoning=None if same_reasoning else _clipped(asked.reasoning, most),
        answer=None if same_answer else _clipped(asked.answer, most),
        same_reasoning=same_reasoning,
        same_answer=same_answer,
        format=edit.format[:_NAME] if edit else "",
        malformed=middle_cut(edit.malformed, _COMPLAINT) if edit else "",
        syntax_error=middle_cut(edit.syntax_error, _COMPLAINT) if edit else "",
        files=[name[:_NAME] for name in edit.files[:_MOST_FILES]] if edit else [],
        diff=_clipped(edit.diff, most) if edit else None,
        execution=drawn_test_run(step.execution),
    )


def says_tests(turns: Sequence[TurnView]) -> bool:
    """Return whether the last turn says what the tests after it have printed."""
    last = turns[-1].execution if turns else None
    return last is not None and last.first_failed is not None


def _clipped(text: str, most: int | None) -> Clip | None:
    if not text:
        return None
    if most == 0:
        return Clip(omitted=len(text))
    return Clip(text=text) if most is None else clip(text, most)


def turn_texts(turns: Sequence[TurnView]) -> list[Clip]:
    """Return the texts of turns that may be cut: reasoning, replies and diffs."""
    return [text for turn in turns for name in _TEXTS if (text := getattr(turn, name)) is not None]


def fitted_turns(turns: Sequence[TurnView], budget: int) -> list[TurnView]:
    """Cut the texts of turns to `budget` characters together; diffs and replies are cut after the reasoning."""
    thoughts = [len(turn.reasoning.text) for turn in turns if turn.reasoning]
    others = [len(text.text) for turn in turns for text in (turn.answer, turn.diff) if text]
    for_others = max(budget // 2, budget - sum(thoughts))
    other = fair_limit(others, for_others)
    thought = fair_limit(thoughts, budget - sum(min(length, other) for length in others))
    return [
        msgspec.structs.replace(
            turn,
            reasoning=clip_again(turn.reasoning, thought),
            answer=clip_again(turn.answer, other),
            diff=clip_again(turn.diff, other),
        )
        for turn in turns
    ]


def shortened_turns(turns: Sequence[TurnView], most: int) -> list[TurnView]:
    """Return the turns with `most` characters of what was sent back: of many turns all of it is too much."""
    made = []
    for turn in turns:
        execution = turn.execution
        if execution is not None and execution.first_failed is not None:
            output = _short(execution.first_failed.stderr, most)
            first = msgspec.structs.replace(execution.first_failed, stderr=output)
            execution = msgspec.structs.replace(execution, first_failed=first)
        made.append(
            msgspec.structs.replace(
                turn,
                malformed=_short(turn.malformed, most),
                syntax_error=_short(turn.syntax_error, most),
                files=turn.files[:3],
                execution=execution,
            )
        )
    return made


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def bare_turns(turns: Sequence[TurnView]) -> list[TurnView]:
    """Return the turns without reasoning and replies, which lie beside the record; of diffs their beginnings."""
    return [
        msgspec.structs.replace(turn, reasoning=None, answer=None, diff=clip_again(turn.diff, _BARE_DIFF))
        for turn in turns
    ]


def turns_without_texts(turns: Sequence[TurnView]) -> list[TurnView]:
    """Return who was asked, in which try, and the counts of tests: nothing that a model or a data set wrote."""
    return [
        msgspec.structs.replace(
            turn,
            reasoning=None,
            answer=None,
            diff=None,
            files=[],
            malformed="(withheld)" if turn.malformed else "",
            syntax_error="(withheld)" if turn.syntax_error else "",
            execution=without_texts(turn.execution),
        )
        for turn in turns
    ]
