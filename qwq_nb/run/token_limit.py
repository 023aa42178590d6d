"""Find what the token limit does to a comparison: how many answers it cut, and whether it was the same in both runs.

A cut answer counts as not correct. Under one limit that belongs to the task; under two it makes the difference of the
accuracies one of the limits, and not of the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from qwq_nb.core.paired import ALPHA, paired_p
from qwq_nb.core.pairing import Pair, Pairing, by_problem
from qwq_nb.core.records import SampleResult
from qwq_nb.run.facts import RunFacts
from qwq_nb.view.wording import count

__all__ = ["limit_difference", "truncation"]

MANY_CUT = 0.05
"""Share of truncated answers from which on a comparison states their effect."""

_SAME_WINDOW = 1.01
"""How many times as long an answer may be for which there is still room: tokenizers and templates differ."""

_LIMITS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "n_predict")
"""The names that servers have for the limit."""


def limit_difference(a: RunFacts, b: RunFacts, pairing: Pairing) -> tuple[str, bool] | None:
    """Return how the token limits of two runs differ, in words, and whether that forbids a conclusion; None if not.

    It forbids one where the limit cut 5 % of the pairs or more, and where fewer cut answers, counted as right, would
    change what the test says. A limit that is not known counts as different only where it cut that many. The context
    window of a server is such a limit too: it differs where one run has answers for which the other's has no room.
    """
    cut_a, cut_b = _cut(pairing.pairs)
    windows = _windows(a, b, pairing.pairs)
    if not (cut_a or cut_b) or (_same_limit(a, b) and not windows):
        return None
    many = sum(not pair.is_finished for pair in pairing.pairs) >= MANY_CUT * len(pairing.pairs)
    first, second = _limit(a), _limit(b)
    if not (first or second) and not many:
        return None
    bars = many or _swings(pairing.pairs)
    if windows and _same_limit(a, b):
        limits = f"the context windows of the servers differ ({windows})"
    elif first and second:
        limits = f"the token limits differ ({_words(first)} in {a.label}, {_words(second)} in {b.label})"
    else:
        unknown = [facts.label for facts, known in ((a, first), (b, second)) if not known]
        limits = f"the token limit of {' and '.join(unknown)} is not known"
    text = (
        f"{pairing.benchmark}: {limits}, and cut {cut_a:,} answers of {a.label} and {cut_b:,} of {b.label} (of "
        f"{len(pairing.pairs):,})"
    )
    return (f"{text}." if bars else f"{text}: too few to change what the test says."), bars


def truncation(a: str, b: str, pairings: Sequence[Pairing]) -> list[str]:
    """Return the effect of the token limit, or of the server's own, where it cut many answers, as sentences.

    A sentence a benchmark: how many were cut in either run, and how the pairs compare that both finished.
    """
    lines = []
    for p in pairings:
        cut = dict(zip((a, b), _cut(p.pairs), strict=True))
        if not p.pairs or max(cut.values()) / len(p.pairs) < MANY_CUT:
            continue
        finished = [pair for pair in p.pairs if pair.is_finished]
        right = [sum(getattr(pair, side).outcome == "correct" for pair in finished) for side in ("a", "b")]
        lines.append(
            f"{p.benchmark}: {_what_cut(p.pairs)} cut {cut[a]:,} of {count(len(p.pairs), 'answer')} of {a} and "
            f"{cut[b]:,} of {b}, which count as not correct. Of the {count(len(finished), 'pair')} that both "
            f"finished, {a} has {right[0]:,} right and {b} {right[1]:,}."
        )
    return lines


def _what_cut(pairs: Sequence[Pair]) -> str:
    by_server = [
        result.completion is not None and result.completion.cut_by_server
        for pair in pairs
        for result in (pair.a, pair.b)
        if result.outcome == "truncated"
    ]
    window = "the server's context window"
    return window if all(by_server) else f"the token limit or {window}" if any(by_server) else "the token limit"


def _cut(pairs: Sequence[Pair]) -> tuple[int, int]:
    return sum(p.a.outcome == "truncated" for p in pairs), sum(p.b.outcome == "truncated" for p in pairs)


def _limit(facts: RunFacts) -> dict[str, Any]:
    """Return the limit by its name in the request; empty where it is the server's own, or not known."""
    sampling = facts.sampling or {}
    return {name: sampling[name] for name in _LIMITS if sampling.get(name) is not None}


def _same_limit(a: RunFacts, b: RunFacts) -> bool:
    """The models of one directory of evalscope's were asked alike; a server's own limit is one for each model."""
    first, second = _limit(a), _limit(b)
    if first or second:
        return list(first.values()) == list(second.values())
    if a.sampling is None or b.sampling is None:
        return bool(a.path) and a.path == b.path
    return (a.server, a.model) == (b.server, b.model)


def _windows(a: RunFacts, b: RunFacts, pairs: Sequence[Pair]) -> str:
    """Return how the servers' context windows differ, in words; empty where that is not seen.

    A window is the longest of the answers that it cut, with the prompt.
    """
    sides = [[_tokens(pair.a) for pair in pairs], [_tokens(pair.b) for pair in pairs]]
    cut = [[tokens for tokens, by_server in side if by_server and tokens] for side in sides]
    for facts, own, other in ((a, cut[0], sides[1]), (b, cut[1], sides[0])):
        if own and max((tokens for tokens, _ in other), default=0) > _SAME_WINDOW * max(own):
            other_label = b.label if facts is a else a.label
            longest = max(tokens for tokens, _ in other)
            return f"{max(own):,} tokens with the prompt in {facts.label}, {longest:,} or more in {other_label}"
    return ""


def _tokens(result: SampleResult) -> tuple[int, bool]:
    """Return the tokens of an answer with its prompt, and whether the server's window cut it."""
    done = result.completion
    if done is None:
        return 0, False
    by_server = result.outcome == "truncated" and done.cut_by_server
    return done.prompt_tokens + done.completion_tokens, by_server


def _words(limit: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in limit.items())


def _swings(pairs: Sequence[Pair]) -> bool:
    """Return whether the test says something else if the cut answers of one run count as right."""
    return len({_shown(pairs), _shown(pairs, "a"), _shown(pairs, "b")}) > 1


def _shown(pairs: Sequence[Pair], favoured: str = "") -> int:
    """Return 1 or -1 for a difference that the test shows, 0 for none."""
    problems = by_problem(
        Pair(_given(p.a) if favoured == "a" else p.a, _given(p.b) if favoured == "b" else p.b) for p in pairs
    )
    difference = sum(only_b - only_a for _, only_a, only_b in problems)
    return (difference > 0) - (difference < 0) if paired_p(problems) < ALPHA else 0


def _given(result: SampleResult) -> SampleResult:
    return msgspec.structs.replace(result, outcome="correct") if result.outcome == "truncated" else result
