"""Define the package's own measures: positions of the answer, thoughts, loops, foreign scripts; and their marks.

Their values are fields of `core.records.Analysis`. What each measures, and by which rules, is described in its module
(`answer_places`, `thoughts`, `loops`, `foreign_scripts`). The marks:

- `overthinking`: the right answer was stated, and more than `after_share` of the reasoning and `after_tokens` tokens
  came after it (Chen et al. 2024, "Do NOT Think That Much for 2+3=?", arXiv:2412.21187, measure the same waste by
  further solutions).
- `left_right_answer`: a trace that is not correct stated the right answer as its answer and ended with another.
- `underthinking`: a wrong answer whose thoughts per 1,000 tokens lie more than `deviations` scaled median absolute
  deviations above the median of its peers (Wang et al. 2025, "Thoughts Are All Over the Place", arXiv:2501.18585: wrong
  answers switch thoughts more often). With fewer than `least_peers` peers no trace is marked, and neither is a trace of
  fewer than `least_tokens` tokens.
- `loop`; `language_switch`: from a share of `foreign_share` or from `foreign_chars` characters in a foreign script on;
  by default a single one is enough, since names, titles and what was asked for are no runs.

All thresholds are our choice, not calibrated on anything: fields of `Thresholds`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from qwq_nb.core.records import Loop, Outcome, SampleResult
from qwq_nb.trace.findings import AnswerPositions, CandidateSpan, Mixing
from qwq_nb.trace.measures import Mark, Trace
from qwq_nb.trace.thresholds import Thresholds

__all__ = [
    "VERSION",
    "AnswerPositionsMeasure",
    "AnswerPositionsValue",
    "ForeignScriptsMeasure",
    "LoopValue",
    "LoopsMeasure",
    "ThoughtsMeasure",
    "ThoughtsValue",
]

VERSION = 4
"""Of the rules of all four: raised when they change, so that older analyses are measured anew."""


class AnswerPositionsValue(NamedTuple):
    """Hold the positions of the right answer, and the size and outcome of the trace that they are in."""

    positions: AnswerPositions
    chars: int
    tokens: int
    outcome: Outcome
    candidates: tuple[CandidateSpan, ...] = ()
    """Every statement of a candidate answer, in order."""

    @property
    def first_tokens(self) -> float | None:
        """Estimate T̂: tokens up to the end of the first right answer, by its share of the characters; None: unknown."""
        if self.positions.first is None or not self.chars:
            return None
        return self.tokens * self.positions.first[1] / self.chars


class AnswerPositionsMeasure:
    """Measure where the right answer is stated first and last, and whether it was left (`trace.answer_places`)."""

    name = "answer_places"
    version = VERSION

    def of(self, trace: Trace) -> AnswerPositionsValue:
        """Find the positions; there are none where the kind of answers is neither `math` nor `choice`."""
        # Here and below: the rules are imported where traces are measured, which is in the worker.
        from qwq_nb.trace.answer_places import find_correct
        from qwq_nb.trace.candidate_answers import choice_candidates, value_candidates
        from qwq_nb.trace.choice_places import find_choice, options_of

        positions, said = AnswerPositions(), list[CandidateSpan]()
        # A problem of mathematics may list options itself.
        lettered = (
            trace.kind == "math" and re.fullmatch(r"\W*(?:\\text\w*\{)?\W*[A-J]\W*", trace.gold.strip()) is not None
        )
        choices = trace.choices or (options_of(trace.question) if lettered else [])
        if trace.kind == "choice" or (lettered and choices):
            gold = re.sub(r"\\text\w*|\W", "", trace.gold)
            positions = find_choice(trace.reasoning, trace.answer, trace.question, gold, choices, correct=trace.correct)
            said = choice_candidates(trace.reasoning, trace.question, gold, choices, first=positions.first)
        elif trace.kind == "math":
            # Asked for the same values twice, by the positions and by the candidates; a proof costs milliseconds.
            @functools.cache
            def equal(candidate: str, gold: str) -> bool:
                return bool(trace.equivalent(candidate, gold))

            positions = find_correct(
                trace.reasoning, trace.answer, trace.question, trace.gold, correct=trace.correct, equal=equal
            )
            said = value_candidates(trace.reasoning, trace.question, trace.gold, first=positions.first, equal=equal)
        size = len(trace.reasoning), trace.reasoning_tokens
        return AnswerPositionsValue(positions, *size, trace.outcome, tuple(said))

    def fields(self, value: AnswerPositionsValue) -> dict[str, Any]:
        """Return the fields of `Analysis` that hold the value."""
        return {
            "first_correct": value.positions.first,
            "last_correct": value.positions.last,
            "left": value.positions.left,
            "candidates": list(value.candidates),
        }

    def restored(self, result: SampleResult) -> AnswerPositionsValue | None:
        """Return the value that the fields hold; None: not measured."""
        analysis, completion = result.analysis, result.completion
        if analysis is None or completion is None:
            return None
        positions = AnswerPositions(analysis.first_correct, analysis.last_correct, analysis.left)
        size = analysis.chars, completion.reasoning_tokens
        return AnswerPositionsValue(positions, *size, result.outcome, tuple(analysis.candidates))

    def columns(self, value: AnswerPositionsValue) -> dict[str, float | None]:
        """Return the tokens up to the first right answer, and after it."""
        first = value.first_tokens
        return {"first_tokens": first, "reflection_tokens": None if first is None else value.tokens - first}

    def marks(
        self, value: AnswerPositionsValue, peers: Sequence[AnswerPositionsValue], thresholds: Thresholds
    ) -> list[Mark]:
        """Mark `overthinking` and `left_right_answer`."""
        marks = []
        first = value.first_tokens
        most = max(thresholds.after_tokens, thresholds.after_share * value.tokens)
        if first is not None and value.tokens - first > most:
            marks.append(Mark("overthinking", value.positions.first, weight=value.tokens - first))
        if value.positions.left is not None and value.outcome != "correct":
            marks.append(Mark("left_right_answer", value.positions.left, weight=value.chars - value.positions.left[1]))
        return marks


class ThoughtsValue(NamedTuple):
    """Hold the offsets at which further thoughts begin, and the size of the trace that they are in."""

    switches: list[int]
    thoughts: int
    tokens: int
    outcome: Outcome

    @property
    def rate(self) -> float | None:
        """Return the thoughts per 1,000 reasoning tokens; None without reasoning."""
        return 1000 * self.thoughts / self.tokens if self.tokens > 0 else None


class ThoughtsMeasure:
    """Measure where the reasoning switches to another thought (`trace.thoughts`)."""

    name = "thoughts"
    version = VERSION

    def of(self, trace: Trace) -> ThoughtsValue:
        """Find the switches; the thoughts are one more."""
        from qwq_nb.trace.thoughts import switches

        turns = switches(trace.reasoning)
        return ThoughtsValue(turns, len(turns) + 1, trace.reasoning_tokens, trace.outcome)

    def fields(self, value: ThoughtsValue) -> dict[str, Any]:
        """Return the fields of `Analysis` that hold the value."""
        return {"switches": value.switches, "thoughts": value.thoughts}

    def restored(self, result: SampleResult) -> ThoughtsValue | None:
        """Return the value that the fields hold; None: not measured."""
        analysis, completion = result.analysis, result.completion
        if analysis is None or completion is None:
            return None
        return ThoughtsValue(analysis.switches, analysis.thoughts, completion.reasoning_tokens, result.outcome)

    def columns(self, value: ThoughtsValue) -> dict[str, float | None]:
        """Return the number of thoughts, and their number per 1,000 tokens."""
        return {"number": value.thoughts, "rate": value.rate}

    def marks(self, value: ThoughtsValue, peers: Sequence[ThoughtsValue], thresholds: Thresholds) -> list[Mark]:
        """Mark `underthinking`."""
        rate = value.rate
        wrong = value.outcome in ("wrong", "no_answer", "truncated")
        if not wrong or rate is None or value.tokens < thresholds.least_tokens:
            return []
        usual = usual_rate(tuple(peer.rate for peer in peers if peer.rate is not None), thresholds)
        return [Mark("underthinking", weight=rate)] if usual is not None and rate > usual else []


@functools.lru_cache(maxsize=16)
def usual_rate(rates: tuple[float, ...], thresholds: Thresholds) -> float | None:
    """Return the rate of thoughts above which a trace is far from its peers; None where they are too few.

    Kept, since every answer of a subset asks for the same.
    """
    if len(rates) < thresholds.least_peers:
        return None
    middle = median(rates)
    return middle + thresholds.deviations * 1.4826 * median(abs(rate - middle) for rate in rates)


def asked(trace: Trace) -> str:
    """Return the question with its choices: what stands there is neither a repetition of the model's nor foreign."""
    return "\n".join([trace.question, *trace.choices])


class LoopValue(NamedTuple):
    """Hold the loop, and the size of the trace that it is in."""

    loop: Loop
    chars: int
    tokens: int

    @property
    def wasted_tokens(self) -> float:
        """Estimate the tokens in the loop, by its share of the characters."""
        return self.tokens * (self.loop.end - self.loop.start) / self.chars if self.chars else 0.0


class LoopsMeasure:
    """Measure the span that the model wrote over and over (`trace.loops`)."""

    name = "loops"
    version = VERSION

    def of(self, trace: Trace) -> LoopValue | None:
        """Find the loop that wasted most."""
        from qwq_nb.trace.loops import find_loop

        loop = find_loop(trace.reasoning, asked(trace))
        return None if loop is None else LoopValue(loop, len(trace.reasoning), trace.reasoning_tokens)

    def fields(self, value: LoopValue) -> dict[str, Any]:
        """Return the fields of `Analysis` that hold the value."""
        return {"loop": value.loop}

    def restored(self, result: SampleResult) -> LoopValue | None:
        """Return the value that the fields hold; None: no loop, or not measured."""
        analysis, completion = result.analysis, result.completion
        if analysis is None or completion is None or analysis.loop is None:
            return None
        return LoopValue(analysis.loop, analysis.chars, completion.reasoning_tokens)

    def columns(self, value: LoopValue) -> dict[str, float | None]:
        """Return the tokens in the loop."""
        return {"tokens": value.wasted_tokens}

    def marks(self, value: LoopValue, peers: Sequence[LoopValue], thresholds: Thresholds) -> list[Mark]:
        """Mark `loop`."""
        return [Mark("loop", (value.loop.start, value.loop.end), weight=value.wasted_tokens)]


class ForeignScriptsMeasure:
    """Measure runs of a script that the question is not written in (`trace.foreign_scripts`)."""

    name = "foreign_scripts"
    version = VERSION

    def of(self, trace: Trace) -> Mixing:
        """Find the runs, their share of the letters and the scripts' names."""
        from qwq_nb.trace.foreign_scripts import find_foreign

        return find_foreign(trace.reasoning, asked(trace))

    def fields(self, value: Mixing) -> dict[str, Any]:
        """Return the fields of `Analysis` that hold the value."""
        return {"foreign": value.spans, "foreign_share": value.share, "languages": value.names}

    def restored(self, result: SampleResult) -> Mixing | None:
        """Return the value that the fields hold; None: not measured."""
        analysis = result.analysis
        if analysis is None or result.completion is None:
            return None
        return Mixing(analysis.foreign, analysis.foreign_share, analysis.languages)

    def columns(self, value: Mixing) -> dict[str, float | None]:
        """Return the share of the letters that are foreign, 0…1."""
        return {"share": value.share}

    def marks(self, value: Mixing, peers: Sequence[Mixing], thresholds: Thresholds) -> list[Mark]:
        """Mark `language_switch`."""
        chars = sum(end - start for start, end in value.spans)
        if not chars or (chars < thresholds.foreign_chars and value.share < thresholds.foreign_share):
            return []
        return [Mark("language_switch", value.spans[0], weight=chars)]
