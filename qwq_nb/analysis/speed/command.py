"""Check the call of a speed test, and write the `%qwq_speed` line that repeats it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from qwq_nb.analysis.speed.options import SPEED
from qwq_nb.errors import OptionError
from qwq_nb.evaluation.command_line import option_text, option_words
from qwq_nb.evaluation.request import is_whole

__all__ = ["checked_concurrency", "checked_requests", "speed_command"]

MOST_STREAMS = 4096


def checked_concurrency(concurrency: int | str | Sequence[int]) -> list[int]:
    """Read numbers of streams: `"1,8,32"`, 8 or (1, 8, 32) → [1, 8, 32], in the order given.

    Raises:
        OptionError: anything else, a number twice, or one outside 1…4096.
    """
    given: Any = concurrency
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            given = [int(part) for part in given.split(",")]
    levels = [given] if is_whole(given) else list(given) if isinstance(given, (list, tuple, range)) else []
    if not levels or not all(is_whole(n) and 1 <= n <= MOST_STREAMS for n in levels) or len(set(levels)) < len(levels):
        raise OptionError(
            f"--concurrency takes numbers of streams from 1 to {MOST_STREAMS}, each once, as in 1,8,32: "
            f"not {concurrency!r}."
        )
    return levels


def checked_requests(requests: int | None, concurrency: int) -> int:
    """Return the number of requests at this concurrency: as given, or twice the concurrency and at least 8.

    Raises:
        OptionError: fewer requests than streams.
    """
    if requests is None:
        return max(2 * concurrency, 8)
    if not is_whole(requests) or requests < concurrency:
        raise OptionError(
            f"--requests {requests} never opens {concurrency} streams: give {concurrency} at least, better several "
            f"times as many, or leave it out."
        )
    return requests


def speed_command(given: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """Write the line of these options. A None in `given` is left out; in `own` (sampling, transport) it is `off`."""
    kinds = {o.dest: o.kind for o in SPEED}
    words = ["%qwq_speed"]
    for dest, value in [*((d, v) for d, v in given.items() if v is not None and v is not False), *own.items()]:
        name = f"--{dest.replace('_', '-')}"
        if value is True:
            words.append(name)
        elif value is None or value is False:
            words += [name, "off"] if value is None else []
        else:
            words += option_words(name, option_text(kinds.get(dest, "text"), value))
    return " ".join(words)
