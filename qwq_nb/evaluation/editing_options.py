"""Check the options of `code_editing` (`--editor`, `--edit-format`, `--tries`), and choose the solver of a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.endpoint.registry import get_endpoint
from qwq_nb.errors import OptionError, did_you_mean, one_line
from qwq_nb.evaluation.solvers.registry import SOLVERS, usual_solver
from qwq_nb.store.request import EDIT_FORMAT, EDIT_FORMATS, MOST_TRIES, SOLVER, TRIES, Editing

__all__ = ["EDITING", "changed_editor", "editing_of", "solver_name"]

EDITING: Final = "editing"
"""The solver that edits files."""


def solver_name(named: str, benchmarks: Sequence[str]) -> str:
    """Return the solver of a line: the one it names, else its benchmark's own.

    Raises:
        OptionError: there is no such solver, or benchmarks of different solvers are in one line.
    """
    SOLVERS.get(named)
    if named == EDITING and (other := next((b for b in benchmarks if usual_solver(b) != EDITING), "")):
        raise OptionError(f"The solver {EDITING!r} edits the files of exercises, and {other} has none: leave it out.")
    if named != SOLVER:
        return named
    usual = {name: usual_solver(name) for name in benchmarks}
    special = next((name for name, solver in usual.items() if solver != SOLVER), "")
    if special and len(set(usual.values())) > 1:
        raise OptionError(f"{special} is solved in another way than other benchmarks: give it a line of its own.")
    return usual[benchmarks[0]]


def editing_of(
    benchmarks: Sequence[str],
    solver: str,
    *,
    editor: Endpoint | str | None,
    edit_format: str | None,
    tries: int | None,
) -> Editing | None:
    """Return how a line's files are edited; None where its solver edits none.

    Raises:
        OptionError: an option that the line's benchmark does not take, or a value that cannot be.
        UnknownEndpoint: there is no endpoint named `editor`.
        UserError: the editor's key is missing.
    """
    given = {"--editor": editor, "--edit-format": edit_format, "--tries": tries}
    named = [name for name, value in given.items() if value is not None]
    if solver != EDITING:
        if not named:
            return None
        what = f"the solver {solver!r} takes" if solver != SOLVER else f"{', '.join(benchmarks)} takes"
        raise OptionError(
            f"{named[0]} is an option of code_editing, whose exercises are edited: {what} none. Leave "
            f"{' and '.join(named)} out, or run %qwq_eval code_editing."
        )
    if edit_format is not None and edit_format not in EDIT_FORMATS:
        hint = did_you_mean(str(edit_format), EDIT_FORMATS)
        raise OptionError(f"--edit-format must be one of {', '.join(EDIT_FORMATS)}, not {edit_format!r}.{hint}")
    if tries is not None and (not isinstance(tries, int) or isinstance(tries, bool) or not 1 <= tries <= MOST_TRIES):
        raise OptionError(f"--tries takes a whole number from 1 to {MOST_TRIES}, not {tries!r}.")
    return Editing(
        editor=None if editor is None else checked_editor(editor),
        format=edit_format or EDIT_FORMAT,
        tries=TRIES if tries is None else tries,
    )


def checked_editor(editor: Any) -> Endpoint:
    """Return the endpoint that is the editor, after a check that its key is there."""
    if isinstance(editor, Endpoint):
        found = editor
    elif isinstance(editor, str) and "," not in editor:
        found = get_endpoint(editor)
    else:
        raise OptionError(
            f"--editor takes the name of one endpoint that %qwq_endpoint has set, not {one_line(repr(editor), 100)}."
        )
    found.check_secrets()
    return found


def changed_editor(editing: Editing | None, editor: Endpoint | str | None) -> Editing | None:
    """Return how a resumed run's files are edited, with another endpoint in the place of its editor.

    Raises:
        OptionError: the run has no editor.
    """
    if editor is None:
        if editing is not None and editing.editor is not None:
            editing.editor.check_secrets()
        return editing
    if editing is None or editing.editor is None:
        raise OptionError("This run has no editor: leave --editor out. A pair of models is another run.")
    return msgspec.structs.replace(editing, editor=checked_editor(editor))
