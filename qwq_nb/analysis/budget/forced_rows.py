"""Keep forced answers in `qwq_budget.jsonl` beside the run: a plan line for each call, then a row an answer.

A row is found again by its key, a hash of everything that the answer depends on, and is not asked again. No prompt is
in
it: `text` is what the model wrote, from which it can be graded anew.
"""

from __future__ import annotations

import contextlib
import hashlib
from typing import Literal

import msgspec

from qwq_nb.analysis.budget.forced_plan import CutSample, Unit
from qwq_nb.analysis.budget.grid import checked_budgets
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.continuing.probe import Transport
from qwq_nb.evaluation.continuing.suffixes import Suffix
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["FILE", "Forced", "ForcedPlanRow", "ForcedRow", "NativeRow", "read_forced", "row_key"]

FILE = "qwq_budget.jsonl"


class ForcedRow(msgspec.Struct, kw_only=True):
    """Hold one forced answer."""

    sample: str
    repeat: int
    budget: int
    chars: int
    """Characters of the reasoning that were left."""
    cut: Literal["tokens", "pieces"] = "pieces"
    """By the server's own tokens, or by the pieces of the text (`qwq_nb.evaluation.continuing.cutting`)."""
    whole: bool = False
    """The whole reasoning was left: the check of fidelity."""
    text: str = ""
    """What the model wrote."""
    extracted: str = ""
    right: bool | None = None
    """The grader's verdict; None: not graded."""
    outcome: Literal["asked", "unproved", "failed"]
    """`unproved`: the prompt's token count does not show that the thought was there; it counts nowhere. `failed`: there
    is no answer, and the next call asks again."""
    prompt: int = 0
    """Prompt tokens by the server."""
    expected: int = 0
    """Prompt tokens that there should be."""
    cached: int = 0
    """Of the prompt: those that the server took from its prefix cache."""
    completion: int = 0
    finish: str = ""
    error: str = ""
    model: str
    dialect: str
    """The transport, by the dialect of its requests."""
    key: str


class ForcedPlanRow(msgspec.Struct, kw_only=True):
    """Hold the plan of one call on one benchmark, as a line before its rows."""

    kind: Literal["plan"] = "plan"
    v: int = 1
    benchmark: str
    budgets: list[int]
    limit: int | None = None
    """Problems at most; None: all."""
    suffix: str
    max_tokens: int
    temperature: float = 0.0
    transports: list[Transport] = []
    """Of each endpoint, with the counts that prove it."""


class NativeRow(msgspec.Struct, kw_only=True, frozen=True):
    """Hold the name of a run with a thinking budget of the server's own, which lies beside this one."""

    kind: Literal["native"] = "native"
    v: int = 1
    field: str
    budget: int
    run: str

    def __post_init__(self) -> None:
        """Raises ValueError if it is no name of a field, or of a folder beside the run's."""
        if not (self.field.isascii() and self.field.isidentifier() and len(self.field) <= 64 and self.budget > 0):
            raise ValueError(f"no field with a budget: {self.field!r}")
        if self.run in ("", ".", "..") or set(self.run) & set("/\\\0"):
            raise ValueError(f"no name of a run: {self.run!r}")


def row_key(sample: CutSample, chars: int, *, model: str, dialect: str, suffix: Suffix) -> str:
    """Return the hash of what an answer depends on: model, prompt, the thought that is left, suffix, transport."""
    completion = sample.result.completion
    thought = completion.reasoning[:chars] if completion is not None else ""
    told = [model, sample.result.sample.messages, thought, suffix.words, suffix.max_tokens, dialect]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


class Forced:
    """Hold what a run's directory has of forced answers: rows by unit, and the last plan of each benchmark."""

    def __init__(self) -> None:
        self.plans: dict[str, ForcedPlanRow] = {}
        self.natives: list[NativeRow] = []
        """Runs with a budget of the server's own, each once."""
        self._rows: dict[tuple[str, int, int, bool], dict[str, ForcedRow]] = {}

    def put(self, row: ForcedRow) -> None:
        """Add a row; of those with one key the last counts."""
        rows = self._rows.setdefault((row.sample, row.repeat, row.budget, row.whole), {})
        rows.pop(row.key, None)
        rows[row.key] = row

    def of(self, sample: CutSample, unit: Unit, suffix: Suffix, way: tuple[str, str] | None = None) -> ForcedRow | None:
        """Return the last row of a unit that this prompt and thought gave; None if there is none.

        `way`: of this model and dialect only.
        """
        result = sample.result
        rows = self._rows.get((result.sample.id, result.repeat, unit.budget, unit.whole), {})
        for row in reversed(rows.values()):
            if way is not None and way != (row.model, row.dialect):
                continue
            if row.key == row_key(sample, row.chars, model=row.model, dialect=row.dialect, suffix=suffix):
                return row
        return None


def read_forced(directory: RunDirectory) -> Forced:
    """Return the forced answers that a run's directory holds. What is no row of ours is passed over."""
    found = Forced()
    for row in directory.rows(FILE):
        with contextlib.suppress(*UNREADABLE, OptionError):
            if row.get("kind") == "plan":
                plan = msgspec.convert(row, ForcedPlanRow)
                # As they may be named: the file may come from somebody else.
                plan.budgets = checked_budgets(plan.budgets) or []
                plan.limit = plan.limit if plan.limit is None or plan.limit > 0 else None
                found.plans[plan.benchmark] = plan
            elif row.get("kind") == "native":
                native = msgspec.convert(row, NativeRow)
                if native not in found.natives:
                    found.natives.append(native)
            elif "key" in row:
                found.put(msgspec.convert(row, ForcedRow))
    return found
