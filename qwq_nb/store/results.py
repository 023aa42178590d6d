"""Make the result of a sample from its completion and its verdict."""

from __future__ import annotations

import msgspec

from qwq_nb.core.outcomes import decide_outcome
from qwq_nb.core.records import Completion, Sample, SampleResult, Verdict
from qwq_nb.trace.habits import habits

__all__ = ["graded_result"]


def graded_result(sample: Sample, repeat: int, completion: Completion | None, verdict: Verdict | None) -> SampleResult:
    """Decide the outcome of a graded completion, and set its flags: those of the outcome, then those of the trace.

    The flag of underthinking needs the sample's peers, so it is not among them. A verdict of None means that the
    completion was never graded.
    """
    decision = decide_outcome(completion, verdict, gold=sample.gold)
    result = SampleResult(
        sample=sample,
        repeat=repeat,
        outcome=decision.outcome,
        completion=completion,
        verdict=verdict,
        flags=decision.flags,
    )
    return msgspec.structs.replace(result, flags=[*decision.flags, *habits(result, ())])
