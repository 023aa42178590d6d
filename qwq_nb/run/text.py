"""`RunRecord` → text/plain: for consoles, GitHub's diffs, screen readers and nbval.

`times=False` leaves out all that differs between two runs with the same answers, so that nbval can compare.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePath, PureWindowsPath
from typing import Final

from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.records import OUTCOMES
from qwq_nb.core.run_record import RunRecord, SubsetRow
from qwq_nb.view.clean import one_line
from qwq_nb.view.tables import demo_line, text_table
from qwq_nb.view.wording import (
    WORDS,
    cost_facts,
    count,
    counts,
    duration,
    is_known,
    money,
    number,
    overall,
    percent,
    sample_key,
    sampling,
)

__all__ = ["progress_line", "render_text"]

_FAILURES: Final = 20
_ROWS: Final = 60
_NAME: Final = 24
_BAR: Final = 20


def render_text(record: RunRecord, *, times: bool) -> str:
    """Header, table, outcomes, notes, the first failures; the run's path and speeds with `times` only."""
    blocks = [_header(record, times), _table(record.table, times), _outcomes(record), _notes(record)]
    if not record.partial:
        blocks.append(_failures(record))
    if times and record.run_dir:
        blocks.append([f"Run: {one_line(record.run_dir, 300)}"])
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _header(record: RunRecord, times: bool) -> list[str]:
    benchmarks = ", ".join(one_line(name, 60) for name in record.benchmarks)
    lines = [demo_line()] if record.demo else []
    lines.append(f"{one_line(record.model, 80)} on {benchmarks}: {record.state}")
    # A file's name says as much as its path, and is the same on another machine.
    data = record.data if times else PureWindowsPath(PurePath(record.data).name).name
    limit = "" if record.limit is None else f", limit {record.limit}"
    lines.append(f"{one_line(data, 120)}{limit}, {count(record.repeats, 'repeat')}, seed {record.seed}")
    lines.append(f"Sampling: {one_line(sampling(record), 200) or 'as the endpoint has it'}")
    if times:
        now = record.progress
        lines.append(f"Endpoint: {one_line(record.endpoint, 60)} at {one_line(record.url, 120)}")
        lines.append(f"{now.done} of {now.total} done in {duration(now.elapsed_s)}, {count(now.tokens, 'token')}")
    facts = cost_facts(record)
    if facts:
        lines.append(", ".join(facts).capitalize())
    return lines


def _table(rows: list[SubsetRow], times: bool) -> list[str]:
    if not rows:
        return []
    heads = ["", "n", "correct", "accuracy", "95 % interval", "finished", "trunc", "no ans", "not gr", "errors"]
    heads += ["reasoning", "answer"] + (["ttft", "tokens/s"] if times else [])
    grid: list[list[str]] = []
    # Of a very long table the benchmarks' totals.
    shown = rows if len(rows) <= _ROWS else [row for row in rows if row.subset == "all"][:_ROWS]
    for benchmark, group in groupby(shown, key=lambda row: row.benchmark):
        grid.append([one_line(benchmark, _NAME)])
        grid += [_cells(row, times) for row in group]
    return text_table(heads, grid)


def _cells(row: SubsetRow, times: bool) -> list[str]:
    known = is_known(row.ci_low) and is_known(row.ci_high)
    cells = [
        "  " + one_line(row.subset, _NAME),
        str(row.n),
        str(row.correct),
        percent(row.accuracy),
        f"{percent(row.ci_low)[:-2]} - {percent(row.ci_high)}" if known else "-",
        percent(row.accuracy_finished),
        str(row.truncated),
        str(row.no_answer),
        str(row.not_gradable),
        str(row.errors),
        number(row.mean_reasoning_tokens),
        number(row.mean_answer_tokens),
    ]
    if times:
        cells += [f"{row.ttft_p50_s:.2f} s" if is_known(row.ttft_p50_s) else "-", number(row.tokens_per_s_p50, 1)]
    return cells


def _outcomes(record: RunRecord) -> list[str]:
    """The counts by outcome, from the table: `samples` may be a part of the run only."""
    rows = [row for row in record.table if row.subset == "all"]
    seen = {
        "correct": sum(row.correct for row in rows),
        "wrong": sum(row.wrong for row in rows),
        "no_answer": sum(row.no_answer for row in rows),
        "truncated": sum(row.truncated for row in rows),
        "not_gradable": sum(row.not_gradable for row in rows),
        "error": sum(row.errors for row in rows),
        "pending": sum(row.pending for row in rows),
    }
    found = ", ".join(f"{seen[outcome]} {WORDS[outcome]}" for outcome in OUTCOMES if seen[outcome])
    return [f"Outcomes: {found}"] if found else []


def _notes(record: RunRecord) -> list[str]:
    return [f"Note: {one_line(note, 400)}" for note in record.notes[:20]]


def _failures(record: RunRecord) -> list[str]:
    failed = sorted((view for view in record.samples if is_failure(view)), key=sample_key)
    if not failed:
        return []
    lines = [f"Not correct: {counts(failed)}"]
    for view in failed[:_FAILURES]:
        repeat = f" repeat {view.repeat}" if view.repeat else ""
        values = f"gold {one_line(view.gold, 60) or '-'}, extracted {one_line(view.extracted, 60) or '-'}"
        lines.append(f"  {WORDS[view.outcome]:<12}  {one_line(view.id, 80)}{repeat}: {values}")
    if len(failed) > _FAILURES:
        lines.append(f"  and {len(failed) - _FAILURES} more")
    return lines


def progress_line(record: RunRecord, width: int) -> str:
    """One line for a terminal, at most `width` columns: what matters least is dropped first."""
    now = record.progress
    share = now.done / now.total if now.total else 0.0
    filled = int(_BAR * min(max(share, 0.0), 1.0))
    total = overall(record)
    parts = [f"{now.done}/{now.total}"]
    if now.errors:
        parts.append(count(now.errors, "error"))
    if total is not None and is_known(total.accuracy):
        parts.append(f"accuracy {percent(total.accuracy)}")
    if is_known(now.eta_s):
        parts.append(f"{duration(now.eta_s)} left")
    if record.cost is not None:
        parts.append(f"cost {money(record.cost.so_far)}")
    if now.tokens_per_s:
        parts.append(f"{number(now.tokens_per_s)} tokens/s")
    if now.step:
        parts.append(one_line(now.step, 40).encode("ascii", "replace").decode())
    line = ("DEMO " if record.demo else "") + f"[{'#' * filled}{'.' * (_BAR - filled)}]"
    for part in parts:
        if len(line) + 2 + len(part) > width:
            break
        line += "  " + part
    return (line if len(line) <= width else parts[0])[: max(width, 0)]
