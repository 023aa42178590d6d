"""Write a complete html page around a fragment; save a page or its text by the path's ending.

A page needs nothing else, and its content security policy forbids it to load anything. Only a figure's page may run
scripts: those that stand in it, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qwq_nb.core.files import save_file
from qwq_nb.core.paths import expand_user
from qwq_nb.core.text import valid_text
from qwq_nb.view.clean import visible

__all__ = ["is_page", "page", "save_page", "script_hash"]


_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 76rem; margin: 1.5rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .6em; text-align: right; border-bottom: 1px solid #8886; }
caption { font-weight: bold; padding: .3em 0; }
summary { cursor: pointer; padding: .1em 0; }
pre, code { font: .92em/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { border-left: 3px solid #8886; padding-left: .8em; }
@media print { body { max-width: none; } }
"""


_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.S | re.I)


def page(title: str, body: str, *, drawing: str = "") -> str:
    """Return a whole html document; `body` is html of this package's views, `title` any text.

    `drawing` is html made by plotly, above the body: the scripts in it may run, make styles, images and workers.
    """
    policy = _POLICY
    drawing = valid_text(drawing).replace("\r\n", "\n").replace("\r", "\n")  # as a browser reads and hashes it
    if drawing:
        hashes = dict.fromkeys(script_hash(script) for script in _SCRIPT.findall(drawing))
        policy = f"{_POLICY} blob:; script-src {' '.join(hashes)}; font-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(visible(title))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{drawing}{body}\n</main>\n</body>\n</html>\n"
    )


def script_hash(script: str) -> str:
    """Return the source expression of a script in a policy (CSP Level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def save_page(path: str | os.PathLike[str], title: str, html: Callable[[], str], text: Callable[[], str]) -> Path:
    """Write html as a page (`.html`, `.htm`), or the text into a file of any other ending; only that one is made.

    Raises:
        UserError: the file cannot be written there.
    """
    return save_file(path, page(title, html()) if is_page(path) else text())


def is_page(path: str | os.PathLike[str]) -> bool:
    """Return True if the path's ending is that of a page: `.html`, `.htm`."""
    return expand_user(path).suffix.lower() in (".html", ".htm")
