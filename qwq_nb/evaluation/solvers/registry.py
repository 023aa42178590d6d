"""Name the solvers there are. A solver is imported when a run first uses it."""

from __future__ import annotations

from qwq_nb.core.registry import Registry
from qwq_nb.evaluation.solvers.solver import Solver
from qwq_nb.store.request import SOLVER

__all__ = ["DEFAULT_SOLVER", "SOLVERS", "register_solver"]

DEFAULT_SOLVER = SOLVER

SOLVERS: Registry[Solver] = Registry(
    "solver", "qwq_nb.solvers", {DEFAULT_SOLVER: "qwq_nb.evaluation.solvers.single:SingleRequest"}
)


def register_solver(name: str, solver: Solver | str) -> None:
    """Register a solver, or the text `package.module:Name` of one, under a name.

    Raises:
        OptionError: the name is a built-in one's, or the text names no object.
    """
    SOLVERS.register(name, solver)
