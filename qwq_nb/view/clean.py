"""Give views and sections the rule for foreign text; it stands in `qwq_nb.errors`, since messages follow it too."""

from __future__ import annotations

from qwq_nb.errors import one_line, visible

__all__ = ["one_line", "visible"]
