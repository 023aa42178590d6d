"""Define the request of a run: `EvalRequest`, with its `Selection` of samples and the `Source` of its problems.

The manifest holds it, so that a run can be resumed from its directory alone. Defaults of options stand here and nowhere
else: the magics' help and their traits read them from these fields.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec

from qwq_nb.endpoint.dialects.registry import DEFAULT_DIALECT
from qwq_nb.endpoint.endpoint import Endpoint

__all__ = [
    "CONCURRENCY",
    "EDIT_FORMAT",
    "EDIT_FORMATS",
    "GRADE_DEADLINE_S",
    "HUB",
    "MOST_REPEATS",
    "MOST_TRIES",
    "REPEATS",
    "SANDBOX",
    "SEED",
    "SOLVER",
    "TRIES",
    "EditFormat",
    "Editing",
    "EvalRequest",
    "Hub",
    "Selection",
    "Source",
    "endpoint_identity",
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

EditFormat = Literal["whole", "diff", "udiff"]
EDIT_FORMATS: tuple[EditFormat, ...] = get_args(EditFormat)
"""How a model writes its edits: whole files, blocks of search and replace, or unified diffs."""
EDIT_FORMAT: EditFormat = "whole"
TRIES = 2
"""Tries at an exercise: after the first the output of failed tests is sent back."""
MOST_TRIES = 10


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
    shard: tuple[int, int] | None = None
    """Number of the part that is asked, from 0, and number of parts; None: all is asked. It does not identify the run
    either.
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


class Editing(msgspec.Struct, kw_only=True, frozen=True):
    """Say how the files of an exercise are edited (`code_editing`): by whom, in which format, in how many tries."""

    editor: Endpoint | None = None
    """The endpoint that turns what the run's own endpoint proposes into edits; None: the run's own writes them."""
    format: EditFormat = EDIT_FORMAT
    """The format of the edits: the editor's, where there is one."""
    tries: int = TRIES

    def identity(self, *, any_url: bool = False) -> dict[str, Any]:
        """Return what makes a run another one."""
        editor = None if self.editor is None else endpoint_identity(self.editor, any_url=any_url)
        return {"editor": editor, "format": self.format, "tries": self.tries}


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
    editing: Editing | None = None
    """How files are edited, by the solver `editing`; None: by another solver."""

    @property
    def endpoint(self) -> Endpoint:
        """Return the first endpoint, whose model and URL identify the run."""
        return self.endpoints[0]

    @property
    def editor(self) -> Endpoint | None:
        """Return the endpoint that writes the edits beside the run's own; None: there is none."""
        return None if self.editing is None else self.editing.editor

    @property
    def all_endpoints(self) -> list[Endpoint]:
        """Return every endpoint that the run asks: those that share it, then the editor."""
        return [*self.endpoints, *([self.editor] if self.editor is not None else [])]

    @property
    def demo(self) -> bool:
        """Return True if the built-in endpoint is asked."""
        return self.endpoint.is_demo

    def identity(self, data_fingerprint: str, *, any_url: bool = False) -> dict[str, Any]:
        """Return the fields that identify a run: two requests with equal ones share one run directory.

        `data_fingerprint` changes with the content of a local data file; empty for a hub. `any_url`: as for
        `endpoint_identity`.
        """
        selection, source = self.selection, self.source
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
            **endpoint_identity(self.endpoint, any_url=any_url),
        }
        # Left out where they are the default ones: runs begun before there were others keep their key.
        further = {
            "solver": (self.solver, SOLVER),
            "preset": (source.preset, ""),
            "editing": (None if self.editing is None else self.editing.identity(any_url=any_url), None),
        }
        return same | {name: value for name, (value, default) in further.items() if value != default}


def endpoint_identity(endpoint: Endpoint, *, any_url: bool = False) -> dict[str, Any]:
    """Return the fields of an endpoint that make its answers another model's, or another setting's.

    `any_url`: the model and its settings alone. Shards of one run ask servers of their own, each perhaps by the same
    `localhost`.
    """
    same = {
        # The built-in endpoint has another port at each start.
        "url": "demo" if endpoint.is_demo else "" if any_url else endpoint.url,
        "model": endpoint.model,
        "sampling": endpoint.sampling,
        "request_seed": endpoint.request_seed,
        "think": endpoint.think,
    }
    # As in a run's key: left out where it is the default one.
    return same if endpoint.dialect == DEFAULT_DIALECT else {**same, "dialect": endpoint.dialect}
