"""List the options of `%qwq_compare`."""

from __future__ import annotations

from qwq_nb.core.options import Option

__all__ = ["COMPARE"]


COMPARE = (
    Option("--reference", "text", "hold one run against the published scores of a model", "MODEL"),
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
