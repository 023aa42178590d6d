"""Define the manifest of a run directory (`qwq_run.json`)."""

from __future__ import annotations

import re
import time
from typing import Any, Literal

import msgspec

from qwq_nb.core.records import State
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = ["MANIFEST", "Manifest", "path_segment"]


MANIFEST = "qwq_run.json"


class Manifest(msgspec.Struct, kw_only=True):
    """`qwq_run.json`. Holds no key: `endpoint.key_env` is the name of a variable."""

    schema: str = "qwq_run.v1"
    run_id: str
    name: str
    key: str
    """The request's identity: the same line has the same key, and so the same run."""
    created: str
    updated: str
    state: State = "starting"
    demo: bool = False
    endpoint: Endpoint
    other_endpoints: list[Endpoint] = []
    """Those that shared the run with `endpoint`, at its last call."""
    benchmarks: list[str]
    levels: list[int] | None = None
    subsets: list[str] | None = None
    limit: int | None = None
    seed: int = 0
    repeats: int = 1
    concurrency: int | Literal["auto"] = 32
    data: str = ""
    """The path given by --data, or empty."""
    data_label: str = ""
    hub: str = "modelscope"
    few_shot: int | None = None
    dataset_args: dict[str, Any] = {}
    grade_deadline_s: float = 10.0
    plan_hash: str = ""
    data_hash: dict[str, str] = {}
    versions: dict[str, str] = {}
    command: str = ""
    total: int = 0
    done: int = 0
    scores: dict[str, float | None] = {}
    """Accuracy of each benchmark, as of `updated`."""
    elapsed_s: float = 0.0
    """Wall time spent on this run so far, over all calls."""
    notes: list[str] = []
    adapters: dict[str, dict[str, Any]] = {}
    """What evalscope's adapter said of each benchmark: its settings and versions."""
    withheld: list[str] | None = None
    """Names of the benchmarks whose authors ask that their texts not be published; None: an older version's run."""


def path_segment(text: str) -> str:
    """`text` as one segment of a path, readable."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "model"


def now() -> str:
    """ISO 8601, UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
