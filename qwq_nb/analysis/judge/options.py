"""List the options of `%qwq_judge`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["JUDGE"]

JUDGE = (
    Option("--endpoint", "text", "who judges; several that serve one model share the requests", "NAME[,NAME…]"),
    Option("--rubric", "text", "judge all answers by your words: a text, or a YAML or JSON list of criteria", "FILE"),
    Option("--pairwise", "text", "compare with the answers of another run, in both orders", "RUN"),
    Option("--limit", "integer", "judge the answers to the first so many problems of each benchmark", "N"),
    Option("--concurrency", "integer", "requests at once (16)", "N"),
    Option("--cost", "flag", "say what it would cost, and ask for nothing"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
