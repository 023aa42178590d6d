"""Find the earlier runs that asked the same as a new request, with smaller numbers.

A manifest holds its run's key, the hash of all that identifies the run. A run is one of those if the new request would
have that key with the run's own numbers: then the model, the URL, the data, the seed, the other sampling and the solver
are the same. (Of a run that was merged of shards the URLs are not looked at.)
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qwq_nb.errors import UnknownRun
from qwq_nb.evaluation.plan import short_hash
from qwq_nb.evaluation.start import identity, name_stem
from qwq_nb.store.manifest import MANIFEST, Manifest
from qwq_nb.store.request import EvalRequest, Selection
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["EarlierRun", "earlier_runs"]

TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")
"""Sampling options that limit the tokens of a completion."""
MOST_MANIFESTS = 1_000
"""Manifests read at most, the newest: a tenth of a second."""
MOST_RUNS = 20
"""Runs whose answers are read at most."""


class EarlierRun(NamedTuple):
    """Hold a run that asked the same with smaller numbers."""

    directory: RunDirectory
    manifest: Manifest
    lower_limit: int | None
    """Its token limit, where that is lower than the request's; None: it is the same."""
    is_part: bool
    """Whether its limit, levels and subsets say that it asked no more than the request; otherwise its samples tell."""


def earlier_runs(
    request: EvalRequest, path: Path, key: str, data_fingerprint: str, *, lower_limits: bool = True
) -> list[EarlierRun]:
    """Return those runs, the most useful first: with the highest token limit, then with the most answers.

    Only manifests are read, and only in folders whose names begin as those of the request's own runs do.

    Args:
        path, key: the directory that the request's own run will have, beside which the others lie; its key.
        data_fingerprint: as for `EvalRequest.identity`.
        lower_limits: whether runs with a lower token limit count too. The answers that it did not cut are the shorter
            ones; a study of the limit itself wants answers of its own for each.
    """
    owns = [identity(request, data_fingerprint, any_url=any_url) for any_url in (False, True)]
    found: dict[str, EarlierRun] = {}
    for folder in _folders(path.parent, name_stem(request)):
        directory = RunDirectory(folder)
        try:
            manifest = directory.manifest()
        except UnknownRun:
            continue
        # Of the runs of one line the newest counts: the others were started over.
        if manifest.key == key or manifest.key in found:
            continue
        other = manifest.request
        limits = _limits(other.endpoint.sampling, request.endpoint.sampling)
        if (
            limits is not None
            and (lower_limits or not limits)
            and other.selection.repeats <= request.selection.repeats
            and manifest.key in {short_hash(_with_numbers_of(own, other)) for own in owns}
        ):
            is_part = _is_part(other.selection, request.selection)
            found[manifest.key] = EarlierRun(directory, manifest, min(limits, default=None), is_part)
    same_limit = float("inf")
    ordered = sorted(found.values(), key=lambda r: (r.lower_limit or same_limit, r.manifest.done), reverse=True)
    return ordered[:MOST_RUNS]


def _folders(root: Path, stem: str) -> list[Path]:
    """Return the folders of runs that are named `<stem>-<key>` or `<stem>-<key>-<number>`, newest manifest first."""
    named = re.compile(re.escape(stem) + r"-[0-9a-f]{8}(-\d{1,6})?")
    found: list[tuple[int, str]] = []
    try:
        names = [name for name in os.listdir(root) if named.fullmatch(name)]
    except OSError:
        return []
    for name in names:
        try:
            found.append((os.lstat(root / name / MANIFEST).st_mtime_ns, name))
        except OSError:
            continue
    return [root / name for _, name in sorted(found, reverse=True)[:MOST_MANIFESTS]]


def _limits(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[int] | None:
    """Return the token limits in `old` that are lower than those in `new`; None where one is not lower or equal.

    No limit is not taken for a high one: the server has its own then.
    """
    lower = []
    for name in TOKEN_LIMITS:
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        if not (isinstance(before, int) and isinstance(now, int) and before < now):
            return None
        lower.append(before)
    return lower


def _is_part(old: Selection, new: Selection) -> bool:
    return (
        (new.limit is None or (old.limit is not None and old.limit <= new.limit))
        and (new.levels is None or (old.levels is not None and set(old.levels) <= set(new.levels)))
        and (new.subsets is None or (old.subsets is not None and set(old.subsets) <= set(new.subsets)))
    )


def _with_numbers_of(own: dict[str, Any], other: EvalRequest) -> dict[str, Any]:
    """Return the identity `own` with the numbers and the selection of another request."""
    theirs, selection = other.endpoint.sampling, other.selection
    sampling = {name: value for name, value in own["sampling"].items() if name not in TOKEN_LIMITS}
    sampling |= {name: theirs[name] for name in TOKEN_LIMITS if name in theirs}
    return own | {
        "limit": selection.limit,
        "repeats": selection.repeats,
        "levels": selection.levels,
        "subsets": selection.subsets,
        "sampling": sampling,
    }
