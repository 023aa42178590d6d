"""Make a run's report as one file with the interactive view: all samples, their texts compressed in blocks.

A browser opens a block when one of its samples is looked at: a page of 2,000 long traces opens as fast as one of 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from qwq_nb._version import __version__
from qwq_nb.core.outcomes import is_failure
from qwq_nb.core.run_record import Clip, RunRecord, SampleView
from qwq_nb.errors import listed
from qwq_nb.run.html import run_html
from qwq_nb.run.html_samples import FOLD_ALL, samples
from qwq_nb.run.sample_budget import fit_samples
from qwq_nb.view.clean import one_line
from qwq_nb.view.clip import lean
from qwq_nb.view.html import code, esc
from qwq_nb.view.standalone import standalone_page
from qwq_nb.view.wording import sampling

__all__ = ["apart", "page_title", "report_file", "report_parts"]

WITH_TEXTS: Final = 2_000_000
"""Characters of texts up to which the record carries them itself; of more, they lie in blocks."""

BLOCK: Final = 1_500_000
"""Characters of a block of texts: opened in some 20 ms, and deflate, which looks 32 kB back, gains nothing by more."""

PLAIN_BYTES: Final = 1_000_000
"""Of the samples in the html that is shown where no script runs."""

Texts = dict[str, tuple[str, str]]
"""Reasoning and answer by `<repeat> <id>`."""


def page_title(record: RunRecord) -> str:
    """Return the title of a run's page: model and benchmarks, and whether it is the built-in endpoint's."""
    demo = "DEMO: " if record.demo else ""
    return f"{demo}{one_line(record.model, 100)} on {listed(record.benchmarks)}"


def report_file(record: RunRecord) -> str:
    """Return the page. GPQA's texts are the caller's duty: see `run.withhold`.

    Raises:
        UserError: this checkout's renderer has not been built.
    """
    bare, blocks = apart(record)
    return standalone_page(
        page_title(record),
        _about(record),
        msgspec.json.encode(lean(bare)),
        (msgspec.json.encode(block) for block in blocks),
        _how(record),
        _plain(record),
    )


def apart(record: RunRecord, most: int = WITH_TEXTS) -> tuple[RunRecord, list[Texts]]:
    """Take the texts out of a record: the record without them, and blocks of them, failures first.

    A row whose texts are in block 3 has the file `block-3`. A record with no more than `most` characters of texts
    keeps them.
    """
    if sum(map(_length, record.samples)) <= most:
        return record, []
    blocks: list[Texts] = []
    size = BLOCK
    places: dict[int, str] = {}
    order = sorted(range(len(record.samples)), key=lambda at: not is_failure(record.samples[at]))
    for at in order:
        view = record.samples[at]
        length = _length(view)
        if not length:
            continue
        if size + length > BLOCK:
            blocks.append({})
            size = 0
        size += length
        reasoning, answer = (part.text if part else "" for part in (view.reasoning, view.answer))
        blocks[-1][f"{view.repeat} {view.id}"] = (reasoning, answer)
        places[at] = f"block-{len(blocks) - 1}"
    rows = [_without(view, places[at]) if at in places else view for at, view in enumerate(record.samples)]
    return replace(record, samples=rows), blocks


def _length(view: SampleView) -> int:
    # What is clipped already is not whole, and stays where it is.
    parts = (view.reasoning, view.answer)
    return 0 if any(part and part.omitted for part in parts) else sum(len(part.text) for part in parts if part)


def _without(view: SampleView, file: str) -> SampleView:
    def hollow(part: Clip | None) -> Clip | None:
        return Clip(omitted=len(part.text)) if part and part.text else part

    return replace(view, reasoning=hollow(view.reasoning), answer=hollow(view.answer), file=file)


def report_parts(record: RunRecord) -> list[list[SampleView]]:
    """Divide a run's samples by subset, into no more at once than the html view shows with all their texts."""
    by_subset: dict[tuple[int, str, str], list[SampleView]] = {}
    for view in record.samples:
        known = record.benchmarks
        rank = known.index(view.benchmark) if view.benchmark in known else len(known)
        by_subset.setdefault((rank, view.benchmark, view.subset), []).append(view)
    groups: Sequence[list[SampleView]] = [by_subset[key] for key in sorted(by_subset)]
    return [views[start : start + FOLD_ALL] for views in groups for start in range(0, len(views), FOLD_ALL)]


def _about(record: RunRecord) -> str:
    state = "" if record.state == "complete" else f" · {record.state}"
    return f"{_day(record.created)} · run {one_line(record.name, 120)}{state} · made with qwq-nb {__version__}"


def _day(stamp: str) -> str:
    """`2026-11-27T15:02:18Z` as `27 November 2026, 15:02 UTC`; what is no time as it is."""
    try:
        found = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return one_line(stamp, 40)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"


def _how(record: RunRecord) -> str:
    limit = "all" if record.limit is None else f"{record.limit:,} problems"
    repeats = f", {record.repeats:,} repeats" if record.repeats > 1 else ""
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    rows = [
        ("Line", code(record.command) if record.command else ""),
        ("Endpoint", f"{esc(record.endpoint)} at {code(record.url)}" if record.url else esc(record.endpoint)),
        ("Sampling", esc(sampling(record) or "as the endpoint has it")),
        ("Problems", f"{esc(record.data)}; {limit}{repeats}, seed {record.seed}"),
        ("Versions", esc(versions)),
        ("Last change", esc(_day(record.updated))),
    ]
    terms = "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in rows if value)
    withheld = (
        " Of some benchmarks the texts are withheld, as their authors ask; ids, outcomes and numbers are all here."
        if record.withheld
        else ""
    )
    return (
        '<section class="qwq-page-how" aria-labelledby="qwq-how">\n<h2 id="qwq-how">How it was made</h2>\n'
        f"<dl>\n{terms}</dl>\n</section>\n"
        "<footer>This page is one file and loads nothing. The problems’ texts are under the licences of their "
        f"benchmarks, the answers under the terms of the model.{withheld} Made with qwq-nb (Apache-2.0); in it KaTeX "
        "(MIT) and Lumino (BSD-3-Clause), whose licences stand at the end of the page’s source.</footer>"
    )


def _plain(record: RunRecord) -> str:
    """The report where no script runs: tables and notes, and the texts as far as a megabyte reaches, failures first."""
    fitted = replace(record, samples=fit_samples(record.samples, PLAIN_BYTES))
    head = run_html(replace(record, samples=[], samples_total=0))
    folds = (samples(replace(record, samples=part, samples_total=len(part))) for part in report_parts(fitted))
    missing = len(record.samples) - len(fitted.samples)
    rest = f"<p>{missing:,} more samples are shown where JavaScript runs.</p>" if missing else ""
    return head + "".join(folds) + rest
