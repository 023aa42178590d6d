"""Define `Board`: the DataFrame that `run.board()` returns, with how it is drawn and saved."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pandas as pd

from qwq_nb.core.board_row import BOARD_COLUMNS, BoardRow
from qwq_nb.core.files import save_file
from qwq_nb.core.frontend import is_live
from qwq_nb.core.paths import expand_user
from qwq_nb.run.board.aider_rows import aider_rows
from qwq_nb.run.board.figures import board_figure
from qwq_nb.run.board.published import SAME_EXERCISES, published_rows
from qwq_nb.run.board.report import BOARD_MIME, BoardPicture, board_html, board_record, board_text
from qwq_nb.view.figures import ChartFigure
from qwq_nb.view.output import show_with_figure
from qwq_nb.view.page import save_page

__all__ = ["Board"]


class Board(pd.DataFrame):  # type: ignore[misc]
    """Represent a board as a DataFrame: a row a model or pair, columns as in `qwq_nb.core.board_row.BoardRow`.

    It holds measured rows alone, so that a mean over it is one of measurements. Published rows stand in `published`,
    another DataFrame, and are drawn beside and marked. What is selected from it is a plain DataFrame.
    """

    _metadata: ClassVar[list[str]] = ["_rows"]

    def __init__(self, rows: Iterable[BoardRow]) -> None:
        made = list(rows)
        super().__init__([msgspec.structs.asdict(row) for row in made], columns=list(BOARD_COLUMNS))
        object.__setattr__(self, "_rows", made)

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def published(self) -> pd.DataFrame:
        """Return published rows as a DataFrame of the same columns; `source` says who measured them, `exercises` what.

        Their intervals are Wilson's, of the published rate. Their malformed replies are as aider counts them.
        """
        return pd.DataFrame(map(msgspec.structs.asdict, published_rows()), columns=list(BOARD_COLUMNS))

    def plot(self, *, published: bool | None = None) -> ChartFigure:
        """Draw the pass rates, the second try stacked on the first, with their intervals.

        `published`: also published rows on the same exercises, marked as such; None: unless the built-in endpoint
        answered, whose rates are nobody's peers.
        """
        shown = not self._picture.demo if published is None else published
        others = published_rows(SAME_EXERCISES) if shown else []
        return board_figure("Code editing", [*self._rows, *others])

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write it in aider's shape (`rows.yml`), as a page (`.html`) or as text, by the path's ending.

        Raises:
            UserError: the file cannot be written there.
        """
        if expand_user(path).suffix.lower() in (".yml", ".yaml"):
            return save_file(path, aider_rows(self._rows))
        return save_page(
            path, self._picture.title, lambda: board_html(self._picture), lambda: board_text(self._picture, times=True)
        )

    @property
    def _picture(self) -> BoardPicture:
        return BoardPicture(rows=list(self._rows), published=published_rows())

    def _ipython_display_(self) -> None:
        show_with_figure(self._repr_mimebundle_(), self.plot() if self._rows else None)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        picture = self._picture
        return {
            BOARD_MIME: board_record(picture),
            "text/html": board_html(picture),
            "text/plain": board_text(picture, times=is_live()),
        }
