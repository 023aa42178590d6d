"""Merge the shards of a run into one run directory: `merge_runs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from qwq_nb.core.paths import expand_user
from qwq_nb.errors import OptionError, UnknownRun, listed, one_line
from qwq_nb.evaluation.start import name_stem
from qwq_nb.run.open import DEFAULT_OUT
from qwq_nb.run.run import Run
from qwq_nb.run.state import SavedState
from qwq_nb.store.manifest import MANIFEST, Manifest, MergedPart, now
from qwq_nb.store.merging import Merged, merge_rows
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.run_dir import RunDirectory, find_run_dirs
from qwq_nb.store.saved import saved_results
from qwq_nb.store.scores import score_rows

__all__ = ["merge_runs", "merged_notes"]

SHOWN_URLS = 4
"""URLs that a note names."""


class Part(NamedTuple):
    """Hold a directory that is merged."""

    directory: RunDirectory
    manifest: Manifest


def merge_runs(paths: str | Path | Run | Sequence[str | Path | Run], out: str | Path | None = None) -> Run:
    """Merge shards of one run into one run directory, and return the `Run`; the line without `shard` then finishes it.

    The shards are only read. They may be incomplete, or still be written: merged again, what has come since is added.
    Rows are told apart by sample and repeat. Of two different answers to the same one the first counts, and a note on
    the run says so.

    Args:
        paths: the shards' directories, or folders that hold them (as `qwq_runs/….shards`).
        out: the folder in which the merged run is put; by default the one in which the shards' folder lies.

    Raises:
        UnknownRun: there is no run, or no manifest that can be read.
        OptionError: the directories are those of different runs; the message says in what they differ.
        RunLocked: another process writes the merged run.
    """
    parts = [Part(directory, directory.manifest()) for directory in map(RunDirectory, _directories(paths))]
    planned = [part for part in parts if part.manifest.plan_hash]
    if not planned:
        raise UnknownRun("None of these runs has come so far as to have samples: there is nothing to merge yet.")
    check_same_run(planned)
    first = planned[0]
    target = RunDirectory(_target(first, out))
    target.lock()
    try:
        _merge(target, planned)
        return _counted(RunDirectory(target.path))
    finally:
        target.close()


def _directories(paths: str | Path | Run | Sequence[str | Path | Run]) -> list[Path]:
    """Return the run directories that are named, each once: themselves, or all in a folder, the newest first."""
    given = [paths] if isinstance(paths, str | Path | Run) else list(paths)
    found: list[Path] = []
    for each in given:
        path = each.path if isinstance(each, Run) else expand_user(each)
        inside = [path] if (path / MANIFEST).exists() else find_run_dirs(path)
        if not inside:
            raise UnknownRun(f"{path} is no directory of a run, and holds none.")
        found += inside
    if not found:
        raise OptionError("Which shards? Name their directories, or the folder in which they lie.")
    return list({path.resolve(): path for path in found}.values())


def check_same_run(parts: Sequence[Part]) -> None:
    """Check that all are directories of one run. Raises OptionError that names two that are not, and why."""
    first, *others = parts
    for other in others:
        if other.manifest.key != first.manifest.key:
            why = _difference(first.manifest, other.manifest)
        elif other.manifest.plan_hash != first.manifest.plan_hash:
            why = "they asked other questions: the data set, its prompts or evalscope's version differ"
        else:
            continue
        names = f"{one_line(first.directory.path.name, 120)} and {one_line(other.directory.path.name, 120)}"
        raise OptionError(f"{names} are not parts of one run: {why}.")


def _difference(a: Manifest, b: Manifest) -> str:
    """Say in which of the fields that identify a run two requests differ."""
    ours, theirs = (m.request.identity("", any_url=True) for m in (a, b))
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    if names:
        return f"they differ in {listed(names)}"
    if any(m.request.selection.shard is None for m in (a, b)):
        return "one of them was not asked with --shard, so its endpoint's URL belongs to it"
    return "they differ in the problems' file"


def _target(first: Part, out: str | Path | None) -> Path:
    """Return the directory of the merged run."""
    path, manifest = first.directory.path, first.manifest
    beside = path.parent.parent if path.parent.name.endswith(".shards") else None
    folder = expand_user(out) if out is not None else beside or expand_user(DEFAULT_OUT)
    target = folder.absolute() / f"{name_stem(manifest.request)}-{manifest.key}"
    if (target / MANIFEST).exists() and (held := RunDirectory(target).manifest()).plan_hash != manifest.plan_hash:
        raise OptionError(
            f"{target} holds a run of other questions ({held.plan_hash or 'none yet'}): name another folder by --out."
        )
    return target


def _merge(target: RunDirectory, parts: Sequence[Part]) -> None:
    first, request = parts[0], parts[0].manifest.request
    parts = [part for part in parts if part.directory.path.resolve() != target.path.resolve()]
    old = target.manifest() if (target.path / MANIFEST).exists() else None
    if first.manifest.withheld and not request.demo:
        target.folder.make_private()
    samples = first.directory.samples()
    repeats = request.selection.repeats
    counts = merge_rows(
        target, [part.directory for part in parts], samples, repeats=repeats, model=request.endpoint.model
    )
    manifest = old or msgspec.structs.replace(
        first.manifest,
        name=target.path.name,
        created=now(),
        request=_whole(parts),
        command=_without_shard(first.manifest.command),
        notes=[],
        done=0,
        elapsed_s=max(part.manifest.elapsed_s for part in parts),
    )
    manifest.state, manifest.total = "stopped", len(samples) * repeats
    manifest.merged = _with_counts(manifest.merged, parts, counts)
    manifest.notes = list(dict.fromkeys([*manifest.notes, *version_notes(parts), *merged_notes(manifest)]))
    target.save_samples(samples)
    target.save_manifest(manifest)


def _whole(parts: Sequence[Part]) -> EvalRequest:
    """Return the request of the whole run: without a shard, of all endpoints that were asked, each once."""
    request = parts[0].manifest.request
    asked = {(e.url, e.model): e for part in parts for e in part.manifest.request.endpoints}
    selection = msgspec.structs.replace(request.selection, shard=None)
    return msgspec.structs.replace(request, selection=selection, endpoints=list(asked.values()))


def _without_shard(command: str) -> str:
    return re.sub(r" --shard \d+/\d+", "", command)


def _with_counts(before: Sequence[MergedPart], parts: Sequence[Part], counts: Sequence[Merged]) -> list[MergedPart]:
    """Return what a run has of each part, with what this merge has taken."""
    found = {part.run: part for part in before}
    for part, count in zip(parts, counts, strict=True):
        name = part.directory.path.name
        held = found.get(name)
        found[name] = MergedPart(
            run=name,
            url=part.manifest.request.endpoint.url,
            answers=count.answers + (held.answers if held is not None else 0),
            conflicts=len(count.conflicts),
        )
    return list(found.values())


def version_notes(parts: Iterable[Part]) -> list[str]:
    """Write a sentence on each package that shards have in different versions."""
    found: dict[str, dict[str, None]] = {}
    for part in parts:
        for package, version in part.manifest.versions.items():
            found.setdefault(package, {})[version] = None
    return [
        f"Shards have different versions of {one_line(package, 60)} ({listed(versions)}): verdicts may differ."
        for package, versions in found.items()
        if package != "qwq_nb" and len(versions) > 1
    ]


def merged_notes(manifest: Manifest) -> list[str]:
    """Say of how many shards a run was merged, whom they asked, and how many answers they disagree on."""
    parts = manifest.merged
    if not parts:
        return []
    urls = list(dict.fromkeys(part.url for part in parts if part.url))
    named = ", ".join(one_line(url, 120) for url in urls[:SHOWN_URLS])
    more = f" and {len(urls) - SHOWN_URLS:,} more" if len(urls) > SHOWN_URLS else ""
    answers = sum(part.answers for part in parts)
    of = "1 shard" if len(parts) == 1 else f"{len(parts):,} shards"
    notes = [f"Merged from {of}: {answers:,} of {manifest.total:,} answers, by {named}{more}."]
    own = manifest.request.endpoint
    if urls and not own.is_demo and own.url not in urls:
        notes.append(f"{one_line(own.url, 120)} has given none of these; --fresh asks it everything.")
    if conflicts := sum(part.conflicts for part in parts):
        where = listed([one_line(part.run, 120) for part in parts if part.conflicts])
        were = "1 answer was" if conflicts == 1 else f"{conflicts:,} answers were"
        notes.append(f"{were} there twice with different texts, and the first one was kept (the others: {where}).")
    return notes


def _counted(directory: RunDirectory) -> Run:
    """Write how far the merged run is, and its scores, into its manifest; and the record for viewers. Returns it."""
    manifest = directory.manifest()
    read = saved_results(directory, manifest)
    results = read()
    manifest.done = sum(result.outcome != "pending" for result in results)
    totals = [row for row in score_rows(results, manifest) if row.subset == "all"]
    manifest.scores = {row.benchmark: row.score for row in totals}
    manifest.metrics = {row.benchmark: row.metric for row in totals if row.metric}
    manifest.estimated = {row.benchmark: (row.answered, row.estimated_of) for row in totals if row.estimated_of}
    directory.save_manifest(manifest)
    run = Run(directory, SavedState(manifest, read))
    run.save_record()
    return run
