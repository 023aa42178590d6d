"""Render a `RunRecord` as plain text, and as one line for a terminal.

The text is for consoles, GitHub's diffs, screen readers and nbval. `times=False` leaves out all that differs between
two runs with the same answers, so that nbval can compare.
"""

from __future__ import annotations

from typing import Final

from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.sections import sections_text
from qwq_nb.view.clean import one_line
from qwq_nb.view.wording import count, is_known, money, number, overall, percent, rough_duration

__all__ = ["run_progress_line", "run_text"]

_BAR: Final = 20


def run_text(record: RunRecord, *, times: bool) -> str:
    """Return header, table, outcomes, notes and the first failures; the run's path and speeds with `times` only."""
    return sections_text(record, times=times)


def run_progress_line(record: RunRecord, width: int) -> str:
    """Return one line for a terminal, at most `width` columns: what matters least is dropped first."""
    now = record.progress
    share = now.done / now.total if now.total else 0.0
    filled = int(_BAR * min(max(share, 0.0), 1.0))
    bar = "#" * filled + "." * (_BAR - filled)
    if now.step and not now.total:  # nothing is counted yet: a mark that moves with the time
        at = int(now.elapsed_s * 2) % _BAR
        bar = "." * at + "#" + "." * (_BAR - 1 - at)
    total = overall(record)
    parts = [f"{now.done}/{now.total}"]
    if now.shards:
        parts.append(f"{sum(shard.state == 'done' for shard in now.shards)}/{len(now.shards)} shards")
    if now.errors:
        parts.append(count(now.errors, "error"))
    if total is not None and is_known(total.accuracy):
        parts.append(f"accuracy {percent(total.accuracy)}")
    if is_known(now.eta_s):
        problems = f"{count(now.problems_left, 'problem')}, " if now.problems_left else ""
        parts.append(f"{problems}{rough_duration(now.eta_s)} left")
    if record.cost is not None:
        currency = record.cost.currency
        parts.append(f"cost {money(record.cost.so_far, currency if currency.isascii() else '')}")
    if now.tokens_per_s:
        parts.append(f"{number(now.tokens_per_s)} tokens/s")
    if now.step:
        parts.append(one_line(now.step, 40).encode("ascii", "replace").decode())
    line = ("DEMO " if record.demo else "") + f"[{bar}]"
    for part in parts:
        if len(line) + 2 + len(part) > width:
            break
        line += "  " + part
    return (line if len(line) <= width else parts[0])[: max(width, 0)]
