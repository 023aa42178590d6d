"""Keep a reader's preferences between the answers of two runs: `qwq_preferences.jsonl` in the first run's directory.

Append-only, as rulings are; the last row of a pair wins, and `better: null` takes it back. A row names both runs by
their ids and both answers by hashes: should either be asked again, it does not count for the new answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from qwq_nb.core.records import SampleResult
from qwq_nb.store.jsonl import UNREADABLE
from qwq_nb.store.manifest import now
from qwq_nb.store.rulings import answer_fingerprint
from qwq_nb.store.run_dir import RunDirectory

__all__ = ["PREFERENCES", "Better", "Preference", "prefer", "read_preferences"]

PREFERENCES = "qwq_preferences.jsonl"

Better = Literal["a", "b", "tie", "neither"]
"""Which run's answer is better: the first, the second, both alike, or neither is any good."""

Key = tuple[str, int]


class Preference(msgspec.Struct, kw_only=True):
    """Hold one row of the file."""

    a: str
    """Run ids of the two runs."""
    b: str
    id: str
    """Of the sample in run `a`."""
    repeat: int
    better: Better | None
    note: str = ""
    at: str = ""
    """ISO 8601, UTC."""
    answers: tuple[str, str] = ("", "")
    """Hashes of the two answers."""


def prefer(
    directory: RunDirectory,
    runs: tuple[str, str],
    pair: tuple[SampleResult, SampleResult],
    better: Better | None,
    note: str = "",
) -> Preference:
    """Write a preference into the first run's directory; it is durable when this returns.

    Raises:
        OSError: the directory cannot be written.
    """
    made = Preference(
        a=runs[0],
        b=runs[1],
        id=pair[0].sample.id,
        repeat=pair[0].repeat,
        better=better,
        note=str(note),
        at=now(),
        answers=(answer_fingerprint(pair[0].completion), answer_fingerprint(pair[1].completion)),
    )
    writer = RunDirectory(directory.path)
    try:
        writer.append(PREFERENCES, msgspec.structs.asdict(made))
    finally:
        writer.close()
    return made


def read_preferences(
    directory: RunDirectory, runs: tuple[str, str], pairs: Mapping[Key, tuple[SampleResult, SampleResult]]
) -> dict[Key, Preference]:
    """Return the preferences in force between two runs, by sample id and repeat; unreadable rows are skipped."""
    found: dict[Key, Preference] = {}
    for row in directory.rows(PREFERENCES):
        try:
            preference = msgspec.convert(row, Preference)
        except UNREADABLE:
            continue
        key = preference.id, preference.repeat
        if (preference.a, preference.b) != runs or key not in pairs:
            continue
        found.pop(key, None)
        now_there = tuple(answer_fingerprint(result.completion) for result in pairs[key])
        if preference.better in get_args(Better) and preference.answers == now_there:
            found[key] = preference
    return found
