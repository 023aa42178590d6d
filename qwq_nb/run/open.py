"""Open and list runs: `load_run`, `list_runs`."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from qwq_nb.core.paths import expand_user
from qwq_nb.errors import UnknownRun, did_you_mean, listed
from qwq_nb.run.listing import RunList
from qwq_nb.run.run import Run
from qwq_nb.run.state import SavedState
from qwq_nb.store.labels import read_labels
from qwq_nb.store.manifest import MANIFEST, Manifest
from qwq_nb.store.run_dir import RunDirectory, find_run_dirs

__all__ = ["list_runs", "load_run"]


DEFAULT_OUT = "qwq_runs"


def list_runs(out: str | Path | None = None) -> RunList:
    """List the runs below `out` (`qwq_runs`), the one written last first. Only their manifests are read.

    Folders whose manifest cannot be read are in `problems` of the list, and cost it a line.
    """
    root = expand_user(out or DEFAULT_OUT)
    runs = RunList(labels=read_labels(root))
    for path in find_run_dirs(root):
        try:
            runs.append(open_run(path))
        except UnknownRun as exc:
            runs.problems.append((path.name, str(exc)))
    return runs


def load_run(path: str | Path, *, out: str | Path | None = None) -> Run:
    """Open a run by its directory, or by its name (or the beginning of it, or what its reader calls it) below `out`.

    What other tools wrote is opened too: directories of evalscope, logs of Inspect (`.eval`, `.json`), samples of
    lm-eval (a folder or `samples_*.jsonl`), details of lighteval (`.parquet`), and chats, a JSON object a line.

    Raises:
        UnknownRun: there is none; the message names the nearest.
    """
    given = expand_user(path)
    if os.path.lexists(given / MANIFEST):
        return open_run(given)
    if given.name == MANIFEST and given.is_file():
        return open_run(given.parent)
    if (given / "predictions").is_dir() or (given.parent.name == "predictions" and given.is_dir()):
        from qwq_nb.run.evalscope_run import open_evalscope_run

        return open_evalscope_run(given)
    if given.exists():
        from qwq_nb.run.imported_run import open_imported_run
        from qwq_nb.store.imported.reading import tool_of

        tool = tool_of(given)
        if tool is not None:
            return open_imported_run(given, tool)
    root = expand_user(out or DEFAULT_OUT)
    names = {p.name: p for p in find_run_dirs(root)}
    matching = [p for name, p in names.items() if name.startswith(str(path))]
    if str(path) in names:
        return open_run(names[str(path)])
    if len(matching) == 1:
        return open_run(matching[0])
    called = [names[name] for name, own in read_labels(root).items() if own.label == str(path) and name in names]
    if len(called) == 1 and not matching:
        return open_run(called[0])
    if len(matching) > 1:
        raise UnknownRun(f"{str(path)!r} fits {len(matching):,} runs: {listed(p.name for p in matching)}.")
    hint = did_you_mean(str(path), names) if names else f" There are none in {root}."
    raise UnknownRun(f"There is no run {str(path)!r}.{hint}")


def open_run(path: Path) -> Run:
    """Open the run in a directory; its samples are read when they are first asked for."""
    from qwq_nb.store.saved import saved_results

    directory = RunDirectory(path)
    manifest = directory.manifest()
    # What the folder is called counts, not what is written in it: it may have been renamed, or be a stranger's.
    manifest = msgspec.structs.replace(manifest, name=directory.path.name)
    return Run(directory, SavedState(settled(manifest, directory), saved_results(directory, manifest)))


def settled(manifest: Manifest, directory: RunDirectory) -> Manifest:
    """Return the manifest, `stopped` if it says `running` while no process writes the run: a crash left it behind."""
    if manifest.state in ("running", "starting", "paused") and not directory.is_locked():
        return msgspec.structs.replace(manifest, state="stopped")
    return manifest
