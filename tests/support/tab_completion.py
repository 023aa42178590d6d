"""What TAB offers in a shell: its completer's answers at a place in a cell."""

from __future__ import annotations

from typing import Any

from IPython.core.completer import provisionalcompleter

__all__ = ["completion_texts", "completions"]


def completions(shell: Any, text: str) -> list[Any]:
    """The completions at the `|` in `text`, or at its end."""
    left, _, right = text.partition("|")
    with provisionalcompleter():
        return list(shell.Completer.completions(left + right, len(left)))


def completion_texts(shell: Any, text: str) -> list[str]:
    """Their texts."""
    return [completion.text for completion in completions(shell, text)]
