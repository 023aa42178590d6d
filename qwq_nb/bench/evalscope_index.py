"""Read the names of evalscope's benchmarks, without importing evalscope (its import takes seconds).

evalscope ships `benchmarks/_index.json` (name → module) and `benchmarks/_meta/<name>.json`; if the index is absent,
the names are read from the adapters' source.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from qwq_nb.errors import WorkerError

__all__ = ["evalscope_folder", "evalscope_names", "meta", "subset_names"]

_NAME = re.compile(r"""BenchmarkMeta\((?:(?!BenchmarkMeta\().)*?\bname=['"]([A-Za-z0-9_.\-]+)['"]""", re.S)


@functools.cache
def evalscope_folder() -> Path:
    """Return the folder in which evalscope is installed. Raises WorkerError if it is not."""
    spec = importlib.util.find_spec("evalscope")
    if spec is None or not spec.submodule_search_locations:
        raise WorkerError(
            "evalscope is not installed in this kernel's environment: pip install 'evalscope>=1.14,<1.15'"
        )
    return Path(next(iter(spec.submodule_search_locations)))


@functools.cache
def evalscope_names(folder: Path | None = None) -> list[str]:
    """Return all benchmarks that evalscope (or the copy in `folder`) knows, sorted."""
    benchmarks = (folder or evalscope_folder()) / "benchmarks"
    try:
        return sorted(json.loads((benchmarks / "_index.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        sources = (path.read_text(encoding="utf-8") for path in sorted(benchmarks.glob("*/*.py")))
        return sorted({name for source in sources for name in _NAME.findall(source)})


def meta(name: str) -> dict[str, Any]:
    """Return evalscope's description of a benchmark (`subset_list`, `few_shot_num`, …); empty if it ships none."""
    try:
        found = json.loads((evalscope_folder() / "benchmarks" / "_meta" / f"{name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return dict(found.get("meta", {}))


def subset_names(name: str) -> list[str]:
    """Return a benchmark's subsets by evalscope's names, for completion; the worker checks the real ones."""
    return [str(subset) for subset in meta(name).get("subset_list", [])]
