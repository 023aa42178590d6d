"""Write a complete html page around a fragment; save a page or its text by the path's ending."""

from __future__ import annotations

import html
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qwq_nb.view.clean import visible

__all__ = ["page", "save_page"]


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


_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, body: str) -> str:
    """Return a whole html document; `body` is html of this package's views, `title` any text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(visible(title))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def save_page(path: str | os.PathLike[str], html: Callable[[], str], text: Callable[[], str]) -> Path:
    """Write html as a page (`.html`, `.htm`), or the text into a file of any other ending; only that one is made."""
    file = Path(path)
    is_page = file.suffix.lower() in (".html", ".htm")
    content = f'<!doctype html>\n<meta charset="utf-8">\n{html()}' if is_page else text()
    file.write_text(content, encoding="utf-8")
    return file
