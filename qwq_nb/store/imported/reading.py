"""Find out which tool wrote a file or folder, and read its run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from qwq_nb.store.imported.chat_rows import is_chat_file, read_chat_rows
from qwq_nb.store.imported.inspect_log import is_inspect_log, read_inspect_log
from qwq_nb.store.imported.lighteval import is_lighteval, read_lighteval
from qwq_nb.store.imported.lm_eval import is_lm_eval, read_lm_eval
from qwq_nb.store.imported.nemo_evaluator import is_nemo_evaluator, read_nemo_evaluator
from qwq_nb.store.imported.rows import ImportedRun

__all__ = ["TOOLS", "Tool", "tool_of"]


class Tool(NamedTuple):
    """Name a tool, and say how its runs are recognised and read."""

    name: str
    is_its: Callable[[Path], bool]
    read: Callable[[Path], ImportedRun]


TOOLS: Final = (
    Tool("Inspect", is_inspect_log, read_inspect_log),
    Tool("lm-eval", is_lm_eval, read_lm_eval),
    Tool("lighteval", is_lighteval, read_lighteval),
    Tool("NeMo Evaluator", is_nemo_evaluator, read_nemo_evaluator),
    Tool("chat rows", is_chat_file, read_chat_rows),
)
"""In the order in which they are tried: chat rows are the least particular."""


def tool_of(path: Path) -> Tool | None:
    """Return the tool that wrote a file or folder; None where it is none of them."""
    if not path.exists():
        return None
    return next((tool for tool in TOOLS if tool.is_its(path)), None)
