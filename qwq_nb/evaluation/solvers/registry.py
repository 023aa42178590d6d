"""Name the solvers there are. A solver is imported when a run first uses it."""

from __future__ import annotations

from qwq_nb.core.registry import Registry
from qwq_nb.evaluation.solvers.solver import RequestedSolver, Solver
from qwq_nb.store.request import SOLVER, EvalRequest

__all__ = ["DEFAULT_SOLVER", "SOLVERS", "register_solver", "solver_of", "usual_solver"]

DEFAULT_SOLVER = SOLVER

SOLVERS: Registry[Solver] = Registry(
    "solver",
    "qwq_nb.solvers",
    {
        DEFAULT_SOLVER: "qwq_nb.evaluation.solvers.single:SingleRequest",
        "editing": "qwq_nb.evaluation.solvers.editing:EditingSolver",
    },
)

_USUAL = {"code_editing": "editing"}
"""Benchmark → the solver that is taken if none is named, of those that are not asked by one request."""


def usual_solver(benchmark: str) -> str:
    """Return the solver by which a benchmark is solved if none is named."""
    return _USUAL.get(benchmark, DEFAULT_SOLVER)


def solver_of(request: EvalRequest) -> Solver:
    """Return the solver of a request, with the options that the request has for it."""
    solver = SOLVERS.get(request.solver)
    return solver.for_request(request) if isinstance(solver, RequestedSolver) else solver


def register_solver(name: str, solver: Solver | str) -> None:
    """Register a solver, or the text `package.module:Name` of one, under a name.

    Raises:
        OptionError: the name is a built-in one's, or the text names no object.
    """
    SOLVERS.register(name, solver)
