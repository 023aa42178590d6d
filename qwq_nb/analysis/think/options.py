"""List the options of `%qwq_think`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["THINK"]


THINK = (
    Option("--tokenizer", "text", "count tokens exactly with the tokenizer in this folder (tokenizer.json)", "PATH"),
    Option("--judge", "text", "let this endpoint say where the right answer first stands, as thinkbench does", "NAME"),
    Option(
        "--split", "choice", "how the judge's reasoning is cut (separator)", choices=("separator", "keywords", "llm")
    ),
    Option("--after-share", "number", "overthinking: share of the reasoning after the first right answer (0.5) …", "X"),
    Option("--after-tokens", "integer", "… and tokens after it, more than these (1000)", "N"),
    Option("--deviations", "number", "underthinking: median absolute deviations above the peers' rate (3)", "X"),
    Option("--least-peers", "integer", "underthinking: with fewer answers in a subset no trace is marked (5)", "N"),
    Option("--least-tokens", "integer", "underthinking: a shorter reasoning is not marked (500)", "N"),
    Option("--foreign-share", "number", "language mixing: from this share of the letters on (0.02) …", "X"),
    Option("--foreign-chars", "integer", "… or from so many characters on (1)", "N"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
