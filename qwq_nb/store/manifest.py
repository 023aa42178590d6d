"""Define the manifest of a run directory (`qwq_run.json`), and read those of earlier versions."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec

from qwq_nb.core.records import State
from qwq_nb.errors import UnknownRun
from qwq_nb.store.request import MOST_REPEATS, MOST_TRIES, EvalRequest
from qwq_nb.store.shards import MOST_SHARDS

__all__ = ["MANIFEST", "Manifest", "MergedPart", "TakenOver", "decode_manifest", "now", "path_segment"]

MANIFEST = "qwq_run.json"
SCHEMA = "qwq_run.v2"
_NAME = re.compile(r"[\w.+-]{1,200}")
"""Of a benchmark: it becomes part of files' names."""
MOST_PROBLEMS = 10**9
"""Of a subset."""


class TakenOver(msgspec.Struct, kw_only=True):
    """Say how many answers a run has of another run, which asked the same with smaller numbers."""

    run: str
    """The name of the other run."""
    answers: int
    cut: int = 0
    """Answers of the other run that its lower token limit cut: these were not taken over."""
    max_tokens: int | None = None
    """That lower limit; None: it was no lower."""


class MergedPart(msgspec.Struct, kw_only=True):
    """Say what a run has of another directory of the same run: one of its shards."""

    run: str
    """The name of the other directory."""
    answers: int
    """Answers that were taken from it, over all merges."""
    url: str = ""
    """Of the endpoint that it asked."""
    conflicts: int = 0
    """Answers of it that were left, since another directory had another answer to the same sample × repeat."""


class Manifest(msgspec.Struct, kw_only=True):
    """Hold what was asked, of which endpoint, and the state of the run. It holds no key: `key_env` names a variable."""

    schema: str = SCHEMA
    run_id: str
    name: str
    key: str
    """Hash of the request's identity: the same line has the same key, and so the same run. Empty: another tool wrote
    the run.
    """
    made_by: str = ""
    """Name and version of the tool that wrote the run, where the key is empty; empty: evalscope."""
    created: str
    updated: str
    """ISO 8601, UTC."""
    state: State = "starting"
    request: EvalRequest
    """The request as the run's last call made it."""
    data_label: str = ""
    """Where the problems came from, in words."""
    plan_hash: str = ""
    data_hash: dict[str, str] = {}
    versions: dict[str, str] = {}
    command: str = ""
    """The magic line that resumes the run or shows it again."""
    total: int = 0
    done: int = 0
    scores: dict[str, float | None] = {}
    """Accuracy of each benchmark (0…1), or the mean of its scores that are not 0 or 1, as of `updated`."""
    metrics: dict[str, str] = {}
    """Names of the scores that are not 0 or 1, by benchmark."""
    elapsed_s: float = 0.0
    """Wall-clock seconds spent on this run so far, over all calls."""
    streams: int = 0
    """Streams at once that `--concurrency auto` has come to; 0: not known, or a number was asked for."""
    notes: list[str] = []
    taken_over: list[TakenOver] = []
    """The runs that this one took answers over from when it began."""
    merged: list[MergedPart] = []
    """The shards that it was merged of; empty: it asked everything itself."""
    adapters: dict[str, dict[str, Any]] = {}
    """Settings and versions of each benchmark, as its adapter reports them."""
    population: dict[str, dict[str, int]] = {}
    """Benchmark → subset → problems that it has there, of the levels or subsets chosen, those too that a limit leaves
    out altogether; empty: an older version's run, or one that evalscope wrote.
    """
    left_out: dict[str, list[str]] = {}
    """Benchmark → subsets among these of which a limit takes no problem."""
    estimated: dict[str, tuple[int, int]] = {}
    """Of each benchmark of which only a part was asked, as of `updated`: answers behind its score, and answers that all
    of its problems would have.
    """
    sandbox: str = ""
    """Name of the sandbox in which answers that are programs ran; empty: none did."""
    withheld: list[str] | None = None
    """Names of the benchmarks whose authors ask that their texts not be published; None: an older version's run."""

    @property
    def maker(self) -> str:
        """Return the tool that wrote the run; empty for a run of ours."""
        return "" if self.key else self.made_by or "evalscope"


def decode_manifest(content: bytes, where: str) -> Manifest:
    """Decode the manifest of this or an earlier version. `where` names the file in messages.

    Raises:
        UnknownRun: it is no manifest, or one of a later version.
    """
    try:
        raw = msgspec.json.decode(content)
        schema = raw.get("schema") if isinstance(raw, dict) else None
        if schema == "qwq_run.v1":
            raw = from_v1(raw)
        elif schema != SCHEMA and isinstance(schema, str) and re.fullmatch(r"qwq_run\.v\d+", schema):
            raise UnknownRun(f"{where} was written by a later version of qwq_nb ({schema}): update this one.")
        manifest = msgspec.convert(raw, Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError, MemoryError) as exc:
        raise UnknownRun(f"{where} cannot be read as a run's manifest: {exc}") from None
    if fault := fault_of(manifest.request) or fault_of_sizes(manifest.population):
        raise UnknownRun(f"{where} cannot be read as a run's manifest: {fault}.")
    return manifest


def fault_of(request: EvalRequest) -> str:
    """Say what of a request cannot be, although it has the right types; empty if nothing."""
    if not request.benchmarks or not request.endpoints:
        return "it names no benchmark, or no endpoint"
    if not all(_NAME.fullmatch(name) for name in request.benchmarks):
        return "it names a benchmark as none can be named"
    selection = request.selection
    if not 1 <= selection.repeats <= MOST_REPEATS:
        return f"{selection.repeats:,} repeats, where 1 to {MOST_REPEATS:,} can be asked for"
    if selection.limit is not None and selection.limit < 1:
        return f"a limit of {selection.limit:,} problems"
    if selection.shard is not None and not 0 <= selection.shard[0] < selection.shard[1] <= MOST_SHARDS:
        return "a shard as there can be none"
    if request.editing is not None and not 1 <= request.editing.tries <= MOST_TRIES:
        return f"{request.editing.tries:,} tries, where 1 to {MOST_TRIES} can be asked for"
    return ""


def fault_of_sizes(population: dict[str, dict[str, int]]) -> str:
    """Say which number of problems cannot be; empty if all can."""
    sizes = [size for subsets in population.values() for size in subsets.values()]
    return "" if all(0 <= size <= MOST_PROBLEMS for size in sizes) else "a subset of more problems than there can be"


def from_v1(old: dict[str, Any]) -> dict[str, Any]:
    """Convert a manifest of version 1, in which the request's fields stood beside the others."""
    selection = {name: old[name] for name in ("levels", "subsets", "limit", "seed", "repeats") if name in old}
    source = {name: old[name] for name in ("data", "hub", "few_shot", "dataset_args") if name in old}
    others = old.get("other_endpoints") or []
    request: dict[str, Any] = {
        "benchmarks": old.get("benchmarks"),
        "endpoints": [old.get("endpoint"), *(others if isinstance(others, list) else [others])],
        "selection": selection,
        "source": source,
        **{name: old[name] for name in ("concurrency", "grade_deadline_s") if name in old},
    }
    kept = {name: value for name, value in old.items() if name in Manifest.__struct_fields__}
    return {**kept, "schema": SCHEMA, "request": request}


def path_segment(text: str) -> str:
    """Make a text one readable segment of a path."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "model"


def now() -> str:
    """Return the time in ISO 8601, UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
