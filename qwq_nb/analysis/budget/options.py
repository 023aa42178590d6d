"""List the options of `%qwq_budget`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["BUDGET"]

BUDGET = (
    Option("--free", "flag", "from the traces alone, without a request (the default)"),
    Option(
        "--grid", "choice", "budgets: octaves of 256 tokens, or half octaves (octaves)", choices=("octaves", "half")
    ),
    Option("--budgets", "text", "budgets by name instead, in thinking tokens", "500,1000,…"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
