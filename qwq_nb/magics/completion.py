"""TAB in a magic's line: options, benchmark names, endpoints, models, runs. Nothing is asked of any server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qwq_nb.analysis.compare.options import COMPARE
from qwq_nb.analysis.speed.options import SPEED
from qwq_nb.analysis.sweep.grid import SWEEP
from qwq_nb.analysis.think.options import THINK
from qwq_nb.core.options import Option
from qwq_nb.endpoint.options import ENDPOINT
from qwq_nb.evaluation.options import ASK, EVAL, RESUME, RUNS, SHOW

__all__ = ["TABLES", "candidates", "register"]

_LINE = re.compile(r".*%{1,2}(qwq(?:_\w+)?)\b(.*)", re.DOTALL)
TABLES: dict[str, Sequence[Option]] = {
    "qwq_endpoint": ENDPOINT,
    "qwq_eval": EVAL,
    "qwq_panel": EVAL,
    "qwq_resume": RESUME,
    "qwq_show": SHOW,
    "qwq_runs": RUNS,
    "qwq": ASK,
    "qwq_compare": COMPARE,
    "qwq_think": THINK,
    "qwq_sweep": SWEEP,
    "qwq_speed": SPEED,
}
_LEVELS = ("1-5", "1", "2", "3", "4", "5")


def candidates(text: str, namespace: dict[str, Any]) -> list[str]:
    """What may stand at the end of `text`, a line up to the cursor."""
    match = _LINE.match(text)
    table = TABLES.get(match[1]) if match else None
    if match is None or table is None:
        return []
    words = match[2].split()
    typed = "" if match[2][-1:].isspace() or not words else words[-1]
    before = words[: len(words) - (typed != "")]
    option = next((o for o in table if before and o.name == before[-1]), None)
    if option is not None and option.kind != "flag":
        found = values(option, before)
    elif typed.startswith("-"):
        found = [o.name for o in table if o.name not in before or o.kind == "list"]
    else:
        found = [
            *positional(match[1], before, namespace),
            *(o.name for o in table if not typed and o.name not in before),
        ]
    return [f for f in dict.fromkeys(found) if f.startswith(typed)]


def values(option: Option, before: Sequence[str]) -> list[str]:
    """Values that an option may take."""
    from qwq_nb.endpoint.registry import endpoints, served_models

    if option.choices:
        return list(option.choices)
    if option.name == "--levels":
        return list(_LEVELS)
    if option.name == "--endpoint":
        return [*endpoints(), "demo"]
    if option.name == "--model":
        return served_models()
    return []


def positional(magic: str, before: Sequence[str], namespace: dict[str, Any]) -> list[str]:
    """What may stand where no option is being written."""
    if magic in ("qwq_eval", "qwq_panel", "qwq_sweep"):
        from qwq_nb.bench.catalog import benchmark_names

        main = ["math_500", "aime24", "gpqa_diamond"]
        return [n for n in [*main, *(n for n in benchmark_names() if n not in main)] if n not in before]
    if magic == "qwq_endpoint" and not before:
        from qwq_nb.endpoint.registry import endpoints

        return [*endpoints(), "demo"]
    several = magic in ("qwq_compare", "qwq_think")
    if several or (magic in ("qwq_show", "qwq_resume") and not before):
        from pathlib import Path

        from qwq_nb.store.run_dir import find_run_dirs

        runs = [p.name for p in find_run_dirs(Path("qwq_runs"))]
        variables = [n for n, v in namespace.items() if not n.startswith("_") and type(v).__name__ == "Run"]
        return [n for n in [*variables, *runs] if n not in before]
    return []


def register(shell: Any) -> None:
    """Let the shell ask `candidates` for every line that holds one of our magics."""

    def complete(_: Any, event: Any) -> list[str]:
        return candidates(event.text_until_cursor, shell.user_ns)

    shell.set_hook("complete_command", complete, re_key=r".*%{1,2}qwq")
