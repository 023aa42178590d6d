"""Write a page that holds the interactive view of a run: the built renderer, a record and texts, all in one file.

Texts stand in it compressed and in base64 only. Its content security policy lets the page's own script run, by its
hash, and forbids every request.
"""

from __future__ import annotations

import base64
import functools
import html
import re
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Final

from qwq_nb.errors import UserError
from qwq_nb.view.clean import visible
from qwq_nb.view.page import script_hash

__all__ = ["deflated", "renderer_module", "renderer_styles", "standalone_page"]

_POLICY: Final = (
    "default-src 'none'; script-src {script}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "worker-src blob:; base-uri 'none'; form-action 'none'"
)


def deflated(content: bytes) -> str:
    """Compress bytes as the renderer opens them: deflate without a header (RFC 1951), in base64."""
    packer = zlib.compressobj(7, zlib.DEFLATED, -15, 9)  # 9 saves 0.2 % more, and takes a third longer
    return base64.b64encode(packer.compress(content) + packer.flush()).decode("ascii")


@functools.cache
def renderer_module() -> str:
    """Return the renderer as one ES module: `render({model, el})` for a widget, and what opens a report's page.

    Raises:
        UserError: this checkout's renderer has not been built.
    """
    return _built("view.js")


@functools.cache
def renderer_styles() -> str:
    """Return the renderer's style sheet, fonts included.

    Raises:
        UserError: this checkout's renderer has not been built.
    """
    return _built("view.css")


def _built(name: str) -> str:
    try:
        return (files("qwq_nb") / "standalone" / name).read_text(encoding="utf-8")
    except OSError:
        raise UserError(
            "The interactive view has not been built in this checkout of qwq_nb. "
            "Build it: `pip install -e .` in the checkout's folder."
        ) from None


def standalone_page(title: str, about: str, record: bytes, blocks: Iterable[bytes], below: str, plain: str) -> str:
    """Return the page. `record`: JSON of the drawn record; `blocks`: JSON of texts, the first one called `block-0`.

    `about` is a line under the title, any text. `below` is html under the view, `plain` html in its place where no
    script runs; both of this package's views.
    """
    script = renderer_module().replace("\r\n", "\n")
    if re.search(r"</script|<!--", script, re.I):
        raise AssertionError("The renderer's module would end the script that it stands in.")
    data = [f'<script type="application/octet-stream" id="qwq-record">{deflated(record)}</script>\n']
    with ThreadPoolExecutor(max_workers=4) as threads:  # zlib works without the interpreter's lock
        for number, block in enumerate(threads.map(deflated, blocks)):
            data.append(f'<script type="application/octet-stream" id="qwq-block-{number}">{block}</script>\n')
    policy = _POLICY.format(script=script_hash(script))
    return (
        '<!doctype html>\n<html lang="en" data-qwq-report>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(visible(title))}</title>\n<style>{renderer_styles()}</style>\n</head>\n"
        f'<body class="qwq-page">\n<header>\n<div>\n<h1>{html.escape(visible(title))}</h1>\n'
        f'<p class="qwq-page-about">{html.escape(visible(about))}</p>\n</div>\n'
        '<div class="qwq-page-tools" id="qwq-tools"></div>\n</header>\n'
        f'<main>\n<div id="qwq-view"></div>\n<div id="qwq-printed"></div>\n'
        f'<noscript>\n<div class="qwq-plain">\n{plain}\n</div>\n</noscript>\n</main>\n{below}\n'
        f'{"".join(data)}<script type="module">{script}</script>\n</body>\n</html>\n'
    )
