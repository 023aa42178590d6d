"""Define the request of a run: `EvalRequest`, with its `Selection` of samples and the `Source` of its problems.

The manifest holds it, so that a run can be resumed from its directory alone. Defaults of options stand here and nowhere
else: the magics' help and their traits read them from these fields.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = [
    "CONCURRENCY",
    "GRADE_DEADLINE_S",
    "HUB",
    "MOST_REPEATS",
    "REPEATS",
    "SANDBOX",
    "SEED",
    "SOLVER",
    "EvalRequest",
    "Hub",
    "Selection",
    "Source",
]

Hub = Literal["modelscope", "huggingface"]

SEED = 0
REPEATS = 1
MOST_REPEATS = 10_000
HUB: Hub = "modelscope"
CONCURRENCY: Literal["auto"] = "auto"
GRADE_DEADLINE_S = 10.0
SOLVER = "single"
SANDBOX = "auto"


class Selection(msgspec.Struct, kw_only=True, frozen=True):
    """Select the samples of each benchmark that are asked, and how often each is asked."""

    levels: list[int] | None = None
    """Level numbers of benchmarks that have levels; None: all."""
    subsets: list[str] | None = None
    """Names of subsets; None: all."""
    limit: int | None = None
    """Samples of each benchmark, spread evenly over its subsets; None: all."""
    seed: int = SEED
    """Seed of the samples that a limit takes, and of the order in which they are asked."""
    repeats: int = REPEATS
    """Times each sample is asked."""
    until: float | None = None
    """Half of the width, in percentage points, at which the 95 % interval of a benchmark's score ends the asking; None:
    all are asked. It says how much of the same run is carried out, and so does not identify it.
    """

    @property
    def whole(self) -> bool:
        """Return True if no level or subset is left out."""
        return not (self.levels or self.subsets)


class Source(msgspec.Struct, kw_only=True, frozen=True):
    """Name where the problems come from, and how prompts are made of them."""

    data: str = ""
    """A local file or folder; empty: the hub."""
    hub: Hub = HUB
    few_shot: int | None = None
    """Worked examples in the prompt; None: the benchmark's own default."""
    dataset_args: dict[str, Any] = {}
    """Further dataset arguments of evalscope."""
    preset: str = ""
    """Name of the preset by which the benchmark is asked and graded; empty: as evalscope does."""


class EvalRequest(msgspec.Struct, kw_only=True, frozen=True):
    """Hold one `%qwq_eval` line, checked and complete."""

    benchmarks: list[str]
    endpoints: list[Endpoint]
    """The endpoints that share the run; the first one gives it its name."""
    selection: Selection = Selection()
    source: Source = Source()
    concurrency: int | Literal["auto"] = CONCURRENCY
    """Streams at once over all endpoints; `auto`: as many as help, found out by the run."""
    grade_deadline_s: float = GRADE_DEADLINE_S
    """Longest time for one grading, in seconds."""
    solver: str = SOLVER
    """How one sample becomes one completion: the name of a solver."""
    sandbox: str = SANDBOX
    """What the code of answers that are programs runs in: one of `qwq_nb.sandbox.SANDBOXES`."""
    jobs: int | None = None
    """Programs that run at once; None: one fewer than there are processors."""

    @property
    def endpoint(self) -> Endpoint:
        """Return the first endpoint, whose model and URL identify the run."""
        return self.endpoints[0]

    @property
    def demo(self) -> bool:
        """Return True if the built-in endpoint is asked."""
        return self.endpoint.is_demo

    def identity(self, data_fingerprint: str) -> dict[str, Any]:
        """Return the fields that identify a run: two requests with equal ones share one run directory.

        `data_fingerprint` changes with the content of a local data file; empty for a hub.
        """
        endpoint, selection, source = self.endpoint, self.selection, self.source
        same = {
            "benchmarks": self.benchmarks,
            "levels": selection.levels,
            "subsets": selection.subsets,
            "limit": selection.limit,
            "seed": selection.seed,
            "repeats": selection.repeats,
            "data": data_fingerprint or source.hub,
            "few_shot": source.few_shot,
            "dataset_args": source.dataset_args,
            # The built-in endpoint has another port at each start.
            "url": "demo" if endpoint.is_demo else endpoint.url,
            "model": endpoint.model,
            "sampling": endpoint.sampling,
            "request_seed": endpoint.request_seed,
            "think": endpoint.think,
        }
        # Left out where they are the default ones: runs begun before there were others keep their key.
        further = {
            "dialect": (endpoint.dialect, DEFAULT_DIALECT),
            "solver": (self.solver, SOLVER),
            "preset": (source.preset, ""),
        }
        return same | {name: value for name, (value, default) in further.items() if value != default}
