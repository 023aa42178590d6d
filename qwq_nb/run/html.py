"""`RunRecord` → text/html: complete without script, style, class or id, so that it reads the same in JupyterLab
(trusted or not), on GitHub and in nbviewer. Inline styles are an extra that may be stripped.
"""

from __future__ import annotations

from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.html_samples import in_flight, samples
from qwq_nb.run.html_table import references_table, results_table
from qwq_nb.view.html import code, esc, note
from qwq_nb.view.tables import demo_frame, progress_bar
from qwq_nb.view.wording import cost_facts, count, duration, number, sampling

__all__ = ["render_html"]

_LIVE_STATES = ("starting", "running", "paused")
_LIVE_ROWS = 24


def render_html(record: RunRecord, *, live: bool = False) -> str:
    """The whole report; `live` leaves the samples out, since each update closes every fold a reader has opened."""
    parts = [
        _demo(record),
        _heading(record),
        _progress(record),
        results_table(record.table, only_all=live and len(record.table) > _LIVE_ROWS) if record.table else "",
        _notes(record),
        in_flight(record.in_flight),
        _how(record),
    ]
    if not live:
        parts += [references_table(record), samples(record)]
    return f"<div>{''.join(parts)}</div>"


def _demo(record: RunRecord) -> str:
    if not record.demo:
        return ""
    return demo_frame()


def _heading(record: RunRecord) -> str:
    demo = "DEMO · " if record.demo else ""
    benchmarks = ", ".join(esc(name) for name in record.benchmarks)
    return f"<h3>{demo}{esc(record.model)} · {benchmarks} · {record.state}</h3>\n"


def _progress(record: RunRecord) -> str:
    """The bar and its words while running; one line of totals afterwards."""
    now = record.progress
    facts = [f"{now.done:,} of {now.total:,} done"]
    if now.reused:
        facts.append(f"{now.reused:,} of them from an earlier call")
    if now.errors:
        facts.append(count(now.errors, "error"))
    if now.retries:
        facts.append("1 retry" if now.retries == 1 else f"{now.retries:,} retries")
    if record.state not in _LIVE_STATES:
        facts.append(f"{duration(now.elapsed_s)}, {count(now.tokens, 'token')}")
        facts += cost_facts(record)
        if record.state in ("stopped", "failed") and record.command:
            facts.append(f"resume with {code(record.command)}")
        return f"<p>{' · '.join(facts)}</p>\n"
    facts.append(f"{now.in_flight:,} in flight")
    if now.grading:
        facts.append(f"{now.grading:,} being graded")
    facts.append(f"{number(now.tokens_per_s)} tokens/s")
    if now.eta_s is not None:
        facts.append(f"about {duration(now.eta_s)} left")
    facts += cost_facts(record)
    if now.step:
        facts.append(esc(now.step))
    return f"<p>{progress_bar(now.done, now.total)} {' · '.join(facts)}</p>\n"


def _notes(record: RunRecord) -> str:
    # What a run waits for stands first, and no second time.
    waiting = record.progress.waiting if record.state in _LIVE_STATES else ""
    first = f"<p><strong>Waiting:</strong> {note(waiting)}</p>\n" if waiting else ""
    items = "".join(f"<li>{note(text)}</li>" for text in record.notes if text != waiting)
    return first + (f"<ul>{items}</ul>\n" if items else "")


def _how(record: RunRecord) -> str:
    """How it was run: the sampling stands in the summary, the rest behind it."""
    limit = "" if record.limit is None else f", limit {record.limit:,}"
    rows = [
        ("Endpoint", f"{esc(record.endpoint)} at {code(record.url)}"),
        ("Problems", f"{esc(record.data)}{limit}, {count(record.repeats, 'repeat')}, seed {record.seed}"),
        ("Concurrency", str(record.concurrency)),
        ("Run", f"{esc(record.name)}, {code(record.run_dir)}"),
        ("Started", f"{esc(record.created)}, last change {esc(record.updated)}"),
        ("Again", code(record.command)),
        ("Versions", esc(", ".join(f"{name} {version}" for name, version in record.versions.items()))),
    ]
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{name}</th><td style="text-align:left">{value}</td></tr>'
        for name, value in rows
        if value
    )
    title = f"Sampling: {esc(sampling(record)) or 'as the endpoint has it'}"
    table = f'<table style="margin-left:0"><caption style="text-align:left">How it was run</caption>{body}</table>'
    return f"<details><summary>{title}</summary>{table}</details>\n"
