"""Export a run as a file for others (`run.export(path)`), by the path's ending.

All of it goes by what a saved output may hold: GPQA's texts are withheld unless revealed.

.csv .parquet .jsonl   a row a sample × repeat: `run`, `model`, `demo`, then the columns of `run.samples()`, `ruling`
                       and `ruling_note` (a reader's own), and with `traces` the texts; files of several runs can be
                       put below one another
.json                  `run` (what was asked of which model), `table` and `samples`
.html                  the report as one page, see `run.report`
.yml .yaml             of code editing: the run's row in the shape of aider's leaderboards, see `run.board()`
.eval                  a log of Inspect, whole texts included, of one benchmark (see `run.inspect_export`)
.md .tex               the table with a caption that says model, benchmark, sampling, n and the kind of interval

CSV is opened in spreadsheets, and a cell that begins with `=`, `+`, `-` or `@` (or a tab, or their full-width forms)
is a formula there. Such a text gets a `'` before it, as OWASP recommends, unless it is a plain number such as `-5`.
A spreadsheet set to another separator (`;` in much of Europe, or a tab) splits the texts in which that stands: the
quotes around a text mean nothing to it where they begin no cell. So within a text too, a `'` stands after each `;`, tab
and line break that such a character follows, also behind spaces and quotes: `x;=A1` becomes `x;'=A1`, and each item of
a list that `-` marks gets one. Texts are always in quotes, since for some readers a lone carriage return would else end
the row. A program should read texts from .jsonl or .parquet.
The other formats hold every value as it is, except that halves of surrogate pairs, which no UTF-8 has, become U+FFFD.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.core.apart import parts_of, stands_apart
from qwq_nb.core.files import save_file
from qwq_nb.core.paths import expand_user
from qwq_nb.core.run_record import RunRecord, SubsetRow
from qwq_nb.core.tally import SAMPLE_COLUMNS, sample_rows, table_rows
from qwq_nb.core.text import valid_text
from qwq_nb.errors import OptionError, did_you_mean
from qwq_nb.run.withhold import withhold
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean
from qwq_nb.view.markup import Cell, escape_markdown, latex_table, markdown_table
from qwq_nb.view.wording import DEMO_NOTICE, SCORE_DIGITS, count, estimated_from, is_known, number, sampling

if TYPE_CHECKING:
    from qwq_nb.run.state import ShownRun

__all__ = [
    "EDITING_ENDINGS",
    "ENDINGS",
    "answer_rows",
    "caption_of",
    "export_run",
    "formula_safe",
    "latex_table",
    "markdown_table",
    "paper_table",
]

_HEAD = ("run", "model", "demo")
_RULED = ("ruling", "ruling_note")
_TEXTS = ("question", "choices", "reasoning", "answer")
_ABOUT = (
    "run_id",
    "name",
    "state",
    "demo",
    "created",
    "updated",
    "model",
    "endpoint",
    "url",
    "sampling",
    "benchmarks",
    "repeats",
    "limit",
    "seed",
    "concurrency",
    "data",
    "versions",
    "command",
    "cost",
    "notes",
    "withheld",
)

_FORMULA = re.compile(r"[\s\"]*[=+\-@＝＋－＠\t\r]")
_SPLIT = re.compile(r"[;\t\n\r\v\f\x1c-\x1e\x85\u2028\u2029；](?=[\s\"]*[=+\-@＝＋－＠])")
"""Where another separator than the comma begins a cell within a text, before what makes it a formula."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def export_run(run: ShownRun, path: str | os.PathLike[str], *, traces: bool = False, kind: str = "") -> Path:
    """Write the run into a file of the kind that its ending (or `kind`) names, replacing one that is there as a whole.

    `traces` adds questions, reasoning and answers whole (.csv, .parquet, .json, .jsonl, .html).

    Raises:
        OptionError: another ending, or `traces` for a table.
        UserError: the file cannot be written there.
    """
    file = expand_user(path)
    ending = kind or file.suffix.lower()
    kinds = ENDINGS | EDITING_ENDINGS
    if ending == INSPECT_ENDING:
        from qwq_nb.run.inspect_export import inspect_log

        named = [name for name in run.benchmarks if file.stem.endswith(name)]
        return save_file(file, inspect_log(run, named[0] if named else None))
    if ending not in kinds:
        hint = did_you_mean(ending, ENDINGS) if ending else f" Known: {', '.join([*ENDINGS, INSPECT_ENDING])}."
        raise OptionError(f"A run cannot be exported to {file.name!r}: its ending says no format.{hint}")
    if traces and ending in (".md", ".tex", *EDITING_ENDINGS):
        raise OptionError(f"{ending} holds the table alone; traces go into .html, .jsonl, .json, .parquet or .csv.")
    content = kinds[ending](run, traces)
    return save_file(file, content)


def _yaml(run: ShownRun, traces: bool) -> str:
    from qwq_nb.run.board.aider_rows import aider_rows
    from qwq_nb.run.board.rows import rows_of_runs

    return aider_rows(rows_of_runs([run]))


def shown_record(run: ShownRun) -> RunRecord:
    """Return the run's record with its texts whole, withheld where they are to be."""
    return withhold(run.record(), reveal=run.revealed)


def answer_rows(run: ShownRun, traces: bool = False) -> list[dict[str, Any]]:
    """Return a dict a sample × repeat: `run`, `model`, `demo`, SAMPLE_COLUMNS, and with `traces` the texts.

    Choices stand one a line. A text that is withheld is None.
    """
    results = run.results()
    views = withhold(run.record(results), reveal=run.revealed).samples
    head = dict(zip(_HEAD, (run.name, run.model, run.demo), strict=True))
    rows = []
    for row, view in zip(sample_rows(results), views, strict=True):
        # What may be withheld is taken from the view.
        made = {**head, **row, **{name: getattr(view, name) for name in ("gold", "extracted", "error")}}
        made["ruling"] = "" if view.ruling is None else "correct" if view.ruling.correct else "not correct"
        made["ruling_note"] = view.ruling.note if view.ruling else ""
        if traces:
            texts = {name: getattr(view, name) for name in ("question", "reasoning", "answer")}
            made |= {name: text.text if text else None for name, text in texts.items()}
            made["choices"] = "\n".join(view.choices)
        rows.append({name: valid_text(value) if isinstance(value, str) else value for name, value in made.items()})
    return rows


def _columns(traces: bool) -> list[str]:
    return [*_HEAD, *SAMPLE_COLUMNS, *_RULED, *(_TEXTS if traces else ())]


def formula_safe(text: str, *, numbers: bool = True) -> str:
    """Return `text` as a CSV cell that no spreadsheet takes for a formula: see this module's docstring.

    `numbers`: a plain number stays one. Not so at a row's beginning, where by another separator the cell goes on.
    """
    if numbers and _NUMBER.fullmatch(text):
        return text
    text = _SPLIT.sub(r"\g<0>'", text.replace("\0", "\N{REPLACEMENT CHARACTER}"))
    return f"'{text}" if _FORMULA.match(text) else text


def _csv(run: ShownRun, traces: bool) -> str:
    import pandas as pd

    rows = [
        {n: formula_safe(value, numbers=n != _HEAD[0]) if isinstance(value, str) else value for n, value in row.items()}
        for row in answer_rows(run, traces)
    ]
    return str(
        pd.DataFrame(rows, columns=_columns(traces)).to_csv(
            index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC
        )
    )


def _parquet(run: ShownRun, traces: bool) -> bytes:
    import pandas as pd

    buffer = io.BytesIO()
    pd.DataFrame(answer_rows(run, traces), columns=_columns(traces)).to_parquet(buffer, index=False)
    return buffer.getvalue()


def _json(run: ShownRun, traces: bool) -> bytes:
    record = shown_record(run)
    made = {
        "run": {name: getattr(record, name) for name in _ABOUT},
        "table": table_rows(record.table),
        "samples": answer_rows(run, traces),
    }
    return msgspec.json.format(msgspec.json.encode(lean(made)), indent=1) + b"\n"


def _jsonl(run: ShownRun, traces: bool) -> bytes:
    return b"".join(msgspec.json.encode(lean(row)) + b"\n" for row in answer_rows(run, traces))


def _html(run: ShownRun, traces: bool) -> str:
    from qwq_nb.run.report import report_page

    return report_page(shown_record(run), traces=traces)


def _markdown(run: ShownRun, traces: bool) -> str:
    record = shown_record(run)
    columns, rows, align, _ = paper_table(record.table)
    notes = "".join(f"\n- Note: {escape_markdown(note)}" for note in record.notes)
    return markdown_table(columns, rows, align, caption_of(record)) + (f"{notes}\n" if notes else "")


def _latex(run: ShownRun, traces: bool) -> str:
    record = shown_record(run)
    columns, rows, align, rules = paper_table(record.table)
    # A comment ends with its line: what it says must not.
    notes = "".join(f"% Note: {one_line(note, 2_000)}\n" for note in record.notes)
    return notes + latex_table(columns, rows, align, caption_of(record), rules=rules)


ENDINGS: dict[str, Callable[[ShownRun, bool], str | bytes]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _jsonl,
    ".html": _html,
    ".md": _markdown,
    ".tex": _latex,
}

EDITING_ENDINGS: dict[str, Callable[[ShownRun, bool], str | bytes]] = {".yml": _yaml, ".yaml": _yaml}
"""Of runs of code editing alone."""
INSPECT_ENDING = ".eval"


def paper_table(rows: list[SubsetRow]) -> tuple[list[str], list[list[Cell]], str, set[int]]:
    """Return columns, cells, alignment, and the rows before which a rule stands (each benchmark's first and its `all`).

    Accuracies are in per cent. The interval is given by its ends: Wilson's is not symmetric, so no ± can say it.
    Columns that would be empty (errors, pending; the benchmark's name of one alone) are left out.
    """
    several = len({row.benchmark for row in rows}) > 1
    extra = [name for name in ("errors", "pending", "awaiting_ruling") if any(getattr(row, name) for row in rows)]
    titles = [name.replace("_", " ").title() for name in extra]
    degrees = any(row.metric for row in rows)
    both = degrees and not all(row.metric for row in rows)
    score = ["Accuracy (%) or score" if both else "Score" if degrees else "Accuracy (%)"]
    columns = ["Benchmark"] if several else []
    columns += ["Subset", "n", *score, "95% interval", *([] if degrees and not both else ["Untruncated only (%)"])]
    columns += ["Truncated", *titles]
    cells: list[list[Cell]] = []
    rules: set[int] = set()
    for benchmark, group in groupby(rows, key=lambda row: row.benchmark):
        members = list(group)
        if len(members) == 2 and members[0].subset == "default":
            members = members[1:]
        rules.add(len(cells))
        for row in members:
            if row.subset == "all" and len(members) > 1:
                rules.add(len(cells))
            known = is_known(row.ci_low) and is_known(row.ci_high)
            exact = known and row.ci_low == row.ci_high
            shown = _score if row.metric else _percent
            interval = "exact" if exact else f"[{shown(row.ci_low)}, {shown(row.ci_high)}]" if known else None
            line: list[Cell] = [benchmark] if several else []
            line += [row.subset, row.n, shown(row.score), interval]
            line += [] if degrees and not both else [_percent(row.accuracy_finished)]
            cells.append([*line, row.truncated, *(int(getattr(row, name)) for name in extra)])
    return columns, cells, "l" * (1 + several) + "r" * (len(columns) - 1 - several), rules - {0}


def _percent(share: float | None) -> str | None:
    return number(100 * share, 1) if is_known(share) else None


def _score(score: float | None) -> str | None:
    return number(score, SCORE_DIGITS) if is_known(score) else None


def caption_of(record: RunRecord) -> str:
    """Return what a reader of the table alone must know: model, benchmarks, sampling, n, interval, what is missing."""
    totals = [row for row in record.table if row.subset == "all"]
    parts = parts_of(record.table)
    problems = sum(row.problems for row in parts)
    repeats = f" × {record.repeats} repeats" if record.repeats > 1 else ""
    limit = "" if record.limit is None else f", limit {record.limit:,}"
    answered = "all answers" if not any(row.errors or row.pending for row in parts) else "all answers that came"
    sentences = [f"DEMO: {DEMO_NOTICE}"] if record.demo else []
    sentences.append(
        f"{record.model} on {', '.join(record.benchmarks)} ({sampling(record) or 'sampling as the endpoint has it'}; "
        f"{count(problems, 'problem')}{repeats}{limit}, seed {record.seed})."
    )
    degrees = [row for row in totals if row.metric]
    if not totals or len(degrees) < len(totals):
        sentences.append(
            f"Accuracy is correct of {answered}, truncated ones included, with "
            + ("the 95% interval of a Beta-binomial posterior." if repeats else "Wilson's 95% interval.")
        )
    if degrees:
        named = ", ".join(f"{row.benchmark}: {row.metric}" for row in degrees)
        sentences.append(f"Scores that are not 0 or 1 are given by their mean, with its 95% interval ({named}).")
    awaiting = sum(row.awaiting_ruling for row in parts)
    if awaiting:
        sentences.append(
            f"{count(awaiting, 'answer')} to prompts without a reference await a ruling, and are left out."
        )
    estimates = [(row, said) for row in totals if (said := estimated_from(row))]
    if estimates:
        several = len(totals) > 1
        named = "; ".join(f"{row.benchmark} {said}" if several else said for row, said in estimates)
        sentences.append(f"The row all is for all problems, each subset weighted by its size: {named}.")
    exact = [row for row in totals if is_known(row.ci_low) and row.ci_low == row.ci_high]
    if exact:
        sentences.append("Where all of a benchmark's problems were answered, its row all is exact.")
    apart = [f"{row.benchmark}'s {row.subset}" for row in parts if stands_apart(row.benchmark, row.subset)]
    if apart and len(parts) > len(apart):
        sentences.append(f"The row all is without {' and '.join(apart)}.")
    if record.state != "complete":
        sentences.append(f"The run is {record.state}: {sum(row.pending for row in parts):,} answers are pending.")
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items() if name == "evalscope")
    return " ".join(sentences) + (f" Graded by {versions}." if versions else "")
