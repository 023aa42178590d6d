"""Write a complete html page around a fragment."""

from __future__ import annotations

import html
from typing import Final

from qwq_nb.view.clean import visible

__all__ = ["page"]


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
    """A whole html document; `body` is html of this package's views, `title` any text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(visible(title))}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
