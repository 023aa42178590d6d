"""Choose the sandbox of a run whose answers are programs, before anything is asked, and say which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qwq_nb import sandbox
from qwq_nb.bench.code.catalog import runs_code
from qwq_nb.bench.games.benchmark import Games, check_extra
from qwq_nb.bench.protocol import LoadedBenchmark
from qwq_nb.errors import SandboxUnavailable
from qwq_nb.run.notes import SANDBOX_NOTE
from qwq_nb.store.request import EvalRequest

__all__ = ["CODE_DEADLINE_S", "deadline_of", "sandbox_for", "sandbox_notes"]

CODE_DEADLINE_S: Final = 3600.0
"""Seconds without any verdict after which a worker that runs code counts as hung: code has limits of its own."""


def sandbox_for(request: EvalRequest, loaded: Sequence[LoadedBenchmark]) -> str:
    """Return the name of the sandbox that the run's code is run in; empty where none is run.

    Raises:
        SandboxUnavailable: what was asked for does not work here; the message has the ways out.
        UserError: games are asked for, and what they need is not installed.
    """
    if not any(runs_code(bench.benchmark) for bench in loaded):
        return ""
    if any(bench.benchmark == Games.name for bench in loaded):
        check_extra()
        if request.sandbox == "docker":
            raise SandboxUnavailable(
                "Games are not played in Docker: its image has no pygame, and hands no files back. Leave --sandbox "
                "out, or name another one; %qwq_sandbox lists those that work here."
            )
    return sandbox.available(request.sandbox).name


def sandbox_notes(name: str) -> list[str]:
    """Return the note on the sandbox; empty where no code is run."""
    if not name:
        return []
    if name == "off":
        return [
            "Code is run without a sandbox, as --sandbox off says: a model's code may do here whatever this account "
            "may."
        ]
    return [f"{SANDBOX_NOTE} {name}."]


def deadline_of(request: EvalRequest, benchmark: str) -> float:
    """Return the seconds that one grading may take."""
    return CODE_DEADLINE_S if runs_code(benchmark) else request.grade_deadline_s
