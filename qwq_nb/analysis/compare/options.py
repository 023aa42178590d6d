"""List the options of `%qwq_compare`."""

from __future__ import annotations

from qwq_nb.core.options import Option
from qwq_nb.store.request import SEED

__all__ = ["COMPARE"]


COMPARE = (
    Option("--reference", "text", "hold one run against the published scores of a model", "MODEL"),
    Option("--blind", "flag", "rule on pairs of answers without knowing whose they are; then the tally by model"),
    Option("--seed", "integer", f"the order of each pair, with --blind ({SEED})", "N"),
    Option("--reveal", "flag", "show texts that are withheld by default"),
    Option("--out", "text", "folder in which run directories lie (qwq_runs)", "DIR"),
)
