"""Compute how much each thought mattered. Pure.

Forced importance: a short answer is forced before and after a thought; the difference of the two being right (1, 0 or
−1). Resampling importance: the difference of the shares of rollouts that are right, those that continue after the
thought and those that continue before it; its interval is Newcombe's, since the two are independent draws.

Source: Bogdan, P. et al. (2025). "Thought Anchors: Which LLM Reasoning Steps Matter?" arXiv:2506.19143, whose steps are
sentences where ours are thoughts, and which resamples 100 times. Its counterfactual form, which counts only rollouts
that begin with another meaning, needs an embedding model and is not computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from qwq_nb.analysis.anchors.borders import Thought
from qwq_nb.core.stats import newcombe

__all__ = ["Importance", "Rollouts", "importances"]

Rollouts = tuple[int, int]
"""Right ones, and all, from one border."""


class Importance(msgspec.Struct, kw_only=True, frozen=True):
    """Hold how much one thought mattered. None where it was not asked, or cannot be said."""

    thought: Thought
    forced_before: bool | None
    forced_after: bool | None
    before: Rollouts
    after: Rollouts
    low: float | None
    """The 95 % interval of the resampling importance."""
    high: float | None

    @property
    def forced(self) -> int | None:
        """Return the forced importance."""
        if self.forced_before is None or self.forced_after is None:
            return None
        return int(self.forced_after) - int(self.forced_before)

    @property
    def resampled(self) -> float | None:
        """Return the resampling importance."""
        if not self.before[1] or not self.after[1]:
            return None
        return self.after[0] / self.after[1] - self.before[0] / self.before[1]

    @property
    def value(self) -> float | None:
        """Return the resampling importance where there is one, else the forced one."""
        resampled = self.resampled
        return resampled if resampled is not None else self.forced

    @property
    def is_shown(self) -> bool:
        """Return whether it differs from 0: its interval does not hold it, or a forced answer changed."""
        if self.resampled is None:
            return bool(self.forced)
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def importances(
    thoughts: Sequence[Thought], forced: Mapping[int, bool], rollouts: Mapping[int, Rollouts]
) -> list[Importance]:
    """Compute the importance of each thought. `forced`, `rollouts`: by border, in characters of the reasoning."""
    found = []
    for thought in thoughts:
        before, after = rollouts.get(thought.start, (0, 0)), rollouts.get(thought.end, (0, 0))
        low, high = newcombe(*before, *after)
        found.append(
            Importance(
                thought=thought,
                forced_before=forced.get(thought.start),
                forced_after=forced.get(thought.end),
                before=before,
                after=after,
                low=low,
                high=high,
            )
        )
    return found
