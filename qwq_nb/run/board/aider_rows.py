"""Write rows of a board in the shape of aider's leaderboards (`rows.yml`), to be put beside its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import yaml

from qwq_nb.core.board_row import BoardRow
from qwq_nb.core.text import valid_text

__all__ = ["aider_rows"]

_HEAD: Final = """\
# In the shape of aider's leaderboards. percent_cases_well_formed and num_malformed_responses count the replies of every
# role; aider's own numbers, which see nothing of an editor's replies, are percent_well_formed_by_aider and
# num_malformed_by_aider. Empty: not known (user_asks are questions of aider's console, which we have none of).
"""
_DIGITS: Final = {"seconds_per_case": 1, "total_cost": 4}


def aider_rows(rows: Iterable[BoardRow]) -> str:
    """Return the rows as YAML: a list of mappings with aider's keys in aider's order, and ours after them."""
    made = [_mapping(row) for row in rows]
    text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=1_000_000)
    return f"{_HEAD}{text}"


def _mapping(row: BoardRow) -> dict[str, Any]:
    pair = {"editor_model": row.editor_model, "editor_edit_format": row.editor_edit_format} if row.editor_model else {}
    fields: dict[str, Any] = {
        "dirname": row.run,
        "test_cases": row.test_cases,
        "model": row.label,
        "edit_format": row.edit_format,
        "commit_hash": None,
        **pair,
        **_named(row, "pass_rate_1", "pass_rate_2", "percent_cases_well_formed"),
        **_named(row, "error_outputs", "num_malformed_responses", "num_with_malformed_responses", "user_asks"),
        **_named(row, "lazy_comments", "syntax_errors", "indentation_errors", "exhausted_context_windows"),
        **_named(row, "prompt_tokens", "completion_tokens", "test_timeouts"),
        "total_tests": row.test_cases + row.errors + row.pending,
        **_named(row, "command", "date", "versions", "seconds_per_case", "total_cost"),
        **_named(row, "percent_well_formed_by_aider", "num_malformed_by_aider", "no_edit"),
        "pass_rate_2_low": _rounded("ci_low", row.ci_low),
        "pass_rate_2_high": _rounded("ci_high", row.ci_high),
    }
    if row.demo:
        fields["demo"] = True
    return {name: valid_text(value) if isinstance(value, str) else value for name, value in fields.items()}


def _named(row: BoardRow, *names: str) -> dict[str, Any]:
    return {name: _rounded(name, getattr(row, name)) for name in names}


def _rounded(name: str, value: Any) -> Any:
    return round(value, _DIGITS.get(name, 1)) if isinstance(value, float) else value
