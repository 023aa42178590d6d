"""Define the settings of the demo endpoint: those of the command line, and those that may change while it runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from qwq_nb.demo.chat_format import STYLES
from qwq_nb.demo.process import DEFAULT_MODEL
from qwq_nb.errors import OptionError, did_you_mean

__all__ = ["Settings", "is_style"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Hold how the endpoint answers.

    `tokens_per_second` (chunks a second of each stream) and `chunks` (per completion) are off at 0; `ttft` is in
    seconds. `batch`: as many streams are written at once, and further ones wait for their first token, as in a batching
    server; `most_streams`: further ones are refused by 429; both off at 0. `key` is the key to require, or None.

    Raises:
        OptionError: a value is out of range.
    """

    models: tuple[str, ...] = (DEFAULT_MODEL,)
    style: str = STYLES[0]
    tokens_per_second: float = 0.0
    ttft: float = 0.0
    chunks: int = 0
    models_status: int = 200
    batch: int = 0
    most_streams: int = 0
    key: str | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not is_style(self.style):
            raise OptionError(f"There is no style {self.style!r}.{did_you_mean(str(self.style), STYLES)}")
        for name in ("tokens_per_second", "ttft"):
            if not _is_number(getattr(self, name), float):
                raise OptionError(f"`{name}` is a number of at least 0, not {getattr(self, name)!r}.")
        for name in ("chunks", "batch", "most_streams"):
            if not _is_number(getattr(self, name), int):
                raise OptionError(f"`{name}` is a whole number of at least 0, not {getattr(self, name)!r}.")
        if not _is_number(self.models_status, int) or self.models_status not in (200, *range(400, 600)):
            raise OptionError(f"`models_status` is 200 or an HTTP error status, not {self.models_status!r}.")

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return these settings with `changes` made.

        Raises:
            OptionError: a setting is fixed or unknown, or its value is out of range.
        """
        for name in changes:
            if name not in _CHANGEABLE:
                raise OptionError(f"There is no setting {name!r} to change.{did_you_mean(name, _CHANGEABLE)}")
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]  # __post_init__ checks the values


_CHANGEABLE = ("tokens_per_second", "ttft", "style", "models_status", "chunks", "batch", "most_streams")


def is_style(value: object) -> bool:
    """Return whether `value`, which may have come as JSON, is the name of a style."""
    return isinstance(value, str) and value in STYLES


def _is_number(value: object, kind: type[int] | type[float]) -> bool:
    kinds = (int, float) if kind is float else (int,)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
