"""Estimate the literature's scores of thinking from where in a reasoning the right answer is stated.

An answer is (problem, share, correct): share is T̂ / T, 0…1, tokens up to the first statement of the right answer over
all tokens of the reasoning; None where it is never stated, or its place was not found.

- ξ_O, outcome efficiency (Chen et al. 2024, arXiv:2412.21187): the mean of σ · T̂ / T, where σ is 1 if the right answer
  occurs at all, whatever the verdict, else 0. A correct answer whose place was not found is left out: the miss is ours.
- Token efficiency (EvalScope's thinkbench): the same, with the verdict as σ.
- ξ_UT, underthinking score (Wang et al. 2025, arXiv:2501.18585): over the wrong answers, the mean of 1 − T̂ / T; one
  that never states the right answer adds 0. There an LLM judges whether a thought would lead to it: this is a lower
  bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from qwq_nb.core.estimates import Estimate, mean_estimate

__all__ = ["are_placed", "outcome_efficiency", "token_efficiency", "underthinking_score"]

Placed = tuple[str, float | None, bool]


def are_placed(answers: Sequence[Placed], *, elsewhere: bool) -> bool:
    """Return whether efficiencies can be told: a right answer has a place, or there is none and places are looked for.

    Without it the wrong answers alone would make an efficiency of 0. `elsewhere`: some answer of the benchmark has one.
    """
    right = [share for _, share, correct in answers if correct]
    return any(share is not None for share in right) if right else elsewhere


def token_efficiency(answers: Sequence[Placed]) -> Estimate:
    """Estimate the mean of T̂ / T where a wrong answer counts 0; `n` leaves out correct answers without a place."""
    kept = [(problem, (share or 0.0) if correct else 0.0) for problem, share, correct in answers]
    placed = [pair for pair, (_, share, correct) in zip(kept, answers, strict=True) if share is not None or not correct]
    return mean_estimate(placed, most=1.0)


def outcome_efficiency(answers: Sequence[Placed]) -> Estimate:
    """Estimate ξ_O; `n` leaves out correct answers without a place."""
    kept = [(problem, share or 0.0) for problem, share, correct in answers if share is not None or not correct]
    return mean_estimate(kept, most=1.0)


def underthinking_score(answers: Sequence[Placed]) -> Estimate:
    """Estimate ξ_UT; `n` is the number of wrong answers."""
    wrong = [(problem, 0.0 if share is None else 1.0 - share) for problem, share, correct in answers if not correct]
    return mean_estimate(wrong, most=1.0)
