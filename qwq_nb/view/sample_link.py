"""Link to a sample of a run: in JupyterLab the link opens the run's tab there, elsewhere it is the run's file.

The address is the run's `qwq_run.json` as seen from the notebook, with `#sample=ID` (`&repeat=N`, `&at=MARK`), which
the extension reads (`labextension/src/lab/tabs.ts`).
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal, TypeAlias
from urllib.parse import quote

from qwq_nb.view.html import Html, code

__all__ = ["Mark", "sample_link"]

Mark: TypeAlias = Literal["mention", "left", "loop", "foreign", "further"]
"""As the extension names what it marks in a reasoning (`labextension/src/model/annotations.ts`); `mention` is where the
right answer is first stated.
"""

_MANIFEST = "qwq_run.json"


def sample_link(folder: str, id: str, repeat: int = 0, *, mark: Mark | None = None) -> Html:
    """Return a sample's id as a link into its run.

    Args:
        folder: the run's, relative to the notebook's; of an absolute one, or none, the id is no link, since a browser
            reaches only what the server shows.
        id: of the sample: any text. It is percent-encoded in the address, which so holds nothing of html.
        repeat: from 0 on.
        mark: the kind of mark in its reasoning that the link leads to, the first of its kind.
    """
    place = PurePath(folder)
    if not folder or place.is_absolute():
        return Html(code(id))
    at = quote(id, safe="", errors="replace")
    again = f"&amp;repeat={int(repeat)}" if repeat else ""
    where = f"&amp;at={mark}" if mark else ""
    path = quote(f"{place.as_posix()}/{_MANIFEST}", errors="replace")
    return Html(f'<a href="{path}#sample={at}{again}{where}">{code(id)}</a>')
