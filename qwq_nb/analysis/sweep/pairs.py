"""Read `--pairs "qwq; qwen; qwq+qwen"`: models that edit alone, and pairs of an architect and an editor."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from qwq_nb.core.options import Option
from qwq_nb.core.turn_counts import CODE_EDITING
from qwq_nb.endpoint.endpoint import Endpoint
from qwq_nb.errors import OptionError, one_line

__all__ = ["PAIRS", "PAIRS_OPTION", "check_pairs", "pair_call", "pair_text", "pairs_of"]

PAIRS: Final = "pairs"
"""Name of the axis."""

PAIRS_OPTION: Final = Option(
    "--pairs",
    "text",
    f"of {CODE_EDITING}: endpoints that edit alone, and pairs ARCHITECT+EDITOR, by semicolons; a setting each",
    metavar='"A; B; A+B"',
)

_EXAMPLE: Final = '--pairs "qwq; qwen; qwq+qwen"'


def pairs_of(text: str) -> list[str]:
    """Read a list of models and pairs: `qwq; qwq + qwen` → `["qwq", "qwq+qwen"]`.

    Raises:
        OptionError: an empty entry, or one of more than two names.
    """
    entries = text.split(";")
    if len(entries) > 1 and not entries[-1].strip():
        entries.pop()
    return [pair_text(entry) for entry in entries]


def pair_text(entry: Any) -> str:
    """Return one entry as it is named everywhere: `qwq`, `qwq+qwen`.

    Raises:
        OptionError: it is no name, nor two names with a `+` between them.
    """
    if not isinstance(entry, str):
        raise OptionError(f"--pairs takes names of endpoints, as in {_EXAMPLE}, not {one_line(repr(entry), 100)}.")
    names = [name.strip() for name in entry.split("+")]
    if not all(names) or len(names) > 2 or "," in entry:
        raise OptionError(
            f"--pairs takes one endpoint's name, or two as ARCHITECT+EDITOR, and not {one_line(entry, 100)!r}. "
            f"Separate them by semicolons: {_EXAMPLE}"
        )
    return "+".join(names)


def pair_call(pair: str) -> tuple[str, str | None]:
    """Return the endpoint and the editor of an `evaluate` call; None: there is no editor."""
    architect, _, editor = pair.partition("+")
    return architect, editor or None


def check_pairs(
    benchmarks: Collection[str],
    axes: Mapping[str, Any],
    *,
    endpoint: Endpoint | str | None,
    options: Mapping[str, Any],
) -> None:
    """Check that pairs are of code editing, and that nothing else names their endpoints.

    Raises:
        OptionError: another benchmark, or an endpoint or an editor that is given besides.
    """
    if PAIRS not in axes:
        return
    others = [name for name in benchmarks if name != CODE_EDITING]
    if others:
        raise OptionError(
            f"--pairs is for {CODE_EDITING}, whose files a model edits alone or as a pair, and not for "
            f"{one_line(others[0], 60)}: to compare endpoints on it, write --endpoint A,B."
        )
    given = {"--endpoint": endpoint, "--editor": options.get("editor"), "--demo": options.get("demo")}
    twice = [name for name, value in given.items() if value] + [
        f"--{axis}" for axis in ("endpoint", "editor") if axis in axes
    ]
    if twice:
        raise OptionError(f"--pairs names the endpoints of every setting: leave {twice[0]} out.")
