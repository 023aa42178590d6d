"""Write what `%qwq_sandbox` prints: which sandboxes work here, and what was found out about each layer."""

from __future__ import annotations

from typing import Final

from qwq_nb.errors import SandboxUnavailable
from qwq_nb.sandbox import SANDBOXES, available
from qwq_nb.sandbox.probes import OPTION, WAYS_OUT, probe_again, probes
from qwq_nb.view.tables import text_table

__all__ = ["sandbox_text"]

OFF: Final = "nothing confines it: all your rights, on your files and keys. Accepted only if typed in the line"


def sandbox_text() -> str:
    """Return the layers and the sandboxes as two tables, below a line on what runs unless something else is typed."""
    probe_again()
    kinds = {wanted: _said(wanted) for wanted in SANDBOXES if wanted != "off"}
    works, name = kinds["auto"]
    head = f"The code of a model runs in {name} here."
    if not works:
        head = f"The code of a model does not run here.\n{WAYS_OUT}"
    layers = [(probe.layer, "yes" if probe.usable else "no", probe.says) for probe in probes()]
    rows = [(f"{OPTION} {wanted}", text if works else f"no: {text}") for wanted, (works, text) in kinds.items()]
    return "\n".join(
        [
            head,
            "",
            *text_table(("layer", "usable", "what it says"), layers, "l"),
            "",
            *text_table(("sandbox", "what it is here"), [*rows, (f"{OPTION} off", OFF)], "l"),
        ]
    )


def _said(wanted: str) -> tuple[bool, str]:
    """Return whether a sandbox works, and its layers or why not."""
    try:
        return True, available(wanted).name
    except SandboxUnavailable as error:
        return False, str(error).removesuffix(WAYS_OUT).strip()
