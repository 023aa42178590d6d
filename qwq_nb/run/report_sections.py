"""Define the sections of a run's report: heading, progress, results, outcomes, notes, … as html and as plain text.

Longer parts stand in modules of their own: `html_table`, `html_samples`, `text_table`.
"""

from __future__ import annotations

from pathlib import PurePath, PureWindowsPath
from typing import Final

from qwq_nb.core.apart import parts_of
from qwq_nb.core.records import OUTCOMES
from qwq_nb.core.run_record import RunRecord
from qwq_nb.run.board.report import BOARD_CAPTION, READING, board_lines, board_notes, board_table
from qwq_nb.run.game_parts import READING as GAME_READING
from qwq_nb.run.game_parts import game_lines, games_html
from qwq_nb.run.html_samples import in_flight, samples
from qwq_nb.run.html_table import groups_table, references_table, results_table
from qwq_nb.run.notes import AUTO_NOTE, SANDBOX_NOTE
from qwq_nb.run.shard_table import shards_html
from qwq_nb.run.text_table import failure_lines, group_lines, result_lines
from qwq_nb.view.clean import one_line
from qwq_nb.view.html import code, esc, note
from qwq_nb.view.tables import demo_frame, demo_line, progress_bar
from qwq_nb.view.wording import WORDS, cost_facts, count, duration, number, rough_duration, sampling, state_word

__all__ = [
    "BoardSection",
    "Games",
    "Groups",
    "Heading",
    "How",
    "InFlightSection",
    "Location",
    "Notes",
    "Outcomes",
    "ProgressSection",
    "References",
    "Results",
    "Samples",
]

_LIVE_STATES: Final = ("starting", "running", "paused")
_LIVE_ROWS: Final = 24
_MOST_GAMES: Final = 40
"""Games whose facts stand in the text."""


def as_of(record: RunRecord) -> str:
    """Say when that was, of a run that goes on: what is saved of it now is read when it goes on no longer."""
    return f" on {record.updated[:10]} at {record.updated[11:16]} UTC" if record.state in _LIVE_STATES else ""


class Heading:
    """Draw the heading: what was asked of which model; in front of it the notice of a demo."""

    name = "heading"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the model, the benchmarks and the state."""
        demo = "DEMO · " if record.demo else ""
        benchmarks = ", ".join(esc(name) for name in record.benchmarks)
        frame = demo_frame() if record.demo else ""
        return f"{frame}<h3>{demo}{esc(record.model)} · {benchmarks} · {state_word(record)}{as_of(record)}</h3>\n"

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the same and how it was run; with `times` the endpoint and how long it took."""
        benchmarks = ", ".join(one_line(name, 60) for name in record.benchmarks)
        lines = [demo_line()] if record.demo else []
        lines.append(f"{one_line(record.model, 80)} on {benchmarks}: {state_word(record)}{as_of(record)}")
        # A file's name says as much as its path, and is the same on another machine.
        data = record.data if times else PureWindowsPath(PurePath(record.data).name).name
        limit = "" if record.limit is None else f", limit {record.limit}"
        lines.append(f"{one_line(data, 120)}{limit}, {count(record.repeats, 'repeat')}, seed {record.seed}")
        lines.append(f"Sampling: {one_line(sampling(record), 200) or 'as the endpoint has it'}")
        if times:
            now = record.progress
            lines.append(f"Endpoint: {one_line(record.endpoint, 60)} at {one_line(record.url, 120)}")
            took = duration(now.elapsed_s or None)
            lines.append(f"{now.done} of {now.total} done in {took}, {count(now.tokens, 'token')}")
        facts = cost_facts(record)
        if facts:
            lines.append(", ".join(facts).capitalize())
        return "\n".join(lines)


class ProgressSection:
    """Draw how far the run is, how fast, and what it costs."""

    name = "progress"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the bar and its words while running; one line of totals afterwards."""
        now = record.progress
        facts = [f"{now.done:,} of {now.total:,} done"]
        if now.reused:
            facts.append(f"{now.reused:,} of them from an earlier call")
        if now.errors:
            facts.append(count(now.errors, "error"))
        if now.retries:
            facts.append(count(now.retries, "retry", "retries"))
        if record.state not in _LIVE_STATES:
            # A run of another tool may not say how long it took.
            took = [duration(now.elapsed_s)] if now.elapsed_s else []
            facts.append(", ".join([*took, count(now.tokens, "token")]))
            facts += cost_facts(record)
            if record.state in ("stopped", "failed") and record.command:
                facts.append(f"resume with {code(record.command)}")
            return f"<p>{' · '.join(facts)}</p>\n"
        facts.append(f"{now.in_flight:,} in flight")
        if now.grading:
            facts.append(f"{now.grading:,} being graded")
        facts.append(f"{number(now.tokens_per_s)} tokens/s")
        if now.eta_s is not None and record.state == "running":
            problems = f"{count(now.problems_left, 'problem')}, " if now.problems_left else ""
            facts.append(f"{problems}{rough_duration(now.eta_s)} left")
        facts += cost_facts(record)
        if now.step:
            facts.append(esc(now.step))
        return f"<p>{progress_bar(now.done, now.total)} {' · '.join(facts)}</p>\n{shards_html(now.shards)}"

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return nothing: it stands in the heading."""
        return ""


class Results:
    """Draw the accuracy by subset."""

    name = "results"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the table; while the run goes on, of a long one the benchmarks' totals."""
        if not record.table:
            return ""
        return results_table(record.table, only_all=live and len(record.table) > _LIVE_ROWS)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the table; speeds with `times` only."""
        return "\n".join(result_lines(record.table, times))


class BoardSection:
    """Draw what edits of files have come to: pass rates by try, and replies that could not be read."""

    name = "board"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the table, and what it means."""
        if not record.board:
            return ""
        notes = "".join(f"<li>{esc(text)}</li>" for text in board_notes(record.board))
        return (
            board_table(record.board, BOARD_CAPTION)
            + f"<p><small>{esc(READING)}</small></p>\n"
            + (f"<ul>{notes}</ul>\n" if notes else "")
        )

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the table."""
        if not record.board:
            return ""
        notes = [f"Note: {one_line(text, 400)}" for text in board_notes(record.board)]
        return "\n".join([*board_lines(record.board, times=times), *notes])


class Groups:
    """Draw the accuracy of programs by difficulty, platform and month."""

    name = "groups"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the table, once the run is over."""
        return "" if live else groups_table(record.groups)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the table."""
        return "\n".join(group_lines(record.groups))


class Games:
    """Draw the games that were played: clips and facts."""

    name = "games"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return a row a game; nothing while the run goes on."""
        return "" if live else games_html(record.samples)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the facts of each game."""
        lines = []
        for view in record.samples[:_MOST_GAMES]:
            if view.execution is not None and view.execution.game is not None:
                repeat = f" repeat {view.repeat}" if view.repeat else ""
                lines += [f"{one_line(view.id, 120)}{repeat}", *(f"  {e}" for e in game_lines(view.execution.game))]
        return "\n".join([f"Games ({GAME_READING}):", *lines]) if lines else ""


class Outcomes:
    """Draw the counts by outcome."""

    name = "outcomes"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return nothing: they are columns of the table."""
        return ""

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the counts from the table: `samples` may be a part of the run only."""
        rows = parts_of(record.table)
        seen = {
            "correct": sum(row.correct for row in rows),
            "wrong": sum(row.wrong for row in rows),
            "no_answer": sum(row.no_answer for row in rows),
            "truncated": sum(row.truncated for row in rows),
            "not_gradable": sum(row.not_gradable for row in rows),
            "awaiting_ruling": sum(row.awaiting_ruling for row in rows),
            "error": sum(row.errors for row in rows),
            "pending": sum(row.pending for row in rows),
        }
        found = ", ".join(f"{seen[outcome]} {WORDS[outcome]}" for outcome in OUTCOMES if seen[outcome])
        return f"Outcomes: {found}" if found else ""


class Notes:
    """Draw what a reader must know beside the numbers."""

    name = "notes"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return a list; what a run waits for stands first, and no second time."""
        waiting = record.progress.waiting if record.state in _LIVE_STATES else ""
        first = f"<p><strong>Waiting:</strong> {note(waiting)}</p>\n" if waiting else ""
        # The line that resumes the run stands with its progress.
        line = f" To go on: {record.command}" if record.command else ""
        shown = [text.removesuffix(line) for text in record.notes if text != waiting]
        items = "".join(f"<li>{note(text)}</li>" for text in shown)
        return first + (f"<ul>{items}</ul>\n" if items else "")

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return a line a note."""
        # How many streams a server could take is found by its speed; a sandbox's name is of the machine.
        shown = [text for text in record.notes if times or not text.startswith((AUTO_NOTE, SANDBOX_NOTE))]
        return "\n".join(f"Note: {one_line(text, 400)}" for text in shown[:20])


class InFlightSection:
    """Draw what is being answered now."""

    name = "in_flight"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return a fold with the end of what has come so far."""
        return in_flight(record.in_flight)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return nothing: it has changed before it is read."""
        return ""


class How:
    """Draw how the run was made."""

    name = "how"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return a fold: the sampling stands in the summary, the rest behind it."""
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

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return nothing: it stands in the heading."""
        return ""


class References:
    """Draw published scores beside ours."""

    name = "references"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return the table, once the run is over."""
        return "" if live else references_table(record)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return nothing: sources are long."""
        return ""


class Samples:
    """Draw the answers one by one, failures first."""

    name = "samples"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return a fold a subset, in it a fold a sample; none while the run goes on."""
        return "" if live else samples(record)

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the first failures, where the record holds all samples."""
        return "" if record.partial else "\n".join(failure_lines(record.samples))


class Location:
    """Draw the path of the run's directory."""

    name = "location"

    def html(self, record: RunRecord, *, live: bool) -> str:
        """Return nothing: it stands in how the run was made."""
        return ""

    def text(self, record: RunRecord, *, times: bool) -> str:
        """Return the path, which another machine does not have."""
        return f"Run: {one_line(record.run_dir, 300)}" if times and record.run_dir else ""
