"""List the options of `%qwq_budget`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["BUDGET"]

BUDGET = (
    Option("--free", "flag", "from the traces alone, without a request (the default)"),
    Option("--forced", "flag", "cut each reasoning at every budget and force an answer: requests, whose cost is said"),
    Option(
        "--native",
        "text",
        "run again at each budget, with the server's own thinking budget: its field, or auto",
        "FIELD",
    ),
    Option("--cost", "flag", "say what --forced or --native would cost, and ask for nothing"),
    Option(
        "--grid", "choice", "budgets: octaves of 256 tokens, or half octaves (octaves)", choices=("octaves", "half")
    ),
    Option("--budgets", "text", "budgets by name instead, in thinking tokens", "500,1000,…"),
    Option("--endpoint", "text", "who is asked for forced answers (the run's own)", "NAME"),
    Option("--limit", "integer", "force answers to the first so many problems of each benchmark", "N"),
    Option("--margin", "number", "points below the full accuracy that the conclusion allows (3)", "POINTS"),
    Option("--concurrency", "integer", "streams at once for forced answers (the run's)", "N"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
