"""Find or name the directory of a request's run, and make its first manifest."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from qwq_nb.bench.datafile import fingerprint
from qwq_nb.evaluation.command_line import data_label
from qwq_nb.evaluation.plan import short_hash
from qwq_nb.evaluation.solvers.registry import solver_of
from qwq_nb.store.manifest import MANIFEST, Manifest, now, path_segment
from qwq_nb.store.request import EvalRequest
from qwq_nb.store.run_dir import find_run_dirs

__all__ = ["data_fingerprint", "identity", "name_stem", "new_manifest", "run_dir_for"]


def run_dir_for(request: EvalRequest, root: Path, *, fresh: bool, data_fingerprint: str) -> tuple[Path, str]:
    """Return the directory of this request's run, and its key. The same request finds its newest run again.

    With `fresh` the directory is always a new one.
    """
    key = short_hash(identity(request, data_fingerprint))
    stem = f"{name_stem(request)}-{key}"
    taken = [p for p in find_run_dirs(root) if p.name == stem or p.name.startswith(f"{stem}-")]
    if taken and not fresh:
        return taken[0], key
    number, path = 1, root / stem
    # A kernel that is killed while it takes answers over leaves rows without a manifest.
    while (path / MANIFEST).exists() or (fresh and (path / "predictions").exists()):
        number += 1
        path = root / f"{stem}-{number}"
    return path, key


def name_stem(request: EvalRequest) -> str:
    """Return how the names of the request's runs begin; the key follows, by which different requests differ."""
    models = [request.endpoint, *([request.editor] if request.editor is not None else [])]
    model = "+".join(path_segment(endpoint.model.rsplit("/", 1)[-1]) for endpoint in models)
    # Cut before the key is added: without it two requests would share a directory.
    return f"{'+'.join(request.benchmarks)}-{model}"[:110]


def identity(request: EvalRequest, data_fingerprint: str) -> dict[str, Any]:
    """Return what makes two requests the same run: the request's own identity and its solver's."""
    of_solver = dict(solver_of(request).identity())
    own = request.identity(data_fingerprint)
    return {**own, "solver_identity": of_solver} if of_solver else own


def new_manifest(request: EvalRequest, path: Path, key: str, *, command: str) -> Manifest:
    """Make the manifest of a run that is about to start or to be resumed."""
    return Manifest(
        run_id=uuid.uuid4().hex[:12],
        name=path.name,
        key=key,
        created=now(),
        updated=now(),
        request=request,
        data_label=data_label(request),
        command=command,
    )


def data_fingerprint(request: EvalRequest) -> str:
    """Return a text that changes with the content of `--data`; empty for a hub.

    Raises:
        DataError: there is no such file.
    """
    return fingerprint(request.source.data) if request.source.data else ""
