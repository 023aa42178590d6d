"""Share the base of all magics: errors as UsageErrors, options in the docstring, runs by variable, name or path."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.error import UsageError
from IPython.core.magic import Magics

from qwq_nb.core.options import Option
from qwq_nb.errors import OptionError, QwqError
from qwq_nb.magics.parsing import parse_line, tokens_of
from qwq_nb.magics.words import unknown_names

if TYPE_CHECKING:
    from qwq_nb.run.run import Run

__all__ = ["OPTIONS", "MagicBase", "documented", "user_errors"]

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS: dict[str, Sequence[Option]] = {}
"""The options of each magic, by its name without `%`, as declared by `documented`. Parser, help and TAB share them."""


def user_errors(magic: F) -> F:
    """Turn a magic's QwqErrors into UsageErrors, which IPython shows without a traceback.

    The variables of the function that the line stands in are those that the line may name, as in IPython's own magics.
    """

    @functools.wraps(magic)
    def wrapped(self: MagicBase, line: str = "", *cell: str, local_ns: Mapping[str, Any] | None = None) -> Any:
        local = _caller_of("run_cell_magic") if cell else local_ns
        with self.variables_of(local):
            try:
                return magic(self, line, *cell)
            except QwqError as exc:
                raise UsageError(f"{exc}{self.hint(line)}") from None

    wrapped.needs_local_scope = True  # type: ignore[attr-defined]
    return wrapped  # type: ignore[return-value]


def _caller_of(function: str) -> Mapping[str, Any] | None:
    """Return the variables of the function that called one of that name: IPython gives a line magic only its scope."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_name != function:
        frame = frame.f_back
    caller = frame.f_back if frame is not None else None
    return caller.f_locals if caller is not None else None


def documented(options: Sequence[Option]) -> Callable[[F], F]:
    """Declare a magic's options: TAB offers them, and the docstring, which `%magic?` shows, ends with their help."""

    def decorate(magic: F) -> F:
        OPTIONS[magic.__name__] = options
        lines = [f"  {' '.join(filter(None, (o.name, o.metavar))):<24} {o.help}" for o in options]
        magic.__doc__ = "\n".join([magic.__doc__ or "", "Options:", *lines])
        return magic

    return decorate


class MagicBase(Magics):
    """Parse a magic's line into words and options, and find the runs it names."""

    shell: Any
    _local: Mapping[str, Any] | None = None

    @property
    def variables(self) -> Mapping[str, Any]:
        """Return the variables that a line may name: those of the function that it stands in, then the notebook's."""
        return ChainMap(dict(self._local or {}), self.shell.user_ns)

    @contextlib.contextmanager
    def variables_of(self, local: Mapping[str, Any] | None) -> Iterator[None]:
        """Let lines name these variables too, for as long as a magic runs."""
        before, self._local = self._local, local
        try:
            yield
        finally:
            self._local = before

    def hint(self, line: str) -> str:
        """Return a sentence on words of a failing line that look like variables and are none; empty without any."""
        try:
            names = unknown_names(line, self.variables)
        except OptionError:
            return ""
        return f" {', '.join(names[:3])}: no such variable here." if names else ""

    def runs_folder(self) -> str | None:
        """Return the folder of runs if the line names none; None: the default."""
        return None

    def parsed(self, line: str, options: Sequence[Option], magic: str) -> tuple[list[str], dict[str, Any]]:
        """Return a line's words and options, as `parse_line` does; variables of the user are inserted."""
        return parse_line(tokens_of(line, self.variables), options, magic)

    def executors_in(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return a line's options with the executors that its variables hold.

        Raises:
            OptionError: there is no variable of that name.
        """
        for option in ("executor", "grade_on"):
            if (name := given.get(option)) is not None:
                if name not in self.variables:
                    raise OptionError(
                        f"--{option.replace('_', '-')} takes the name of a variable that holds an executor, as in "
                        f"client = Client(…); there is none of the name {name!r}."
                    )
                given = {**given, option: self.variables[name]}
        return given

    def named_run(self, word: str, out: str | None = None) -> Run:
        """Return the run in a variable of that name, or the one of that name or path."""
        from qwq_nb.run.open import load_run
        from qwq_nb.run.run import Run

        named = self.variables.get(word)
        return named if isinstance(named, Run) else load_run(word, out=out or self.runs_folder())

    def one_run(self, words: list[str], magic: str, out: str | None) -> Run:
        """Return the run that a line names, or the last one. Raises OptionError if it names several, or none exists."""
        from qwq_nb.run.open import list_runs
        from qwq_nb.run.run import Run

        if len(words) > 1:
            raise OptionError(f"%{magic} takes one run; here are {len(words)} words that are no options.")
        if words:
            return self.named_run(words[0], out)
        last = self.shell.user_ns.get("_qwq_run")
        if isinstance(last, Run):
            return last
        folder = out or self.runs_folder()
        runs = list_runs(folder)
        if not runs:
            raise OptionError(f"There is no run yet in {folder or 'qwq_runs'}: %qwq_eval makes one.")
        return runs[0]
