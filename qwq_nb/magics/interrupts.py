"""Show that a call was stopped by its user as what it is: one plain line, or nothing where the output says it already.

A cell that was interrupted has ended with an error, so that *Run All* goes no further; but it is none, and JupyterLab
draws errors on red ground.
"""

from __future__ import annotations

from typing import Any

from qwq_nb.core.frontend import in_kernel
from qwq_nb.errors import InterruptedWithResult

__all__ = ["show_interrupts_plainly"]


def show_interrupts_plainly(shell: Any) -> None:
    """Let IPython hand our interrupts to us; another extension's handler of other exceptions keeps them."""
    others, theirs = shell.custom_exceptions, shell.CustomTB
    if InterruptedWithResult in others:
        return

    def handle(shell: Any, kind: Any, value: Any, tb: Any, tb_offset: int | None = None) -> list[str]:
        if not isinstance(value, InterruptedWithResult):
            return list(theirs(kind, value, tb, tb_offset=tb_offset))
        lines = value._render_traceback_()
        if not (value.is_shown and in_kernel(shell)):
            print("\n".join(lines))
        return lines

    shell.set_custom_exc((InterruptedWithResult, *others), handle)
