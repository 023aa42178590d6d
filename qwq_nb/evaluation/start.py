"""Find or name the directory of a request's run, and make its first manifest."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

from qwq_nb.bench.datafile import fingerprint
from qwq_nb.errors import UnknownRun
from qwq_nb.evaluation.command_line import data_label
from qwq_nb.evaluation.plan import short_hash
from qwq_nb.evaluation.solvers.registry import solver_of
from qwq_nb.store.manifest import MANIFEST, Manifest, now, path_segment
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.run_dir import RunDirectory, find_run_dirs
from qwq_nb.store.shards import shard_directory

__all__ = ["data_fingerprint", "identity", "name_stem", "new_manifest", "run_dir_for", "run_keys"]


def run_dir_for(
    request: EvalRequest, root: Path, *, fresh: bool, data_fingerprint: str, in_shards: bool = False
) -> tuple[Path, str]:
    """Return the directory of this request's run, and its key. The same request finds its newest run again.

    A run that was merged of shards is found whatever URL the request has: its shards may have asked several. A shard
    has a directory of its own in a folder beside the whole run's.

    With `fresh` the directory is always a new one. `in_shards`: a new one is named as a merged run is.
    """
    key, merged = run_keys(request, data_fingerprint)
    stem = name_stem(request)
    new = merged if in_shards else key
    named = root / f"{stem}-{new}"
    names = f"{re.escape(stem)}-({key}|{merged})"
    if (shard := request.selection.shard) is not None:
        named, new = shard_directory(root / f"{stem}-{merged}", shard), merged
        names = f"({re.escape(named.name)})"
    if not fresh:
        found = ((p, re.fullmatch(rf"{names}(-\d+)?", p.name)) for p in find_run_dirs(named.parent))
        taken = next(((p, match[1]) for p, match in found if match), None)
        if taken is not None:
            return taken[0], merged if shard is not None else taken[1]
    number, path = 1, named
    # A kernel that is killed while it takes answers over leaves rows without a manifest.
    while (path / MANIFEST).exists() or (fresh and (path / "predictions").exists()):
        number += 1
        path = named.with_name(f"{named.name}-{number}")
    return path, new


def run_keys(request: EvalRequest, data_fingerprint: str) -> tuple[str, str]:
    """Return the key of a request's run, and the key that the run has if it is made of shards: by the model alone."""
    return (
        short_hash(identity(request, data_fingerprint)),
        short_hash(identity(request, data_fingerprint, any_url=True)),
    )


def name_stem(request: EvalRequest) -> str:
    """Return how the names of the request's runs begin; the key follows, by which different requests differ."""
    models = [request.endpoint, *([request.editor] if request.editor is not None else [])]
    model = "+".join(path_segment(endpoint.model.rsplit("/", 1)[-1]) for endpoint in models)
    # Cut before the key is added: without it two requests would share a directory.
    return f"{'+'.join(request.benchmarks)}-{model}"[:110]


def identity(request: EvalRequest, data_fingerprint: str, *, any_url: bool = False) -> dict[str, Any]:
    """Return what makes two requests the same run: the request's own identity and its solver's.

    `any_url`: the URLs of endpoints are left out.
    """
    of_solver = dict(solver_of(request).identity())
    own = request.identity(data_fingerprint, any_url=any_url)
    return {**own, "solver_identity": of_solver} if of_solver else own


def new_manifest(request: EvalRequest, path: Path, key: str, *, command: str) -> Manifest:
    """Make the manifest of a run that is about to start or to be resumed.

    One that is resumed keeps its id from the first drawing on: by it a notebook finds the run again.
    """
    return Manifest(
        run_id=earlier_id(path) or uuid.uuid4().hex[:12],
        name=path.name,
        key=key,
        created=now(),
        updated=now(),
        request=request,
        data_label=data_label(request),
        command=command,
    )


def earlier_id(path: Path) -> str:
    """Return the id of the run in the directory `path`; empty where there is none that can be read."""
    try:
        return RunDirectory(path).manifest().run_id
    except UnknownRun:
        return ""


def data_fingerprint(request: EvalRequest) -> str:
    """Return a text that changes with the content of `--data`; empty for a hub.

    Raises:
        DataError: there is no such file.
    """
    return fingerprint(request.source.data) if request.source.data else ""
