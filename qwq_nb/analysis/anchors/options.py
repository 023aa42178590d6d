"""List the options of `%qwq_anchors`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["ANCHORS"]

ANCHORS = (
    Option("--sample", "text", "the answer whose thoughts are measured, by its sample's id", "ID"),
    Option("--repeat", "integer", "which of its answers (0)", "N"),
    Option("--rollouts", "integer", "continuations from each border to the end, beside a forced answer (0)", "N"),
    Option("--thoughts", "integer", "measure at most so many; neighbours are joined (40)", "N"),
    Option("--cost", "flag", "say what it would cost, and ask for nothing"),
    Option("--endpoint", "text", "who is asked (the run's own)", "NAME"),
    Option("--concurrency", "integer", "streams at once (the run's)", "N"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
