"""Hold how well the places of first right answers agree with a reader's: measured on traces labelled by hand.

The labels (`tests/trace/answer_labels.json`) were drawn at random and written before the rules saw the traces; the
figures are those of three counts, each made once (`python -m tests.trace.quality_answers`), since rules were changed by
what they showed afterwards: places of the present rules agree at least as often. Mathematics are problems of MATH-500
and AIME by eleven models. Choices are of two sorts: where a reasoning comes to its option (kinship by QwQ-32B-Preview,
MMLU-Pro by Qwen3-32B) 34 of 38 places agree with a reader's; where it weighs the options for pages (MMLU-Pro and GPQA
by Gemma), 9 of 17.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from qwq_nb.core.formats import interval, percent
from qwq_nb.core.records import SampleResult
from qwq_nb.core.stats import wilson

__all__ = ["MEASURED", "AnswerKind", "PlaceError", "answer_kind"]

AnswerKind = Literal["math", "choice"]


class PlaceError(NamedTuple):
    """Hold the agreement with a reader on one kind of answers."""

    agreed: int
    """Places found that are a reader's: in the same sentence, or not more than 2 % of the trace away."""
    found: int
    stated: int
    """Traces that state the right answer, says the reader."""
    shift: float
    """Mean of the readers' T̂ / T less that of the found ones, in shares of the trace."""
    error: float
    """Standard error of `shift`."""

    @property
    def words(self) -> str:
        """How sure a place is."""
        low, high = wilson(self.agreed, self.found)
        assert low is not None
        assert high is not None
        return f"{percent(self.agreed / self.found, 0)} (95 % CI {interval(low, high, 0)})"


MEASURED: Final[dict[AnswerKind, PlaceError]] = {
    "math": PlaceError(agreed=139, found=156, stated=159, shift=-0.0124, error=0.0072),
    "choice": PlaceError(agreed=43, found=55, stated=55, shift=-0.0039, error=0.0338),
}


def answer_kind(result: SampleResult) -> AnswerKind:
    """Return whose errors the places in an answer's reasoning have."""
    return "choice" if result.sample.choices else "math"
