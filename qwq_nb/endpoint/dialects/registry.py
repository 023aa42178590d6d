"""Register the dialects by name. A dialect is imported at an endpoint's first request in it."""

from __future__ import annotations

from typing import Any

from qwq_nb.core.registry import Registry

__all__ = ["DEFAULT_DIALECT", "DIALECTS"]

DEFAULT_DIALECT = "chat_completions"

# Not `Registry[Dialect]`: a dialect is typed by `Endpoint`, and an endpoint checks the name of its dialect here.
DIALECTS: Registry[Any] = Registry(
    "dialect",
    "qwq_nb.dialects",
    {
        DEFAULT_DIALECT: "qwq_nb.endpoint.dialects.chat_completions:ChatCompletions",
        "open_content": "qwq_nb.endpoint.dialects.continuations:OpenContent",
        "raw_completions": "qwq_nb.endpoint.dialects.continuations:RawCompletions",
        "reasoning_field": "qwq_nb.endpoint.dialects.continuations:ReasoningField",
    },
)
"""The last three continue a thought, for `%qwq_budget --forced`.

`register_dialect` and `dialect_of` in `dialects/dialect.py` are its typed interface."""
