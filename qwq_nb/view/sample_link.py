"""Link to a sample of a run: in JupyterLab the link opens the run's tab there, elsewhere it is the run's file.

The address is the run's `qwq_run.json` as seen from the notebook, with `#sample=ID` (`&repeat=N`), which the extension
reads (`labextension/src/lab/tabs.ts`).
"""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from qwq_nb.view.html import Html, code

__all__ = ["sample_link"]

_MANIFEST = "qwq_run.json"


def sample_link(folder: str, id: str, repeat: int = 0, *, mention: bool = False) -> Html:
    """Return a sample's id as a link into its run.

    Args:
        folder: the run's, relative to the notebook's; of an absolute one, or none, the id is no link, since a browser
            reaches only what the server shows.
        id: of the sample: any text. It is percent-encoded in the address, which so holds nothing of html.
        repeat: from 0 on.
        mention: whether the link leads to where the reasoning first states the right answer.
    """
    place = PurePath(folder)
    if not folder or place.is_absolute():
        return Html(code(id))
    at = quote(id, safe="", errors="replace")
    again = f"&amp;repeat={int(repeat)}" if repeat else ""
    where = "&amp;mention=1" if mention else ""
    path = quote(f"{place.as_posix()}/{_MANIFEST}", errors="replace")
    return Html(f'<a href="{path}#sample={at}{again}{where}">{code(id)}</a>')
