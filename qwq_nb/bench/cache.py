"""Cache the prompts of benchmarks on disk between kernels, so that a second run need not wait for the worker.

Each entry is one JSON file, written whole and then renamed. An entry that cannot be read counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from importlib import metadata
from pathlib import Path

import msgspec

from qwq_nb.bench.code.tests import all_there
from qwq_nb.bench.datafile import fingerprint
from qwq_nb.bench.protocol import LoadedBenchmark, LoadRequest, encode
from qwq_nb.core.paths import expand_user
from qwq_nb.errors import DataError

__all__ = ["cache_dir", "cached", "drop", "prompt_file", "store"]

_FORMAT = 2
"""Raised when the shape or the meaning of an entry changes (2: ids that keep letters of any script)."""


def cache_dir() -> Path:
    """Return `$QWQ_NB_CACHE`, else `$XDG_CACHE_HOME/qwq_nb`, else `~/.cache/qwq_nb`. Not created here."""
    if own := os.environ.get("QWQ_NB_CACHE"):
        return expand_user(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "qwq_nb"


def prompt_file(request: LoadRequest) -> Path:
    """Return the path of the samples of this request.

    The name depends on its options (with the code of a registered benchmark), evalscope's version and the data.

    Raises DataError if the request names a data file that does not exist or is empty.
    """
    data = fingerprint(request.data) if request.data else f"{request.hub}@{request.revision}"
    text = f"{_FORMAT}\n{request.key()}\n{metadata.version('evalscope')}\n{data}"
    return cache_dir() / "prompts" / f"{request.benchmark}-{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


def cached(request: LoadRequest) -> LoadedBenchmark | None:
    """Return the cached samples of this request; None if there are none. Raises DataError as `prompt_file` does."""
    try:
        loaded = msgspec.json.decode(prompt_file(request).read_bytes(), type=LoadedBenchmark)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    if loaded.request.without_import_path() != request.without_import_path() or not loaded.samples:
        return None
    if not all_there(cache_dir(), loaded.samples):
        return None
    return msgspec.structs.replace(loaded, request=request)


def drop(request: LoadRequest) -> None:
    """Remove the entry of this request, if there is one."""
    with contextlib.suppress(OSError, DataError):
        prompt_file(request).unlink()


def store(loaded: LoadedBenchmark) -> None:
    """Write an entry, readable by this user alone.

    A cache that cannot be written costs time, not results: OSError is not raised.
    """
    target = prompt_file(loaded.request)
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True)
        # Some texts are withheld, and the names of the files say what is evaluated.
        target.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".prompts-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(encode(loaded))
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError:
        return
