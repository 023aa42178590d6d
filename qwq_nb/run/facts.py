"""Collect what a run reports of how it was made: data, prompts, graders, sampling, selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from qwq_nb.core.records import SampleResult
from qwq_nb.store.request import EvalRequest

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["RunFacts", "facts_of", "same_plan"]


class RunFacts(msgspec.Struct, kw_only=True):
    """Hold what a run reports of itself. None, or a missing key: it does not report it."""

    label: str
    """What sentences call the run: its model, its name, or a letter."""
    name: str
    model: str
    server: str = ""
    """The endpoint's URL."""
    path: str = ""
    demo: bool = False
    maker: str = ""
    """The tool that wrote it, whose files hold answers and verdicts, and little on how they were made; empty: ours."""
    state: str = "complete"
    data: str = ""
    """Where the problems came from, in words."""
    hub: str | None = None
    data_hash: dict[str, str] = {}
    """Hash of the data by benchmark."""
    plan_hash: str = ""
    versions: dict[str, str] = {}
    sampling: dict[str, Any] | None = None
    adapters: dict[str, dict[str, Any]] = {}
    seed: int | None = None
    limit: int | None = None
    parts: str = ""
    """The levels or subsets that it is confined to, in words."""
    repeats: int = 1
    editing: str = ""
    """How files were edited, in words: the format, and the editor of a pair; empty where none were."""
    tries: int | None = None
    """Tries at each exercise, of a run that edits files."""
    counted_by: list[str] = []
    """How its tokens were counted: `usage`, `chunks`, … (`records.Completion.tokens_from`)."""


def facts_of(label: str, run: Run, results: Sequence[SampleResult]) -> RunFacts:
    """Collect what is known of how a run was made."""
    m = run.manifest
    request, selection = m.request, m.request.selection
    parts = []
    if selection.levels:
        parts.append(f"levels {', '.join(map(str, selection.levels))}")
    if selection.subsets:
        parts.append(f"subsets {', '.join(selection.subsets)}")
    return RunFacts(
        label=label,
        name=m.name,
        path=run.directory.display_path,
        model=request.endpoint.model,
        server=request.endpoint.url,
        demo=request.demo,
        maker=m.maker,
        state=m.state,
        data=m.data_label,
        # A run on a file, or on the built-in problems, asked no hub.
        hub=None if m.maker or request.source.data or request.demo else request.source.hub,
        data_hash=m.data_hash,
        plan_hash=m.plan_hash,
        versions=m.versions,
        sampling=request.endpoint.sampling or None if m.maker else request.endpoint.sampling,
        adapters=m.adapters,
        seed=None if m.maker else selection.seed,
        limit=selection.limit,
        parts=", ".join(parts),
        repeats=selection.repeats,
        editing=editing_of(request),
        tries=None if request.editing is None else request.editing.tries,
        counted_by=sorted({r.completion.tokens_from for r in results if r.completion and r.outcome != "pending"}),
    )


def editing_of(request: EvalRequest) -> str:
    """Say how the files of a request are edited; empty where none are."""
    editing = request.editing
    if editing is None:
        return ""
    by = "by the model itself" if editing.editor is None else f"by the editor {editing.editor.model}"
    return f"{editing.format}, {by}"


def same_plan(a: RunFacts, b: RunFacts, benchmark: str) -> bool:
    """Return whether ids name the same samples in both runs: they have one plan, or one data file."""
    if a.plan_hash and a.plan_hash == b.plan_hash:
        return True
    known = a.data_hash.get(benchmark)
    return bool(known) and known == b.data_hash.get(benchmark)
